// SPDX-License-Identifier: MIT
// The messages between the player and its host: which model to play, and what plays.
#ifndef OD3_PLAYER_MESSAGES_H
#define OD3_PLAYER_MESSAGES_H

#include "common/realtime.h"
#include "player/loaded_model.h"

#include <lv2/atom/atom.h>
#include <lv2/urid/urid.h>

#include <stdbool.h>
#include <stdint.h>

#define PLAYER_MODEL_URI "urn:od3-lv2:player#model"
#define PLAYER_OWN_MODEL_URI "urn:od3-lv2:player#ownModel"

// The player tells these facts of its model. Each is a parameter in ttl/player.ttl.in.
enum {
  TOLD_MODEL, // the file's path
  TOLD_NAME,
  TOLD_KNOBS,   // a line for each knob: its name and its range
  TOLD_KIND,    // "GRU, 32 units"
  TOLD_RATE,    // Hz
  TOLD_COST,    // what it costs, compared to the bundle's own model
  TOLD_LEVEL,   // what level belongs at its input; empty where the file does not say
  TOLD_ERROR,   // why the last request failed; empty if it did not
  TOLD_WARNING, // what is doubtful in the file; empty if nothing is
  N_TOLD
};

typedef struct {
  LV2_URID told[N_TOLD];
  LV2_URID own_model;
  LV2_URID atom_bool, atom_path, atom_string;
  LV2_URID atom_int, atom_object, atom_blank, atom_resource, atom_sequence, atom_urid;
  LV2_URID patch_get, patch_set, patch_property, patch_value;
  unsigned is_due; // a bit for each of TOLD_...: the host has not been told its present value
} PlayerMessages;

// A request that the host makes in one message.
typedef struct {
  const char* path;  // of a model, or NULL: none is asked for. Points into the message
  const char* error; // what is wrong with the message, or NULL
} PlayerRequest;

// Initialises the messages; all that can be told is due. Not for the audio thread.
void
player_messages_init(PlayerMessages* messages, LV2_URID_Map* map);

// Reads one event of the control port; marks as due what it asks for. Audio thread.
PlayerRequest
player_messages_read(PlayerMessages* messages, const LV2_Atom* atom) NONBLOCKING;

// Marks everything as due: another model sounds. Audio thread.
static inline void
player_messages_tell_all(PlayerMessages* messages) NONBLOCKING
{
  messages->is_due = (1U << N_TOLD) - 1U;
}

// Writes what is due to the notify port, as much as it holds; the rest stays due. `notify` is a
// buffer whose atom has its capacity as size; `path` is the path of the model that sounds. Audio
// thread.
void
player_messages_write(PlayerMessages* messages, LV2_Atom_Sequence* notify, const LoadedModel* model,
                      const char* path, const char* error) NONBLOCKING;

#endif
