// SPDX-License-Identifier: MIT
// Aborts when connect_port(), activate() or run() of the plugin call a function that may block. The
// library is preloaded and also takes the plugin's place in the bundle. The environment variable
// GUARDED holds the path of the real plugin's library.
#define _GNU_SOURCE // RTLD_NEXT

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <lv2/core/lv2.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

// This TLS model needs no allocation on first use.
static _Thread_local bool is_inside __attribute__((tls_model("initial-exec")));
static atomic_ulong n_calls;

// Aborts if the plugin is running.
static void
refuse(const char* name)
{
  if (is_inside) {
    is_inside = false;
    fprintf(stderr, "guard: the plugin calls %s\n", name);
    abort();
  }
}

// Returns the descriptor of a real plugin, or NULL where the library has no more.
static const LV2_Descriptor*
guarded(uint32_t index)
{
  static LV2_Descriptor_Function function;
  if (!function) {
    const char* path = getenv("GUARDED");
    void* library = dlopen(path ? path : "", RTLD_NOW | RTLD_LOCAL);
    *(void**)&function = library ? dlsym(library, "lv2_descriptor") : NULL;
    if (!function) {
      fprintf(stderr, "guard: there is no plugin in %s\n", path ? path : "GUARDED");
      exit(1);
    }
  }
  return function(index);
}

static void
enter(void)
{
  ++n_calls;
  is_inside = true;
}

// Defines the guarded functions of the plugin at an index.
#define GUARD_PLUGIN(index)                                                                        \
  static void connect_port_##index(LV2_Handle instance, uint32_t port, void* data)                 \
  {                                                                                                \
    enter();                                                                                       \
    guarded(index)->connect_port(instance, port, data);                                            \
    is_inside = false;                                                                             \
  }                                                                                                \
  static void activate_##index(LV2_Handle instance)                                                \
  {                                                                                                \
    enter();                                                                                       \
    guarded(index)->activate(instance);                                                            \
    is_inside = false;                                                                             \
  }                                                                                                \
  static void run_##index(LV2_Handle instance, uint32_t n_frames)                                  \
  {                                                                                                \
    enter();                                                                                       \
    guarded(index)->run(instance, n_frames);                                                       \
    is_inside = false;                                                                             \
  }                                                                                                \
  static LV2_Descriptor descriptor_##index = {                                                     \
      .connect_port = connect_port_##index, .activate = activate_##index, .run = run_##index};

GUARD_PLUGIN(0)
GUARD_PLUGIN(1)
GUARD_PLUGIN(2)

LV2_SYMBOL_EXPORT const LV2_Descriptor*
lv2_descriptor(uint32_t index)
{
  static LV2_Descriptor* const descriptors[] = {&descriptor_0, &descriptor_1, &descriptor_2};
  const LV2_Descriptor* plugin = guarded(index);
  if (!plugin || index >= sizeof descriptors / sizeof *descriptors) {
    return NULL;
  }
  LV2_Descriptor* descriptor = descriptors[index];
  descriptor->URI = plugin->URI;
  descriptor->instantiate = plugin->instantiate;
  descriptor->deactivate = plugin->deactivate;
  descriptor->cleanup = plugin->cleanup;
  descriptor->extension_data = plugin->extension_data;
  return descriptor;
}

__attribute__((destructor)) static void
print_count(void)
{
  fprintf(stderr, "guard: %lu calls\n", n_calls);
}

// The C library's internal names. dlsym() allocates, so it cannot find malloc().
extern void*
__libc_malloc(size_t size);
extern void*
__libc_calloc(size_t n, size_t size);
extern void*
__libc_realloc(void* memory, size_t size);
extern void*
__libc_memalign(size_t alignment, size_t size);
extern void
__libc_free(void* memory);

void*
malloc(size_t size)
{
  refuse("malloc");
  return __libc_malloc(size);
}

void*
calloc(size_t n, size_t size)
{
  refuse("calloc");
  return __libc_calloc(n, size);
}

void*
realloc(void* memory, size_t size)
{
  refuse("realloc");
  return __libc_realloc(memory, size);
}

void*
aligned_alloc(size_t alignment, size_t size)
{
  refuse("aligned_alloc");
  return __libc_memalign(alignment, size);
}

int
posix_memalign(void** memory, size_t alignment, size_t size)
{
  refuse("posix_memalign");
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : 12; // ENOMEM
}

void
free(void* memory)
{
  if (memory) {
    refuse("free");
  }
  __libc_free(memory);
}

