#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a GRU of 32 units for AVX2, as a C header with the function in assembly: src/gru_avx2.py HEADER

What a step costs is a product of 32 x 96 weights, which keeps the multipliers busy, and 12 vectors of exponentials,
which wait for themselves. Each half of the new state needs all of the old one, so that there seems to be nothing to do
while the last exponentials are computed. But when the first half of a state is there, the next step can begin with it:

  the stream                                         chains meanwhile
  sums of the first half, over the second half
  sums of the second half, over the second half      first half of the new state
  next step: sums of both halves, over the first     second half of the new state

Compilers neither overlap steps so nor mix the two without copying registers to and fro: so this is assembly, and
weaver.py orders it. A step of another lane than the one before waits for less, and is the same code. A first step
begins in the loop's middle, where the chains renew a state and an output that nobody reads: code of its own would cost
more than that, since processors keep little code decoded.
"""

import sys

from assembly import function, lines, write_header
from weaver import Processor, Weaver

N_UNITS = 32
N_VECTORS = 4
FIRST, SECOND = (0, 1), (2, 3)  # halves of a state, in vectors
MIDDLE = N_UNITS // 2
GATES = "RZN"  # N is the hidden side of n, I its input side
BIASES = {"R": 0, "Z": 1, "I": 2, "N": 3}
INPUTS = {"R": 4, "Z": 5, "I": 6}
PASSES = {"R": 0, "N": 1, "Z": 2}
# Registers: rax theta, r12 output weights, rdi the Gru, rcx and rbx this and the next sample in, r8 and r13 out,
# r9 frames left, r10 and r11 states of this and the next frame (weaver.py), rdx and rsi where all states begin and end.
IN, NEXT_IN = "(%rcx)", "(%rbx)"
STATE, NEXT = "%r10", "%r11"
SAVED = ("rbx", "r12", "r13")
VECTOR_BYTES = 32
ZEN_3 = Processor(VECTOR_BYTES, {"state": (STATE, 0), "next": (NEXT, 0)}, width=4, loads=3, stores=1, multipliers=2,
                  adders=2, divider_cycles=3, store_latency=5, stream_slack=4,
                  adding=("add", "limit", "convert", "integer"), waits={},
                  latencies={"multiply": 4, "add": 3, "limit": 2, "convert": 3, "integer": 2, "divide": 10, "move": 0})
NAME = "gru_avx2_process_32"
THETA, OUT_WEIGHT, OUT_BIAS = 32, 40, 48  # where they are in a Gru

# 2^t = (q + x) / (q - x), where x is t short of an integer. q = q0 + q2 * x^2 makes the same, to 4.4e-7, as C and D of
# vector_exp2.h. Errors of n are heard most, so that has q = p0 + p2 * x^2 + p4 * x^4, to 2e-9 but for rounding:
#   echo 'fpminimax(x/tanh(x*log(2)/2), [|0,2,4|], [|SG...|], [-0.5; 0.5], relative);' | sollya
CONSTANTS = {"most": 30.0, "least": -30.0, "q0": 2.88540812, "q2": 1.15236061e-1,
             "p0": 2.88539004325866699219, "p2": 1.15524858236312866211e-1, "p4": -9.23349347431212663651e-4}
DECLARATIONS = f"""\
_Static_assert(offsetof(Gru, theta) == {THETA} && offsetof(Gru, out_weight) == {OUT_WEIGHT}
                   && offsetof(Gru, out_bias) == {OUT_BIAS},
               "{NAME} finds them there");

