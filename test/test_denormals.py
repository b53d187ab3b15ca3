#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Denormals are flushed to zero while the pedal runs, and only then, on each processor."""

import unittest

import common


class Denormals(unittest.TestCase):
    def test_native(self):
        """here"""
        common.run(common.BUILD / "test/denormals")

    def test_aarch64(self):
        """64-bit ARM"""
        common.run("qemu-aarch64", common.BUILD / "test/denormals-aarch64")

    def test_arm(self):
        """32-bit ARM, whose VFP keeps denormals unless it is told not to"""
        common.run("qemu-arm", common.BUILD / "test/denormals-arm")


if __name__ == "__main__":
    common.main()
