// SPDX-License-Identifier: MIT
// Fuzzes the parser of .gru files and plays each model that it accepts. The checksum chooses the
// kernel. An input is a model file.
//
// Most random changes would fail at the checksum or at the first invalid number. The mutator
// therefore mends most inputs, except for at most one kind of field, so that deeper checks run.
#include "model/model.h"
#include "fuzz/fuzz.h"
#include "fuzz/play_model.h"
#include "model/crc32.h"
#include "rnn/cell.h"
#include "support/bytes.h"

#include <math.h>

enum { MAX_MENDED_TEST = 16 }; // samples

// The kinds of field that mend() can leave unmended.
enum { DIMENSIONS, KNOBS, LAYERS, NUMBERS, TEXT, SIZE, CHECKSUM, N_KINDS };

typedef struct {
  uint8_t* data;
  size_t at;
  size_t end;    // size of the memory
  unsigned left; // the kind of field that is not mended
  size_t beyond; // offset of the dimension that is set one above its limit, or 0
} Mender;

// Returns the next n bytes, or NULL when they do not fit.
static uint8_t*
advance(Mender* mender, size_t n)
{
  if (mender->end - mender->at < n) {
    return NULL;
  }
  uint8_t* bytes = mender->data + mender->at;
  mender->at += n;
  return bytes;
}

static void
mend_dimension(const Mender* mender, size_t at, uint32_t low, uint32_t high)
{
  const uint32_t value = get_u32(mender->data + at);
  if (mender->beyond == at) {
    put_u32(mender->data + at, high + 1U);
  } else if (mender->left != DIMENSIONS && (value < low || value > high)) {
    put_u32(mender->data + at, low + value % (high - low + 1U));
  }
}

static void
mend_number(const Mender* mender, uint8_t* bytes)
{
  if (mender->left != NUMBERS && !(fabsf(get_f32(bytes)) <= 1e4f)) {
    put_f32(bytes, (float)(int8_t)bytes[0] / 16.0f);
  }
}

static void
mend_numbers(Mender* mender, size_t n)
{
  for (size_t i = 0; i < n; ++i) {
    uint8_t* bytes = advance(mender, 4);
    if (bytes) {
      mend_number(mender, bytes);
    }
  }
}

static void
mend_knob(Mender* mender)
{
  uint8_t* knob = advance(mender, MODEL_KNOB_NAME_SIZE + 8);
  if (!knob) {
    return;
  }
  uint8_t* min = knob + MODEL_KNOB_NAME_SIZE;
  mend_number(mender, min);
  mend_number(mender, min + 4);
  if (mender->left != KNOBS) {
    knob[0] = knob[0] ? knob[0] : 'k';
    min[-1] = 0;
  }
  if (mender->left != KNOBS && !(get_f32(min) < get_f32(min + 4))) {
    put_f32(min, 0.0f);
    put_f32(min + 4, 1.0f);
  }
}

// Returns the number of features that the layers give.
static uint32_t
mend_layers(Mender* mender, uint32_t n_layers, uint32_t n_in)
{
  for (uint32_t i = 0; i < n_layers && i <= MLP_MAX_LAYERS; ++i) {
    uint8_t* n_out = advance(mender, 4);
    if (n_out && mender->beyond == FEATURES_AT && i + 1U == n_layers) {
      put_u32(n_out, MLP_MAX_WIDTH + 1);
    } else if (n_out && mender->left != LAYERS && get_u32(n_out) - 1U >= MLP_MAX_WIDTH) {
      put_u32(n_out, 1U + get_u32(n_out) % 8U);
    }
    const uint32_t width = n_out ? get_u32(n_out) % (MLP_MAX_WIDTH + 2U) : 0;
    mend_numbers(mender, 1U + (size_t)width * (n_in + 1U));
    n_in = width;
  }
  return n_in;
}

// Returns a dimension, or 0 when it exceeds `most` + 1.
static uint32_t
dimension(const Mender* mender, size_t at, uint32_t most)
{
  const uint32_t value = get_u32(mender->data + at);
  return value <= most + 1U ? value : 0;
}

static bool
is_version_1(const uint8_t* data)
{
  return get_u32(data + VERSION_AT) == 1;
}

// Returns the kind of cell, which is valid or mended, and else that of a GRU.
static CellKind
cell_of(const uint8_t* data)
{
  return !is_version_1(data) && get_u32(data + CELL_AT) == CELL_LSTM ? CELL_LSTM : CELL_GRU;
}

// Mends what version 2 adds to the header.
static void
mend_header_2(Mender* mender)
{
  mend_dimension(mender, CELL_AT, 0, N_CELL_KINDS - 1);
  mend_dimension(mender, N_TEST_AT, 0, MAX_MENDED_TEST);
  uint8_t* name = mender->data + NAME_AT;
  if (mender->left != TEXT) {
    name[MODEL_NAME_SIZE - 1] = 0;
  }
  mender->at = HEADER_2_SIZE;
}