__attribute__((visibility("hidden"))) GruProcess {NAME};
"""


def part(index, vector):
    """A vector of theta before the matrix."""
    return f"{VECTOR_BYTES * (N_VECTORS * index + vector)}(%rax)"


def weight(gate, row, vector):
    return part(len(BIASES) + len(INPUTS) + N_UNITS * PASSES[gate] + row, vector)


def factor(state, row):
    """The state of a unit, in all places of Factor."""
    vector, offset = divmod(4 * row, VECTOR_BYTES)
    four = [f"vbroadcastf128 {state}[{vector}]+{offset}, Four"] if row % 4 == 0 else []
    return [*four, f"vpermilps ${0x55 * (row % 4)}, Four, Factor"]


def biased(half, source, mark=""):
    """What sums begin with."""
    sums = [(gate, vector) for vector in half for gate in GATES]
    return [f"vbroadcastss {source}, Factor",
            *(f"vmovaps {part(BIASES[gate], k)}, {gate}{k}{mark}" for gate, k in sums),
            *(f"vfmadd231ps {part(INPUTS[gate], k)}, Factor, {gate}{k}{mark}" for gate, k in sums if gate in INPUTS)]


def added(half, gates, rows, state, mark=""):
    """Sums += rows of the matrix times their units' states."""
    lines = []
    for row in rows:
        lines += factor(state, row)
        lines += [f"vfmadd231ps {weight(gate, row, k)}, Factor, {gate}{k}{mark}" for gate in gates for k in half]
    return lines


def added_apart(half, gates, n_apart):
    """As added, over the second half of the state, in n_apart sums each that don't wait for one another."""
    lines = []
    for row in range(MIDDLE, N_UNITS):
        apart = row % n_apart
        mark = f"_{apart}" if apart else ""
        begins = apart and row - MIDDLE < n_apart
        lines += factor("state", row)
        lines += [f"{'vmulps' if begins else 'vfmadd231ps'} {weight(gate, row, k)}, Factor, {gate}{k}{mark}"
                  for gate in gates for k in half]
    while n_apart > 1:
        n_apart //= 2
        for apart in range(n_apart):
            lines += [f"vaddps {gate}{k}_{apart + n_apart}, {gate}{k}{f'_{apart}' if apart else ''}, "
                      f"{gate}{k}{f'_{apart}' if apart else ''}" for gate in gates for k in half]
    return lines


def stored(half, gates, name=""):
    return [f"vmovaps {gate}{k}, [{gate}{k}{name}]" for gate in gates for k in half]


def next_over_first_half():
    """Those of the next frame: the second half's are stored; the first's, marked, stay in registers."""
    rows = range(MIDDLE)
    return [*biased(SECOND, NEXT_IN), *added(SECOND, GATES, rows, "next"), *stored(SECOND, GATES, " so far"),
            *biased(FIRST, NEXT_IN, "'"), *added(FIRST, GATES, rows, "next", "'")]


def over_second_half():
    """The rest of them. The first's R come soonest, since most waits for them."""
    return [*added_apart(FIRST, "R", 4), *added_apart(FIRST, "ZN", 2), *stored(FIRST, "NZ"),
            *(f"vmovaps [{gate}{k} so far], {gate}{k}" for k in SECOND for gate in GATES),
            *added(SECOND, GATES, range(MIDDLE, N_UNITS), "state"), *stored(SECOND, GATES)]


Q = ["vmulps below, below, q", "vfmadd132ps @q2, @q0, q"]
FINE_Q = ["vmulps below, below, square", "vmovaps @p4, q", "vfmadd213ps @p2, square, q", "vfmadd213ps @p0, square, q"]


def power(t, name, q):
    """2^t = above / below; NaN is the most."""
    return [f"vminps @most, {t}, below", "vmaxps @least, below, below",
            "vroundps $8, below, q", "vcvtps2dq below, above", "vpslld $23, above, above",
            f"vmovaps above, [exponent of {name}]",
            "vsubps q, below, below", *q, "vaddps q, below, above", "vsubps below, q, below",
            f"vpaddd [exponent of {name}], above, above"]


def update(k):
    """What z is made of, of vector k."""
    return [f"vmovaps [Z{k}], z", *power("z", f"z{k}", Q), f"vmovaps above, [above {k}]",
            "vaddps above, below, below", f"vmovaps below, [whole {k}]"]


