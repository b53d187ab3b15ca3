// SPDX-License-Identifier: MIT
#include "window.h"

#include "canvas.h"
#include "desktop.h"
#include "x_guard.h"

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/keysym.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MIN_SCALE 0.5f
#define MAX_SCALE 4.0f
// Pointer motion is asked for while the button is down only, so that a mouse that passes by costs
// nothing.
#define EVENTS                                                                                     \
  (ExposureMask | StructureNotifyMask | ButtonPressMask | ButtonReleaseMask | Button1MotionMask |  \
   KeyPressMask | KeyReleaseMask | FocusChangeMask)
// Keys with these held are shortcuts of the host.
#define SHORTCUT_MODIFIERS (ControlMask | Mod1Mask | Mod4Mask)

struct PanelWindow {
  Display* display;
  Window parent, window; // parent: None for a window on the desktop
  Colormap colormap;
  Atom close_message;
  Panel panel;
  Canvas canvas;
  Desktop desktop;
  float scale;         // the desktop's, which the window has; 0 if the host has set another
  float desktop_scale; // the newest
  XRectangle exposed;  // what the server has lost; empty: nothing
  unsigned used_key;   // the key whose release stays here too
  bool is_closed;      // by the user
  bool is_gone;        // the host destroyed it
};

static uint64_t
now_ms(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1000 * (uint64_t)now.tv_sec + (uint64_t)now.tv_nsec / 1000000;
}

static float
limit_scale(float scale)
{
  return fminf(fmaxf(scale, MIN_SCALE), MAX_SCALE);
}

// In a parent, suil takes the base size for the one that the window wants. On the desktop a base
// size would spoil the aspect.
static void
set_hints(const PanelWindow* window, int width, int height)
{
  const Layout* layout = window->panel.layout;
  XSizeHints hints = {.flags = PMinSize | PAspect | (window->parent ? PBaseSize : 0),
                      .base_width = width,
                      .base_height = height,
                      .min_width = (int)((double)MIN_SCALE * layout->width),
                      .min_height = (int)((double)MIN_SCALE * layout->height),
                      .min_aspect = {(int)layout->width, (int)layout->height},
                      .max_aspect = {(int)layout->width, (int)layout->height}};
  Atom close_message = window->close_message;
  XSetWMNormalHints(window->display, window->window, &hints);
  XSetWMProtocols(window->display, window->window, &close_message, 1);
  XStoreName(window->display, window->window, layout->title);
}

// Parents may have another depth, so the window has a visual, a colormap and a border of its own.
static void
create(PanelWindow* window, Visual* visual, int width, int height)
{
  Display* display = window->display;
  const Window root = DefaultRootWindow(display);
  XSetWindowAttributes attributes = {.event_mask = EVENTS};
  attributes.colormap = window->colormap = XCreateColormap(display, root, visual, AllocNone);
  window->window = XCreateWindow(display, window->parent ? window->parent : root, 0, 0,
                                 (unsigned)width, (unsigned)height, 0, CANVAS_DEPTH, InputOutput,
                                 visual, CWEventMask | CWColormap | CWBorderPixel, &attributes);
  window->close_message = XInternAtom(display, "WM_DELETE_WINDOW", False);
  set_hints(window, width, height);
  canvas_open(&window->canvas, window->window, visual, width, height);
  XMapWindow(display, window->window);
  XSync(display, False); // the host may use the window as soon as it has its id
}

PanelWindow*
window_open(const Layout* layout, uintptr_t parent_id, float scale, Language language,
            PanelHost host)
{
  PanelWindow* window = calloc(1, sizeof *window);
  Display* display = window ? XOpenDisplay(NULL) : NULL;
  XVisualInfo visual;
  if (!display ||
      !XMatchVisualInfo(display, DefaultScreen(display), CANVAS_DEPTH, TrueColor, &visual)) {
    if (display) {
      XCloseDisplay(display);
    }
    free(window);
    return NULL;
  }
  window->display = display;
  window->parent = (Window)parent_id;
  panel_init(&window->panel, layout, host);
  XGuard guard;
  x_guard_begin(&guard, display);
  desktop_watch(&window->desktop, display);
  window->desktop_scale = limit_scale(desktop_scale(&window->desktop));
  window->scale = scale > 0.0f ? 0.0f : window->desktop_scale;
  scale = scale > 0.0f ? limit_scale(scale) : window->desktop_scale;
  window->canvas = (Canvas){.layout = layout,
                            .language = language,
                            .has_contrast = desktop_has_contrast(&window->desktop),
                            .display = display};
  create(window, visual.visual, (int)lrint((double)scale * layout->width),
         (int)lrint((double)scale * layout->height));
  x_guard_end(&guard);
  return window;
}

