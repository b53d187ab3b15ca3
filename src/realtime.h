// SPDX-License-Identifier: MIT
// Marks a function that never blocks: no allocation, lock, I/O or unbounded loop.
#ifndef OD3_REALTIME_H
#define OD3_REALTIME_H

// Clang 20 and later check the mark: -Wfunction-effects at compile time, -fsanitize=realtime at
// run time. Other compilers see nothing.
#if defined(__clang__) && __clang_major__ >= 20
#define NONBLOCKING __attribute__((nonblocking))
#else
#define NONBLOCKING
#endif

#endif
