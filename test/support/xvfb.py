# SPDX-License-Identifier: MIT
"""An X server without a screen, for tests of windows."""

import os
import subprocess


def start(add_cleanup):
    """Starts Xvfb until add_cleanup (addCleanup or addClassCleanup) ends it; the name of its display."""
    reader, writer = os.pipe()
    # Without -noreset it would forget its resources whenever the last client leaves.
    server = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-noreset", "-screen", "0", "1280x1600x24"],
                              pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    add_cleanup(server.wait)
    add_cleanup(server.terminate)
    with os.fdopen(reader) as file:
        return f":{file.readline().strip()}"
