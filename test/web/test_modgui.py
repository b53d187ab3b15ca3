#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests the pedals on a MOD pedalboard: their descriptions, looks, and behaviour in a browser."""

import re
import unittest

import numpy as np
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import browser
import common
import modgui
from modgui import LV2, MOD, MODGUI, PLAYER, PLUGIN, STEREO

FOLDER = modgui.BUNDLE / "modgui"
# The classes of mod-ui that the template uses on purpose.
MOD_UI_CLASSES = {"mod-drag-handle", "mod-pedal-input", "mod-pedal-output", "mod-input", "mod-output",
                  "mod-input-disconnected", "mod-output-disconnected", "mod-pedal-input-image",
                  "mod-pedal-output-image", "mod-enumerated-list"}


def read(name):
    return (FOLDER / name).read_text()


def elements(template, attribute):
    """The elements' start tags that have an attribute, by its value."""
    return {found[1]: found[0] for found in re.finditer(rf'<div [^>]*{attribute}="([^"]*)"[^>]*>', template)}


class Description(unittest.TestCase):
    plugin = PLUGIN

    @classmethod
    def setUpClass(cls):
        cls.graph = modgui.description()
        cls.gui = cls.graph.value(cls.plugin, MODGUI.gui)
        cls.effect = modgui.effect(cls.graph, cls.plugin)
        cls.controls = {port["symbol"]: port for port in cls.effect["ports"]["control"]["input"]}
        cls.template, cls.style = (read(cls.effect["files"][name]) for name in ("iconTemplate", "stylesheet"))

    def path(self, name):
        return modgui.file_of(self.graph, self.plugin, name)

    def named(self):
        """The files that the description names, and those that they name."""
        names = {self.path(name) for name in ("iconTemplate", "stylesheet", "javascript", "screenshot", "thumbnail")}
        return names | {FOLDER / name for name in
                        re.findall(r"/resources/([\w.]+)\{\{\{ns\}\}\}", self.template + self.style)}

    def test_files(self):
        """every file that the description names exists"""
        self.assertEqual(self.path("resourcesDirectory"), FOLDER)
        self.assertEqual(self.style.count("/resources/"), self.style.count("{{{ns}}}"))
        self.assertLessEqual(self.named(), set(FOLDER.iterdir()))

    def test_names(self):
        """the brand has at most 11 characters, and the label 16; both are those of the plugin"""
        for name, longest in (("brand", 11), ("label", 16)):
            value = str(self.graph.value(self.gui, MODGUI[name]))
            self.assertIn(len(value), range(1, longest + 1))
            self.assertEqual(value, str(self.graph.value(self.plugin, MOD[name])))

    def test_ports(self):
        """the listed ports are numbered from 0, are those of the template, and have the plugin's names"""
        ports = list(self.graph.objects(self.gui, MODGUI.port))
        self.assertEqual(sorted(int(self.graph.value(port, LV2["index"])) for port in ports), list(range(len(ports))))
        told = {str(self.graph.value(port, LV2.symbol)): str(self.graph.value(port, LV2.name)) for port in ports}
        shown = set(re.findall(r'mod-role="input-control-port" mod-port-symbol="(\w+)"', self.template))
        self.assertEqual(told, {symbol: self.controls[symbol]["name"] for symbol in shown})

    def test_template_ports(self):
        """the template's ranges and options are the plugin's"""
        found = elements(self.template, "mod-port-symbol")
        knobs = {symbol: element for symbol, element in found.items() if 'class="od3-knob"' in element}
        self.assertGreaterEqual(len(knobs), 3)
        for symbol, element in knobs.items():
            ranges = [float(re.search(rf'aria-value{end}="([^"]+)"', element).group(1)) for end in ("min", "max")]
            self.assertEqual(ranges, [self.controls[symbol]["ranges"][name] for name in ("minimum", "maximum")])
            self.assertRegex(element, 'data-step="[0-9.]+"\\s+data-unit="(hours|decibels|percent)"')
        for selector in re.findall(r'<div class="od3-selector.*?\n\s*</div>', self.template, re.DOTALL):
            port = self.controls[re.search('mod-port-symbol="([^"]+)"', selector)[1]]
            options = [float(value) for value in re.findall(r'mod-port-value="(\d+)"', selector)]
            self.assertLessEqual({point["value"] for point in port["scalePoints"]}, set(options))
            self.assertEqual([options[0], options[-1]], [port["ranges"][name] for name in ("minimum", "maximum")])

    def test_pictures(self):
        """the screenshot has the pedal's size, and the thumbnail at most 256 by 64; both are small"""
        style = self.style.replace("{{{", "<").replace("}}}", ">")
        pedal = "".join(re.findall(r"^\.od3<cns> \{(.*?)\}", style, re.M | re.S))
        size = tuple(int(re.findall(rf"\b{name}: (\d+)px", pedal)[-1]) for name in ("width", "height"))
        self.assertEqual(Image.open(self.path("screenshot")).size, size)
        width, height = Image.open(self.path("thumbnail")).size
        self.assertTrue(16 <= width <= 256 and 16 <= height <= 64)
        self.assertLess(self.path("screenshot").stat().st_size + self.path("thumbnail").stat().st_size, 80_000)

    def test_keeps_to_itself(self):
        """classes begin with od3 or are mod-ui's, styles apply to the pedal only, no file names an outside address"""
        classes = {name for words in re.findall(r'class="([^"]+)"', self.template) for name in words.split()}
        ours = {name for name in classes if name.startswith("od3")}
        self.assertEqual(classes - ours - MOD_UI_CLASSES, set())
        self.assertIn("od3{{{cns}}}", ours)
        style = re.sub(r"/\*.*?\*/", "", self.style.replace("{{{", "<").replace("}}}", ">"), flags=re.S)
        for rule in re.findall(r"([^{}]+)\{[^{}]*\}", style):
            for selector in rule.split(","):
                self.assertRegex(selector.strip(), r"^\.od3<cns>( |$)")
        for path in self.named():
            if path.suffix != ".png":
                text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
                self.assertIsNone(re.search(r"//[a-z0-9-]+\.|@import|https?:|url\((?!/resources/|#)", text), path)
                self.assertIsNone(re.search(r'href="(?!#)', text), path)