static void
mend_header(Mender* mender, uint32_t max_hidden)
{
  const uint8_t version = mender->data[VERSION_AT] == 1 ? 1 : 2;
  memcpy(mender->data, "\x89OD3\r\n\x1a\n\0\0\0", 12);
  mender->data[VERSION_AT] = version;
  mend_dimension(mender, RATE_AT, 8000, 768000);
  mend_dimension(mender, HIDDEN_AT, CELL_MIN_HIDDEN, max_hidden);
  mend_dimension(mender, KNOBS_AT, 0, MAX_KNOBS);
  mend_dimension(mender, LAYERS_AT, 0, MLP_MAX_LAYERS);
  mend_dimension(mender, TEXT_SIZE_AT, 0, 64);
  if (version == 1) {
    mend_dimension(mender, RESERVED_AT, 0, 0);
  } else {
    mend_header_2(mender);
  }
  const uint32_t hidden = dimension(mender, HIDDEN_AT, CELL_MAX_HIDDEN);
  const size_t n_theta = theta_size(cell_of(mender->data), hidden);
  mend_dimension(mender, N_CONDITIONED_AT, 0, (uint32_t)n_theta);
}

// Mends the direct weight and the test.
static void
mend_test(Mender* mender, uint32_t n_knobs)
{
  const uint32_t n_samples = dimension(mender, N_TEST_AT, MAX_MENDED_TEST);
  mend_numbers(mender, 1);
  for (uint32_t i = 0; n_samples && i < n_knobs; ++i) {
    uint8_t* knob = advance(mender, 4);
    if (knob && mender->left != NUMBERS && !(fabsf(get_f32(knob)) <= 1.0f)) {
      put_f32(knob, (float)(int8_t)knob[0] / 128.0f);
    }
  }
  mend_numbers(mender, 2U * (size_t)n_samples);
}

static void
mend_text(Mender* mender, uint32_t size)
{
  for (uint32_t i = 0; i < size; ++i) {
    uint8_t* letter = advance(mender, 1);
    if (letter && !*letter && mender->left != TEXT) {
      *letter = '?';
    }
  }
}

// Makes the data a valid file, except for the kind left unmended and the dimension beyond its
// limit. Returns the size of the file.
static size_t
mend(Mender* mender, uint32_t max_hidden)
{
  mend_header(mender, max_hidden);
  const uint32_t hidden = dimension(mender, HIDDEN_AT, CELL_MAX_HIDDEN);
  const uint32_t n_theta = (uint32_t)theta_size(cell_of(mender->data), hidden);
  const uint32_t n_knobs = dimension(mender, KNOBS_AT, MAX_KNOBS);
  const uint32_t n_conditioned = dimension(mender, N_CONDITIONED_AT, n_theta);
  for (uint32_t i = 0; i < n_knobs; ++i) {
    mend_knob(mender);
  }
  const uint32_t n_features = mend_layers(mender, get_u32(mender->data + LAYERS_AT), n_knobs);
  if (mender->left != DIMENSIONS) {
    put_u32(mender->data + FEATURES_AT, n_features);
  }
  mend_numbers(mender, (size_t)n_theta + (size_t)n_features * n_conditioned + hidden + 1U);
  if (!is_version_1(mender->data)) {
    mend_test(mender, n_knobs);
  }
  mend_text(mender, dimension(mender, TEXT_SIZE_AT, MODEL_MAX_TEXT));
  return mender->at;
}

size_t
LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed)
{
  size = LLVMFuzzerMutate(data, size, max_size);
  if (max_size < HEADER_2_SIZE || seed % 16U == 0) {
    return size;
  }
  // Small models play faster; one in 64 may have any size.
  const uint32_t max_hidden = seed / 16U % 64U ? 8 : CELL_MAX_HIDDEN;
  const unsigned left = seed / 1024U % (2U * N_KINDS);
  const unsigned field = seed / 65536U % 32U;
  const size_t beyond = field <= (N_CONDITIONED_AT - RATE_AT) / 4U ? RATE_AT + 4U * field : 0;
  memset(data + size, 0, max_size - size);
  Mender mender = {data, KNOB_AT, max_size, left, beyond};
  const size_t whole = mend(&mender, max_hidden);
  size = left == SIZE && size > KNOB_AT ? size : whole;
  if (left != SIZE) {
    put_u32(data + SIZE_AT, (uint32_t)size);
  }
  if (left != CHECKSUM) {
    put_u32(data + CHECKSUM_AT, crc32(data + RATE_AT, size - RATE_AT));
  }
  return size;
}

int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
  parse_and_play(data, size, size >= CHECKSUM_AT + 4 ? get_u32(data + CHECKSUM_AT) : 0);
  return 0;
}