void
window_close(PanelWindow* window)
{
  if (!window) {
    return;
  }
  panel_close(&window->panel);
  XGuard guard;
  x_guard_begin(&guard, window->display);
  canvas_close(&window->canvas);
  if (!window->is_gone) {
    XDestroyWindow(window->display, window->window);
  }
  XCloseDisplay(window->display);
  x_guard_end(&guard);
  free(window);
}

uintptr_t
window_id(const PanelWindow* window)
{
  return window->window;
}

void
window_size(const PanelWindow* window, int* width, int* height)
{
  *width = window->canvas.width;
  *height = window->canvas.height;
}

void
window_resize(PanelWindow* window, int width, int height)
{
  XGuard guard;
  x_guard_begin(&guard, window->display);
  XResizeWindow(window->display, window->window, (unsigned)width, (unsigned)height);
  XFlush(window->display);
  x_guard_end(&guard);
}

bool
window_rescale(PanelWindow* window, int* width, int* height)
{
  if (window->scale <= 0.0f || window->scale == window->desktop_scale || window->is_gone) {
    return false;
  }
  const double factor = (double)window->desktop_scale / (double)window->scale;
  window->scale = window->desktop_scale;
  *width = (int)lrint(factor * window->canvas.width);
  *height = (int)lrint(factor * window->canvas.height);
  XGuard guard;
  x_guard_begin(&guard, window->display);
  set_hints(window, *width, *height);
  x_guard_end(&guard);
  window_resize(window, *width, *height);
  return true;
}

void
window_port_event(PanelWindow* window, unsigned port, float value)
{
  panel_port_event(&window->panel, port, value, now_ms());
}

void
window_tell(PanelWindow* window, const ModelFacts* facts)
{
  panel_tell(&window->panel, facts);
}

void
window_show(PanelWindow* window, bool is_shown)
{
  XGuard guard;
  x_guard_begin(&guard, window->display);
  if (is_shown) {
    XMapRaised(window->display, window->window);
  } else {
    XUnmapWindow(window->display, window->window);
  }
  XFlush(window->display);
  x_guard_end(&guard);
}

// Adds a rectangle to what the server has lost.
static void
expose(PanelWindow* window, int x, int y, int width, int height)
{
  XRectangle* all = &window->exposed;
  if (all->width) {
    const int right = x + width > all->x + all->width ? x + width : all->x + all->width;
    const int bottom = y + height > all->y + all->height ? y + height : all->y + all->height;
    x = x < all->x ? x : all->x;
    y = y < all->y ? y : all->y;
    width = right - x;
    height = bottom - y;
  }
  *all = (XRectangle){(short)x, (short)y, (unsigned short)width, (unsigned short)height};
}

// Begins the picture anew, in a size.
static void
redraw(PanelWindow* window, int width, int height)
{
  canvas_resize(&window->canvas, width, height);
  window->panel.dirty = (unsigned)ALL_WIDGETS;
  expose(window, 0, 0, width, height);
}

static void
handle_resize(PanelWindow* window, const XConfigureEvent* event)
{
  if (event->width != window->canvas.width || event->height != window->canvas.height) {
    redraw(window, event->width, event->height);
  }
}

// The desktop may ask for another scale, which window_rescale follows, or another contrast.
static void
follow_desktop(PanelWindow* window)
{
  window->desktop_scale = limit_scale(desktop_scale(&window->desktop));
  const bool has_contrast = desktop_has_contrast(&window->desktop);
  if (has_contrast != window->canvas.has_contrast) {
    window->canvas.has_contrast = has_contrast;
    redraw(window, window->canvas.width, window->canvas.height);
  }
}

// A click gives the window the keyboard, as in any other part of a host.
static void
handle_press(PanelWindow* window, const XButtonEvent* event)
{
  double x = 0.0;
  double y = 0.0;
  const bool is_fine = event->state & ShiftMask;
  canvas_point(&window->canvas, event->x, event->y, &x, &y);
  switch (event->button) {
  case Button1:
    XSetInputFocus(window->display, window->window, RevertToParent, event->time);
    panel_press(&window->panel, x, y, now_ms());
    break;
  case Button4: panel_wheel(&window->panel, x, y, 1, is_fine, now_ms()); break;
  case Button5: panel_wheel(&window->panel, x, y, -1, is_fine, now_ms()); break;
  default: break;
  }
}

static void
handle_motion(PanelWindow* window, XEvent* event)
{
  // Only the newest place counts.
  while (XCheckTypedWindowEvent(window->display, window->window, MotionNotify, event)) {
  }
  double x = 0.0;
  double y = 0.0;
  canvas_point(&window->canvas, event->xmotion.x, event->xmotion.y, &x, &y);
  panel_drag(&window->panel, x, y, event->xmotion.state & ShiftMask, now_ms());
}

