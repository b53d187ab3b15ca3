// SPDX-License-Identifier: MIT
// Keeps X errors of the window's connection from the host, whose handler would end its process.
#ifndef OD3_UI_X_GUARD_H
#define OD3_UI_X_GUARD_H

#include <X11/Xlib.h>

typedef struct XGuard {
  Display* display;
  const struct XGuard* outer;
} XGuard;

// From here to x_guard_end, errors of this connection are ignored; errors of others go to the
// process's handler. Xlib reads a connection only within calls for it, so guards around all calls
// catch all its errors. Guards nest, since the host may use a second window while a first one tells
// it of a control. The guard must live until its end. The host's UI thread.
void
x_guard_begin(XGuard* guard, Display* display);

// Ends the guard begun last. With the outermost, the process's handler is restored.
void
x_guard_end(const XGuard* guard);

#endif
