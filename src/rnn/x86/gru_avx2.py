#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the step of a GRU with 32 hidden units for AVX2: src/rnn/x86/gru_avx2.py HEADER

A step multiplies 32 x 96 weights (the matvec) and computes 12 vectors of activations (the chains). Steps overlap: the
matvec of the next step begins with the half of the new state that is ready, while the chains of the other half run.

  matvec                                               chains meanwhile
  sums of the first half, over the second half
  sums of the second half, over the second half        first half of the new state
  next step: sums of both halves, over the first half  second half of the new state

Compilers do not overlap steps so, and copy registers when they interleave the two; therefore this is assembly, and
scheduler.py orders it. When streams alternate, the next step belongs to another stream and runs the same code. The
first step enters at the loop's middle: the chains then compute a state and an output that nobody reads.
"""

from assembly import (BIAS, HEAD_PARTS, INPUT, MAX_EXPONENT, PASS, check_units, function, header_path, lines,
                      offset_asserts, write_header)
from scheduler import Processor, Scheduler

N_UNITS = 32
N_VECTORS = 4
FIRST, SECOND = (0, 1), (2, 3)  # halves of a state, in vectors
MIDDLE = N_UNITS // 2
GATES = "RZN"  # N is the hidden side of n, I its input side
IN, NEXT_IN = "(%rcx)", "(%rbx)"
STATE, NEXT = "%r10", "%r11"
SAVED = ("rbx", "r12", "r13")
VECTOR_BYTES = 32
ZEN_3 = Processor(VECTOR_BYTES, {"state": (STATE, 0), "next": (NEXT, 0)}, width=4, loads=3, stores=1, multipliers=2,
                  adders=2, divider_cycles=3, store_latency=5, matvec_slack=4,
                  adding=("add", "limit", "convert", "integer"), waits={},
                  latencies={"multiply": 4, "add": 3, "limit": 2, "convert": 3, "integer": 2, "divide": 10, "move": 0})
NAME = "gru_avx2_process_32"
THETA, OUT_WEIGHT, OUT_BIAS = 40, 48, 56  # offsets in a Cell, in bytes

# 2^x = (q + x) / (q - x), where x is the difference of t and the nearest integer. q = q0 + q2 * x^2 equals C and D of
# vector_exp2.h to 4.4e-7. Errors of n are the most audible; n uses q = p0 + p2 * x^2 + p4 * x^4, exact to 2e-9:
#   echo 'fpminimax(x/tanh(x*log(2)/2), [|0,2,4|], [|SG...|], [-0.5; 0.5], relative);' | sollya
CONSTANTS = {"most": MAX_EXPONENT, "least": -MAX_EXPONENT, "q0": 2.88540812, "q2": 1.15236061e-1,
             "p0": 2.88539004325866699219, "p2": 1.15524858236312866211e-1, "p4": -9.23349347431212663651e-4}
CONTRACT = """\
Runs a GRU of 32 hidden units as CellProcess says (rnn/cell.h), for processors with AVX2 and FMA.
In: rdi Cell, esi n_streams, rdx states, rcx input, r8 output, r9d n_frames; theta in one block of
32 columns, aligned to 32 bytes. All ymm registers and the caller-saved ones change; rbx, rbp,
r12, r13 are restored.
Floating-point exceptions must be masked: the first chains compute with uninitialised scratch
memory.
In the loop: rdi the Cell, rax theta, r12 output weights, rcx and rbx this and the next input
sample, r8 and r13 this and the next output sample, r9d frames left, r10 and r11 states of this
and the next frame, rdx and rsi the first and the end of all states."""
DECLARATIONS = f"""\
{offset_asserts("Cell", {"theta": THETA, "out_weight": OUT_WEIGHT, "out_bias": OUT_BIAS}, NAME)}

