# SPDX-License-Identifier: MIT
"""Finds the Python modules that training shares with the generators of the plugin's code."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "src/rnn"))

import theta_layout  # noqa: E402,F401 # found through the line above
