#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Denormals are flushed to zero only while the pedal runs, on each processor."""

import unittest

import common


class Denormals(unittest.TestCase):
    def test_native(self):
        """this machine flushes denormals between enter and restore only"""
        common.run(common.BUILD / "test/unit/denormals")

    def test_aarch64(self):
        """64-bit ARM flushes denormals between enter and restore only"""
        common.run("qemu-aarch64", common.BUILD / "test/unit/denormals-aarch64")

    def test_arm(self):
        """32-bit ARM flushes denormals between enter and restore only"""
        common.run("qemu-arm", common.BUILD / "test/unit/denormals-arm")


if __name__ == "__main__":
    common.main()