class StereoDescription(Description):
    plugin = STEREO


class PlayerDescription(Description):
    plugin = PLAYER

    def test_folder(self):
        """the folder holds no file that neither description names"""
        names = set()
        for case in (Description, PlayerDescription):
            case.setUpClass()
            names |= case("named").named()
        self.assertEqual(names, set(FOLDER.iterdir()))

    def test_outputs(self):
        """the host is asked to report the ports of the meters and of the light for the input's level"""
        self.assertEqual(set(self.effect["monitored"]), set(re.findall(' data-symbol="([^"]+)"', self.template)))

    def test_parameter(self):
        """the list of models is of the plugin's writable parameter, with the file types of MOD's model folder"""
        (uri,) = elements(self.template, "mod-parameter-uri")
        (model,) = [one for one in self.effect["parameters"] if one["writable"]]
        self.assertEqual((uri, model["type"]), (model["uri"], "http://lv2plug.in/ns/ext/atom#Path"))
        self.assertIn("aidadspmodel", model["fileTypes"])


class Looks(unittest.TestCase):
    def colours(self, *names):
        """Returns the colours, (r, g, b), in the lines of a file that contain a text."""
        name, mark = names
        lines = [line for line in read(name).splitlines() if mark in line]
        found = [colour for line in lines for colour in re.findall("#([0-9a-f]{6})", line)]
        self.assertTrue(found, names)
        return [tuple(bytes.fromhex(colour)) for colour in found]

    def test_contrast(self):
        """text has WCAG's contrast of 4.5 to 1; states and focus have 3 to 1"""
        paint = read("face.svg").split('id="paint"')[1].split("</linearGradient>")[0]
        paint = [tuple(bytes.fromhex(colour)) for colour in re.findall("#([0-9a-f]{6})", paint)]
        paint += self.colours("stylesheet.css", "background: #f7cb1a")
        ink = self.colours("stylesheet.css", "  color: #1b1a17;")
        selected = self.colours("stylesheet.css", ".od3-option.selected")
        ivory = read("player_face.svg").split('id="paint"')[1].split("</linearGradient>")[0]
        ivory = [tuple(bytes.fromhex(colour)) for colour in re.findall("#([0-9a-f]{6})", ivory)]
        player = "player.css"
        cases = [("names on ivory", ink, ivory + self.colours(player, "background: #eadfbe"), 4.5),
                 ("facts", self.colours(player, "color: #e8dcb8"), ink, 4.5),
                 ("error", self.colours(player, "color: #ffb09c")[-1:], ink, 4.5),
                 ("focus on the display", self.colours(player, "outline: 3px solid #ffd54a"), ink, 3),
                 ("focus on ivory", self.colours("stylesheet.css", "outline: 3px"), ivory, 3),
                 ("lettering on paint", ink, paint, 4.5),
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


class Board(unittest.TestCase):
    plugin, files = PLUGIN, ()

    @classmethod
    def setUpClass(cls):
        cls.board = modgui.Pedalboard(plugin=cls.plugin, files=cls.files)

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

    def wait(self, condition):
        WebDriverWait(self.board.browser, 10, 0.05).until(lambda _: condition())

    def drag(self, element, pixels):
        self.actions().click_and_hold(element).move_by_offset(0, -pixels).release().perform()

    def shown(self, symbol):
        group = self.knob(symbol).find_element("xpath", "..")
        text = group.find_element("css selector", ".od3-value")
        return text.text if "od3-turning" in group.get_attribute("class") else None

    def check_reach(self, selector, n):
        """Asserts that the pointer reaches n widgets instead of the drag handle."""
        script = """
          const box = arguments[0].getBoundingClientRect()
          return [[.5, .5], [.5, .2], [.2, .5], [.5, .8], [.8, .5]].every(([x, y]) =>
            arguments[0].contains(document.elementFromPoint(box.x + x * box.width, box.y + y * box.height)))"""
        widgets = self.board.browser.find_elements("css selector", selector)
        self.assertEqual(len(widgets), n)
        for widget in widgets:
            self.assertTrue(self.board.browser.execute_script(script, widget), widget.get_attribute("outerHTML"))
            self.assertGreaterEqual(min(widget.size.values()), 24)
        handle = self.board.find(".mod-drag-handle")
        self.assertEqual(handle.size, self.board.find(".mod-pedal > div").size)

    def tab_order(self, n):
        """The names of the n widgets that Tab reaches, each with a visible focus."""
        press = self.board.browser.switch_to.active_element.send_keys
        order = []
        for _ in range(n):
            press(Keys.TAB)
            element = self.board.browser.switch_to.active_element
            press = element.send_keys
            order.append(element.get_attribute("aria-label") or element.text)
            self.assertEqual(element.value_of_css_property("outline-style"), "solid")
        return order

    def check_screenshot(self, name):
        now, tracked = (np.asarray(picture.convert("RGBA"), float)
                        for picture in (self.board.screenshot(), Image.open(FOLDER / name)))
        self.assertEqual(now.shape, tracked.shape)
        difference = np.abs(now - tracked).max(-1) > 48
        common.note(f"{100 * difference.mean():.2f} % of the pixels differ")
        self.assertLess(difference.mean(), 0.01)


class Behaviour(Board):
    def test_start(self):
        """the start event lists every port"""
        started = self.board.host("started.ports")
        self.assertEqual({port["symbol"] for port in started},
                         {":bypass", "gain", "tone", "level", "oversampling", "enabled", "latency", "input", "blend",
                          "input_peak", "output_peak", "match", "input_level", "phase"})
        self.assertEqual(self.knob("level").get_attribute("aria-valuetext"), "0.0 dB")
        self.assertEqual(self.knob("gain").get_attribute("aria-valuetext"), "12 o'clock")
        self.assertEqual(self.board.find(".od3-switch").get_attribute("aria-checked"), "true")

    def test_input_level(self):
        """the light says in words, shape and colour whether the input is too quiet, good or too hot"""
        light = self.board.find(".od3-input-level")
        seen = set()
        for value, words in ((3, "too hot"), (2, "good"), (1, "too quiet"), (0, "unknown")):
            self.board.host("notify(...arguments)", "input_level", value)
            self.assertEqual(light.get_attribute("aria-label"), f"Input level: {words}")
            seen.add((light.value_of_css_property("background-color"), light.value_of_css_property("clip-path"),
                      light.value_of_css_property("border-top-width")))
        self.assertEqual(len(seen), 4)

    def test_reach(self):
        """the pointer reaches every widget instead of the drag handle"""
        self.check_reach(".od3-knob, .od3-option, .od3-switch", 9)

    def test_drag(self):
        """dragging a knob sends its value, turns the knob and shows the value"""
        for symbol, pixels in (("gain", 30), ("tone", -20), ("level", -50)):
            self.board.host("sent.splice(0)")
            before = self.knob(symbol).value_of_css_property("transform")
            self.drag(self.knob(symbol), pixels)
            sent = self.board.host("sent")
            self.assertEqual({name for name, _ in sent}, {symbol})
            self.assertNotEqual(self.knob(symbol).value_of_css_property("transform"), before)
            self.assertEqual(self.shown(symbol), self.knob(symbol).get_attribute("aria-valuetext"))
            self.assertEqual(float(self.knob(symbol).get_attribute("aria-valuenow")), sent[-1][1])

    def value(self, symbol):
        return float(self.knob(symbol).get_attribute("aria-valuenow"))

    def move(self, symbol, kind, *points):
        """Moves a finger over a knob; points are pixels from its middle."""
        box = self.knob(symbol).rect
        for name, (x, y) in zip((f"{kind}Start", *[f"{kind}Move"] * (len(points) - 1)), points):
            self.board.browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": name, "touchPoints": [
                {"x": box["x"] + box["width"] / 2 + x, "y": box["y"] + box["height"] / 2 + y}]})
        self.board.browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": f"{kind}End", "touchPoints": []})

    def test_directions(self):
        """a drag up or to the right raises a value, as mod-ui's knobs do; to the right it takes twice the way"""
        self.drag(self.knob("gain"), 30)
        self.assertAlmostEqual(self.value("gain"), 6)
        self.actions().click_and_hold(self.knob("tone")).move_by_offset(30, 0).release().perform()
        self.assertAlmostEqual(self.value("tone"), 5.5)

    def test_click(self):
        """a click that gives a knob the focus changes nothing; the next one makes a step"""
        self.actions().click(self.knob("gain")).perform()
        self.assertEqual(self.board.browser.switch_to.active_element, self.knob("gain"))
        self.assertEqual(self.board.host("sent"), [])
        self.actions().click(self.knob("gain")).perform()
        self.assertAlmostEqual(self.value("gain"), 5 + 4 / 30)
        self.actions().key_down(Keys.SHIFT).click(self.knob("gain")).key_up(Keys.SHIFT).perform()
        self.assertAlmostEqual(self.value("gain"), 5)
        self.assertEqual(self.shown("gain"), "12 o'clock")

    def test_wheel(self):
        """the wheel turns a knob, and the value is shown"""
        origin = ScrollOrigin.from_element(self.knob("gain"))
        self.actions().scroll_from_origin(origin, 0, -120).perform()
        self.wait(lambda: abs(self.value("gain") - 5 - 16 / 30) < 1e-6)
        self.assertEqual(self.shown("gain"), self.knob("gain").get_attribute("aria-valuetext"))

    def test_tap(self):
        """a tap that gives a knob the focus changes nothing; the next one makes a step"""
        self.move("gain", "touch", (0, 0))
        self.wait(lambda: self.board.browser.switch_to.active_element == self.knob("gain"))
        self.assertEqual(self.board.host("sent"), [])
        self.move("gain", "touch", (0, 0))
        self.wait(lambda: abs(self.value("gain") - 5 - 4 / 30) < 1e-6)

    def test_touch(self):
        """a finger turns a knob, and the value is shown"""
        self.move("gain", "touch", (0, 0), (0, -20), (0, -30))
        self.wait(lambda: abs(self.value("gain") - 6) < 0.2)
        self.assertEqual(self.shown("gain"), self.knob("gain").get_attribute("aria-valuetext"))

    def test_values(self):
        """values are shown in the words of players"""
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

    def test_oversampling(self):
        """the oversampling selector sends the visitor's choice and shows the host's"""
        two, four = (self.board.find(f'[mod-port-value="{n}"]') for n in (2, 4))
        self.actions().click(four).perform()
        self.assertEqual(self.board.host("sent"), [["oversampling", 4]])
        self.assertEqual((four.get_attribute("aria-checked"), two.get_attribute("aria-checked")), ("true", "false"))
        self.board.host("set('oversampling', 2, null)")
        self.assertIn("selected", two.get_attribute("class"))
        self.assertEqual((four.get_attribute("aria-checked"), two.get_attribute("aria-checked")), ("false", "true"))

    def test_match(self):
        """Match sends off and on and shows the host's choice; its words are as large as those of Oversampling"""
        off, on = (self.board.find(f'.od3-match [mod-port-value="{n}"]') for n in (0, 1))
        self.assertEqual((off.get_attribute("aria-checked"), on.get_attribute("aria-checked")), ("true", "false"))
        self.actions().click(on).perform()
        self.assertEqual(self.board.host("sent"), [["match", 1]])
        self.assertEqual((off.get_attribute("aria-checked"), on.get_attribute("aria-checked")), ("false", "true"))
        self.board.host("set('match', 0, null)")
        self.assertIn("selected", off.get_attribute("class"))
        self.assertEqual(self.board.host("sent"), [["match", 1]])
        texts = [self.board.find(f".od3-{name}") for name in ("option", "option-name", "input-level-name")]
        sizes = {element.value_of_css_property("font-size") for element in (off, on, *texts)}
        self.assertEqual(len(sizes), 1, sizes)

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
        """Tab reaches every widget, the focus is visible, and keys change values"""
        self.assertEqual(self.tab_order(6), ["Level", "Tone", "Gain", "2x", "off", "Pedal on"])
        self.board.browser.switch_to.active_element.send_keys(Keys.SPACE)
        self.knob("gain").send_keys(Keys.ARROW_UP, Keys.PAGE_DOWN)
        self.knob("level").send_keys(Keys.END)
        self.board.find('[mod-port-value="4"]').send_keys(Keys.ENTER)
        self.board.find('[mod-port-value="4"]').send_keys(Keys.ARROW_RIGHT)  # to the first
        self.board.browser.switch_to.active_element.send_keys(Keys.ARROW_UP, Keys.SPACE)
        self.assertEqual(self.board.browser.switch_to.active_element.text, "4x")
        self.assertEqual(self.board.host("sent"), [[":bypass", 1], ["gain", 5.25], ["gain", 4.25], ["level", 12],
                                                   ["oversampling", 4], ["oversampling", 1], ["oversampling", 4]])
        self.assertEqual(self.shown("gain"), self.knob("gain").get_attribute("aria-valuetext"))

    def test_screenshot(self):
        """the pedal looks like its screenshot, which `./waf draw` draws"""
        self.check_screenshot("screenshot.png")


