// SPDX-License-Identifier: MIT
// NONBLOCKING marks a function that the audio thread may call: it never allocates, locks, does I/O
// or loops without a bound.
#ifndef OD3_REALTIME_H
#define OD3_REALTIME_H

// Clang 20 and later check the mark: -Wfunction-effects at compile time, -fsanitize=realtime at
// run time. Other compilers ignore it.
#if defined(__clang__) && __clang_major__ >= 20
#define NONBLOCKING __attribute__((nonblocking))
#else
#define NONBLOCKING
#endif

#endif
