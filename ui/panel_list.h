// SPDX-License-Identifier: MIT
// Mouse and keyboard in a panel's list of models. No X.
#ifndef OD3_UI_PANEL_LIST_H
#define OD3_UI_PANEL_LIST_H

#include "panel.h"

#include <stdbool.h>

// Opens the list at the folder of the present model, if the host lets models be chosen. All
// functions: the host's UI thread.
void
panel_list_open(Panel* panel);

// Closes the list, if it is open.
void
panel_list_close(Panel* panel);

// Returns whether the list is open over a widget.
bool
panel_list_covers(const Panel* panel, const Widget* widget);

// The main button went down while the list is open: it chooses a row, or closes the list.
void
panel_list_press(Panel* panel, double x, double y);

// The wheel turned while the list is open.
void
panel_list_wheel(Panel* panel, int n_clicks);

// A key was pressed while the list is open. Returns whether the list has a use for it.
bool
panel_list_key(Panel* panel, PanelKey key);

#endif
