#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the pedal as Chromium shows it: the modgui's two pictures, and the web page at work.

usage: draw.py

Writes modgui/screenshot.png and modgui/thumbnail.png, the same each time, and web/page.png, whose
waves are those of the moment.
"""

import time

from PIL import Image

import browser
import modgui

THUMBNAIL_HEIGHT = 64
PRESET = "cutting-lead"


def draw_modgui(folder):
    board = modgui.Pedalboard()
    try:
        picture = board.screenshot()
    finally:
        board.close()
    picture.save(folder / "screenshot.png", optimize=True)
    size = (round(picture.width * THUMBNAIL_HEIGHT / picture.height), THUMBNAIL_HEIGHT)
    picture.resize(size, Image.LANCZOS).save(folder / "thumbnail.png", optimize=True)


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
    draw_modgui(modgui.TOP / "modgui")
    draw_page(modgui.TOP / "web/page.png")


if __name__ == "__main__":
    main()
