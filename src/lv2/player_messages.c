// SPDX-License-Identifier: MIT
#include "lv2/player_messages.h"

#include <lv2/atom/util.h>
#include <lv2/patch/patch.h>

#include <string.h>

void
player_messages_init(PlayerMessages* messages, LV2_URID_Map* map)
{
  static const char* const told[N_TOLD] = {
      [TOLD_MODEL] = PLAYER_MODEL_URI,
      [TOLD_NAME] = "urn:od3-lv2:player#modelName",
      [TOLD_KNOBS] = "urn:od3-lv2:player#modelKnobs",
      [TOLD_KIND] = "urn:od3-lv2:player#modelKind",
      [TOLD_RATE] = "urn:od3-lv2:player#modelRate",
      [TOLD_COST] = "urn:od3-lv2:player#modelCost",
      [TOLD_LEVEL] = "urn:od3-lv2:player#modelLevel",
      [TOLD_ERROR] = "urn:od3-lv2:player#modelError",
      [TOLD_WARNING] = "urn:od3-lv2:player#modelWarning",
  };
  *messages = (PlayerMessages){0};
  for (unsigned i = 0; i < N_TOLD; ++i) {
    messages->told[i] = map->map(map->handle, told[i]);
  }
  messages->own_model = map->map(map->handle, PLAYER_OWN_MODEL_URI);
  messages->atom_bool = map->map(map->handle, LV2_ATOM__Bool);
  messages->atom_path = map->map(map->handle, LV2_ATOM__Path);
  messages->atom_string = map->map(map->handle, LV2_ATOM__String);
  messages->atom_int = map->map(map->handle, LV2_ATOM__Int);
  messages->atom_sequence = map->map(map->handle, LV2_ATOM__Sequence);
  messages->atom_blank = map->map(map->handle, LV2_ATOM__Blank);
  messages->atom_resource = map->map(map->handle, LV2_ATOM__Resource);
  messages->atom_object = map->map(map->handle, LV2_ATOM__Object);
  messages->atom_urid = map->map(map->handle, LV2_ATOM__URID);
  messages->patch_get = map->map(map->handle, LV2_PATCH__Get);
  messages->patch_set = map->map(map->handle, LV2_PATCH__Set);
  messages->patch_property = map->map(map->handle, LV2_PATCH__property);
  messages->patch_value = map->map(map->handle, LV2_PATCH__value);
  player_messages_tell_all(messages);
}

// Returns why the value of patch:Set is no path of a file, or NULL.
static const char*
path_error(const PlayerMessages* messages, const LV2_Atom* value) NONBLOCKING
{
  const char* text = LV2_ATOM_BODY_CONST(value);
  if (value->type != messages->atom_path && value->type != messages->atom_string) {
    return "the host sent a model that is no path";
  }
  if (value->size == 0 || !memchr(text, 0, value->size)) {
    return "the host sent a path without an end";
  }
  if (strlen(text) >= PATH_SIZE) {
    return "the host sent a path of more than 4095 bytes";
  }
  return *text == '/' ? NULL : "the host sent a path that does not begin with a slash";
}

// Marks what patch:Get asks for as due: one property, or all.
static void
read_get(PlayerMessages* messages, const LV2_Atom* property) NONBLOCKING
{
  const LV2_URID wanted = property && property->type == messages->atom_urid
                              ? ((const LV2_Atom_URID*)property)->body
                              : 0;
  for (unsigned i = 0; i < N_TOLD; ++i) {
    if (!wanted || messages->told[i] == wanted) {
      messages->is_due |= 1U << i;
    }
  }
}

PlayerRequest
player_messages_read(PlayerMessages* messages, const LV2_Atom* atom) NONBLOCKING
{
  PlayerRequest request = {NULL, NULL};
  // Blank and Resource are what older hosts call an Object.
  const bool is_object = atom->type == messages->atom_object ||
                         atom->type == messages->atom_blank ||
                         atom->type == messages->atom_resource;
  if (!is_object || atom->size < sizeof(LV2_Atom_Object_Body)) {
    return request;
  }
  const LV2_Atom_Object* object = (const LV2_Atom_Object*)atom;
  const LV2_Atom* property = NULL;
  const LV2_Atom* value = NULL;
  lv2_atom_object_get(object, messages->patch_property, &property, messages->patch_value, &value,
                      0);
  if (object->body.otype == messages->patch_get) {
    read_get(messages, property);
  } else if (object->body.otype == messages->patch_set && property && value &&
             property->type == messages->atom_urid &&
             ((const LV2_Atom_URID*)property)->body == messages->told[TOLD_MODEL]) {
    request.error = path_error(messages, value);
    request.path = request.error ? NULL : LV2_ATOM_BODY_CONST(value);
  }
  return request;
}

