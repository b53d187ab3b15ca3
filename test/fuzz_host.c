// SPDX-License-Identifier: MIT
// Required of every frame that comes out, by what went before:
//   enabled, and 20 ms after that: finite, and below +24 dBFS
//   disabled, 20 ms after that, and while no oversampling changes: the input, bit by bit, late by
//     the latency that is told
//   between these, while bypass fades: one of the two, or, below +60 dBFS, a mixture
//   disabled, while oversampling changes: one of the input's last 64 frames, bit by bit, or a
//     mixture: finite, and no louder than the loudest finite one of these or, while bypass fades
//     too, than the above
#include "fuzz_host.h"

#include "fuzz.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
  TICK_FRAMES = 64, // between which controls are read
  LONG_AGO = 1 << 30,
};

static const float loudest = 15.85f;         // +24 dBFS
static const float loudest_fading = 1000.0f; // +60 dBFS: tame.h
static const double model_rate_hz = 48000.0;

float host_in[MAX_BLOCK];
float host_out[MAX_BLOCK];
static float heard[MAX_DELAY + MAX_BLOCK]; // the past, and the block

void
host_start(Host* host, const char* bundle, double rate_hz)
{
  static const LV2_Feature* const none[] = {NULL};
  const LV2_Descriptor* descriptor = lv2_descriptor(0);
  *host = (Host){.descriptor = descriptor, .rate_hz = rate_hz};
  host->plugin = descriptor->instantiate(descriptor, rate_hz, bundle, none);
  require(host->plugin != NULL, "a good bundle is instantiated");
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
  const bool is_sound = port == OUT || port >= N_PORTS;
  float* to = port == IN ? host_in : is_sound ? host_out : &host->controls[port];
  host->descriptor->connect_port(host->plugin, port, is_connected ? to : NULL);
  if (port < N_PORTS) {
    host->is_connected[port] = is_connected;
  }
}

float
host_control(const Host* host, uint32_t port)
{
  static const float initial[N_PORTS] = {
      [GAIN] = 5.0f, [TONE] = 5.0f, [OVERSAMPLING] = 2.0f, [ENABLED] = 1.0f};
  const float value = host->controls[port];
  const float flushed = fabsf(value) < FLT_MIN ? 0.0f : value;
  return host->is_connected[port] && !isnan(value) ? flushed : initial[port];
}

static int
times(const Host* host)
{
  const float value = host_control(host, OVERSAMPLING);
  return value < 1.5f ? 1 : value < 3.5f ? 2 : 4;
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
  return TICK_FRAMES *
         (2U + (uint32_t)fmax(1.0, fmin(ceil(seconds * host->rate_hz / (double)TICK_FRAMES), 1e6)));
}

// What the host did since the last block.
static void
note_changes(Host* host)
{
  const bool is_enabled = host_control(host, ENABLED) > 0.0f;
  if (host->is_fresh) {
    host->since_enabled = host->since_times = LONG_AGO;
    memset(host->past, 0, sizeof host->past);
  } else {
    host->since_enabled = is_enabled == host->was_enabled ? host->since_enabled : 0;
    host->since_times = times(host) == host->times ? host->since_times : 0;
  }
  host->is_fresh = false;
  host->was_enabled = is_enabled;
  host->times = times(host);
}

// Where the input lies that comes out now, if it is bypassed.
static const float*
bypassed(const Host* host)
{
  return heard + MAX_DELAY - (size_t)host->controls[LATENCY];
}

static void
check_below(const float* block, uint32_t n_frames, float most, const char* what)
{
  for (uint32_t i = 0; i < n_frames; ++i) {
    if (!(fabsf(block[i]) <= most)) {
      fprintf(stderr, "frame %u is %g\n", i, (double)block[i]);
      require(false, what);
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
            "a mixture while bypass fades");
  }
}

// Each frame is no louder than `most` or a finite one of those that may come out now, or it is one
// of these.
static void
check_mixed(const float* block, uint32_t n_frames, float most)
{
  for (uint32_t i = 0; i < n_frames; ++i) {
    const float* sources = heard + 1 + i; // [MAX_DELAY]
    float largest = most;
    bool is_copy = false;
    for (uint32_t delay = 0; delay < MAX_DELAY; ++delay) {
      largest = isfinite(sources[delay]) ? fmaxf(largest, fabsf(sources[delay])) : largest;
    }
    for (uint32_t delay = 0; !isfinite(block[i]) && delay < MAX_DELAY; ++delay) {
      is_copy |= memcmp(block + i, sources + delay, sizeof *block) == 0;
    }
    require(is_copy || fabs((double)block[i]) <= 1.001 * (double)largest,
            "a mixture while oversampling changes");
  }
}

// block [n_frames] came out for what is heard.
static void
check_block(const Host* host, const float* block, uint32_t n_frames)
{
  const bool is_fading = host->since_enabled < host_frames(host, 0.02);
  // A change that was under way is ended first.
  const bool is_changing = host->since_times < 4U * host_frames(host, 0.02);
  if (host->was_enabled && !is_fading) {
    check_below(block, n_frames, loudest, "finite and below +24 dBFS");
  } else if (is_changing) {
    check_mixed(block, n_frames, is_fading ? loudest_fading + loudest : 0.0f);
  } else if (is_fading && host->is_connected[LATENCY]) {
    check_fading(host, block, n_frames);
  } else if (host->is_connected[LATENCY]) {
    require(memcmp(block, bypassed(host), n_frames * sizeof *block) == 0, "bypass is exact");
  }
}

// To and from host_out, wherever it runs.
static void
run_plugin(Host* host, uint32_t n_frames, bool is_in_place)
{
  const LV2_Descriptor* descriptor = host->descriptor;
  if (is_in_place && host->is_connected[OUT]) {
    descriptor->connect_port(host->plugin, OUT, host_in);
    descriptor->run(host->plugin, n_frames);
    memcpy(host_out, host_in, n_frames * sizeof *host_out);
    descriptor->connect_port(host->plugin, OUT, host_out);
  } else {
    descriptor->run(host->plugin, n_frames);
  }
}

void
host_run(Host* host, uint32_t n_frames, bool is_in_place)
{
  memcpy(heard + MAX_DELAY, host_in, n_frames * sizeof *heard);
  run_plugin(host, n_frames, is_in_place);
  if (host->is_connected[LATENCY]) {
    const float latency = host->controls[LATENCY];
    require(latency >= 0.0f && latency < (float)MAX_DELAY && latency == floorf(latency), "latency");
  }
  if (!host->is_connected[IN] || !host->is_connected[OUT] || n_frames == 0) {
    return;
  }
  note_changes(host);
  memcpy(heard, host->past, sizeof host->past);
  check_block(host, host_out, n_frames);
  memcpy(host->past, heard + n_frames, sizeof host->past);
  host->since_enabled += host->since_enabled < LONG_AGO ? n_frames : 0;
  host->since_times += host->since_times < LONG_AGO ? n_frames : 0;
}
