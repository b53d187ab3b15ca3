// SPDX-License-Identifier: MIT
// Written by: src/engine/resample2x_taps.py > src/engine/resample2x_taps.h
// clang-format off
#ifndef OD3_RESAMPLE2X_TAPS_H
#define OD3_RESAMPLE2X_TAPS_H

enum { UP_PAIRS = 16, DOWN_PAIRS = 24, WIDE_PAIRS = 8 };

// Up from the host's rate: halfband.
// 63 taps; ripple 0.0001 dB up to 0.4 of the lower rate, -98.6 dB from 0.6 on.
static const float up_even[16] = {
    -1.982345566e-05f, +7.237075624e-05f, -1.954812615e-04f, +4.426088999e-04f,
    -8.909775061e-04f, +1.645221375e-03f, -2.841749461e-03f, +4.655350000e-03f,
    -7.312744390e-03f, +1.112379786e-02f, -1.655606367e-02f, +2.442224137e-02f,
    -3.640601411e-02f, +5.686840042e-02f, -1.018945426e-01f, +3.168874085e-01f,
};

// Down to the host's rate: lowpass.
// 95 taps; ripple 0.005 dB up to 0.4 of the lower rate, -91.3 dB from 0.5 on.
static const float down_even[24] = {
    +6.346034206e-05f, -6.596802268e-05f, -7.350210944e-05f, +1.998923108e-04f,
    -4.882522335e-04f, +8.086271700e-04f, -1.154147554e-03f, +1.370361540e-03f,
    -1.326444210e-03f, +8.415814955e-04f, +2.180268057e-04f, -1.928396523e-03f,
    +4.238675348e-03f, -6.945754867e-03f, +9.665570222e-03f, -1.184018794e-02f,
    +1.275832020e-02f, -1.158800162e-02f, +7.379637100e-03f, +1.038833405e-03f,
    -1.551816333e-02f, +4.035039619e-02f, -9.131049365e-02f, +3.133127391e-01f,
};
static const float down_odd[24] = {
    +7.426966476e-05f, -2.153865498e-04f, +2.537628461e-04f, -3.304689017e-04f,
    +2.434925991e-04f, -4.210270959e-07f, -5.057408707e-04f, +1.262295758e-03f,
    -2.235788153e-03f, +3.275720403e-03f, -4.154406022e-03f, +4.552602302e-03f,
    -4.111812450e-03f, +2.478952985e-03f, +6.205742247e-04f, -5.319269374e-03f,
    +1.155119669e-02f, -1.902539097e-02f, +2.723244578e-02f, -3.549087420e-02f,
    +4.302674904e-02f, -4.907647148e-02f, +5.299505964e-02f, +4.457842112e-01f,
};

// Between higher rates, where the upper half of the band may be lost: halfband.
// 31 taps; ripple 3e-06 dB up to 0.25 of the lower rate, -130.5 dB from 0.75 on.
static const float wide_even[8] = {
    -3.480058513e-05f, +3.181737557e-04f, -1.564414240e-03f, +5.454150494e-03f,
    -1.518931333e-02f, +3.681459650e-02f, -8.734504879e-02f, +3.115466535e-01f,
};

#endif