static uint32_t
padded(uint32_t size) NONBLOCKING
{
  return (size + 7U) & ~7U;
}

// Writes one property of an object, padded, and returns what follows it.
static uint8_t*
put_property(uint8_t* at, LV2_URID key, LV2_URID type, const void* value, uint32_t size) NONBLOCKING
{
  const LV2_Atom_Property_Body head = {key, 0, {size, type}};
  memset(at, 0, sizeof head + padded(size));
  memcpy(at, &head, sizeof head);
  memcpy(at + sizeof head, value, size);
  return at + sizeof head + padded(size);
}

// Appends a patch:Set of one property to a sequence, at frame 0. Returns false where the buffer,
// which has `capacity` bytes after the sequence's atom, is too small.
static bool
put_set(const PlayerMessages* messages, LV2_Atom_Sequence* sequence, uint32_t capacity,
        LV2_URID property, LV2_URID type, const void* value, uint32_t size) NONBLOCKING
{
  const uint32_t properties =
      2U * (uint32_t)sizeof(LV2_Atom_Property_Body) + padded(sizeof property) + padded(size);
  const LV2_Atom_Object_Body object = {0, messages->patch_set};
  const LV2_Atom_Event event = {{0}, {(uint32_t)sizeof object + properties, messages->atom_object}};
  if (sequence->atom.size + sizeof event + sizeof object + properties > capacity) {
    return false;
  }
  uint8_t* at = (uint8_t*)(sequence + 1) - sizeof sequence->body + sequence->atom.size;
  memcpy(at, &event, sizeof event);
  memcpy(at + sizeof event, &object, sizeof object);
  at += sizeof event + sizeof object;
  at = put_property(at, messages->patch_property, messages->atom_urid, &property, sizeof property);
  put_property(at, messages->patch_value, type, value, size);
  sequence->atom.size += (uint32_t)(sizeof event + sizeof object) + properties;
  return true;
}

static bool
put_text(const PlayerMessages* messages, LV2_Atom_Sequence* sequence, uint32_t capacity,
         unsigned told, const char* text) NONBLOCKING
{
  const LV2_URID type = told == TOLD_MODEL ? messages->atom_path : messages->atom_string;
  return put_set(messages, sequence, capacity, messages->told[told], type, text,
                 (uint32_t)strlen(text) + 1U);
}

static bool
tell(const PlayerMessages* messages, LV2_Atom_Sequence* sequence, uint32_t capacity, unsigned told,
     const LoadedModel* model, const char* path, const char* error) NONBLOCKING
{
  if (told == TOLD_RATE) {
    const int32_t rate_hz = (int32_t)model->sample_rate_hz;
    return put_set(messages, sequence, capacity, messages->told[told], messages->atom_int, &rate_hz,
                   sizeof rate_hz);
  }
  const char* const texts[N_TOLD] = {
      [TOLD_MODEL] = path,       [TOLD_NAME] = model->name,       [TOLD_KNOBS] = model->knobs,
      [TOLD_KIND] = model->kind, [TOLD_COST] = model->cost,       [TOLD_LEVEL] = model->level,
      [TOLD_ERROR] = error,      [TOLD_WARNING] = model->warning,
  };
  return put_text(messages, sequence, capacity, told, texts[told]);
}

void
player_messages_write(PlayerMessages* messages, LV2_Atom_Sequence* notify, const LoadedModel* model,
                      const char* path, const char* error) NONBLOCKING
{
  const uint32_t capacity = notify->atom.size;
  if (capacity < sizeof notify->body) {
    return;
  }
  notify->atom.type = messages->atom_sequence;
  notify->atom.size = sizeof notify->body;
  notify->body = (LV2_Atom_Sequence_Body){0, 0};
  for (unsigned i = 0; i < N_TOLD; ++i) {
    const unsigned bit = 1U << i;
    if ((messages->is_due & bit) && tell(messages, notify, capacity, i, model, path, error)) {
      messages->is_due &= ~bit;
    }
  }
}
