#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Presets: hosts list them in order under English and Portuguese names, and all have the same loudness."""

import os
import subprocess
import sys
import unittest

import rdflib

import common

sys.path.insert(0, str(common.TOP / "ttl"))

import presets  # noqa: E402 # found through the line above

MOST_APART_DB = 1.5
LV2 = rdflib.Namespace("http://lv2plug.in/ns/lv2core#")
PSET = rdflib.Namespace("http://lv2plug.in/ns/ext/presets#")
RDFS = rdflib.RDFS


def lv2info(language):
    """lv2info's description of the plugin in a language."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LC_")}
    return subprocess.run(["lv2info", presets.URI], check=True, capture_output=True, text=True,
                          env={**environment, "LANG": language}).stdout


def parsed(name):
    """One of the bundle's Turtle files, or of those in ttl/."""
    path = common.TOP / ("ttl" if name == "presets_manifest.ttl" else "od3.lv2") / name
    return rdflib.Graph().parse(path, format="turtle", publicID="file:///od3.lv2/")


def port_values(graph, preset):
    """{symbol: value} of a preset."""
    return {str(graph.value(port, LV2.symbol)): float(graph.value(port, PSET.value))
            for port in graph.objects(preset, LV2.port)}


class Presets(unittest.TestCase):
    def setUp(self):
        self.graph = parsed("presets.ttl")
        self.uris = [rdflib.URIRef(f"{presets.URI}#preset-{preset.symbol}") for preset in presets.PRESETS]
        self.values = {preset.symbol: port_values(self.graph, uri)
                       for uri, preset in zip(self.uris, presets.PRESETS)}

    def test_written(self):
        """the bundle has the presets of the script, at its positions and within the ports' ranges"""
        self.assertEqual(set(self.graph.subjects(rdflib.RDF.type, PSET.Preset)), set(self.uris))
        for preset in presets.PRESETS:
            values = self.values[preset.symbol]
            self.assertEqual((values["gain"], values["tone"]), (preset.gain, preset.tone))
            self.assertEqual(set(values), {"gain", "tone", "level", "blend", "match"})
            for symbol, value in values.items():
                control = presets.CONTROLS[symbol]
                self.assertTrue(control.minimum <= value <= control.maximum, f"{preset.symbol}: {symbol} {value}")

    def test_default(self):
        """the first preset is the ports' defaults"""
        self.assertEqual(presets.PRESETS[0].symbol, "default")
        for symbol, value in self.values["default"].items():
            self.assertEqual(value, presets.CONTROLS[symbol].default, symbol)

    def test_order(self):
        """names sort as the script orders the presets, in both languages"""
        for language in (None, "pt"):
            names = [next(str(name) for name in self.graph.objects(uri, RDFS.label) if name.language == language)
                     for uri in self.uris]
            self.assertEqual(names, sorted(names, key=str.casefold))

    def test_manifest(self):
        """the manifest's part is up to date, and the bundle's manifest lists the same names"""
        self.assertEqual((common.TOP / "ttl/presets_manifest.ttl").read_text(encoding="utf-8"), presets.manifest())
        for name in ("presets_manifest.ttl", "manifest.ttl"):
            manifest = parsed(name)
            for uri in self.uris:
                self.assertEqual(set(manifest.objects(uri, RDFS.label)), set(self.graph.objects(uri, RDFS.label)))

    def test_listed(self):
        """lilv finds each under its English and its Portuguese name"""
        for language, label in (("C.UTF-8", "label"), ("pt_BR.UTF-8", "label_pt")):
            listed = lv2info(language).split("Presets:")[1].split("Port 0:")[0]
            self.assertEqual({line.strip() for line in listed.splitlines() if line.strip()},
                             {presets.numbered(getattr(preset, label), position)
                              for position, preset in enumerate(presets.PRESETS)})

    def test_loudness(self):
        """all but the default have the same loudness by ITU-R BS.1770, on the guitar"""
        loudness = {symbol: presets.played_loudness_db(**values)
                    for symbol, values in self.values.items() if symbol != "default"}
        for symbol, loudness_db in loudness.items():
            common.note(f"{symbol}: {loudness_db:.1f} LUFS")
        self.assertLess(max(loudness.values()) - min(loudness.values()), MOST_APART_DB)

    def test_meter(self):
        """a sine of 997 Hz at 0 dBFS has -3.01 LUFS, and half of it 6.02 less"""
        t = presets.np.arange(3 * 48000) / 48000
        sine = presets.np.sin(2 * presets.np.pi * 997 * t)
        self.assertAlmostEqual(presets.loudness_db(sine, 48000), -3.01, delta=0.05)
        self.assertAlmostEqual(presets.loudness_db(0.5 * sine, 48000), -9.03, delta=0.05)

    def test_portuguese(self):
        """ports have Portuguese names"""
        described = lv2info("pt_BR.UTF-8")
        for name in ("Ganho", "Tonalidade", "Nível", "Sobreamostragem", "Ligado", "Latência"):
            self.assertRegex(described, rf"Name:\s+{name}\n")


if __name__ == "__main__":
    common.main()