def renewed(k):
    """Vector k of the new state, and of the output; the last adds up to the latter."""
    begin = [] if k in FIRST else [f"vmovaps [R{k}], r"]
    lines = [*begin, *power(f"R{k}" if k in FIRST else "r", f"r{k}", Q),
             "vaddps above, below, above", "vdivps above, below, r",
             f"vbroadcastss {IN}, in", f"vmovaps {part(BIASES['I'], k)}, n",
             f"vfmadd231ps {part(INPUTS['I'], k)}, in, n", f"vfmadd231ps [N{k}], r, n", *power("n", f"n{k}", FINE_Q),
             # h + above_z * (below_n - above_n - h * whole_n) / (whole_z * whole_n)
             "vsubps above, below, away", "vaddps above, below, whole", f"vmovaps state[{k}], h",
             "vfnmadd231ps h, whole, away", f"vmulps [whole {k}], whole, whole", f"vmulps [above {k}], away, away",
             "vdivps whole, away, away", "vaddps h, away, h", f"vmovaps h, state[{k}]",
             f"vmulps {VECTOR_BYTES * k}(%r12), h, out"]
    if k > 0:
        lines += [f"vaddps [out {k - 1}], out, out"]
    if k < N_VECTORS - 1:
        return [*lines, f"vmovaps out, [out {k}]"]
    return [*lines, "vextractf128 $1, out, more:x", "vaddps more:x, out:x, out:x", "vmovhlps out:x, out:x, more:x",
            "vaddps more:x, out:x, out:x", "vmovshdup out:x, more:x", "vaddss more:x, out:x, out:x",
            f"vaddss {OUT_BIAS}(%rdi), out:x, out:x", "vmovss out:x, (%r8)"]


def woven():
    """The loop over frames, in two parts of lines: the second begins with the sums of the next frame. Constants in
    registers, and places on the stack."""
    loop = Weaver(ZEN_3, ("q0",))
    sums = [f"{gate}{k}" for k in FIRST for gate in GATES]
    begin = {name: loop.hold(name) for name in sums}
    chains = [*map(renewed, FIRST), *map(update, FIRST), *map(renewed, SECOND), *map(update, SECOND)]
    loop.weave(over_second_half() + next_over_first_half(), chains, [f"{name}'" for name in sums])
    loop.move_back((loop.registers[f"{name}'"], begin[name]) for name in sums)
    middle = next(i for i, line in enumerate(loop.lines) if NEXT_IN in line)
    return loop.lines[:middle], loop.lines[middle:], loop.constants, loop.places


def assembly():
    first, second, constants, places = woven()
    return function(NAME, VECTOR_BYTES, CONSTANTS, len(places) + N_VECTORS, SAVED, f"""
    test %r9d, %r9d
    je 2f
    mov {THETA}(%rdi), %rax
    mov {OUT_WEIGHT}(%rdi), %r12
    shl ${(4 * N_UNITS).bit_length() - 1}, %esi
    add %rdx, %rsi
{lines(f"vmovaps .L{name}(%rip), %ymm{register}" for name, register in constants.items())}
    lea {VECTOR_BYTES * len(places)}(%rsp), {STATE}
    mov %rdx, {NEXT}
    mov %rcx, %rbx
    mov %r8, %r13
    mov {STATE}, %r8
    inc %r9d
    jmp 3f
    .balign 64
1:
    lea {4 * N_UNITS}({STATE}), {NEXT}
    cmp %rsi, {NEXT}
    cmove %rdx, {NEXT}
    lea 4(%rcx), %rbx
    cmp $1, %r9d
    cmove %rcx, %rbx
{lines(first)}
3:
{lines(second)}
    mov {NEXT}, {STATE}
    mov %rbx, %rcx
    mov %r13, %r8
    add $4, %r13
    dec %r9d
    jne 1b
    vzeroupper
2:
""")


if __name__ == "__main__":
    write_header(sys.argv[1], "gru_avx2", DECLARATIONS, assembly())
