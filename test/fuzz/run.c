// SPDX-License-Identifier: MIT
// Fuzzes the plugin through its LV2 descriptor. An input is a list of host actions: a sample rate,
// blocks, controls, connections and sounds, valid or not. host.c states the requirements on
// each output frame.
//
// At the end the host behaves well, keeps its controls still and plays a note no louder than the
// models were trained with; a network far beyond that may amplify small differences for ever.
// There are two cases:
//   After activate(), at any rate, the output must equal a fresh instance's bit by bit.
//   Without activate(), at 44.1 to 192 kHz, the output must equal a fresh instance's to -60 dB,
//     200 ms after the parameter ramps end. The remaining offset has its own bound of -60 dB, since
//     the silent copy (network.h) follows the knobs slowly: with the small model at 88.2 kHz the
//     offset falls by 12 dB in 50 ms, to -72 dB at most.
#include "fuzz/fuzz.h"
#include "fuzz/host.h"

#include <math.h>
#include <string.h>

enum {
  MAX_WORK = 32768, // network samples that one input may use
  MAX_STEPS = 96,
  N_FIRST_PORTS = 12, // their bytes stay the same when ports are added, for the corpus's sake
  FRESH_BLOCK = 600,
  N_COMPARED = 512,
};

static const double allowed_error = 1e-6;  // share of the energy: -60 dB
static const double allowed_offset = 1e-6; // share of the energy: -60 dB

typedef struct {
  const uint8_t* at;
  size_t left;
  uint32_t random; // state of the generator for sounds
} Input;

static char bundles[2][4096];

static uint8_t
next_byte(Input* input)
{
  if (input->left == 0) {
    return 0;
  }
  --input->left;
  return *input->at++;
}

static uint32_t
next_random(Input* input)
{
  input->random = input->random * 1664525U + 1013904223U;
  return input->random >> 8U;
}

// Returns a number from -1 to 1.
static float
next_noise(Input* input)
{
  return (float)next_random(input) / 8388608.0f - 1.0f;
}

static float
special(uint32_t i)
{
  static const float values[] = {NAN,    INFINITY, -INFINITY, 1e30f, -1e30f, 3e38f,   -3e38f,
                                 1e-40f, -1e-40f,  0.0f,      -0.0f, 1e-38f, 1000.0f, -1000.0f};
  return values[i % (sizeof values / sizeof *values)];
}

static double
next_rate(Input* input)
{
  static const double rates[] = {48000.0, 44100.0, 96000.0, 88200.0, 192000.0, 176400.0, 22050.0,
                                 48000.0, 32000.0, 8000.0,  1.0,     1e7,      767999.5, 1500.1};
  const uint8_t byte = next_byte(input);
  if (byte < 224) {
    return rates[byte % (sizeof rates / sizeof *rates)];
  }
  return exp2(23.25 * (double)next_byte(input) / 255.0); // 1 Hz to 10 MHz
}

static float
next_value(Input* input)
{
  const uint8_t byte = next_byte(input);
  return byte < 32 ? special(byte) : (float)(byte - 96) / 8.0f; // -8 to 20
}

static float
next_sample(Input* input, uint8_t kind, uint32_t i)
{
  const float loud = exp2f((float)(kind % 32) - 24.0f); // -144 to +42 dBFS
  switch (kind / 32) {
  case 0: return 0.0f;
  case 1: return loud * next_noise(input);
  case 2: return loud * sinf(0.0144f * (float)i);
  case 3: return special(kind);
  case 4: return special(next_random(input));
  case 5: return next_random(input) % 64 ? 0.1f * next_noise(input) : special(next_random(input));
  case 6: return i % 2 ? -loud : loud;
  default: return i ? 0.0f : special(kind);
  }
}

static uint32_t
next_length(Input* input)
{
  const uint8_t byte = next_byte(input);
  return byte < 224 ? byte : byte == 255 ? MAX_BLOCK : 32U * next_byte(input) + byte % 32U;
}

// Runs a block if the remaining work allows it. Returns the work that remains.
static uint32_t
run_any(Host* host, Input* input, uint32_t work)
{
  const uint32_t n_frames = next_length(input);
  const uint8_t kind = next_byte(input);
  const bool is_in_place = next_byte(input) % 4U == 0;
  if (n_frames * host_factor(host) > work) {
    return 0;
  }
  for (uint32_t i = 0; i < n_frames; ++i) {
    host_in[i] = next_sample(input, kind, i);
  }
  host_run(host, n_frames, is_in_place);
  return work - n_frames * host_factor(host);
}

// Performs one host action. Returns the work that remains.
static uint32_t
do_any(Host* host, Input* input, uint32_t work)
{
  const uint8_t byte = next_byte(input);
  const uint32_t port = byte / 4 == 15 ? PORT_MATCH
                        : byte == 59   ? PORT_PHASE
                                       : byte % N_FIRST_PORTS;
  switch (byte / 32) {
  case 0: // a control
  case 1:
    if (control_is_input(port)) {
      host->controls[port] = next_value(input);
    }
    break;
  case 2:
    if (byte % 32 >= 24) {
      host_activate(host);
      work -= work < 4096 ? work : 4096;
    } else {
      host_connect(host, port, byte & 8);
    }
    break;
  case 3: host_connect(host, byte * 0x01010101U, true); break; // mostly ports that do not exist
  default: return run_any(host, input, work);
  }
  return work;
}

