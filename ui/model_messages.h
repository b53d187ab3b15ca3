// SPDX-License-Identifier: MIT
// The window's messages with Neural Pedal: which model to play, and what plays.
#ifndef OD3_UI_MODEL_MESSAGES_H
#define OD3_UI_MODEL_MESSAGES_H

#include "lv2/player_messages.h"
#include "model_facts.h"

#include <lv2/ui/ui.h>
#include <lv2/urid/urid.h>

#include <stdbool.h>

typedef struct {
  PlayerMessages ids;
  LV2_URID event_transfer;
  LV2UI_Write_Function write;
  LV2UI_Controller controller;
} ModelMessages;

// Initialises messages that go to the host's write function. All functions: the host's UI thread.
void
model_messages_init(ModelMessages* messages, LV2_URID_Map* map, LV2UI_Write_Function write,
                    LV2UI_Controller controller);

// Asks the plugin to tell all that it tells.
void
model_messages_ask(const ModelMessages* messages);

// Asks the plugin to play the file at a path.
void
model_messages_load(const ModelMessages* messages, const char* path);

// Reads one event of the plugin's notify port, of `size` bytes. Returns whether it changes the
// facts.
bool
model_messages_read(const ModelMessages* messages, uint32_t size, const void* event,
                    ModelFacts* facts);

#endif
