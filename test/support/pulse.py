# SPDX-License-Identifier: MIT
"""A sound server without a sound card, for programs that play only where there is an output."""

import os
import subprocess
import time

import common

START_S = 120


def start(add_cleanup):
    """Starts PulseAudio until add_cleanup (addClassCleanup or the like) ends it; the value of PULSE_SERVER for it."""
    folder = common.scratch_folder(add_cleanup)
    path = folder / "native"
    server = subprocess.Popen(
        ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--realtime=no",
         "-L", "module-null-sink rate=48000", "-L", f"module-native-protocol-unix auth-anonymous=1 socket={path}"],
        stderr=subprocess.DEVNULL, env={**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)})
    add_cleanup(server.wait)
    add_cleanup(server.terminate)
    end = time.monotonic() + START_S
    while not path.exists():
        if server.poll() is not None or time.monotonic() > end:
            raise AssertionError("pulseaudio does not start")
        time.sleep(0.02)
    return f"unix:{path}"
