# SPDX-License-Identifier: MIT
"""The bundle's modgui on a pedalboard in a browser, and what its Turtle files say."""

import decimal
import os
from pathlib import Path

import rdflib
from rdflib.namespace import RDF, RDFS

import browser

TOP = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parent.parent)
BUNDLE = TOP / "od3.lv2"
PLUGIN = rdflib.URIRef("urn:od3-lv2:od3")
LV2 = rdflib.Namespace("http://lv2plug.in/ns/lv2core#")
UNITS = rdflib.Namespace("http://lv2plug.in/ns/extensions/units#")
MODGUI = rdflib.Namespace("http://moddevices.com/ns/modgui#")
LIBRARIES = {"/lib/jquery.js": "/usr/share/javascript/jquery/jquery.min.js",
             "/lib/mustache.js": "/usr/share/javascript/mustache/mustache.min.js"}


def description():
    """All that the bundle says of itself."""
    graph = rdflib.Graph()
    for name in ("manifest.ttl", "od3.ttl", "modgui.ttl"):
        graph.parse(BUNDLE / name, publicID=(BUNDLE / name).as_uri(), format="turtle")
    return graph


def _port(graph, port):
    """A control port as mod-ui tells it to templates and scripts: in English, which has no tag."""
    def of(node, predicate, default=""):
        values = [value for value in graph.objects(node, predicate) if not getattr(value, "language", None)]
        if not values:
            return default
        value = values[0].toPython()
        return float(value) if isinstance(value, decimal.Decimal) else value

    unit = graph.value(port, LV2.unit) or graph.value(port, UNITS.unit)
    return {
        "index": of(port, LV2["index"]), "symbol": of(port, LV2.symbol), "name": of(port, LV2.name),
        "comment": of(port, RDFS.comment), "designation": str(graph.value(port, LV2.designation) or ""),
        "ranges": {name: float(of(port, LV2[name], 0)) for name in ("minimum", "maximum", "default")},
        "properties": [str(value).split("#")[1] for value in graph.objects(port, LV2.portProperty)],
        "scalePoints": sorted(({"label": of(point, RDFS.label), "value": of(point, RDF.value)}
                               for point in graph.objects(port, LV2.scalePoint)), key=lambda point: point["value"]),
        "units": {"render": of(unit, UNITS.render) if unit else ""},
    }


def effect(graph):
    """The plugin as mod-ui tells it to templates and scripts."""
    ports = sorted(graph.objects(PLUGIN, LV2.port), key=lambda port: graph.value(port, LV2["index"]).toPython())
    kinds = {"input": LV2.InputPort, "output": LV2.OutputPort}

    def chosen(kind, direction):
        return [port for port in ports if (port, RDF.type, kind) in graph
                and (port, RDF.type, kinds[direction]) in graph]

    audio, control = ({way: [_port(graph, port) for port in chosen(kind, way)] for way in kinds}
                      for kind in (LV2.AudioPort, LV2.ControlPort))
    nothing = {"input": [], "output": []}
    return {"uri": str(PLUGIN), "name": "OD3", "ports": {"audio": audio, "control": control, "midi": nothing,
                                                         "cv": nothing}}


def _find(path):
    if path in LIBRARIES:
        return Path(LIBRARIES[path])
    if path == "/":
        return TOP / "test/modgui_host.html"
    for prefix, folder in (("/resources/", BUNDLE / "modgui"), ("/bundle/", BUNDLE), ("/test/", TOP / "test")):
        file = folder / path.removeprefix(prefix)
        if path.startswith(prefix) and file.is_file():
            return file
    return None


class Pedalboard:
    """A browser with the pedal on a pedalboard."""

    def __init__(self, scale=1):
        self.server = browser.Server(_find)
        self.browser = browser.Browser()
        self.browser.resize(500, 500, scale)
        self.open()

    def open(self):
        """A new pedal on a new pedalboard."""
        self.browser.get(self.server.url)
        self.browser.execute_async_script("const [effect, done] = arguments; host.load(effect).then(done)",
                                          effect(description()))

    def find(self, selector):
        return self.browser.find_element("css selector", selector)

    def host(self, expression, *words):
        return self.browser.execute_script(f"return host.{expression}", *words)

    def screenshot(self):
        """The pedal alone, on nothing."""
        self.browser.execute_script("document.body.style.background = 'none'")
        return self.browser.picture(self.find(".mod-pedal > div"))

    def close(self):
        self.browser.quit()
        self.server.close()
