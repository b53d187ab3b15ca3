// SPDX-License-Identifier: MIT
#include "model_messages.h"

#include "lv2/player_ports.h"

#include <lv2/atom/forge.h>
#include <lv2/atom/util.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_SIZE = PATH_SIZE + 256 };

void
model_messages_init(ModelMessages* messages, LV2_URID_Map* map, LV2UI_Write_Function write,
                    LV2UI_Controller controller)
{
  *messages = (ModelMessages){.event_transfer = map->map(map->handle, LV2_ATOM__eventTransfer),
                              .write = write,
                              .controller = controller};
  player_messages_init(&messages->ids, map);
}

// Begins a message. The forge needs no other types than these.
static void
begin(const ModelMessages* messages, LV2_Atom_Forge* forge, LV2_Atom_Forge_Frame* frame,
      uint8_t buffer[MESSAGE_SIZE], LV2_URID type)
{
  *forge = (LV2_Atom_Forge){.Object = messages->ids.atom_object,
                            .Path = messages->ids.atom_path,
                            .URID = messages->ids.atom_urid};
  lv2_atom_forge_set_buffer(forge, buffer, MESSAGE_SIZE);
  lv2_atom_forge_object(forge, frame, 0, type);
}

static void
send(const ModelMessages* messages, const uint8_t* buffer)
{
  const LV2_Atom* atom = (const LV2_Atom*)(const void*)buffer;
  messages->write(messages->controller, PLAYER_CONTROL, lv2_atom_total_size(atom),
                  messages->event_transfer, atom);
}

void
model_messages_ask(const ModelMessages* messages)
{
  _Alignas(LV2_Atom) uint8_t buffer[MESSAGE_SIZE];
  LV2_Atom_Forge forge;
  LV2_Atom_Forge_Frame frame;
  begin(messages, &forge, &frame, buffer, messages->ids.patch_get);
  lv2_atom_forge_pop(&forge, &frame);
  send(messages, buffer);
}

void
model_messages_load(const ModelMessages* messages, const char* path)
{
  _Alignas(LV2_Atom) uint8_t buffer[MESSAGE_SIZE];
  LV2_Atom_Forge forge;
  LV2_Atom_Forge_Frame frame;
  begin(messages, &forge, &frame, buffer, messages->ids.patch_set);
  lv2_atom_forge_key(&forge, messages->ids.patch_property);
  lv2_atom_forge_urid(&forge, messages->ids.told[TOLD_MODEL]);
  lv2_atom_forge_key(&forge, messages->ids.patch_value);
  lv2_atom_forge_path(&forge, path, (uint32_t)strlen(path));
  lv2_atom_forge_pop(&forge, &frame);
  send(messages, buffer);
}

// Takes one fact that is a text.
static void
take_text(ModelFacts* facts, unsigned told, const char* text)
{
  switch (told) {
  case TOLD_MODEL: snprintf(facts->path, sizeof facts->path, "%s", text); break;
  case TOLD_NAME: snprintf(facts->name, sizeof facts->name, "%s", text); break;
  case TOLD_KNOBS: model_facts_set_knobs(facts, text); break;
  case TOLD_KIND: snprintf(facts->kind, sizeof facts->kind, "%s", text); break;
  case TOLD_COST: snprintf(facts->cost, sizeof facts->cost, "%s", text); break;
  case TOLD_LEVEL: snprintf(facts->level, sizeof facts->level, "%s", text); break;
  case TOLD_ERROR: snprintf(facts->error, sizeof facts->error, "%s", text); break;
  case TOLD_WARNING: snprintf(facts->warning, sizeof facts->warning, "%s", text); break;
  default: break;
  }
}

static bool
is_text(const PlayerMessages* ids, const LV2_Atom* value)
{
  return (value->type == ids->atom_string || value->type == ids->atom_path) &&
         memchr(LV2_ATOM_BODY_CONST(value), 0, value->size);
}

static bool
take(const PlayerMessages* ids, LV2_URID property, const LV2_Atom* value, ModelFacts* facts)
{
  for (unsigned told = 0; told < N_TOLD; ++told) {
    if (ids->told[told] == property && told == TOLD_RATE && value->type == ids->atom_int) {
      facts->rate_hz = ((const LV2_Atom_Int*)value)->body;
      return true;
    }
    if (ids->told[told] == property && told != TOLD_RATE && is_text(ids, value)) {
      take_text(facts, told, LV2_ATOM_BODY_CONST(value));
      return true;
    }
  }
  return false;
}

bool
model_messages_read(const ModelMessages* messages, uint32_t size, const void* event,
                    ModelFacts* facts)
{
  const PlayerMessages* ids = &messages->ids;
  const LV2_Atom_Object* object = event;
  if (size < sizeof *object || lv2_atom_total_size(&object->atom) > size ||
      object->atom.size < sizeof object->body || object->body.otype != ids->patch_set) {
    return false;
  }
  const LV2_Atom* property = NULL;
  const LV2_Atom* value = NULL;
  lv2_atom_object_get(object, ids->patch_property, &property, ids->patch_value, &value, 0);
  return property && value && property->type == ids->atom_urid &&
         take(ids, ((const LV2_Atom_URID*)property)->body, value, facts);
}
