#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pedal's window in Ardour's own, under Xvfb."""

import os
import re
import subprocess
import sys
import time

import common
import xvfb
from ardour_host import CREATE, RATE_HZ, ArdourCase

sys.path.insert(0, str(common.TOP / "ttl"))

from plugin_definition import URI  # noqa: E402 # found through the line above

# Ardour's backend without a device, which its dialog hides at first, and a copy of a changed session each second.
CONFIGURATION = f"""<?xml version="1.0" encoding="UTF-8"?>
<Ardour>
  <Config>
    <Option name="hide-dummy-backend" value="0"/>
    <Option name="try-autostart-engine" value="1"/>
    <Option name="periodic-safety-backups" value="1"/>
    <Option name="periodic-safety-backup-interval" value="1"/>
  </Config>
  <Extra>
    <AudioMIDISetup>
      <EngineStates>
        <State backend="None (Dummy)" driver="Normal Speed" device="Silence" input-device="Silence"
               output-device="Silence" sample-rate="{RATE_HZ}" buffer-size="1024" n-periods="0" input-latency="0"
               output-latency="0" input-channels="0" output-channels="0" active="1" use-buffered-io="0"
               midi-option="1 in, 1 out, Silence" lcl=""><MIDIDevices/></State>
      </EngineStates>
    </AudioMIDISetup>
  </Extra>
</Ardour>
"""
WINDOW = '<Extra><UI><Window name="P-{}-{}" visible="yes" custom-ui="yes" x-off="100" y-off="100"/></UI></Extra>'
WIDTH, HEIGHT, GAIN = 240, 496, (196, 58)  # of the window's layout, and where it has Gain
DRAG_PIXELS = 30
TIMEOUT_S = 240


class Window(ArdourCase):
    def prepare(self):
        """Makes a session whose plugin's window is open, and Ardour's settings, which spare its first questions."""
        self.lua(CREATE.format(uri=URI), how=f'create_session("{self.session}", "session", {RATE_HZ})')
        path = self.session / "session.ardour"
        text = path.read_text()
        route = re.search(r'<Route [^>]*\bid="(\d+)" name="Guitar"', text)[1]
        processor = re.search(rf'<Processor id="(\d+)"[^>]* unique-id="{URI}"', text)[1]
        # The session was made by Ardour's Lua, which calls the same backend by another name.
        text = re.sub(r"<EngineHints[^>]*/>", "", text)
        path.write_text(text.replace("</Session>", WINDOW.format(route, processor) + "</Session>"))
        folder = self.folder / "home/.config/ardour7"
        (folder / "config").write_text(CONFIGURATION)
        (folder / ".a7").touch()  # no questions for a new user

    def start(self):
        """Starts Ardour with the session until the test ends."""
        self.environment = {**os.environ, "HOME": str(self.folder / "home"), "DISPLAY": xvfb.start(self.addCleanup)}
        self.environment.pop("XDG_CONFIG_HOME", None)
        with open(self.folder / "said", "w", encoding="utf-8") as said:
            ardour = subprocess.Popen(["ardour", "--no-splash", "--no-announcements", self.session],
                                      env=self.environment, stdout=said, stderr=said)
        self.addCleanup(ardour.wait)
        self.addCleanup(ardour.kill)
        return ardour

    def xdotool(self, *words):
        return subprocess.run(["xdotool", *map(str, words)], env=self.environment, capture_output=True, text=True,
                              check=False, timeout=60).stdout

    def drag(self):
        """Drags Gain up, if the plugin's window is there: the one that has the plugin's name alone."""
        for window in self.xdotool("search", "--name", "^OD3$").split():
            size = [int(pixels) for pixels in re.findall(r"(?:WIDTH|HEIGHT)=(\d+)", self.xdotool(
                "getwindowgeometry", "--shell", window))]
            if len(size) == 2:
                scale = min(size[0] / WIDTH, size[1] / HEIGHT)
                x = (size[0] - scale * WIDTH) / 2 + scale * GAIN[0]
                y = (size[1] - scale * HEIGHT) / 2 + scale * GAIN[1]
                self.xdotool("mousemove", "--window", window, round(x), round(y), "mousedown", 1,
                             "mousemove_relative", "--", 0, -DRAG_PIXELS, "mouseup", 1)

    def gain(self):
        """Gain in Ardour's newest copy of the session."""
        path = self.session / "session.pending"
        found = re.search('<Port symbol="gain" value="([^"]+)"', path.read_text()) if path.exists() else None
        return float(found[1]) if found else None

    def test_drag(self):
        """Ardour shows the pedal's window, and dragging Gain in it changes the session's Gain"""
        self.prepare()
        ardour = self.start()
        end = time.monotonic() + TIMEOUT_S
        n_drags = 0
        # Ardour is still arranging its windows while the first drags may already reach it.
        while (self.gain() or 0) <= 5 and time.monotonic() < end and ardour.poll() is None:
            self.drag()
            n_drags += 1
            time.sleep(2)
        common.note(f"Gain was {self.gain()} after {2 * n_drags} s")
        self.assertGreater(self.gain() or 0, 5, (self.folder / "said").read_text()[-3000:])


if __name__ == "__main__":
    common.main()
