# SPDX-License-Identifier: MIT
"""Runs Debian's browsers of the three engines through Selenium: Chromium, Firefox and WebKitGTK's MiniBrowser.

Debian has no geckodriver, so Firefox is spoken to in Marionette, its own protocol, whose commands are WebDriver's.
"""

import glob
import json
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from selenium import webdriver

import browser

START_S = 60
# Marionette's names for the commands of Selenium that the tests use.
COMMANDS = {
    "newSession": "NewSession", "quit": "DeleteSession", "get": "Navigate", "getCurrentUrl": "GetCurrentURL",
    "findElement": "FindElement", "findElements": "FindElements", "clickElement": "ElementClick",
    "getElementText": "GetElementText", "getElementProperty": "GetElementProperty",
    "sendKeysToElement": "ElementSendKeys", "w3cExecuteScript": "ExecuteScript",
    "w3cExecuteScriptAsync": "ExecuteAsyncScript", "screenshot": "TakeScreenshot", "setWindowRect": "SetWindowRect",
    "setTimeouts": "SetTimeouts",
}
FIREFOX_SETTINGS = {
    "marionette.port": 0, "browser.shell.checkDefaultBrowser": False, "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False, "toolkit.telemetry.reportingpolicy.firstRun": False,
    "app.normandy.enabled": False, "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False, "media.volume_scale": "0.0", "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
}


class Marionette:
    """Sends Selenium's commands to a Firefox; messages are a length, a colon and [kind, number, ...] in JSON."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), START_S)
        self._stream = self._socket.makefile("rb")
        self._number = 0
        self._receive()  # the greeting

    def _receive(self):
        length = b""
        while not length.endswith(b":"):
            length += self._stream.read(1) or b":"
        return json.loads(self._stream.read(int(length[:-1])))

    def execute(self, command, parameters):
        """Returns the answer as Selenium expects it of a driver."""
        self._number += 1
        more = {key: value for key, value in (parameters or {}).items() if key != "sessionId"}
        if "id" in more and command != "setTimeouts":
            more["id"] = more["id"] if isinstance(more["id"], str) else list(more["id"].values())[0]
        message = json.dumps([0, self._number, f"WebDriver:{COMMANDS[command]}", more]).encode()
        self._socket.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, result = self._receive()
        if error:
            return {"status": 500, "value": json.dumps({"value": error})}
        return result if isinstance(result, dict) and "value" in result else {"value": result}

    def close(self):
        self._stream.close()
        self._socket.close()


class Firefox(webdriver.Remote):
    """Firefox without a screen, with a profile of its own."""

    def __init__(self):
        self._profile = tempfile.TemporaryDirectory()
        profile = Path(self._profile.name)
        settings = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in FIREFOX_SETTINGS.items()]
        (profile / "user.js").write_text("\n".join(settings))
        self._process = subprocess.Popen(
            ["firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", str(profile), "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "MOZ_HEADLESS": "1"})
        super().__init__(command_executor=Marionette(self._wait_for_port(profile / "MarionetteActivePort")))

    def _wait_for_port(self, file):
        for _ in range(20 * START_S):
            if self._process.poll() is not None:
                raise AssertionError(f"firefox-esr ended with {self._process.returncode}")
            if file.exists() and file.read_text().strip():
                return int(file.read_text())
            time.sleep(0.05)
        raise AssertionError(f"firefox-esr opened no port in {START_S} s")

    def quit(self):
        self.command_executor.execute("quit", {})
        self.command_executor.close()
        self._process.terminate()
        self._process.wait(START_S)
        self._profile.cleanup()


class WebKit(webdriver.WebKitGTK):
    """WebKitGTK's MiniBrowser on the display that DISPLAY names."""

    def __init__(self):
        programs = glob.glob("/usr/lib/*/webkit2gtk-4.1/MiniBrowser")
        if not programs:
            raise AssertionError("MiniBrowser is missing; Debian has it in libwebkit2gtk-4.1-0")
        options = webdriver.WebKitGTKOptions()
        options.binary_location = programs[0]
        options.add_argument("--automation")
        super().__init__(options=options, service_log_path=os.devnull)


ENGINES = {"Chromium": browser.Browser, "Firefox": Firefox, "WebKit": WebKit}
