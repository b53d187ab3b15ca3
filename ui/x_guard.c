// SPDX-License-Identifier: MIT
#include "x_guard.h"

#include <stddef.h>

static const XGuard* innermost;
static XErrorHandler host_handler;

static int
handle_error(Display* display, XErrorEvent* error)
{
  for (const XGuard* guard = innermost; guard; guard = guard->outer) {
    if (guard->display == display) {
      return 0;
    }
  }
  return host_handler ? host_handler(display, error) : 0;
}

void
x_guard_begin(XGuard* guard, Display* display)
{
  *guard = (XGuard){display, innermost};
  if (!innermost) {
    host_handler = XSetErrorHandler(handle_error);
  }
  innermost = guard;
}

void
x_guard_end(const XGuard* guard)
{
  innermost = guard->outer;
  if (!innermost) {
    XSetErrorHandler(host_handler);
  }
}
