// SPDX-License-Identifier: MIT
#include "model/torch_capture.h"

#include "rnn/cell.h"

// The rate of a file that states none: that of GuitarML's library.
static const unsigned assumed_rate_hz = 44100;

static void
read_torch_head(JsonReader* reader, Json data)
{
  Capture* capture = &reader->capture;
  const Json unit_type = json_member(data, "unit_type");
  const Json model = json_member(data, "model");
  const bool is_lstm = json_is(unit_type, "LSTM");
  if (!is_lstm && !json_is(unit_type, "GRU")) {
    json_reader_refuse(reader, "model_data.unit_type must be GRU or LSTM");
  }
  if (model.at && !json_is(model, "SimpleRNN")) {
    json_reader_refuse(reader, "model_data.model must be SimpleRNN");
  }
  capture->cell = is_lstm ? CELL_LSTM : CELL_GRU;
  capture->n_knobs = json_reader_whole(reader, "model_data.input_size",
                                       json_member(data, "input_size"), 1, 1, 1 + MAX_KNOBS) -
                     1U;
  capture->hidden_size =
      json_reader_whole(reader, "model_data.hidden_size", json_member(data, "hidden_size"), 0,
                        CELL_MIN_HIDDEN, CELL_MAX_HIDDEN);
  (void)json_reader_whole(reader, "model_data.num_layers", json_member(data, "num_layers"), 1, 1,
                          1);
  (void)json_reader_whole(reader, "model_data.output_size", json_member(data, "output_size"), 1, 1,
                          1);
  capture->direct =
      json_reader_whole(reader, "model_data.skip", json_member(data, "skip"), 0, 0, 1);
  capture->in_gain = 1.0;
  capture->out_gain = 1.0;
  const Json rate = json_member(data, "sample_rate");
  json_reader_rate(reader, rate.at ? rate : json_member(data, "samplerate"), assumed_rate_hz);
}

void
torch_capture_read(JsonReader* reader, Json root)
{
  Capture* capture = &reader->capture;
  const Json data = json_member(root, "model_data");
  const Json state = json_member(root, "state_dict");
  read_torch_head(reader, data);
  if (!json_reader_allocate(reader)) {
    return;
  }
  const size_t n = json_reader_n_columns(reader);
  const size_t hidden_size = capture->hidden_size;
  const Json bias_fl = json_member(data, "bias_fl");
  json_reader_matrix(reader, "state_dict.rec.weight_ih_l0", json_member(state, "rec.weight_ih_l0"),
                     n, 1U + capture->n_knobs, capture->in_weight, 1, n);
  json_reader_matrix(reader, "state_dict.rec.weight_hh_l0", json_member(state, "rec.weight_hh_l0"),
                     n, hidden_size, capture->hidden_weight, 1, n);
  if (!bias_fl.at || json_is_true(bias_fl)) {
    json_reader_row(reader, "state_dict.rec.bias_ih_l0", 0, json_member(state, "rec.bias_ih_l0"), n,
                    capture->in_bias, 1);
    json_reader_row(reader, "state_dict.rec.bias_hh_l0", 0, json_member(state, "rec.bias_hh_l0"), n,
                    capture->hidden_bias, 1);
  }
  json_reader_matrix(reader, "state_dict.lin.weight", json_member(state, "lin.weight"), 1,
                     hidden_size, capture->out_weight, hidden_size, 1);
  const Json out_bias = json_member(state, "lin.bias");
  if (out_bias.at) {
    json_reader_row(reader, "state_dict.lin.bias", 0, out_bias, 1, &capture->out_bias, 1);
  }
}