int
printf(const char* format, ...)
{
  refuse("printf");
  va_list arguments;
  va_start(arguments, format);
  const int n = vprintf(format, arguments);
  va_end(arguments);
  return n;
}

int
fprintf(FILE* file, const char* format, ...)
{
  refuse("fprintf");
  va_list arguments;
  va_start(arguments, format);
  const int n = vfprintf(file, format, arguments);
  va_end(arguments);
  return n;
}

// Defines a function that refuses, or else calls the next definition.
#define GUARD(type, name, parameters, arguments)                                                   \
  type name parameters                                                                             \
  {                                                                                                \
    static type(*next) parameters;                                                                 \
    refuse(#name);                                                                                 \
    if (!next) {                                                                                   \
      *(void**)&next = dlsym(RTLD_NEXT, #name);                                                    \
    }                                                                                              \
    return next arguments;                                                                         \
  }

typedef struct timespec Time;
typedef struct dirent Entry;

GUARD(void*, mmap, (void* at, size_t n, int may, int how, int file, off_t from),
      (at, n, may, how, file, from))
GUARD(int, munmap, (void* at, size_t n), (at, n))
GUARD(int, mprotect, (void* at, size_t n, int may), (at, n, may))
GUARD(int, brk, (void* at), (at))
GUARD(void*, sbrk, (intptr_t n), (n))
GUARD(int, pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex))
GUARD(int, pthread_mutex_trylock, (pthread_mutex_t * mutex), (mutex))
GUARD(int, pthread_mutex_unlock, (pthread_mutex_t * mutex), (mutex))
GUARD(int, pthread_cond_wait, (pthread_cond_t * cond, pthread_mutex_t* mutex), (cond, mutex))
GUARD(int, pthread_cond_signal, (pthread_cond_t * cond), (cond))
GUARD(int, pthread_cond_broadcast, (pthread_cond_t * cond), (cond))
GUARD(int, pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock))
GUARD(int, pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock))
GUARD(int, pthread_rwlock_unlock, (pthread_rwlock_t * lock), (lock))
GUARD(int, pthread_create,
      (pthread_t * thread, const pthread_attr_t* how, void* (*begin)(void*), void* data),
      (thread, how, begin, data))
GUARD(int, pthread_join, (pthread_t thread, void** result), (thread, result))
GUARD(int, sem_wait, (sem_t * semaphore), (semaphore))
GUARD(int, sem_post, (sem_t * semaphore), (semaphore))
GUARD(int, nanosleep, (const Time* time, Time* left), (time, left))
GUARD(int, clock_nanosleep, (clockid_t clock, int how, const Time* time, Time* left),
      (clock, how, time, left))
GUARD(int, usleep, (useconds_t time), (time))
GUARD(unsigned, sleep, (unsigned time), (time))
GUARD(int, sched_yield, (void), ())
GUARD(int, poll, (struct pollfd * files, nfds_t n, int time), (files, n, time))
GUARD(int, select, (int n, fd_set* in, fd_set* out, fd_set* odd, struct timeval* time),
      (n, in, out, odd, time))
GUARD(int, open, (const char* path, int how, ...), (path, how, 0666))
GUARD(int, close, (int file), (file))
GUARD(long, syscall, (long number, ...), (number, NULL))
GUARD(int, scandir,
      (const char* path, Entry*** entries, int (*is_wanted)(const Entry*),
       int (*compare)(const Entry**, const Entry**)),
      (path, entries, is_wanted, compare))
GUARD(ssize_t, read, (int file, void* data, size_t n), (file, data, n))
GUARD(ssize_t, write, (int file, const void* data, size_t n), (file, data, n))
GUARD(int, ioctl, (int file, unsigned long what, ...), (file, what, NULL))
GUARD(FILE*, fopen, (const char* path, const char* how), (path, how))
GUARD(int, fclose, (FILE * file), (file))
GUARD(size_t, fread, (void* data, size_t size, size_t n, FILE* file), (data, size, n, file))
GUARD(size_t, fwrite, (const void* data, size_t size, size_t n, FILE* file), (data, size, n, file))
GUARD(int, fflush, (FILE * file), (file))
GUARD(int, fputs, (const char* text, FILE* file), (text, file))
GUARD(int, puts, (const char* text), (text))
GUARD(int, putchar, (int byte), (byte))
GUARD(int, fputc, (int byte, FILE* file), (byte, file))
GUARD(int, vfprintf, (FILE * file, const char* format, va_list arguments),
      (file, format, arguments))
