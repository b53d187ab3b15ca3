#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the pedals in Chromium: two pictures of each modgui, and the playing web page.

usage: draw.py

Writes screenshot.png, thumbnail.png and their likes of Neural Pedal to modgui/, which are the same each time, and
web/page.png, whose waveforms change with each run.
"""

import sys
import time
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "web"))

import browser  # noqa: E402 # found through the line above
import modgui  # noqa: E402

THUMBNAIL_HEIGHT = 64
PRESET = "cutting-lead"


def draw_modgui(folder, prefix, plugin, told=()):
    board = modgui.Pedalboard(plugin=plugin)
    try:
        for name, value in told:
            board.host("notify(...arguments)", name, value)
        picture = board.screenshot()
    finally:
        board.close()
    picture.save(folder / f"{prefix}screenshot.png", optimize=True)
    size = (round(picture.width * THUMBNAIL_HEIGHT / picture.height), THUMBNAIL_HEIGHT)
    picture.resize(size, Image.LANCZOS).save(folder / f"{prefix}thumbnail.png", optimize=True)


def draw_page(picture):
    web = browser.Browser()
    try:
        web.resize(1120, 800)
        web.get((modgui.TOP / "build/web/index.html").as_uri())
        web.find_element("css selector", f"option[value=preset-{PRESET}]").click()
        web.find_element("id", "play").click()
        time.sleep(3)
        web.picture().convert("RGB").quantize(256).save(picture, optimize=True)
    finally:
        web.quit()


def main():
    draw_modgui(modgui.TOP / "modgui", "", modgui.PLUGIN)
    draw_modgui(modgui.TOP / "modgui", "player_", modgui.PLAYER, modgui.OWN_MODEL)
    draw_page(modgui.TOP / "web/page.png")


if __name__ == "__main__":
    main()
