// SPDX-License-Identifier: MIT
// The windows as LV2's X11UI.
#include "lv2/controls.h"
#include "lv2/player_ports.h"
#include "lv2/setup.h"
#include "model_messages.h"
#include "window.h"

#include <lv2/atom/atom.h>
#include <lv2/core/lv2.h>
#include <lv2/options/options.h>
#include <lv2/ui/ui.h>
#include <lv2/urid/urid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const Layout* layout;
  PanelWindow* window;
  LV2UI_Controller controller;
  LV2UI_Write_Function write;
  const LV2UI_Touch* touch;   // NULL if the host has none
  const LV2UI_Resize* resize; // NULL if the host has none
  bool is_embedded;           // in a window of the host
  // Neural Pedal's.
  const LV2UI_Request_Value* request; // NULL if the host has none
  bool has_messages;                  // the host maps URIDs
  ModelMessages messages;
  ModelFacts facts;
  char own_model[PATH_SIZE];
} Ui;

static void
set_control(void* context, unsigned port, float value)
{
  const Ui* ui = context;
  ui->write(ui->controller, port + ui->layout->port_shift, sizeof value, 0, &value);
}

static void
touch_control(void* context, unsigned port, bool is_held)
{
  const Ui* ui = context;
  if (ui->touch) {
    ui->touch->touch(ui->touch->handle, port + ui->layout->port_shift, is_held);
  }
}

static void
load_model(void* context, const char* path)
{
  const Ui* ui = context;
  model_messages_load(&ui->messages, path);
}

static void
ask_for_model(void* context)
{
  const Ui* ui = context;
  ui->request->request(ui->request->handle, ui->messages.ids.told[TOLD_MODEL],
                       ui->messages.ids.atom_path, NULL);
}

static void*
find_feature(const LV2_Feature* const* features, const char* uri)
{
  for (; features && *features; ++features) {
    if (strcmp((*features)->URI, uri) == 0) {
      return (*features)->data;
    }
  }
  return NULL;
}

// Returns the scale that the host's options ask for, or 0 if they don't.
static float
host_scale(const LV2_Feature* const* features)
{
  const LV2_URID_Map* map = find_feature(features, LV2_URID__map);
  const LV2_Options_Option* option = find_feature(features, LV2_OPTIONS__options);
  if (!map || !option) {
    return 0.0f;
  }
  const LV2_URID key = map->map(map->handle, LV2_UI__scaleFactor);
  const LV2_URID type = map->map(map->handle, LV2_ATOM__Float);
  for (; option->key || option->value; ++option) {
    if (option->key == key && option->type == type && option->size == sizeof(float)) {
      return *(const float*)option->value;
    }
  }
  return 0.0f;
}

// Prepares what only Neural Pedal's window has. Returns the functions by which the panel tells it.
static PanelHost
prepare(Ui* ui, const char* bundle_path, const LV2_Feature* const* features)
{
  PanelHost host = {
      .context = ui, .set = set_control, .touch = touch_control, .own_model = ui->own_model};
  LV2_URID_Map* map = find_feature(features, LV2_URID__map);
  const size_t n = strlen(bundle_path);
  snprintf(ui->own_model, sizeof ui->own_model, "%s%s" OWN_MODEL_FILE, bundle_path,
           n && bundle_path[n - 1] == '/' ? "" : "/");
  model_facts_init(&ui->facts);
  ui->has_messages = map && ui->layout == &layout_player;
  if (ui->has_messages) {
    model_messages_init(&ui->messages, map, ui->write, ui->controller);
    ui->request = find_feature(features, LV2_UI__requestValue);
    host.load = load_model;
    host.ask = ui->request ? ask_for_model : NULL;
  }
  return host;
}

static void
tell_size(const Ui* ui, int width, int height)
{
  if (ui->resize) {
    ui->resize->ui_resize(ui->resize->handle, width, height);
  }
}

