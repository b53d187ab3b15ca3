#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pedal on a MOD pedalboard: its description, its looks, and its behaviour in a browser."""

import re
import unittest
from urllib.parse import unquote, urlparse

import numpy as np
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import browser
import common
import modgui
from modgui import LV2, MODGUI, PLUGIN

FOLDER = modgui.BUNDLE / "modgui"
KNOBS = ("level", "tone", "gain")
# Classes that mod-ui gives a meaning, and that we mean so.
MOD_UI_CLASSES = {"mod-drag-handle", "mod-pedal-input", "mod-pedal-output", "mod-input", "mod-output",
                  "mod-input-disconnected", "mod-output-disconnected", "mod-pedal-input-image",
                  "mod-pedal-output-image"}


def read(name):
    return (FOLDER / name).read_text()


class Description(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.graph = modgui.description()
        cls.gui = cls.graph.value(PLUGIN, MODGUI.gui)
        cls.controls = {port["symbol"]: port for port in modgui.effect(cls.graph)["ports"]["control"]["input"]}

    def path(self, name):
        return modgui.Path(unquote(urlparse(str(self.graph.value(self.gui, MODGUI[name]))).path))

    def test_files(self):
        """what it names is there, and the folder holds nothing that nobody names"""
        self.assertEqual(self.path("resourcesDirectory"), FOLDER)
        named = {self.path(name) for name in ("iconTemplate", "stylesheet", "javascript", "screenshot", "thumbnail")}
        text = read("icon.html") + read("stylesheet.css")
        named |= {FOLDER / name for name in re.findall(r"/resources/([\w.]+)\{\{\{ns\}\}\}", text)}
        self.assertEqual(text.count("/resources/"), text.count("{{{ns}}}"))
        self.assertEqual(named, set(FOLDER.iterdir()))

    def test_names(self):
        """the brand has at most 11 characters, and the label 16; both are those of the plugin"""
        mod = modgui.rdflib.Namespace("http://moddevices.com/ns/mod#")
        for name, longest in (("brand", 11), ("label", 16)):
            value = str(self.graph.value(self.gui, MODGUI[name]))
            self.assertIn(len(value), range(1, longest + 1))
            self.assertEqual(value, str(self.graph.value(PLUGIN, mod[name])))

    def test_ports(self):
        """its ports are counted from 0, and have the plugin's symbols and names"""
        ports = list(self.graph.objects(self.gui, MODGUI.port))
        self.assertEqual(sorted(int(self.graph.value(port, LV2["index"])) for port in ports), list(range(len(ports))))
        told = {str(self.graph.value(port, LV2.symbol)): str(self.graph.value(port, LV2.name)) for port in ports}
        self.assertEqual(told, {symbol: port["name"] for symbol, port in self.controls.items() if symbol != "enabled"})

    def test_template_ports(self):
        """the template's ranges and options are the plugin's"""
        template = read("icon.html")
        for symbol in KNOBS:
            element = re.search(rf'<div [^>]*mod-port-symbol="{symbol}"[^>]*>', template).group()
            ranges = [float(re.search(rf'aria-value{end}="([^"]+)"', element).group(1)) for end in ("min", "max")]
            self.assertEqual(ranges, [self.controls[symbol]["ranges"][name] for name in ("minimum", "maximum")])
        options = [float(value) for value in re.findall(r'mod-port-value="(\d+)"', template)]
        points = [point["value"] for point in self.controls["oversampling"]["scalePoints"]]
        self.assertLessEqual(set(points), set(options))
        self.assertEqual([options[0], options[-1]],
                         [self.controls["oversampling"]["ranges"][name] for name in ("minimum", "maximum")])

    def test_pictures(self):
        """the screenshot has the pedal's size, and the thumbnail at most 256 by 64; both are small"""
        size = tuple(int(n) for n in re.search(r"0 0 / (\d+)px (\d+)px", read("stylesheet.css")).groups())
        self.assertEqual(Image.open(self.path("screenshot")).size, size)
        width, height = Image.open(self.path("thumbnail")).size
        self.assertTrue(16 <= width <= 256 and 16 <= height <= 64)
        self.assertLess(self.path("screenshot").stat().st_size + self.path("thumbnail").stat().st_size, 80_000)

    def test_keeps_to_itself(self):
        """classes have our prefix or are mod-ui's, styles touch the pedal alone, and nothing comes from outside"""
        classes = {name for words in re.findall(r'class="([^"]+)"', read("icon.html")) for name in words.split()}
        ours = {name for name in classes if name.startswith("od3")}
        self.assertEqual(classes - ours - MOD_UI_CLASSES, set())
        self.assertIn("od3{{{cns}}}", ours)
        style = re.sub(r"/\*.*?\*/", "", read("stylesheet.css").replace("{{{", "<").replace("}}}", ">"), flags=re.S)
        for rule in re.findall(r"([^{}]+)\{[^{}]*\}", style):
            for selector in rule.split(","):
                self.assertRegex(selector.strip(), r"^\.od3<cns>( |$)")
        for name in ("icon.html", "stylesheet.css", "script.js", "face.svg", "knob.svg", "switch.svg"):
            text = read(name).replace("http://www.w3.org/2000/svg", "")
            self.assertIsNone(re.search(r"//[a-z0-9-]+\.|@import|https?:|url\((?!/resources/|#)", text), name)


class Looks(unittest.TestCase):
    def colours(self, *names):
        """The colours of a file's lines that have a mark: (r, g, b)."""
        name, mark = names
        lines = [line for line in read(name).splitlines() if mark in line]
        found = [colour for line in lines for colour in re.findall("#([0-9a-f]{6})", line)]
        self.assertTrue(found, names)
        return [tuple(bytes.fromhex(colour)) for colour in found]

    def test_contrast(self):
        """text has WCAG's 4.5 to 1, and what tells a state or a focus 3 to 1"""
        paint = read("face.svg").split('id="paint"')[1].split("</linearGradient>")[0]
        paint = [tuple(bytes.fromhex(colour)) for colour in re.findall("#([0-9a-f]{6})", paint)]
        paint += self.colours("stylesheet.css", "background: #f7cb1a")
        ink = self.colours("stylesheet.css", "  color: #1b1a17;")
        selected = self.colours("stylesheet.css", ".od3-option.selected")
        cases = [("lettering on paint", ink, paint, 4.5),
                 ("option", self.colours("stylesheet.css", "  color: #fff7d6"), ink, 4.5),
                 ("chosen option", selected[:1], selected[1:], 4.5),
                 ("pointer on knob", self.colours("knob.svg", "M0-27V-6"), self.colours("knob.svg", "stop-color"), 4.5),
                 ("focus on paint", self.colours("stylesheet.css", "outline: 3px"), paint, 3),
                 ("knob on paint", ink, paint, 3),
                 ("light on and off", self.colours("stylesheet.css", "radial-gradient")[-1:],
                  self.colours("stylesheet.css", "background: #4a0f0a"), 3)]
        for what, front, back, least in cases:
            ratio = min(browser.contrast(a, b) for a in front for b in back)
            common.note(f"{what}: {ratio:.1f} to 1")
            self.assertGreaterEqual(ratio, least, what)


class Behaviour(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.board = modgui.Pedalboard()

    @classmethod
    def tearDownClass(cls):
        cls.board.close()

    def setUp(self):
        self.board.open()

    def tearDown(self):
        self.assertEqual(self.board.browser.complaints(), [])

    def actions(self):
        return ActionChains(self.board.browser, duration=0)

    def knob(self, symbol):
        return self.board.find(f'[mod-port-symbol="{symbol}"]')

    def drag(self, element, pixels):
        self.actions().click_and_hold(element).move_by_offset(0, -pixels).release().perform()

    def shown(self, symbol):
        group = self.board.find(f".od3-control-{symbol}")
        text = group.find_element("css selector", ".od3-value")
        return text.text if "od3-turning" in group.get_attribute("class") else None

    def test_start(self):
        """the start event brings every port"""
        started = self.board.host("started.ports")
        self.assertEqual({port["symbol"] for port in started},
                         {":bypass", "gain", "tone", "level", "oversampling", "enabled", "latency"})
        self.assertEqual(self.knob("level").get_attribute("aria-valuetext"), "0.0 dB")
        self.assertEqual(self.knob("gain").get_attribute("aria-valuetext"), "12 o'clock")
        self.assertEqual(self.board.find(".od3-switch").get_attribute("aria-checked"), "true")

    def test_reach(self):
        """the pointer reaches every widget, not the drag handle above or below it"""
        script = """
          const box = arguments[0].getBoundingClientRect()
          return [[.5, .5], [.5, .2], [.2, .5], [.5, .8], [.8, .5]].every(([x, y]) =>
            document.elementFromPoint(box.x + x * box.width, box.y + y * box.height) === arguments[0])"""
        widgets = self.board.browser.find_elements("css selector", ".od3-knob, .od3-option, .od3-switch")
        self.assertEqual(len(widgets), 7)
        for widget in widgets:
            self.assertTrue(self.board.browser.execute_script(script, widget), widget.get_attribute("outerHTML"))
            self.assertGreaterEqual(min(widget.size.values()), 24)
        handle = self.board.find(".mod-drag-handle")
        self.assertEqual(handle.size, self.board.find(".mod-pedal > div").size)

    def test_drag(self):
        """dragging a knob sends its value, turns it and shows the value"""
        for symbol, pixels in (("gain", 30), ("tone", -20), ("level", -50)):
            self.board.host("sent.splice(0)")
            before = self.knob(symbol).value_of_css_property("transform")
            self.drag(self.knob(symbol), pixels)
            sent = self.board.host("sent")
            self.assertEqual({name for name, _ in sent}, {symbol})
            self.assertNotEqual(self.knob(symbol).value_of_css_property("transform"), before)
            self.assertEqual(self.shown(symbol), self.knob(symbol).get_attribute("aria-valuetext"))
            self.assertEqual(float(self.knob(symbol).get_attribute("aria-valuenow")), sent[-1][1])

    def test_values(self):
        """values are told as players say them"""
        cases = [("gain", 7, "2 o'clock"), ("gain", 0, "7 o'clock"), ("tone", 10, "5 o'clock"), ("tone", 5.5, "12:30"),
                 ("tone", 3.99, "11 o'clock"), ("level", -30, "−30.0 dB"), ("level", 3.04, "+3.0 dB"),
                 ("level", -0.04, "0.0 dB"), ("level", 12, "+12.0 dB")]
        for symbol, value, text in cases:
            self.board.host("set(arguments[0], arguments[1], null)", symbol, value)
            self.assertEqual(self.shown(symbol), text)
            box, group = (element.size["width"] for element in (
                self.board.find(f".od3-control-{symbol} .od3-value"), self.board.find(f".od3-control-{symbol}")))
            self.assertLessEqual(box, group)
        self.assertEqual(self.board.host("sent"), [])

    def test_hours(self):
        """the plugin's names for positions are those that the knobs tell"""
        for port in modgui.effect(modgui.description())["ports"]["control"]["input"]:
            for point in port["scalePoints"] if port["symbol"] in KNOBS else []:
                self.board.host("set(arguments[0], arguments[1], null)", port["symbol"], float(point["value"]))
                self.assertEqual(self.knob(port["symbol"]).get_attribute("aria-valuetext"), point["label"])

    def test_oversampling(self):
        """the selector sends what is chosen, and shows what the host chose"""
        two, four = (self.board.find(f'[mod-port-value="{n}"]') for n in (2, 4))
        self.actions().click(four).perform()
        self.assertEqual(self.board.host("sent"), [["oversampling", 4]])
        self.assertEqual((four.get_attribute("aria-checked"), two.get_attribute("aria-checked")), ("true", "false"))
        self.board.host("set('oversampling', 2, null)")
        self.assertIn("selected", two.get_attribute("class"))
        self.assertEqual((four.get_attribute("aria-checked"), two.get_attribute("aria-checked")), ("false", "true"))

    def test_bypass(self):
        """the footswitch sends bypass, and switch and light follow the host"""
        switch, light = self.board.find(".od3-switch"), self.board.find(".od3-light")

        def look():
            return np.asarray(self.board.browser.picture(light), float)[..., :3].max()

        self.actions().click(switch).perform()
        self.assertEqual(self.board.host("sent"), [[":bypass", 1]])
        self.assertEqual((switch.get_attribute("aria-checked"), look() < 128), ("false", True))
        self.board.host("set(':bypass', 0, null)")
        self.assertEqual((switch.get_attribute("aria-checked"), look() > 240), ("true", True))
        self.board.host("set(':bypass', 1, null)")
        self.assertEqual((switch.get_attribute("aria-checked"), look() < 128), ("false", True))
        self.assertEqual(len(self.board.host("sent")), 1)

    def test_keyboard(self):
        """every widget is reached by Tab, shows that it is, and is played by keys"""
        press = self.board.browser.switch_to.active_element.send_keys
        order = []
        for _ in range(7):
            press(Keys.TAB)
            element = self.board.browser.switch_to.active_element
            press = element.send_keys
            order.append(element.get_attribute("aria-label") or element.text)
            self.assertEqual(element.value_of_css_property("outline-style"), "solid")
        self.assertEqual(order, ["Level", "Tone", "Gain", "1x", "2x", "4x", "Pedal on"])
        press(Keys.SPACE)
        self.knob("gain").send_keys(Keys.ARROW_UP, Keys.PAGE_DOWN)
        self.knob("level").send_keys(Keys.END)
        self.board.find('[mod-port-value="4"]').send_keys(Keys.ENTER)
        self.assertEqual(self.board.host("sent"),
                         [[":bypass", 1], ["gain", 5.25], ["gain", 4.25], ["level", 12], ["oversampling", 4]])
        self.assertEqual(self.shown("gain"), self.knob("gain").get_attribute("aria-valuetext"))

    def test_screenshot(self):
        """the pedal looks like its screenshot; `./waf draw` draws that anew"""
        now, tracked = (np.asarray(picture.convert("RGBA"), float)
                        for picture in (self.board.screenshot(), Image.open(FOLDER / "screenshot.png")))
        self.assertEqual(now.shape, tracked.shape)
        difference = np.abs(now - tracked).max(-1) > 48
        common.note(f"{100 * difference.mean():.2f} % of the pixels differ")
        self.assertLess(difference.mean(), 0.01)


if __name__ == "__main__":
    common.main()
