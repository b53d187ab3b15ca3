// SPDX-License-Identifier: MIT
#ifndef OD3_CONTROL_PERIOD_H
#define OD3_CONTROL_PERIOD_H

// The pedal reads its controls and starts new ramps once in a control period: so many frames of
// the host.
enum { CONTROL_PERIOD_FRAMES = 64 };

#endif
