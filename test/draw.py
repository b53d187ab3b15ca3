#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws modgui/screenshot.png and modgui/thumbnail.png: the pedal as Chromium shows it.

usage: draw.py
"""

from PIL import Image

import modgui

THUMBNAIL_HEIGHT = 64


def main():
    board = modgui.Pedalboard()
    try:
        picture = board.screenshot()
    finally:
        board.close()
    folder = modgui.TOP / "modgui"
    picture.save(folder / "screenshot.png", optimize=True)
    size = (round(picture.width * THUMBNAIL_HEIGHT / picture.height), THUMBNAIL_HEIGHT)
    picture.resize(size, Image.LANCZOS).save(folder / "thumbnail.png", optimize=True)


if __name__ == "__main__":
    main()
