# SPDX-License-Identifier: MIT
"""Prepared training pairs on disk: prepare.py writes them, and train.py reads them.

A data folder has the parts `train` and `valid`, and `test` if it comes from recordings. Each part has
x.npy and y.npy [segments][WARM_UP + length] and knobs.npy [segments][n_knobs], each knob from -1 to
+1; all float32. The first WARM_UP samples of a segment only bring the network to its state.
"""

import os
import shutil
from pathlib import Path

import numpy as np
import torch

from pyneuralfx import ModelError

WARM_UP = 1024
SHORTEST = 4096
NAMES = ("x", "y", "knobs")


def segment_length(buffer_size):
    """The samples of a segment after its warm-up: a multiple of buffer_size, at least SHORTEST."""
    return -(-SHORTEST // buffer_size) * buffer_size


class Writer:
    """Writes the parts of a data folder; after any failure, the folder does not exist."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.temporary = self.folder.with_name(self.folder.name + ".new")

    def __enter__(self):
        if self.folder.exists():
            raise FileExistsError(f"{self.folder} exists already; choose a new folder")
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir(parents=True)
        return self

    def part(self, name, n_segments, length, n_knobs):
        """Memory-mapped x, y and knobs of one part, to fill; OSError when the disk is too small."""
        folder = self.temporary / name
        folder.mkdir()
        arrays = []
        for array, n in zip(NAMES, (WARM_UP + length, WARM_UP + length, n_knobs)):
            path = folder / f"{array}.npy"
            arrays.append(np.lib.format.open_memmap(path, "w+", np.float32, (n_segments, n)))
            with open(path, "r+b") as file:  # a full disk is an error now, not a signal later
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        return arrays

    def __exit__(self, kind, *_):
        if kind is None:
            self.temporary.rename(self.folder)
        else:
            shutil.rmtree(self.temporary, ignore_errors=True)


class Pairs:
    """One part of a data folder."""

    def __init__(self, folder):
        try:
            self.arrays = tuple(np.load(folder / f"{name}.npy", mmap_mode="r") for name in NAMES)
        except ValueError as error:
            raise ModelError(f"{folder} is not a part of a data folder: {error}") from error
        x, y, knobs = self.arrays
        if x.shape != y.shape or len(x) != len(knobs) or x.shape[1] <= WARM_UP:
            raise ModelError(f"{folder} is not a part of a data folder: x is {x.shape}, y {y.shape}, knobs "
                             f"{knobs.shape}")

    def __len__(self):
        return len(self.arrays[0])

    @property
    def length(self):
        """The samples of a segment after its warm-up."""
        return self.arrays[0].shape[1] - WARM_UP

    @property
    def n_knobs(self):
        return self.arrays[2].shape[1]

    def rows(self, rows):
        """Copies of x, y and knobs of some segments, as tensors."""
        return tuple(torch.from_numpy(np.array(array[rows])) for array in self.arrays)


class Batches:
    """Pairs in batches. The order is new in each epoch, and the same for the same seed."""

    def __init__(self, pairs, batch_size, seed):
        self.pairs, self.seed = pairs, seed
        self.batch_size = min(batch_size, len(pairs))
        self.per_epoch = len(pairs) // self.batch_size
        self.epoch = self.order = None

    def __getitem__(self, index):
        epoch, position = divmod(index, self.per_epoch)
        if epoch != self.epoch:
            self.order = np.random.default_rng((self.seed, epoch)).permutation(len(self.pairs))
            self.epoch = epoch
        return self.pairs.rows(np.sort(self.order[position * self.batch_size:(position + 1) * self.batch_size]))