class StereoBehaviour(Board):
    plugin = STEREO

    def test_jacks(self):
        """two inputs on the left and two outputs on the right, left above right, lie beside the pedal and apart"""
        pedal = self.board.find(".mod-pedal > div").rect
        for way, edge in (("input", pedal["x"]), ("output", pedal["x"] + pedal["width"])):
            jacks = self.board.browser.find_elements("css selector", f'[mod-role="{way}-audio-port"]')
            names = [f"{way.removesuffix('put').capitalize()} {side}" for side in ("Left", "Right")]
            self.assertEqual([jack.get_attribute("title") for jack in jacks], names)
            left, right = (jack.rect for jack in jacks)
            self.assertLessEqual(left["y"] + left["height"], right["y"])
            self.assertLessEqual(right["y"] + right["height"], pedal["y"] + pedal["height"])
            for jack in (left, right):
                self.assertAlmostEqual(jack["x"] + (jack["width"] if way == "input" else 0), edge, delta=1)

    def test_controls(self):
        """the pointer reaches every widget, and a knob sends its value"""
        self.check_reach(".od3-knob, .od3-option, .od3-switch", 9)
        self.drag(self.knob("gain"), 30)
        self.assertEqual({symbol for symbol, _ in self.board.host("sent")}, {"gain"})


