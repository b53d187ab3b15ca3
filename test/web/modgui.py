# SPDX-License-Identifier: MIT
"""Puts the bundle's MOD interfaces on a pedalboard in a browser, and reads their Turtle files."""

import decimal
import os
from pathlib import Path
from urllib.parse import unquote, urlparse

import rdflib
from rdflib.namespace import RDF, RDFS

import browser

TOP = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parents[2])
BUNDLE = TOP / "od3.lv2"
PLUGIN = rdflib.URIRef("urn:od3-lv2:od3")
STEREO = rdflib.URIRef("urn:od3-lv2:od3-stereo")
PLAYER = rdflib.URIRef("urn:od3-lv2:player")
LV2 = rdflib.Namespace("http://lv2plug.in/ns/lv2core#")
DOAP = rdflib.Namespace("http://usefulinc.com/ns/doap#")
MOD = rdflib.Namespace("http://moddevices.com/ns/mod#")
PATCH = rdflib.Namespace("http://lv2plug.in/ns/ext/patch#")
UNITS = rdflib.Namespace("http://lv2plug.in/ns/extensions/units#")
MODGUI = rdflib.Namespace("http://moddevices.com/ns/modgui#")
# Neural Pedal's notifications about the model that it starts with.
OWN_MODEL = tuple((f"{PLAYER}#{name}", value) for name, value in (
    ("modelName", "od3"), ("modelKnobs", "gain: 0 to 10\ntone: 0 to 10"), ("modelKind", "GRU, 32 units"),
    ("modelRate", 48000), ("modelCost", "about 1 times the bundle's own model"),
    ("modelLevel", "peaks up to +3 dBFS"), ("modelError", ""), ("modelWarning", "")))
LIBRARIES = {"/lib/jquery.js": "/usr/share/javascript/jquery/jquery.min.js",
             "/lib/mustache.js": "/usr/share/javascript/mustache/mustache.min.js"}


def description():
    """Returns the graph of the bundle's Turtle files."""
    graph = rdflib.Graph()
    for name in ("manifest.ttl", "od3.ttl", "player.ttl", "stereo.ttl", "modgui.ttl"):
        graph.parse(BUNDLE / name, publicID=(BUNDLE / name).as_uri(), format="turtle")
    return graph


def _port(graph, port):
    """Returns a control port as mod-ui passes it to templates and scripts: in English, which has no tag."""
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


def file_of(graph, plugin, name):
    """Returns the path of a file that the description of a plugin's MOD interface names."""
    return Path(unquote(urlparse(str(graph.value(graph.value(plugin, MODGUI.gui), MODGUI[name]))).path))


def _parameter(graph, parameter, is_writable):
    """Returns a parameter as mod-ui passes it to templates and scripts."""
    types = graph.value(parameter, MOD.fileTypes)
    return {"uri": str(parameter), "type": str(graph.value(parameter, RDFS.range)), "ranges": {},
            "label": str(graph.value(parameter, RDFS.label)), "writable": is_writable,
            "fileTypes": str(types).split(",") if types else []}


def effect(graph, plugin=PLUGIN, files=()):
    """Returns a plugin as mod-ui passes it to templates and scripts. `files` are those of the user's folders."""
    ports = sorted(graph.objects(plugin, LV2.port), key=lambda port: graph.value(port, LV2["index"]).toPython())
    kinds = {"input": LV2.InputPort, "output": LV2.OutputPort}

    def chosen(kind, direction):
        return [port for port in ports if (port, RDF.type, kind) in graph
                and (port, RDF.type, kinds[direction]) in graph]

    audio, control = ({way: [_port(graph, port) for port in chosen(kind, way)] for way in kinds}
                      for kind in (LV2.AudioPort, LV2.ControlPort))
    nothing = {"input": [], "output": []}
    parameters = [_parameter(graph, node, is_writable) for is_writable in (True, False)
                  for node in graph.objects(plugin, PATCH.writable if is_writable else PATCH.readable)]
    for parameter in parameters:
        if parameter["fileTypes"]:
            parameter |= {"path": True, "files": [{"fullname": name, "basename": Path(name).name} for name in files]}
    outputs = graph.objects(graph.value(plugin, MODGUI.gui), MODGUI.monitoredOutputs)
    return {"uri": str(plugin), "name": str(graph.value(plugin, DOAP.name)), "parameters": parameters,
            "ports": {"audio": audio, "control": control, "midi": nothing, "cv": nothing},
            "monitored": [str(graph.value(output, LV2.symbol)) for output in outputs],
            "files": {name: file_of(graph, plugin, name).name for name in
                      ("iconTemplate", "stylesheet", "javascript")}}


def _find(path):
    if path in LIBRARIES:
        return Path(LIBRARIES[path])
    if path == "/":
        return TOP / "test/web/modgui_host.html"
    for prefix, folder in (("/resources/", BUNDLE / "modgui"), ("/bundle/", BUNDLE), ("/test/", TOP / "test")):
        file = folder / path.removeprefix(prefix)
        if path.startswith(prefix) and file.is_file():
            return file
    return None


class Pedalboard:
    """A pedalboard in a browser that holds a pedal."""

    def __init__(self, scale=1, plugin=PLUGIN, files=()):
        self.effect = effect(description(), plugin, files)
        self.server = browser.Server(_find)
        self.browser = browser.Browser()
        self.browser.resize(640, 560, scale)
        self.open()

    def open(self):
        """Puts a new pedal on a new pedalboard."""
        self.browser.get(self.server.url)
        self.browser.execute_async_script("const [effect, done] = arguments; host.load(effect).then(done)",
                                          self.effect)

    def find(self, selector):
        return self.browser.find_element("css selector", selector)

    def host(self, expression, *words):
        return self.browser.execute_script(f"return host.{expression}", *words)

    def screenshot(self):
        """Returns a picture of the pedal alone, on a transparent background."""
        self.browser.execute_script("document.body.style.background = 'none'")
        return self.browser.picture(self.find(".mod-pedal > div"))

    def close(self):
        self.browser.quit()
        self.server.close()