static LV2UI_Handle
instantiate(const LV2UI_Descriptor* descriptor, const char* plugin_uri, const char* bundle_path,
            LV2UI_Write_Function write, LV2UI_Controller controller, LV2UI_Widget* widget,
            const LV2_Feature* const* features)
{
  const Layout* layout = layout_find(plugin_uri, descriptor->URI);
  Ui* ui = layout ? calloc(1, sizeof *ui) : NULL;
  if (!ui) {
    return NULL;
  }
  ui->layout = layout;
  ui->controller = controller;
  ui->write = write;
  ui->touch = find_feature(features, LV2_UI__touch);
  const PanelHost host = prepare(ui, bundle_path, features);
  ui->resize = find_feature(features, LV2_UI__resize);
  const uintptr_t parent = (uintptr_t)find_feature(features, LV2_UI__parent);
  ui->is_embedded = parent;
  ui->window = window_open(layout, parent, host_scale(features), words_language(), host);
  if (!ui->window) {
    free(ui);
    return NULL;
  }
  *widget = (LV2UI_Widget)window_id(ui->window); // NOLINT(performance-no-int-to-ptr): LV2's way
  int width = 0;
  int height = 0;
  window_size(ui->window, &width, &height);
  tell_size(ui, width, height);
  if (ui->has_messages) {
    model_messages_ask(&ui->messages);
  }
  return ui;
}

static void
cleanup(LV2UI_Handle handle)
{
  Ui* ui = handle;
  window_close(ui->window);
  free(ui);
}

static void
port_event(LV2UI_Handle handle, uint32_t port, uint32_t size, uint32_t protocol, const void* buffer)
{
  Ui* ui = handle;
  if (protocol == 0 && size == sizeof(float)) {
    if (port >= ui->layout->port_shift) {
      window_port_event(ui->window, port - ui->layout->port_shift, *(const float*)buffer);
    }
  } else if (ui->has_messages && protocol == ui->messages.event_transfer &&
             model_messages_read(&ui->messages, size, buffer, &ui->facts)) {
    window_tell(ui->window, &ui->facts);
  }
}

static int
idle(LV2UI_Handle handle)
{
  const Ui* ui = handle;
  const bool is_open = window_idle(ui->window);
  int width = 0;
  int height = 0;
  // A host that cannot be told would cut a window that grows.
  if ((ui->resize || !ui->is_embedded) && window_rescale(ui->window, &width, &height)) {
    tell_size(ui, width, height);
  }
  return !is_open;
}

static int
resize_to(LV2UI_Feature_Handle handle, int width, int height)
{
  const Ui* ui = handle;
  if (width < 1 || height < 1) {
    return 1;
  }
  window_resize(ui->window, width, height);
  return 0;
}

static int
show(LV2UI_Handle handle)
{
  const Ui* ui = handle;
  window_show(ui->window, true);
  return 0;
}

static int
hide(LV2UI_Handle handle)
{
  const Ui* ui = handle;
  window_show(ui->window, false);
  return 0;
}

static const void*
extension_data(const char* uri)
{
  static const LV2UI_Idle_Interface idle_interface = {idle};
  static const LV2UI_Resize resize = {NULL, resize_to};
  static const LV2UI_Show_Interface show_interface = {show, hide};
  return strcmp(uri, LV2_UI__idleInterface) == 0   ? (const void*)&idle_interface
         : strcmp(uri, LV2_UI__resize) == 0        ? (const void*)&resize
         : strcmp(uri, LV2_UI__showInterface) == 0 ? (const void*)&show_interface
                                                   : NULL;
}

LV2_SYMBOL_EXPORT const LV2UI_Descriptor*
lv2ui_descriptor(uint32_t index)
{
  static const LV2UI_Descriptor descriptors[] = {
      {OD3_PLUGIN_URI "#ui", instantiate, cleanup, port_event, extension_data},
      {PLAYER_URI "#ui", instantiate, cleanup, port_event, extension_data},
  };
  return index < sizeof descriptors / sizeof *descriptors ? &descriptors[index] : NULL;
}