class PlayerBehaviour(Board):
    plugin, files = PLAYER, ("/root/Aida/Clean.json", "/root/Aida/São João <2>.aidax")
    model = f"{PLAYER}#model"

    def tell(self, name, value):
        self.board.host("notify(...arguments)", f"{PLAYER}#{name}", value)

    def text(self, selector):
        return self.board.find(selector).text

    def names(self):
        """The names of the model's knobs that are shown."""
        shown = self.board.browser.find_elements("css selector", ".od3-knobs .od3-name")
        return [name.text for name in shown if name.is_displayed()]

    def test_start(self):
        """the script asks for all that the plugin tells and shows the ports' defaults"""
        readable = [one["uri"] for one in self.board.effect["parameters"] if not one["writable"]]
        self.assertEqual(sorted(self.board.host("asked")), sorted(readable))
        self.assertEqual(self.knob("blend").get_attribute("aria-valuetext"), "100 %")
        self.assertEqual(self.knob("input").get_attribute("aria-valuetext"), "0.0 dB")
        self.assertEqual([self.knob("oversampling").find_element("css selector", "[aria-checked=true]").text,
                          self.knob("normalize").find_element("css selector", "[aria-checked=true]").text],
                         ["2x", "off"])

    def test_knobs(self):
        """knobs have the model's names, and those that it lacks are hidden"""
        for lines, names in (("gain: 0 to 10\ntone: 0 to 10", ["GAIN", "TONE"]), ("", []),
                             ("A: B: -1 to 1\nÇa: 0 to 1e+06\n<b>: 0 to 1\nd: 0 to 1", ["A: B", "ÇA", "<B>", "D"])):
            self.tell("modelKnobs", lines)
            self.assertEqual(self.names(), names)
        self.assertEqual(self.knob("knob2").get_attribute("aria-label"), "Ça")
        self.drag(self.knob("knob4"), 30)
        self.assertAlmostEqual(dict(self.board.host("sent"))["knob4"], 6)
        self.assertEqual(self.shown("knob4"), "1 o'clock")

    def test_told(self):
        """the display shows the model's name, facts, and error or warning; both are removed by the next model"""
        for name, value in modgui.OWN_MODEL:
            self.board.host("notify(...arguments)", name, value)
        self.assertEqual(self.text(".od3-model-name"), "od3")
        self.assertEqual(self.text(".od3-facts"), "GRU, 32 units, 48 kHz\nCPU: about 1 times "
                         "the bundle's own model\npeaks up to +3 dBFS")
        self.assertFalse(self.board.find(".od3-error").is_displayed())
        self.tell("modelError", "/a/<i>b.json: no model")
        self.assertEqual(self.text(".od3-error"), "/a/<i>b.json: no model")
        self.tell("modelRate", 44100)
        self.assertIn("44.1 kHz", self.board.find(".od3-facts").get_attribute("textContent"))
        self.tell("modelWarning", "the model does not come to rest")
        self.assertEqual(self.text(".od3-error"), "/a/<i>b.json: no model")
        self.tell("modelError", "")
        self.assertEqual(self.text(".od3-error"), "the model does not come to rest")
        self.tell("modelWarning", "")
        self.assertFalse(self.board.find(".od3-error").is_displayed())

    def test_list(self):
        """a click opens the list of models, one on a file asks for it, and the list closes"""
        files = self.board.browser.find_elements("css selector", ".od3-file")
        self.assertFalse(files[0].is_displayed())
        self.actions().click(self.board.find(".od3-model-name")).perform()
        self.assertEqual([file.text for file in files], [path.rsplit("/", 1)[1] for path in self.files])
        self.check_reach(".od3-file", len(files))
        self.actions().click(files[1]).perform()
        self.assertEqual(self.board.host("sent"), [[self.model, self.files[1]]])
        self.assertFalse(files[0].is_displayed())
        self.board.host("notify(...arguments)", self.model, self.files[0])
        self.assertIn("selected", files[0].get_attribute("class"))
        self.assertEqual(len(self.board.host("sent")), 1)

    def test_file_names(self):
        """any name of a file is shown as it is; mod-ui chooses any but those with a double quote or a backslash"""
        names = ["Bob's & Ann's.json", "a  b &amp; <b>c.json", "São João 日本.aidax", '5" reel.json', "a\\b.json"]
        paths = [f"/root/Aida/{name}" for name in names]
        self.addCleanup(setattr, self.board, "effect", self.board.effect)
        self.board.effect = modgui.effect(modgui.description(), PLAYER, paths)
        self.board.open()
        files = self.board.browser.find_elements("css selector", ".od3-file")
        self.board.find(".od3-model").click()
        shown = self.board.browser.execute_script("return arguments[0].map((file) => file.innerText)", files)
        self.assertEqual(shown, names)
        for name in names:
            self.tell("modelName", name)
            label = self.board.find(".od3-model-name")
            self.assertEqual((label.get_property("innerText"), label.get_property("title")), (name, name))
        for file in files:
            file.click()
            self.board.find(".od3-model").click()
        self.assertEqual(self.board.host("sent"), [[self.model, path] for path in paths[:3]])
        (complaint,) = self.board.browser.complaints()  # of mod-ui's selector
        self.assertIn("unrecognized expression", complaint)

    def test_list_keys(self):
        """Enter opens the list and chooses a file; Escape and leaving close it"""
        model, file = self.board.find(".od3-model"), self.board.find(".od3-file")

        def press(key):
            self.board.browser.switch_to.active_element.send_keys(key)

        model.send_keys(Keys.ENTER)
        press(Keys.TAB)
        self.assertEqual((file.is_displayed(), self.board.browser.switch_to.active_element), (True, file))
        press(Keys.ESCAPE)
        self.assertEqual((file.is_displayed(), self.board.browser.switch_to.active_element), (False, model))
        press(Keys.SPACE)
        self.actions().click(self.knob("level")).perform()
        self.assertFalse(file.is_displayed())
        model.send_keys(Keys.ENTER)
        press(Keys.TAB)
        press(Keys.ENTER)
        self.assertEqual(self.board.host("sent"), [[self.model, self.files[0]]])
        self.assertFalse(file.is_displayed())

    def test_arrows(self):
        """a press or a key on an arrow steps to the next or the previous model, each time"""
        for symbol in ("next", "previous"):
            self.board.host("sent.splice(0)")
            for n in (1, 2):
                self.actions().click(self.knob(symbol)).perform()
                self.assertEqual(self.board.host("sent"), [[symbol, 1]] * n)
                self.wait(lambda symbol=symbol: "off" in self.knob(symbol).get_attribute("class").split())
            self.knob(symbol).send_keys(Keys.ENTER)
            self.assertEqual(self.board.host("sent"), [[symbol, 1]] * 3)

    def test_meters(self):
        """the meters show the peaks from -60 to +12 dBFS"""
        for port, value, part in (("input_peak", -60, 0), ("input_peak", -24, 0.5), ("output_peak", 12, 1),
                                  ("output_peak", 99, 1)):
            self.board.host("notify(...arguments)", port, value)
            bar = self.board.find(f'.od3-bar[data-symbol="{port}"]')
            trough = bar.find_element("xpath", "..")
            self.assertAlmostEqual(bar.rect["width"] / trough.rect["width"], part, 2)
        self.assertEqual(self.board.host("sent"), [])

    def test_reach(self):
        """the pointer reaches every widget instead of the drag handle"""
        self.check_reach(".od3-knob, .od3-option, .od3-switch, .od3-arrow, .od3-model", 18)

    def test_options(self):
        """the arrow keys choose in each group of options, which Tab enters at the chosen one"""
        down, up = (Keys.ARROW_RIGHT, Keys.ARROW_DOWN), (Keys.ARROW_LEFT, Keys.ARROW_UP)
        for symbol, values in (("oversampling", [1, 2, 4]), ("normalize", [0, 1]), ("match", [0, 1])):
            chosen = self.knob(symbol).find_element("css selector", "[aria-checked=true]")
            at = values.index(int(chosen.get_attribute("mod-port-value")))
            for key in (*down, *down, *up, *up):
                chosen.send_keys(key)
                chosen = self.board.browser.switch_to.active_element
                at = (at + (1 if key in down else -1)) % len(values)
                self.assertEqual(self.board.host("sent")[-1], [symbol, values[at]])
                entered = self.knob(symbol).find_elements("css selector", "[tabindex='0']")
                self.assertEqual(([chosen], chosen.get_attribute("aria-checked")), (entered, "true"))

    def test_keyboard(self):
        """Tab reaches every widget, the focus is visible, and the switch obeys a key"""
        self.tell("modelKnobs", "gain: 0 to 10\ntone: 0 to 10")
        self.assertEqual(self.tab_order(12), ["Previous model", "Neural Pedal", "Next model", "gain", "tone", "Input",
                                              "Blend", "Level", "2x", "off", "off", "Pedal on"])
        self.board.browser.switch_to.active_element.send_keys(Keys.ENTER)
        self.assertEqual(self.board.host("sent"), [[":bypass", 1]])

    def test_screenshot(self):
        """the pedal looks like its screenshot, which `./waf draw` draws"""
        for name, value in modgui.OWN_MODEL:
            self.board.host("notify(...arguments)", name, value)
        self.check_screenshot("player_screenshot.png")


class PlayerWithoutFiles(Board):
    plugin = PLAYER

    def test_empty_list(self):
        """without models the list says where to put them"""
        self.actions().click(self.board.find(".od3-model-name")).perform()
        self.assertIn("Aida DSP Models", self.board.find(".od3-list").text)


if __name__ == "__main__":
    common.main()
