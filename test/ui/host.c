// SPDX-License-Identifier: MIT
// A host for the windows: it loads the bundle's X11UI and obeys commands on its standard input.
//
// usage: host BUNDLE [SCALE [PLUGIN-URI]]
//
// open           opens a window in a parent of its own, on the desktop's top left
// close          closes the last one opened
// port N V       sends a control's value
// tell NAME TEXT sends a patch:Set of a parameter whose URI ends in NAME, a text; \n breaks a line
// rate N         the same of modelRate, a number
// resize W H     resizes the UI's window, as a host does
// destroy        destroys the last parent first, then closes the UI
// cycle N        opens and closes N times, each with a value, an idle call and a button held
// shot FILE      writes the last window as PNG
// idle N         calls idle N times and prints the CPU time that they took, in microseconds
// turn N         the same, with a new value of port 2 before each call
// theme NAME     names the desktop's theme, as its XSETTINGS manager does
// focus          prints whether the window has the keyboard
// quit
//
// It prints what the UI does: "write PORT VALUE", "touch PORT HELD", "resized W H", "key KEYCODE"
// for keys that reach the parent, "get" and "set PATH" for messages, "asked" for a file, "error"
// for X errors that reach it, "closed" when idle ends. After each command it prints "done".
#include "lv2/controls.h"
#include "lv2/player_messages.h"
#include "lv2/player_ports.h"

// Before Xlib, which makes Bool a macro.
#include <lv2/atom/atom.h>
#include <lv2/atom/forge.h>
#include <lv2/atom/util.h>
#include <lv2/options/options.h>
#include <lv2/patch/patch.h>
#include <lv2/ui/ui.h>
#include <lv2/urid/urid.h>

#include <X11/Xlib.h>
#include <cairo/cairo-xlib.h>
#include <dlfcn.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WINDOWS = 4, MAX_URIS = 64, IDLE_MS = 20 };

typedef struct {
  Window parent;
  LV2UI_Handle handle;
  Window window;
  LV2UI_Resize resize;
} Open;

static Display* display;
static const LV2UI_Descriptor* descriptor;
static const LV2UI_Idle_Interface* idle_interface;
static char bundle[4096];
static const char* plugin_uri = OD3_PLUGIN_URI;
static float scale_factor;
static Open opened[MAX_WINDOWS];
static int n_open;

static int
count_error(Display* of, XErrorEvent* error)
{
  (void)of;
  printf("error %d\n", error->error_code);
  return 0;
}

static LV2_URID
map_uri(LV2_URID_Map_Handle handle, const char* uri)
{
  static char uris[MAX_URIS][128];
  (void)handle;
  for (LV2_URID i = 0; i < MAX_URIS; ++i) {
    if (!uris[i][0]) {
      snprintf(uris[i], sizeof uris[i], "%s", uri);
    }
    if (strcmp(uris[i], uri) == 0) {
      return i + 1;
    }
  }
  return 0;
}

static void
print_message(uint32_t size, const void* buffer)
{
  const LV2_Atom_Object* object = buffer;
  const LV2_Atom* property = NULL;
  const LV2_Atom* value = NULL;
  if (lv2_atom_total_size(&object->atom) != size ||
      object->atom.type != map_uri(NULL, LV2_ATOM__Object)) {
    puts("bad message");
    return;
  }
  lv2_atom_object_get(object, map_uri(NULL, LV2_PATCH__property), &property,
                      map_uri(NULL, LV2_PATCH__value), &value, 0);
  if (object->body.otype == map_uri(NULL, LV2_PATCH__Get)) {
    puts(property ? "get one" : "get");
  } else if (object->body.otype == map_uri(NULL, LV2_PATCH__Set) && property && value &&
             ((const LV2_Atom_URID*)property)->body == map_uri(NULL, PLAYER_MODEL_URI) &&
             value->type == map_uri(NULL, LV2_ATOM__Path)) {
    printf("set %s\n", (const char*)LV2_ATOM_BODY_CONST(value));
  } else {
    puts("bad message");
  }
}

static void
write_control(LV2UI_Controller controller, uint32_t port, uint32_t size, uint32_t protocol,
              const void* buffer)
{
  (void)controller;
  if (size == sizeof(float) && protocol == 0) {
    printf("write %u %.6g\n", port, (double)*(const float*)buffer);
  } else if (protocol == map_uri(NULL, LV2_ATOM__eventTransfer) && port == PLAYER_CONTROL) {
    print_message(size, buffer);
  }
}