// Fills host_in with a low note and a little noise.
static void
fill_with_note(const Host* host, uint32_t begin, uint32_t n_frames)
{
  const double step = 2.0 * 3.14159265358979 * 110.0 / fmax(host->rate_hz, 1000.0);
  for (uint32_t i = 0; i < n_frames; ++i) {
    const uint32_t t = begin + i;
    const uint32_t noise = (t * 2654435761U) >> 16U;
    host_in[i] = 0.2f * (float)sin(step * (double)t) + 1e-6f * (float)noise;
  }
}

// Connects all ports and sets the controls.
static void
connect_all(Host* host, const float* controls)
{
  memcpy(host->controls, controls, sizeof host->controls);
  for (uint32_t port = 0; port < N_PORTS; ++port) {
    host_connect(host, port, true);
  }
}

typedef struct {
  double energy; // of the fresh instance's output
  double error;  // of the difference
  double sum;    // of the difference, not squared
  double moment; // of the difference, times the distance in frames from the middle
} Difference;

// Runs both hosts with the same input and adds their difference to `total`.
static void
compare(Host* host, Host* fresh, uint32_t begin, uint32_t n_frames, Difference* total)
{
  static float expected[MAX_BLOCK];
  fill_with_note(host, begin, n_frames);
  host_run(fresh, n_frames, false);
  memcpy(expected, host_out, n_frames * sizeof *expected);
  fill_with_note(host, begin, n_frames);
  host_run(host, n_frames, false);
  for (uint32_t i = 0; i < n_frames; ++i) {
    const double difference = (double)host_out[i] - (double)expected[i];
    total->energy += (double)expected[i] * (double)expected[i];
    total->error += difference * difference;
    total->sum += difference;
    total->moment += difference * (i - (n_frames - 1U) / 2.0);
  }
}

static void
check_recovery(Host* host, Host* fresh)
{
  const uint32_t crossfade = host_frames(host, 0.15) + 4U * host_frames(host, 0.02);
  const uint32_t n_frames = crossfade + (uint32_t)(0.2 * host->rate_hz);
  Difference before = {0};
  for (uint32_t t = 0; t < n_frames; t += 512) {
    const uint32_t left = n_frames - t;
    compare(host, fresh, t, left < 512 ? left : 512, &before);
  }
  Difference after = {0};
  compare(host, fresh, n_frames, N_COMPARED, &after);
  const double n = N_COMPARED;
  const double offset = after.sum * after.sum / n; // its decay is close to a straight line:
  const double slope = after.moment * after.moment / (n * (n * n - 1.0) / 12.0);
  const double error = after.error - offset - slope;
  if (!(error <= allowed_error * after.energy && offset <= allowed_offset * after.energy)) {
    fprintf(stderr, "%g Hz: energy %g, error %.1f dB, offset %.1f dB\n", host->rate_hz,
            after.energy, 10.0 * log10(error / after.energy), 10.0 * log10(offset / after.energy));
    require(false, "the output returns to that of a fresh instance");
  }
}

static void
check_activation(Host* host, Host* fresh)
{
  Difference total = {0};
  host_activate(host);
  for (uint32_t t = 0; t < 4; ++t) {
    compare(host, fresh, t * FRESH_BLOCK, FRESH_BLOCK, &total);
  }
  require(total.error == 0.0, "after activate() the output equals that of a fresh instance");
}

static void
check_end(Host* host, const char* bundle, bool is_activated)
{
  float controls[N_PORTS] = {0};
  for (uint32_t port = 0; port < N_PORTS; ++port) {
    controls[port] = control_is_input(port) ? host_control(host, port) : 0.0f;
  }
  controls[PORT_INPUT] = fminf(controls[PORT_INPUT], 0.0f);
  Host fresh;
  host_start(&fresh, bundle, host->rate_hz);
  connect_all(&fresh, controls);
  connect_all(host, controls);
  host_activate(&fresh);
  if (is_activated) {
    check_activation(host, &fresh);
  } else if (host->rate_hz >= 44100.0 && host->rate_hz <= 192000.0) {
    check_recovery(host, &fresh);
  }
  host_end(&fresh);
}

int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
  Input input = {data, size, 1};
  const uint8_t choices = next_byte(&input);
  const char* bundle = bundles[choices % 8U == 1U];
  const double rate_hz = next_rate(&input);
  Host host;
  host_start(&host, bundle, rate_hz);
  float controls[N_PORTS] = {0};
  for (uint32_t port = 0; port < N_PORTS; ++port) {
    controls[port] = control_is_input(port) && port < N_FIRST_PORTS ? next_value(&input) : 0.0f;
  }
  controls[PORT_MATCH] = choices / 16U % 2U ? 1.0f : 0.0f;
  controls[PORT_PHASE] = choices / 32U % 2U ? 1.0f : 0.0f;
  connect_all(&host, controls);
  host_activate(&host);
  uint32_t work = MAX_WORK;
  for (int i = 0; i < MAX_STEPS && work && input.left; ++i) {
    work = do_any(&host, &input, work);
  }
  check_end(&host, bundle, choices / 8U % 2U);
  host_end(&host);
  return 0;
}

// Finds the bundles beside the program.
int
LLVMFuzzerInitialize(int* n_arguments, char*** arguments)
{
  static const char* const names[] = {"od3-eco.lv2", "od3.lv2"};
  (void)n_arguments;
  const char* program = (*arguments)[0];
  const char* slash = strrchr(program, '/');
  require(slash != NULL, "the program is called by its path");
  for (size_t i = 0; i < 2; ++i) {
    snprintf(bundles[i], sizeof bundles[i], "%.*s/%s", (int)(slash - program), program, names[i]);
  }
  return 0;
}
