// SPDX-License-Identifier: MIT
// Runs many instances of the built plugin in one process, for test_load.py. The knobs of each
// instance depend only on the number of frames that it has played.
//
// usage: rack N_INSTANCES           Opens the JACK client "rack" with ports in, out_0, out_1, ...
//                                   It plays while JACK's transport rolls. It prints lines
//                                   "name number" at the start and for each line of standard input,
//                                   and exits at the end of its standard input.
//        rack N_INSTANCES offline   Plays raw float32 samples at 48 kHz from standard input through
//                                   one instance after another, to standard output.
#include "support/host.h"

#include <jack/jack.h>

#include <malloc.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_INSTANCES = 64, STEP_FRAMES = 128, OFFLINE_BLOCK = 37, RATE_HZ = 48000 };

typedef struct {
  int n;
  Instance* instances[MAX_INSTANCES];
  jack_client_t* client;
  jack_port_t* in;
  jack_port_t* out[MAX_INSTANCES];
  atomic_uint position; // frames played
  atomic_uint n_xruns;
  atomic_ullong sounding; // bit i is set once instance i has given a non-zero sample
} Rack;

// Sets the knobs of instance i for a position in frames. Each instance has its own phase and rate.
static void
set_knobs(Instance* instance, int i, uint32_t position)
{
  const uint32_t step = position / STEP_FRAMES;
  const float time_s = (float)(step * STEP_FRAMES) / (float)RATE_HZ;
  const float place = (float)i / (float)MAX_INSTANCES;
  const float angle = 6.2831853f * (place + (0.3f + place) * time_s);
  instance->controls[PORT_GAIN] = 5.0f + 4.0f * sinf(angle);
  instance->controls[PORT_TONE] = 5.0f + 4.0f * cosf(2.0f * angle);
  instance->controls[PORT_LEVEL] = -6.0f + 6.0f * sinf(3.0f * angle);
}

static Instance*
start(int i)
{
  Instance* instance = host_start(RATE_HZ, 5, 5, 0, 1);
  instance->controls[PORT_OVERSAMPLING] = (float)(1U << (unsigned)i % 3U);
  set_knobs(instance, i, 0);
  lilv_instance_activate(instance->lilv);
  return instance;
}

static bool
is_silent(const float* sound, uint32_t n)
{
  uint32_t i = 0;
  while (i < n && sound[i] == 0.0f) {
    ++i;
  }
  return i == n;
}

static int
process(jack_nframes_t n_frames, void* argument)
{
  Rack* rack = argument;
  const bool is_rolling = jack_transport_query(rack->client, NULL) == JackTransportRolling;
  const float* in = jack_port_get_buffer(rack->in, n_frames);
  for (int i = 0; i < rack->n; ++i) {
    float* out = jack_port_get_buffer(rack->out[i], n_frames);
    if (is_rolling) {
      set_knobs(rack->instances[i], i, rack->position);
      host_run(rack->instances[i], in, out, n_frames, n_frames);
      rack->sounding |= is_silent(out, n_frames) ? 0 : 1ULL << (unsigned)i;
    } else {
      memset(out, 0, n_frames * sizeof *out);
    }
  }
  rack->position += is_rolling ? n_frames : 0;
  return 0;
}

static int
count_xrun(void* argument)
{
  Rack* rack = argument;
  ++rack->n_xruns;
  return 0;
}

static size_t
malloc_bytes(void)
{
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

static void
start_all(Rack* rack)
{
  const size_t before = malloc_bytes();
  size_t with_first = before;
  for (int i = 0; i < rack->n; ++i) {
    rack->instances[i] = start(i);
    with_first = i ? with_first : malloc_bytes();
  }
  printf("first-bytes %zu\n", with_first - before);
  printf("next-bytes %zu\n", (malloc_bytes() - with_first) / (size_t)(rack->n - 1));
}

static jack_port_t*
open_port(const Rack* rack, const char* name, unsigned long flags)
{
  return jack_port_register(rack->client, name, JACK_DEFAULT_AUDIO_TYPE, flags, 0);
}

static bool
connect(Rack* rack)
{
  rack->client = jack_client_open("rack", JackNoStartServer, NULL);
  if (!rack->client) {
    return false;
  }
  rack->in = open_port(rack, "in", JackPortIsInput);
  bool are_open = rack->in != NULL;
  for (int i = 0; i < rack->n; ++i) {
    char name[16];
    snprintf(name, sizeof name, "out_%d", i);
    rack->out[i] = open_port(rack, name, JackPortIsOutput);
    are_open = are_open && rack->out[i];
  }
  jack_set_process_callback(rack->client, process, rack);
  jack_set_xrun_callback(rack->client, count_xrun, rack);
  return are_open && jack_activate(rack->client) == 0;
}

static int
play_in_jack(Rack* rack)
{
  start_all(rack);
  if (!connect(rack)) {
    fprintf(stderr, "rack: the JACK client cannot be opened\n");
    return 1;
  }
  puts("ready 1");
  fflush(stdout);
  // Each input line asks for the counts so far, JACK's load, and the CPU time used.
  for (char line[16]; fgets(line, sizeof line, stdin);) {
    printf("frames %u\n", atomic_load(&rack->position));
    printf("instances-sounding %d\n", __builtin_popcountll(atomic_load(&rack->sounding)));
    printf("dsp-load-percent %.1f\n", (double)jack_cpu_load(rack->client));
    printf("xruns %u\n", atomic_load(&rack->n_xruns));
    printf("cpu-seconds %.3f\n", (double)clock() / CLOCKS_PER_SEC);
    fflush(stdout);
  }
  jack_client_close(rack->client);
  for (int i = 0; i < rack->n; ++i) {
    host_free(rack->instances[i]);
  }
  return 0;
}

static void
play_offline(int i, const float* in, float* out, uint32_t n)
{
  Instance* instance = start(i);
  for (uint32_t done = 0; done < n; done += STEP_FRAMES) {
    const uint32_t step = n - done < STEP_FRAMES ? n - done : STEP_FRAMES;
    set_knobs(instance, i, done);
    host_run(instance, in + done, out + done, step, OFFLINE_BLOCK);
  }
  host_free(instance);
}

static int
play_all_offline(int n_instances)
{
  enum { MAX_FRAMES = 60 * RATE_HZ };
  static float in[MAX_FRAMES];
  static float out[MAX_FRAMES];
  const size_t n = fread(in, sizeof *in, MAX_FRAMES, stdin);
  for (int i = 0; i < n_instances; ++i) {
    play_offline(i, in, out, (uint32_t)n);
    if (fwrite(out, sizeof *out, n, stdout) != n) {
      return 1;
    }
  }
  return 0;
}

int
main(int argc, char** argv)
{
  static Rack rack;
  rack.n = argc > 1 ? atoi(argv[1]) : 0;
  if (rack.n < 2 || rack.n > MAX_INSTANCES) {
    fprintf(stderr, "usage: rack N_INSTANCES [offline]\n");
    return 2;
  }
  host_open(NULL);
  const int status = argc > 2 ? play_all_offline(rack.n) : play_in_jack(&rack);
  host_close(NULL);
  return status;
}
