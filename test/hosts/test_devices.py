#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bundles for devices: their library needs, and that under qemu they play as on this machine."""

import os
import re
import unittest

import numpy as np
import soundfile

import common

ARCHS = {"aarch64": ("aarch64-linux-gnu", "qemu-aarch64"), "arm": ("arm-linux-gnueabihf", "qemu-arm")}
DEVICES = {"moddwarf": ("aarch64", "cortex-a53"), "modduo": ("arm", "cortex-a7")}
if os.environ.get("OD3_ALL_TESTS"):
    DEVICES |= {"modduox": ("aarch64", "cortex-a53"), "rpi4": ("aarch64", "cortex-a72"),
                "rpi5": ("aarch64", "cortex-a76")}
NEWEST_GLIBC = (2, 27)  # of MOD's system
SETTLED = 2400  # frames until the golden vectors' initial state of zeros has no effect


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
            common.run(compiler, "-O2", "-idirafter", "/usr/include", common.TOP / "test/support/plain_host.c", "-o",
                       cls.folder / f"host-{arch}", "-ldl")
        cls.probe, _ = soundfile.read(common.TOP / "test/data/golden/probe.wav", dtype="float32")

    def bundle(self, device):
        return common.TOP / f"build-{device}/lv2/od3.lv2"

    def play(self, device, gain, tone, oversampling, **variables):
        """The probe through a device's bundle, or the native one for None; float64."""
        if device:
            arch, cpu = DEVICES[device]
            triplet, qemu = ARCHS[arch]
            command = [qemu, "-cpu", cpu, "-L", f"/usr/{triplet}", self.folder / f"host-{arch}", self.bundle(device)]
        else:
            command = [self.folder / "host-native", common.TOP / "od3.lv2"]
        sound = common.run(*command, gain, tone, oversampling, input=self.probe.tobytes(), text=False,
                           env={**os.environ, **variables})
        return np.frombuffer(sound, "<f4").astype(np.float64)

    def test_needs(self):
        """they need only libc and libm, and no symbol newer than the devices' glibc"""
        for device, (arch, _) in DEVICES.items():
            library = self.bundle(device) / "od3.so"
            said = common.run(f"{ARCHS[arch][0]}-objdump", "-p", "-T", library)
            needed = set(re.findall(r"NEEDED\s+(\S+)", said))
            self.assertLessEqual(needed, {"libc.so.6", "libm.so.6"})
            versions = {tuple(map(int, v.split("."))) for v in re.findall(r"GLIBC_([\d.]+)", said)}
            self.assertLessEqual(max(versions), NEWEST_GLIBC, device)

    def test_oversampling(self):
        """bundles for MOD start at 1x, those for the Raspberry Pi at 2x, and mod-plugin-builder's recipe follows"""
        recipe = (common.TOP / "packaging/mod/od3.mk").read_text(encoding="utf-8")
        self.assertIn(" configure --prefix=/usr --oversampling=1)", recipe)
        for device in DEVICES:
            for name in ("od3", "player", "stereo"):
                text = (self.bundle(device) / f"{name}.ttl").read_text(encoding="utf-8")
                port = text[text.index('"oversampling"'):]
                self.assertEqual(re.search(r"lv2:default (\d)", port)[1], "1" if device.startswith("mod") else "2",
                                 f"{device}: {name}.ttl")

    def test_kernels(self):
        """each library holds its processor's vector kernel, and plays it"""
        for device, (arch, _) in DEVICES.items():
            symbols = common.run(f"{ARCHS[arch][0]}-nm", self.bundle(device) / "od3.so")
            self.assertIn(" kernel_neon\n", symbols, device)
            plain, fastest = (self.play(device, 7, 4, 1, OD3_KERNEL=kernel) for kernel in ("plain", "neon"))
            self.assertFalse(np.array_equal(plain, fastest), device)
            self.assertTrue(np.array_equal(fastest, self.play(device, 7, 4, 1)), device)

    def test_golden(self):
        """they play the network's golden vectors, less the DC offset that the pedal removes"""
        for device in DEVICES:
            if (self.bundle(device) / "od3.gru").read_bytes() != (common.TOP / "weights/od3.gru").read_bytes():
                continue  # the golden vectors are of the default model
            for path in sorted((common.TOP / "test/data/golden").glob("[+-]*.wav")):
                gain, tone = (5 * float(knob) + 5 for knob in path.stem.split("_"))
                golden, _ = soundfile.read(path)
                error = (self.play(device, gain, tone, 1) - golden)[SETTLED:]
                self.assertLess(np.abs(error - np.median(error)).max(), 1e-5, f"{device} {path.stem}")

    def test_sound(self):
        """the default model plays at 2x as on this machine"""
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