static LV2UI_Request_Value_Status
request_value(LV2UI_Feature_Handle handle, LV2_URID key, LV2_URID type,
              const LV2_Feature* const* features)
{
  (void)handle;
  (void)features;
  printf("asked %d %d\n", key == map_uri(NULL, PLAYER_MODEL_URI),
         type == map_uri(NULL, LV2_ATOM__Path));
  return LV2UI_REQUEST_VALUE_SUCCESS;
}

// Sends a patch:Set of a parameter of the player, as its notify port does.
static void
tell(const char* name, const char* text, int number)
{
  LV2_URID_Map map = {NULL, map_uri};
  LV2_Atom_Forge forge;
  LV2_Atom_Forge_Frame frame;
  _Alignas(LV2_Atom) uint8_t buffer[8192];
  char uri[128];
  snprintf(uri, sizeof uri, "%s#%s", plugin_uri, name);
  lv2_atom_forge_init(&forge, &map);
  lv2_atom_forge_set_buffer(&forge, buffer, sizeof buffer);
  lv2_atom_forge_object(&forge, &frame, 0, map_uri(NULL, LV2_PATCH__Set));
  lv2_atom_forge_key(&forge, map_uri(NULL, LV2_PATCH__property));
  lv2_atom_forge_urid(&forge, map_uri(NULL, uri));
  lv2_atom_forge_key(&forge, map_uri(NULL, LV2_PATCH__value));
  if (!text) {
    lv2_atom_forge_int(&forge, number);
  } else if (strcmp(name, "model") == 0) {
    lv2_atom_forge_path(&forge, text, (uint32_t)strlen(text));
  } else {
    lv2_atom_forge_string(&forge, text, (uint32_t)strlen(text));
  }
  lv2_atom_forge_pop(&forge, &frame);
  const LV2_Atom* atom = (const LV2_Atom*)buffer;
  descriptor->port_event(opened[n_open - 1].handle, PLAYER_NOTIFY, lv2_atom_total_size(atom),
                         map_uri(NULL, LV2_ATOM__eventTransfer), atom);
}

static void
touch(LV2UI_Feature_Handle handle, uint32_t port, bool is_held)
{
  (void)handle;
  printf("touch %u %d\n", port, is_held);
}

static int
resize_parent(LV2UI_Feature_Handle handle, int width, int height)
{
  const Open* open = handle;
  printf("resized %d %d\n", width, height);
  XResizeWindow(display, open->parent, (unsigned)width, (unsigned)height);
  return 0;
}

static void
open_window(void)
{
  Open* open = &opened[n_open];
  open->parent = XCreateSimpleWindow(display, DefaultRootWindow(display), 300 * n_open, 0, 100, 100,
                                     0, 0, 0x808080);
  XSelectInput(display, open->parent, KeyPressMask);
  XMapWindow(display, open->parent);
  XSync(display, False);
  LV2_URID_Map map = {NULL, map_uri};
  open->resize = (LV2UI_Resize){open, resize_parent};
  static LV2UI_Touch touch_feature = {NULL, touch};
  static LV2UI_Request_Value request = {NULL, request_value};
  LV2_Options_Option options[] = {{LV2_OPTIONS_INSTANCE, 0, map_uri(NULL, LV2_UI__scaleFactor),
                                   sizeof(float), map_uri(NULL, LV2_ATOM__Float), &scale_factor},
                                  {LV2_OPTIONS_INSTANCE, 0, 0, 0, 0, NULL}};
  const LV2_Feature features[] = {
      {LV2_UI__parent, (void*)open->parent}, {LV2_UI__resize, &open->resize},
      {LV2_UI__touch, &touch_feature},       {LV2_URID__map, &map},
      {LV2_UI__requestValue, &request},      {LV2_OPTIONS__options, options}};
  const LV2_Feature* const list[] = {&features[0], &features[1],
                                     &features[2], &features[3],
                                     &features[4], scale_factor > 0.0f ? &features[5] : NULL,
                                     NULL};
  LV2UI_Widget widget = NULL;
  open->handle =
      descriptor->instantiate(descriptor, plugin_uri, bundle, write_control, NULL, &widget, list);
  open->window = (Window)widget;
  if (open->handle) {
    ++n_open;
  } else {
    XDestroyWindow(display, open->parent);
    puts("refused");
  }
}

