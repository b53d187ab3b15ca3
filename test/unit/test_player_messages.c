// SPDX-License-Identifier: MIT
// The player ignores events that are no objects, and its own messages claim no more room than they
// hold.
#include "lv2/player_messages.h"
#include "support/bundle.h"

#include <lv2/atom/util.h>

static void
events_that_are_no_objects_ask_for_nothing(void** state)
{
  (void)state;
  LV2_URID_Map map = {NULL, map_any};
  PlayerMessages messages;
  player_messages_init(&messages, &map);
  messages.atom_object = 1; // map_any gives some of these the same number
  messages.atom_blank = 2;
  messages.atom_resource = 3;
  messages.is_due = 0;
  LV2_Atom_Object get = {{sizeof(LV2_Atom_Object_Body), 0}, {0, messages.patch_get}};
  for (uint32_t type = 0; type < 5; ++type) {
    get.atom.type = type;
    messages.is_due = 0;
    const PlayerRequest request = player_messages_read(&messages, &get.atom);
    assert_null(request.path);
    assert_null(request.error);
    assert_int_equal(messages.is_due, type >= 1 && type <= 3 ? (1U << N_TOLD) - 1U : 0);
  }
}

// The exact size of the port is enough: the message must not claim more than it holds.
static void
a_message_holds_two_properties_and_nothing_else(void** state)
{
  (void)state;
  static _Alignas(8) uint8_t notify[512];
  static LoadedModel model = {.name = "abc"};
  enum {
    NEEDED = sizeof(LV2_Atom_Sequence_Body) + sizeof(LV2_Atom_Event) +
             sizeof(LV2_Atom_Object_Body) + 2 * sizeof(LV2_Atom_Property_Body) + 2 * 8
  };
  LV2_URID_Map map = {NULL, map_any};
  LV2_Atom_Sequence* sequence = (LV2_Atom_Sequence*)notify;
  PlayerMessages messages;
  player_messages_init(&messages, &map);
  for (uint32_t capacity = NEEDED - 1; capacity <= NEEDED; ++capacity) {
    messages.is_due = 1U << TOLD_NAME;
    sequence->atom.size = capacity;
    player_messages_write(&messages, sequence, &model, "", "");
    assert_int_equal(messages.is_due, capacity < NEEDED ? 1U << TOLD_NAME : 0);
  }
  assert_int_equal(sequence->atom.size, NEEDED);
  const LV2_Atom_Event* event = lv2_atom_sequence_begin(&sequence->body);
  assert_true(lv2_atom_sequence_is_end(&sequence->body, sequence->atom.size,
                                       lv2_atom_sequence_next(event)));
  unsigned n_properties = 0;
  LV2_ATOM_OBJECT_FOREACH((const LV2_Atom_Object*)&event->body, property)
  {
    ++n_properties;
  }
  assert_int_equal(n_properties, 2);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(events_that_are_no_objects_ask_for_nothing),
      cmocka_unit_test(a_message_holds_two_properties_and_nothing_else),
  };
  return cmocka_run_group_tests_name("the player's messages", tests, NULL, NULL);
}