__attribute__((visibility("hidden"))) CellProcess {NAME};
"""


def part(index, vector):
    """Returns the address of a vector of the head of theta."""
    return f"{VECTOR_BYTES * (N_VECTORS * index + vector)}(%rax)"


def weight(gate, row, vector):
    return part(HEAD_PARTS + N_UNITS * PASS[gate] + row, vector)


def factor(state, row):
    """Broadcasts the state of unit `row` to all elements of Factor."""
    vector, offset = divmod(4 * row, VECTOR_BYTES)
    four = [f"vbroadcastf128 {state}[{vector}]+{offset}, Four"] if row % 4 == 0 else []
    return [*four, f"vpermilps ${0x55 * (row % 4)}, Four, Factor"]


def biased(half, source, mark=""):
    """Starts sums with bias + input weight * input sample."""
    sums = [(gate, vector) for vector in half for gate in GATES]
    return [f"vbroadcastss {source}, Factor",
            *(f"vmovaps {part(BIAS[gate], k)}, {gate}{k}{mark}" for gate, k in sums),
            *(f"vfmadd231ps {part(INPUT[gate], k)}, Factor, {gate}{k}{mark}" for gate, k in sums if gate in INPUT)]


def added(half, gates, rows, state, mark=""):
    """Adds rows of the matrix times their units' states to sums."""
    lines = []
    for row in rows:
        lines += factor(state, row)
        lines += [f"vfmadd231ps {weight(gate, row, k)}, Factor, {gate}{k}{mark}" for gate in gates for k in half]
    return lines


def added_partial(half, gates, n_partial):
    """Adds the second half of the state to sums, each in n_partial independent partial sums."""
    lines = []
    for row in range(MIDDLE, N_UNITS):
        partial = row % n_partial
        mark = f"_{partial}" if partial else ""
        begins = partial and row - MIDDLE < n_partial
        lines += factor("state", row)
        lines += [f"{'vmulps' if begins else 'vfmadd231ps'} {weight(gate, row, k)}, Factor, {gate}{k}{mark}"
                  for gate in gates for k in half]
    while n_partial > 1:
        n_partial //= 2
        for partial in range(n_partial):
            lines += [f"vaddps {gate}{k}_{partial + n_partial}, {gate}{k}{f'_{partial}' if partial else ''}, "
                      f"{gate}{k}{f'_{partial}' if partial else ''}" for gate in gates for k in half]
    return lines


def stored(half, gates, name=""):
    return [f"vmovaps {gate}{k}, [{gate}{k}{name}]" for gate in gates for k in half]


def next_over_first_half():
    """Starts the next frame's sums; stores those of the second half, keeps those of the first (marked ')."""
    rows = range(MIDDLE)
    return [*biased(SECOND, NEXT_IN), *added(SECOND, GATES, rows, "next"), *stored(SECOND, GATES, " so far"),
            *biased(FIRST, NEXT_IN, "'"), *added(FIRST, GATES, rows, "next", "'")]


def over_second_half():
    """Finishes a frame's sums. R of the first half comes first, because the longest chain waits for it."""
    return [*added_partial(FIRST, "R", 4), *added_partial(FIRST, "ZN", 2), *stored(FIRST, "NZ"),
            *(f"vmovaps [{gate}{k} so far], {gate}{k}" for k in SECOND for gate in GATES),
            *added(SECOND, GATES, range(MIDDLE, N_UNITS), "state"), *stored(SECOND, GATES)]


Q = ["vmulps denominator, denominator, q", "vfmadd132ps @q2, @q0, q"]
FINE_Q = ["vmulps denominator, denominator, square", "vmovaps @p4, q", "vfmadd213ps @p2, square, q",
          "vfmadd213ps @p0, square, q"]


def power(t, name, q):
    """Computes numerator and denominator of 2^t; NaN gives 2^MAX_EXPONENT."""
    return [f"vminps @most, {t}, denominator", "vmaxps @least, denominator, denominator",
            "vroundps $8, denominator, q", "vcvtps2dq denominator, numerator", "vpslld $23, numerator, numerator",
            f"vmovaps numerator, [exponent of {name}]",
            "vsubps q, denominator, denominator", *q, "vaddps q, denominator, numerator",
            "vsubps denominator, q, denominator",
            f"vpaddd [exponent of {name}], numerator, numerator"]


def update(k):
    """Computes the numerator and the sum of z, vector k."""
    return [f"vmovaps [Z{k}], z", *power("z", f"z{k}", Q), f"vmovaps numerator, [numerator {k}]",
            "vaddps numerator, denominator, denominator", f"vmovaps denominator, [sum {k}]"]


