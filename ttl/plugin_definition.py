# SPDX-License-Identifier: MIT
"""The plugins' URIs and control ports, read from the Turtle in this folder, which alone defines them."""

from dataclasses import dataclass
from pathlib import Path

import rdflib

import shared_ports

LV2 = rdflib.Namespace("http://lv2plug.in/ns/lv2core#")
FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Control:
    """A control port: its index among all ports, its range, its default, and the values of its scale points."""

    index: int
    is_input: bool
    minimum: float
    maximum: float
    default: float
    choices: tuple


def _parse(text):
    """(URI, {symbol: Control} in the order of the ports) of the plugin that a text defines."""
    for name, value in {"MINOR": "0", "MICRO": "0", "OVERSAMPLING": "2"}.items():
        text = text.replace(f"@{name}@", value)
    graph = rdflib.Graph().parse(data=text, format="turtle")
    plugin = graph.value(predicate=rdflib.RDF.type, object=LV2.Plugin, any=False)
    ports = [port for port in graph.objects(plugin, LV2.port) if (port, rdflib.RDF.type, LV2.ControlPort) in graph]
    controls = {str(graph.value(port, LV2.symbol)): Control(
        int(graph.value(port, LV2["index"])), (port, rdflib.RDF.type, LV2.InputPort) in graph,
        *(float(graph.value(port, predicate)) for predicate in (LV2.minimum, LV2.maximum, LV2.default)),
        tuple(sorted(float(graph.value(point, rdflib.RDF.value)) for point in graph.objects(port, LV2.scalePoint))))
        for port in ports}
    return str(plugin), dict(sorted(controls.items(), key=lambda item: item[1].index))


_PEDAL, _PLAYER = ((FOLDER / name).read_text(encoding="utf-8") for name in ("od3.ttl.in", "player.ttl.in"))
URI, CONTROLS = _parse(_PEDAL)
PLAYER_URI, PLAYER_CONTROLS = _parse(shared_ports.complete(_PLAYER, _PEDAL))
