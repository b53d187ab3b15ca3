// SPDX-License-Identifier: MIT
// The requirements on each output frame, by the state of the plugin:
//   Enabled at full blend for 20 ms or more: the frame is finite and below +24 dBFS.
//   Enabled at another blend for 20 ms or more: the frame is a mixture of the former and the input.
//   Disabled or at a blend of 0 for 20 ms or more, and no engine is changing: the frame
//     equals the input bit by bit, delayed by the reported latency.
//   Disabled with Match, or less than 20 ms after that: the frame is finite and below +90 dBFS, or
//     one of the last 64 input frames bit by bit.
//   Enabled, disabled or at a new blend for less than 20 ms: the frame is the delayed input or a
//     mixture below +60 dBFS.
//   Disabled while oversampling or phase changes: the frame is one of the last 64 input frames bit
//   by
//     bit, or a finite mixture that is no louder than the loudest finite one of them. While bypass
//     fades as well, the bound of +60 dBFS applies too.
#include "fuzz/host.h"
#include "common/control_period.h"

#include "fuzz/fuzz.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
  LONG_AGO = 1 << 30,
};

static const float loudest = 15.85f;           // +24 dBFS
static const float loudest_fading = 1000.0f;   // +60 dBFS: the limit of engine/sanitize.h
static const float loudest_matched = 31623.0f; // +90 dBFS: MATCH_MAX_DB more
static const double model_rate_hz = 48000.0;

float host_in[MAX_BLOCK];
float host_out[MAX_BLOCK];
static float input_history[MAX_DELAY + MAX_BLOCK]; // the past frames, then the block

void
host_start(Host* host, const char* bundle, double rate_hz)
{
  static const LV2_Feature* const none[] = {NULL};
  const LV2_Descriptor* descriptor = lv2_descriptor(0);
  *host = (Host){.descriptor = descriptor, .rate_hz = rate_hz};
  host->plugin = descriptor->instantiate(descriptor, rate_hz, bundle, none);
  require(host->plugin != NULL, "a valid bundle is instantiated");
}

void
host_end(Host* host)
{
  host->descriptor->cleanup(host->plugin);
}

void
host_activate(Host* host)
{
  if (host->descriptor->deactivate) {
    host->descriptor->deactivate(host->plugin);
  }
  host->descriptor->activate(host->plugin);
  host->is_fresh = true;
}

void
host_connect(Host* host, uint32_t port, bool is_connected)
{
  const bool is_sound = port == PORT_OUT || port >= N_PORTS;
  float* to = port == PORT_IN ? host_in : is_sound ? host_out : &host->controls[port];
  host->descriptor->connect_port(host->plugin, port, is_connected ? to : NULL);
  if (port < N_PORTS) {
    host->is_connected[port] = is_connected;
  }
}

float
host_control(const Host* host, uint32_t port)
{
  static const float initial[N_PORTS] = {[PORT_GAIN] = 5.0f,
                                         [PORT_TONE] = 5.0f,
                                         [PORT_OVERSAMPLING] = 2.0f,
                                         [PORT_ENABLED] = 1.0f,
                                         [PORT_BLEND] = 100.0f};
  const float value = host->controls[port];
  const float flushed = fabsf(value) < FLT_MIN ? 0.0f : value;
  return host->is_connected[port] && !isnan(value) ? flushed : initial[port];
}

static int
times(const Host* host)
{
  const float value = host_control(host, PORT_OVERSAMPLING);
  return value < 1.5f ? 1 : value < 3.5f ? 2 : 4;
}

static bool
is_minimum_phase(const Host* host)
{
  return host_control(host, PORT_PHASE) >= 0.5f;
}

uint32_t
host_factor(const Host* host)
{
  uint32_t n = 1;
  while (n < 32 && host->rate_hz * n < 0.9 * times(host) * model_rate_hz) {
    n *= 2;
  }
  return n;
}

uint32_t
host_frames(const Host* host, double seconds)
{
  return CONTROL_PERIOD_FRAMES *
         (2U + (uint32_t)fmax(
                   1.0, fmin(ceil(seconds * host->rate_hz / (double)CONTROL_PERIOD_FRAMES), 1e6)));
}

// Returns the network's part of the output, 0 to 1.
static float
wet_part(const Host* host)
{
  const float blend = fminf(fmaxf(host_control(host, PORT_BLEND), 0.0f), 100.0f);
  return host_control(host, PORT_ENABLED) > 0.0f ? 0.01f * blend : 0.0f;
}

static bool
is_matched(const Host* host)
{
  return host_control(host, PORT_MATCH) > 0.0f && !(host_control(host, PORT_ENABLED) > 0.0f);
}

// Updates the times since the controls changed.
static void
note_changes(Host* host)
{
  const float wet = wet_part(host);
  if (host->is_fresh) {
    host->since_wet = host->since_engine = host->since_match = LONG_AGO;
    memset(host->past, 0, sizeof host->past);
  } else {
    host->since_wet = wet == host->wet ? host->since_wet : 0;
    const bool is_same =
        times(host) == host->times && is_minimum_phase(host) == host->is_minimum_phase;
    host->since_engine = is_same ? host->since_engine : 0;
  }
  if (is_matched(host)) {
    host->since_match = 0;
  }
  host->is_fresh = false;
  host->wet = wet;
  host->times = times(host);
  host->is_minimum_phase = is_minimum_phase(host);
}

