#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bundles for devices: what they need of the system, and that they play as here, under qemu."""

import os
import re
import unittest

import numpy as np
import soundfile

import common

ARCHS = {"aarch64": ("aarch64-linux-gnu", "qemu-aarch64"), "arm": ("arm-linux-gnueabihf", "qemu-arm")}
DEVICES = {"moddwarf": ("aarch64", "cortex-a53"), "modduox": ("aarch64", "cortex-a53"),
           "modduo": ("arm", "cortex-a7"), "rpi4": ("aarch64", "cortex-a72"), "rpi5": ("aarch64", "cortex-a76")}
NEWEST_GLIBC = (2, 27)  # what MOD's system has
SETTLED = 2400  # samples after which the golden vectors' state of zeros is forgotten


class Devices(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = common.scratch_folder(cls.addClassCleanup)
        environment = {key: value for key, value in os.environ.items() if key not in ("CC", "CFLAGS", "LDFLAGS")}
        for device in DEVICES:
            common.run("./waf", "--no-install", f"--target={device}", "configure", "build", cwd=common.TOP,
                       env=environment)
        for arch, (triplet, _) in {**ARCHS, "native": (None, None)}.items():
            compiler = f"{triplet}-gcc" if triplet else "gcc"
            common.run(compiler, "-O2", "-idirafter", "/usr/include", common.TOP / "test/plain_host.c", "-o",
                       cls.folder / f"host-{arch}", "-ldl")
        cls.probe, _ = soundfile.read(common.TOP / "test/golden/probe.wav", dtype="float32")

    def bundle(self, device):
        return common.TOP / f"build-{device}/lv2/od3.lv2"

    def play(self, device, gain, tone, oversampling):
        """The probe through a device's bundle, or the native one for None; float64."""
        if device:
            arch, cpu = DEVICES[device]
            triplet, qemu = ARCHS[arch]
            command = [qemu, "-cpu", cpu, "-L", f"/usr/{triplet}", self.folder / f"host-{arch}", self.bundle(device)]
        else:
            command = [self.folder / "host-native", common.TOP / "od3.lv2"]
        sound = common.run(*command, gain, tone, oversampling, input=self.probe.tobytes(), text=False)
        return np.frombuffer(sound, "<f4").astype(np.float64)

    def test_needs(self):
        """libc and libm alone, and nothing newer than the devices have"""
        for device, (arch, _) in DEVICES.items():
            library = self.bundle(device) / "od3.so"
            said = common.run(f"{ARCHS[arch][0]}-objdump", "-p", "-T", library)
            needed = set(re.findall(r"NEEDED\s+(\S+)", said))
            self.assertLessEqual(needed, {"libc.so.6", "libm.so.6"})
            versions = {tuple(map(int, v.split("."))) for v in re.findall(r"GLIBC_([\d.]+)", said)}
            self.assertLessEqual(max(versions), NEWEST_GLIBC, device)

    def test_golden(self):
        """the network's golden vectors, apart from the idle output that the pedal takes away"""
        for device in DEVICES:
            if (self.bundle(device) / "od3.gru").read_bytes() != (common.TOP / "weights/od3.gru").read_bytes():
                continue  # the golden vectors are of the default model
            for path in sorted((common.TOP / "test/golden").glob("[+-]*.wav")):
                gain, tone = (5 * float(knob) + 5 for knob in path.stem.split("_"))
                golden, _ = soundfile.read(path)
                error = (self.play(device, gain, tone, 1) - golden)[SETTLED:]
                self.assertLess(np.abs(error - np.median(error)).max(), 1e-5, f"{device} {path.stem}")

    def test_sound(self):
        """the default model sounds as on this machine, oversampled"""
        wanted = self.play(None, 7, 4, 2)
        for device in DEVICES:
            if (self.bundle(device) / "od3.gru").read_bytes() != (common.TOP / "od3.lv2/od3.gru").read_bytes():
                self.assertGreater(np.std(self.play(device, 7, 4, 2)), 0.01)
                continue
            error = self.play(device, 7, 4, 2) - wanted
            error_db = 10 * np.log10(np.sum(error ** 2) / np.sum(wanted ** 2) + 1e-20)
            common.note(f"{device}: {error_db:.1f} dB from here")
            self.assertLess(error_db, -100)


if __name__ == "__main__":
    common.main()