static void
close_window(bool is_parent_first)
{
  const Open* open = &opened[--n_open];
  if (is_parent_first) {
    XDestroyWindow(display, open->parent);
    XSync(display, False);
  }
  descriptor->cleanup(open->handle);
  if (!is_parent_first) {
    XDestroyWindow(display, open->parent);
  }
}

static void
press_button(Window window)
{
  XEvent event = {.xbutton = {.type = ButtonPress,
                              .display = display,
                              .window = window,
                              .x = 44,
                              .y = 58,
                              .button = Button1,
                              .same_screen = True}};
  XSendEvent(display, window, False, 0, &event);
  XSync(display, False);
}

static void
cycle(int n_times)
{
  for (int i = 0; i < n_times; ++i) {
    open_window();
    const float value = 3.0f;
    Open* open = &opened[n_open - 1];
    descriptor->port_event(open->handle, 2, sizeof value, 0, &value);
    press_button(open->window);
    idle_interface->idle(open->handle);
    close_window(i % 2);
  }
}

static void
write_shot(const char* path)
{
  const Window window = opened[n_open - 1].window;
  XWindowAttributes attributes;
  XGetWindowAttributes(display, window, &attributes);
  cairo_surface_t* surface = cairo_xlib_surface_create(display, window, attributes.visual,
                                                       attributes.width, attributes.height);
  cairo_surface_write_to_png(surface, path);
  cairo_surface_destroy(surface);
}