// Returns the input that a bypassed plugin must output now.
static const float*
bypassed(const Host* host)
{
  return input_history + MAX_DELAY - (size_t)host->controls[PORT_LATENCY];
}

static void
check_below(const float* block, uint32_t n_frames, float limit, const char* requirement)
{
  for (uint32_t i = 0; i < n_frames; ++i) {
    if (!(fabsf(block[i]) <= limit)) {
      fprintf(stderr, "frame %u is %g; the limit is %g\n", i, (double)block[i], (double)limit);
      require(false, requirement);
    }
  }
}

static void
check_fading(const Host* host, const float* block, uint32_t n_frames)
{
  const float* expected = bypassed(host);
  for (uint32_t i = 0; i < n_frames; ++i) {
    require(fabsf(block[i]) <= loudest_fading + loudest ||
                memcmp(block + i, expected + i, sizeof *block) == 0,
            "while bypass fades, the output is a mixture");
  }
}

// Requires that each frame is a bitwise copy of a recent input frame, or is no louder than `limit`
// and the loudest finite recent input frame.
static void
check_mixed(const float* block, uint32_t n_frames, float limit)
{
  for (uint32_t i = 0; i < n_frames; ++i) {
    const float* sources = input_history + 1 + i; // [MAX_DELAY]
    float largest = limit;
    bool is_copy = false;
    for (uint32_t delay = 0; delay < MAX_DELAY; ++delay) {
      largest = isfinite(sources[delay]) ? fmaxf(largest, fabsf(sources[delay])) : largest;
    }
    for (uint32_t delay = 0; !isfinite(block[i]) && delay < MAX_DELAY; ++delay) {
      is_copy |= memcmp(block + i, sources + delay, sizeof *block) == 0;
    }
    require(is_copy || fabs((double)block[i]) <= 1.001 * (double)largest,
            "while engines change or sounds are blended, the output is a mixture");
  }
}

// Checks block [n_frames] against the requirements at the top of this file.
static void
check_block(const Host* host, const float* block, uint32_t n_frames)
{
  const bool is_fading = host->since_wet < host_frames(host, 0.02);
  // A change that is under way ends before the next one begins.
  const bool is_changing = host->since_engine < 4U * host_frames(host, 0.02);
  if (host->wet == 1.0f && !is_fading) {
    check_below(block, n_frames, loudest, "the output is finite and below +24 dBFS");
  } else if (host->since_match < host_frames(host, 0.02)) {
    check_mixed(block, n_frames, loudest_matched + loudest);
  } else if (host->wet > 0.0f && !is_fading) {
    check_mixed(block, n_frames, loudest_fading + loudest);
  } else if (is_changing) {
    check_mixed(block, n_frames, is_fading ? loudest_fading + loudest : 0.0f);
  } else if (is_fading && host->is_connected[PORT_LATENCY]) {
    check_fading(host, block, n_frames);
  } else if (host->is_connected[PORT_LATENCY]) {
    require(memcmp(block, bypassed(host), n_frames * sizeof *block) == 0,
            "bypass delays the input and changes no bit");
  }
}

// Runs the plugin, in place or not; the output ends in host_out.
static void
run_plugin(Host* host, uint32_t n_frames, bool is_in_place)
{
  const LV2_Descriptor* descriptor = host->descriptor;
  if (is_in_place && host->is_connected[PORT_OUT]) {
    descriptor->connect_port(host->plugin, PORT_OUT, host_in);
    descriptor->run(host->plugin, n_frames);
    memcpy(host_out, host_in, n_frames * sizeof *host_out);
    descriptor->connect_port(host->plugin, PORT_OUT, host_out);
  } else {
    descriptor->run(host->plugin, n_frames);
  }
}

static void
check_meter(const Host* host, uint32_t port)
{
  const float peak_db = host->controls[port];
  require(!host->is_connected[port] || (peak_db >= -60.0f && peak_db <= 12.0f),
          "a meter shows -60 to +12 dBFS");
}

void
host_run(Host* host, uint32_t n_frames, bool is_in_place)
{
  memcpy(input_history + MAX_DELAY, host_in, n_frames * sizeof *input_history);
  run_plugin(host, n_frames, is_in_place);
  if (host->is_connected[PORT_LATENCY]) {
    const float latency = host->controls[PORT_LATENCY];
    require(latency >= 0.0f && latency < (float)MAX_DELAY && latency == floorf(latency),
            "the latency is a whole number of frames below MAX_DELAY");
  }
  check_meter(host, PORT_INPUT_PEAK);
  check_meter(host, PORT_OUTPUT_PEAK);
  if (!host->is_connected[PORT_IN] || !host->is_connected[PORT_OUT] || n_frames == 0) {
    return;
  }
  note_changes(host);
  memcpy(input_history, host->past, sizeof host->past);
  check_block(host, host_out, n_frames);
  memcpy(host->past, input_history + n_frames, sizeof host->past);
  host->since_wet += host->since_wet < LONG_AGO ? n_frames : 0;
  host->since_match += host->since_match < LONG_AGO && !is_matched(host) ? n_frames : 0;
  host->since_engine += host->since_engine < LONG_AGO ? n_frames : 0;
}
