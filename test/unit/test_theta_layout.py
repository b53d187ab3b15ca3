#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The layout of theta is the same in C and in Python."""

import itertools
import os
import shlex
import unittest

import common
import theta_layout

PROGRAM = """
#include "rnn/theta_layout.h"
#include <stdio.h>
int main(void)
{
  %s
  return 0;
}
"""
HIDDEN_SIZES = (1, 4, 32, 80)
CELLS = {theta_layout.GRU: "GRU", theta_layout.LSTM: "LSTM"}


def c_values(folder, expressions):
    """The values of C expressions after theta_layout.h is included."""
    prints = "\n  ".join(f'printf("%zu\\n", (size_t)({expression}));' for expression in expressions)
    source, program = folder / "layout.c", folder / "layout"
    source.write_text(PROGRAM % prints)
    common.run(*shlex.split(os.environ.get("CC", "gcc")), "-Wall", "-Wextra", "-Werror", "-I", common.TOP / "src",
               source, "-o", program)
    return [int(line) for line in common.run(program).split()]


class ThetaLayout(unittest.TestCase):
    def test_equals_c(self):
        """each part's number, the number of parts, and the size of theta"""
        folder = common.scratch_folder(self.addCleanup)
        names = ("BIAS_R", "BIAS_Z", "BIAS_N_INPUT", "BIAS_N_HIDDEN", "INPUT_R", "INPUT_Z", "INPUT_N")
        lstm_names = [f"LSTM_{kind}_{gate}" for kind in ("BIAS", "INPUT") for gate in "IFGO"] + ["LSTM_N_GATES"]
        expressions = [f"THETA_{name}" for name in names] + ["THETA_N_PARTS", *lstm_names]
        expected = [getattr(theta_layout, name) for name in names] + [theta_layout.HEAD_PARTS]
        expected += [getattr(theta_layout, name) for name in lstm_names]
        for cell in CELLS:
            kind = f"(CellKind){cell}"
            expressions += [f"{cell} == CELL_{CELLS[cell]}", f"theta_n_gates({kind})"]
            expected += [1, theta_layout.n_gates(cell)]
            expressions += [f"theta_{name}({kind}) * 9" for name in ("n_parts", "n_biases")]
            expected += [theta_layout.head_size(9, cell), theta_layout.biases(9, cell).stop]
            expressions += [f"theta_size({kind}, {size})" for size in HIDDEN_SIZES]
            expected += [theta_layout.size(size, cell) for size in HIDDEN_SIZES]
        self.assertEqual(dict(zip(expressions, c_values(folder, expressions))), dict(zip(expressions, expected)))

    def test_slices_cover_theta(self):
        """biases, input weights and matrix follow each other without a gap"""
        for cell, size in itertools.product(CELLS, HIDDEN_SIZES):
            slices = [part(size, cell) for part in (theta_layout.biases, theta_layout.input_weights,
                                                    theta_layout.hidden_matrix)]
            self.assertEqual(slices[0].start, 0)
            self.assertEqual([part.stop for part in slices[:-1]], [part.start for part in slices[1:]])
            self.assertEqual(slices[-1].stop, theta_layout.size(size, cell))
        for size in HIDDEN_SIZES:
            last = theta_layout.matrix_index(size - 1, theta_layout.COLUMNS_N, size - 1, size)
            self.assertEqual(last, theta_layout.size(size) - 1)


if __name__ == "__main__":
    common.main()