static void
measure_idle(int n_times, bool is_turning)
{
  const Open* open = &opened[n_open - 1];
  struct timespec start;
  struct timespec end;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
  for (int i = 0; i < n_times; ++i) {
    const float value = 0.1f * (float)(i % 100);
    if (is_turning) {
      descriptor->port_event(open->handle, PORT_GAIN, sizeof value, 0, &value);
    }
    idle_interface->idle(open->handle);
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  printf("took %.1f\n",
         1e6 * (double)(end.tv_sec - start.tv_sec) + 1e-3 * (double)(end.tv_nsec - start.tv_nsec));
}

// Makes a window the manager of the desktop's settings, and tells all windows.
static void
announce(Window manager)
{
  const Window root = DefaultRootWindow(display);
  const Atom selection = XInternAtom(display, "_XSETTINGS_S0", False);
  XEvent event = {.xclient = {.type = ClientMessage,
                              .window = root,
                              .message_type = XInternAtom(display, "MANAGER", False),
                              .format = 32,
                              .data.l = {CurrentTime, (long)selection, (long)manager}}};
  XSetSelectionOwner(display, selection, manager, CurrentTime);
  XSendEvent(display, root, False, StructureNotifyMask, &event);
}

// Shares two settings, of which the theme is the second, with numbers in this machine's order.
static void
set_theme(const char* theme)
{
  static Window manager;
  static const char name[] = "Net/ThemeName";
  struct {
    uint32_t order, serial, n;
    uint8_t first_type, first_pad;
    uint16_t n_first;
    char first[4];
    uint32_t first_serial, number;
    uint8_t type, pad;
    uint16_t n_name;
    char name[16];
    uint32_t name_serial, n_theme;
    char theme[64];
  } settings = {.n = 2, .n_first = 3, .first = "a/b", .type = 1, .n_name = sizeof name - 1};
  const uint8_t is_big_endian = *(const uint8_t*)&settings.n == 0;
  memcpy(&settings.order, &is_big_endian, 1);
  memcpy(settings.name, name, sizeof name);
  settings.n_theme = (uint32_t)strlen(theme);
  snprintf(settings.theme, sizeof settings.theme, "%s", theme);
  const Atom property = XInternAtom(display, "_XSETTINGS_SETTINGS", False);
  const bool is_new = !manager;
  if (is_new) {
    manager = XCreateSimpleWindow(display, DefaultRootWindow(display), 0, 0, 1, 1, 0, 0, 0);
  }
  XChangeProperty(display, manager, property, property, 8, PropModeReplace,
                  (const unsigned char*)&settings, sizeof settings);
  if (is_new) {
    announce(manager);
  }
  XSync(display, False);
}

static void
print_focus(void)
{
  Window focus = None;
  int revert = 0;
  XGetInputFocus(display, &focus, &revert);
  printf("focus %d\n", n_open > 0 && focus == opened[n_open - 1].window);
}

// Replaces \n by a line break, and a lone \ by nothing.
static void
unescape(char* text)
{
  char* to = text;
  for (const char* from = text; *from; ++from) {
    if (*from == '\\') {
      ++from;
      if (*from == 'n') {
        *to++ = '\n';
      } else {
        break;
      }
    } else {
      *to++ = *from;
    }
  }
  *to = '\0';
}

// Obeys one command. Returns false for quit.
static bool
obey(const char* line)
{
  char path[1024];
  char name[64];
  int a = 0;
  int b = 0;
  float value = 0.0f;
  if (strncmp(line, "open", 4) == 0) {
    open_window();
  } else if (strncmp(line, "close", 5) == 0) {
    close_window(false);
  } else if (strncmp(line, "destroy", 7) == 0) {
    close_window(true);
  } else if (sscanf(line, "port %d %f", &a, &value) == 2) {
    descriptor->port_event(opened[n_open - 1].handle, (uint32_t)a, sizeof value, 0, &value);
  } else if (sscanf(line, "rate %d", &a) == 1) {
    tell("modelRate", NULL, a);
  } else if (sscanf(line, "tell %63s %1023[^\n]", name, path) == 2) {
    unescape(path);
    tell(name, path, 0);
  } else if (sscanf(line, "resize %d %d", &a, &b) == 2) {
    XResizeWindow(display, opened[n_open - 1].parent, (unsigned)a, (unsigned)b);
    XResizeWindow(display, opened[n_open - 1].window, (unsigned)a, (unsigned)b);
  } else if (sscanf(line, "cycle %d", &a) == 1) {
    cycle(a);
  } else if (sscanf(line, "shot %1023s", path) == 1) {
    write_shot(path);
  } else if (sscanf(line, "idle %d", &a) == 1) {
    measure_idle(a, false);
  } else if (sscanf(line, "turn %d", &a) == 1) {
    measure_idle(a, true);
  } else if (sscanf(line, "theme %63s", name) == 1) {
    set_theme(name);
  } else if (strncmp(line, "focus", 5) == 0) {
    print_focus();
  } else if (strncmp(line, "quit", 4) == 0) {
    return false;
  }
  return true;
}

static void
run_idle(void)
{
  for (int i = 0; i < n_open; ++i) {
    if (idle_interface->idle(opened[i].handle)) {
      puts("closed");
    }
  }
  while (XPending(display)) {
    XEvent event;
    XNextEvent(display, &event);
    if (event.type == KeyPress) {
      printf("key %u\n", event.xkey.keycode);
    }
  }
}

// Each command is followed by two rounds of idle, so that what it causes is printed before "done".
static void
serve(void)
{
  char line[1100];
  bool is_running = true;
  setvbuf(stdin, NULL, _IONBF, 0);
  while (is_running) {
    struct pollfd in = {STDIN_FILENO, POLLIN, 0};
    if (poll(&in, 1, IDLE_MS) > 0) {
      is_running = fgets(line, sizeof line, stdin) && obey(line);
      run_idle();
      XSync(display, False); // brings what the window has sent to the parent
      run_idle();
      puts("done");
    }
    run_idle();
  }
}

int
main(int n_words, char** words)
{
  char path[4200];
  snprintf(bundle, sizeof bundle, "%s", n_words > 1 ? words[1] : ".");
  scale_factor = n_words > 2 ? strtof(words[2], NULL) : 0.0f;
  plugin_uri = n_words > 3 ? words[3] : plugin_uri;
  snprintf(path, sizeof path, "%s/od3_ui.so", bundle);
  setvbuf(stdout, NULL, _IOLBF, 0);
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  LV2UI_DescriptorFunction get = NULL;
  if (library) {
    *(void**)&get = dlsym(library, "lv2ui_descriptor");
  }
  display = XOpenDisplay(NULL);
  if (!get || !display) {
    fprintf(stderr, "no library %s or no display: %s\n", path, library ? "" : dlerror());
    return 1;
  }
  XSetErrorHandler(count_error);
  for (uint32_t i = 0; (descriptor = get(i)); ++i) {
    if (strncmp(descriptor->URI, plugin_uri, strcspn(descriptor->URI, "#")) == 0) {
      break;
    }
  }
  if (!descriptor) {
    fprintf(stderr, "no window for %s\n", plugin_uri);
    return 1;
  }
  idle_interface = descriptor->extension_data(LV2_UI__idleInterface);
  serve();
  while (n_open > 0) {
    close_window(false);
  }
  printf("handler %s\n", XSetErrorHandler(NULL) == count_error ? "kept" : "lost");
  XCloseDisplay(display);
  return 0;
}