def renewed(k):
    """Computes vector k of the new state and its share of the output; the last vector stores the output."""
    begin = [] if k in FIRST else [f"vmovaps [R{k}], r"]
    lines = [*begin, *power(f"R{k}" if k in FIRST else "r", f"r{k}", Q),
             "vaddps numerator, denominator, numerator", "vdivps numerator, denominator, r",
             f"vbroadcastss {IN}, in", f"vmovaps {part(BIAS['I'], k)}, n",
             f"vfmadd231ps {part(INPUT['I'], k)}, in, n", f"vfmadd231ps [N{k}], r, n", *power("n", f"n{k}", FINE_Q),
             # h + numerator_z * (denominator_n - numerator_n - h * sum_n) / (sum_z * sum_n)
             "vsubps numerator, denominator, difference", "vaddps numerator, denominator, sum",
             f"vmovaps state[{k}], h", "vfnmadd231ps h, sum, difference", f"vmulps [sum {k}], sum, sum",
             f"vmulps [numerator {k}], difference, difference",
             "vdivps sum, difference, difference", "vaddps h, difference, h", f"vmovaps h, state[{k}]",
             f"vmulps {VECTOR_BYTES * k}(%r12), h, out"]
    if k > 0:
        lines += [f"vaddps [out {k - 1}], out, out"]
    if k < N_VECTORS - 1:
        return [*lines, f"vmovaps out, [out {k}]"]
    return [*lines, "vextractf128 $1, out, more:x", "vaddps more:x, out:x, out:x", "vmovhlps out:x, out:x, more:x",
            "vaddps more:x, out:x, out:x", "vmovshdup out:x, more:x", "vaddss more:x, out:x, out:x",
            f"vaddss {OUT_BIAS}(%rdi), out:x, out:x", "vmovss out:x, (%r8)"]


def scheduled_loop():
    """Returns the loop over frames: lines before and from the next frame's first sum, constants, stack places."""
    loop = Scheduler(ZEN_3, ("q0",))
    sums = [f"{gate}{k}" for k in FIRST for gate in GATES]
    begin = {name: loop.hold(name) for name in sums}
    chains = [*map(renewed, FIRST), *map(update, FIRST), *map(renewed, SECOND), *map(update, SECOND)]
    loop.schedule(over_second_half() + next_over_first_half(), chains, [f"{name}'" for name in sums])
    loop.move_back((loop.registers[f"{name}'"], begin[name]) for name in sums)
    middle = next(i for i, line in enumerate(loop.lines) if NEXT_IN in line)
    return loop.lines[:middle], loop.lines[middle:], loop.constants, loop.places


def assembly():
    """Returns the function's text."""
    check_units("gru_avx2", N_UNITS)
    assert 4 * N_UNITS == N_VECTORS * VECTOR_BYTES and [*FIRST, *SECOND] == list(range(N_VECTORS))
    assert VECTOR_BYTES * len(FIRST) == 4 * MIDDLE and len(FIRST) == len(SECOND)
    assert sorted(PASS.values()) == list(range(len(GATES)))
    first, second, constants, places = scheduled_loop()
    return function(NAME, VECTOR_BYTES, CONSTANTS, len(places) + N_VECTORS, SAVED, f"""
    // Return when there is no frame.
    test %r9d, %r9d
    je 2f
    mov {THETA}(%rdi), %rax
    mov {OUT_WEIGHT}(%rdi), %r12
    shl ${(4 * N_UNITS).bit_length() - 1}, %esi
    add %rdx, %rsi
    // Load constants that stay in registers, and enter the loop at its middle.
{lines(f"vmovaps .L{name}(%rip), %ymm{register}" for name, register in constants.items())}
    lea {VECTOR_BYTES * len(places)}(%rsp), {STATE}
    mov %rdx, {NEXT}
    mov %rcx, %rbx
    mov %r8, %r13
    mov {STATE}, %r8
    inc %r9d
    jmp 3f
    .balign 64
    // For each frame: find the next state and the next input sample.
1:
    lea {4 * N_UNITS}({STATE}), {NEXT}
    cmp %rsi, {NEXT}
    cmove %rdx, {NEXT}
    lea 4(%rcx), %rbx
    cmp $1, %r9d
    cmove %rcx, %rbx
    // Matvec: finishes this frame's sums, over the second half; activations and new states of the first half.
{lines(first)}
    // Matvec: begins the next frame's sums, over the first half; activations and new states of the second half.
3:
{lines(second)}
    // Go to the next frame.
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
    write_header(header_path("gru_avx2", N_UNITS), "gru_avx2", CONTRACT, DECLARATIONS, assembly())
