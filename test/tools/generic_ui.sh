#!/bin/sh
# SPDX-License-Identifier: MIT
# Draws the pedal as hosts without a face for it do: jalv.gtk3 in a virtual screen.
#
# usage: test/tools/generic_ui.sh OUT.png     after ./waf
# needs, by Debian's names: jalv jackd2 xvfb xdotool imagemagick
set -eu

out=$(realpath "$1")
LV2_PATH=$(cd "$(dirname "$0")/../build/lv2" && pwd)
export LV2_PATH JACK_DEFAULT_SERVER=od3-picture JACK_NO_AUDIO_RESERVATION=1
jackd -n "$JACK_DEFAULT_SERVER" -d dummy -r 48000 -p 256 >/dev/null 2>&1 &
trap 'kill $!' EXIT
jack_wait -s "$JACK_DEFAULT_SERVER" -w -t 10 >/dev/null
# shellcheck disable=SC2016 # the inner shell expands it
OUT=$out xvfb-run -a -s '-screen 0 860x250x24' sh -euc '
  jalv.gtk3 -c gain=6.5 -g urn:od3-lv2:od3 >/dev/null 2>&1 &
  window=$(xdotool search --sync --onlyvisible --name OD3 | tail -n 1)
  xdotool windowmove "$window" 0 0 windowsize "$window" 860 250 mousemove 859 249
  sleep 2
  import -window root "$OUT"
  kill $!'
