# SPDX-License-Identifier: MIT
"""Runs Chromium without a screen, and a server on the loopback interface for it."""

import base64
import io
import os
import threading
from pathlib import Path
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

TYPES = {".css": "text/css", ".flac": "audio/flac", ".html": "text/html", ".js": "text/javascript",
         ".webmanifest": "application/manifest+json",
         ".png": "image/png", ".svg": "image/svg+xml"}
SCRIPT_S = 300  # of an asynchronous script, also on a busy machine


class Server:
    """Serves what find(path) returns, a Path or the text of a page or script, on a port of its own."""

    def __init__(self, find):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802 # the library's name
                found = find(self.path.split("?")[0])
                if found is None:
                    self.send_error(404)
                    return
                body = found.encode() if isinstance(found, str) else found.read_bytes()
                kind = TYPES.get(Path(self.path).suffix if isinstance(found, str) else found.suffix, "text/html")
                self.send_response(200)
                self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Logs nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Browser(webdriver.Chrome):
    """Chromium with a simulated microphone and a folder for downloads."""

    def __init__(self, downloads=None):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        switches = ["--headless=new", "--hide-scrollbars", "--force-color-profile=srgb", "--mute-audio",
                    "--autoplay-policy=no-user-gesture-required", "--use-fake-device-for-media-stream",
                    "--use-fake-ui-for-media-stream", "--disable-dev-shm-usage"]
        for switch in switches + (["--no-sandbox"] if os.geteuid() == 0 else []):
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        super().__init__(options=options, service=Service("/usr/bin/chromedriver"))
        self.set_script_timeout(SCRIPT_S)
        if downloads:
            self.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})

    def resize(self, width, height, scale=1, **more):
        """Sets the viewport to width by height CSS pixels."""
        self.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                             {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False, **more})

    def picture(self, element=None, pad=0):
        """Returns a picture of an element, or of the viewport: RGBA with a transparent background."""
        clip = {}
        if element is not None:
            box = self.execute_script("const b = arguments[0].getBoundingClientRect();"
                                      "return [b.x, b.y, b.width, b.height]", element)
            clip = {"clip": {"x": box[0] - pad, "y": box[1] - pad, "width": box[2] + 2 * pad,
                             "height": box[3] + 2 * pad, "scale": 1}}
        self.execute_cdp_cmd("Emulation.setDefaultBackgroundColorOverride", {"color": {"r": 0, "g": 0, "b": 0, "a": 0}})
        taken = self.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", **clip})
        self.execute_cdp_cmd("Emulation.setDefaultBackgroundColorOverride", {})
        return Image.open(io.BytesIO(base64.b64decode(taken["data"]))).convert("RGBA")

    def complaints(self):
        """Returns the console's warnings and errors since the last call."""
        return [entry["message"] for entry in self.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")]


def luminance(colour):
    """The relative luminance of an (r, g, b) of 0 to 255, as WCAG defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.asarray(colour) / 255]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))


def contrast(one, other):
    """WCAG's contrast ratio, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