// Translates a key. Returns whether it is one that a panel may use.
static bool
translate(XKeyEvent* event, Keystroke* stroke)
{
  static const struct {
    KeySym symbol;
    PanelKey key;
  } keys[] = {
      {XK_Tab, KEY_TAB},        {XK_ISO_Left_Tab, KEY_BACK_TAB},
      {XK_Up, KEY_UP},          {XK_Right, KEY_UP},
      {XK_KP_Up, KEY_UP},       {XK_KP_Right, KEY_UP},
      {XK_Down, KEY_DOWN},      {XK_Left, KEY_DOWN},
      {XK_KP_Down, KEY_DOWN},   {XK_KP_Left, KEY_DOWN},
      {XK_Prior, KEY_PAGE_UP},  {XK_KP_Prior, KEY_PAGE_UP},
      {XK_Next, KEY_PAGE_DOWN}, {XK_KP_Next, KEY_PAGE_DOWN},
      {XK_Home, KEY_HOME},      {XK_KP_Home, KEY_HOME},
      {XK_End, KEY_END},        {XK_KP_End, KEY_END},
      {XK_Return, KEY_ENTER},   {XK_KP_Enter, KEY_ENTER},
      {XK_Escape, KEY_ESCAPE},  {XK_BackSpace, KEY_BACKSPACE},
      {XK_Delete, KEY_DELETE},  {XK_KP_Delete, KEY_DELETE},
  };
  char text[8] = "";
  KeySym symbol = NoSymbol;
  const int n_bytes = XLookupString(event, text, sizeof text, &symbol, NULL);
  *stroke = (Keystroke){.is_fine = event->state & ShiftMask};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; ++i) {
    if (keys[i].symbol == symbol) {
      stroke->key = keys[i].key == KEY_TAB && stroke->is_fine ? KEY_BACK_TAB : keys[i].key;
      return true;
    }
  }
  stroke->key = KEY_CHARACTER;
  stroke->character = text[0];
  return n_bytes == 1;
}

// Gives the host a key that the panel has no use for. Keys that the host has sent stay here: it has
// seen them.
static void
pass_on(const PanelWindow* window, XEvent* event)
{
  if (!window->parent || event->xkey.send_event) {
    return;
  }
  const long mask = event->type == KeyPress ? KeyPressMask : KeyReleaseMask;
  event->xkey.window = window->parent;
  event->xkey.subwindow = None;
  XSendEvent(window->display, window->parent, True, mask, event);
  XFlush(window->display);
}

static void
handle_key(PanelWindow* window, XEvent* event)
{
  const bool is_press = event->type == KeyPress;
  Keystroke stroke;
  if (is_press && !(event->xkey.state & SHORTCUT_MODIFIERS) && translate(&event->xkey, &stroke) &&
      panel_key(&window->panel, stroke, now_ms())) {
    window->used_key = event->xkey.keycode;
  } else if (!is_press && event->xkey.keycode == window->used_key) {
    window->used_key = 0;
  } else {
    pass_on(window, event);
  }
}

static void
handle(PanelWindow* window, XEvent* event)
{
  switch (event->type) {
  case Expose:
    expose(window, event->xexpose.x, event->xexpose.y, event->xexpose.width, event->xexpose.height);
    break;
  case ConfigureNotify: handle_resize(window, &event->xconfigure); break;
  case ButtonPress: handle_press(window, &event->xbutton); break;
  case ButtonRelease:
    if (event->xbutton.button == Button1) {
      panel_release(&window->panel);
    }
    break;
  case MotionNotify: handle_motion(window, event); break;
  case KeyPress:
  case KeyRelease: handle_key(window, event); break;
  case FocusOut: panel_lose_keyboard(&window->panel); break;
  case ClientMessage:
    window->is_closed |= (Atom)event->xclient.data.l[0] == window->close_message;
    break;
  case DestroyNotify: window->is_gone = true; break;
  default: break;
  }
}

static void
draw(PanelWindow* window)
{
  canvas_draw_widgets(&window->canvas, &window->panel, window->panel.dirty);
  window->panel.dirty = 0;
  if (window->exposed.width) {
    canvas_copy(&window->canvas, window->exposed);
    window->exposed = (XRectangle){0};
  }
  XFlush(window->display);
}

bool
window_idle(PanelWindow* window)
{
  if (window->is_gone) {
    return false;
  }
  XGuard guard;
  x_guard_begin(&guard, window->display);
  bool has_desktop_changed = false;
  while (XPending(window->display)) {
    XEvent event;
    XNextEvent(window->display, &event);
    if (!desktop_take(&window->desktop, &event, &has_desktop_changed)) {
      handle(window, &event);
    }
  }
  if (has_desktop_changed && !window->is_gone) {
    follow_desktop(window);
  }
  panel_tick(&window->panel, now_ms());
  if (!window->is_gone && (window->exposed.width || window->panel.dirty)) {
    draw(window);
  }
  x_guard_end(&guard);
  return !window->is_closed && !window->is_gone;
}
