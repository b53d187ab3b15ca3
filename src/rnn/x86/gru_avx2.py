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

from assembly import (BIAS, HEAD_PARTS, INPUT, MAX_EXPONENT, N_ROTATIONS, PASS, check_units, function, header_path,
                      lines, offset_asserts, write_header)
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
ZEN_3 = Processor(VECTOR_BYTES, {"state": (STATE, 0), "new": (STATE, 0), "next": (NEXT, 0)}, width=3, loads=3, stores=1,
                  multipliers=2, adders=2, divider_cycles=6, store_latency=5, matvec_slack=4,
                  adding=("add", "limit", "convert", "integer"), waits={"add": 2},
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
32 columns with rotation 4, aligned to 32 bytes. All ymm registers and the caller-saved ones change; rbx, rbp,
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
    """Sets Factor to four states, rotated for this row; the rows of the matrix are rotated in the same way."""
    if row % N_ROTATIONS:
        return ["vpermilps $0x39, Factor, Factor"]
    vector, offset = divmod(4 * row, VECTOR_BYTES)
    return [f"vbroadcastf128 {state}[{vector}]+{offset}, Factor"]


def sums_of(gates, half):
    return [f"{gate}{k}" for gate in gates for k in half]


def partial(name, index, mark=""):
    """Returns the name of one of the partial sums of a sum; the first is called as the sum."""
    return f"{name}_{index}{mark}" if index else name + mark


def biased(sums, source, mark=""):
    """Starts sums with bias + input weight * input sample."""
    fed = [name for name in sums if name[0] in INPUT]
    return [*([f"vbroadcastss {source}, Factor"] if fed else []),
            *(f"vmovaps {part(BIAS[name[0]], int(name[1]))}, {name}{mark}" for name in sums),
            *(f"vfmadd231ps {part(INPUT[name[0]], int(name[1]))}, Factor, {name}{mark}" for name in fed)]


def added(sums, rows, state, n_partial=1, n_begun=1, mark=""):
    """Adds rows of the matrix times their units' states to n_partial partial sums, of which n_begun exist."""
    lines = []
    for i, row in enumerate(rows):
        operation = "vmulps" if n_begun <= i < n_partial else "vfmadd231ps"
        lines += factor(state, row)
        lines += [f"{operation} {weight(name[0], row, int(name[1]))}, Factor, {partial(name, i % n_partial, mark)}"
                  for name in sums]
    return lines


def merged(sums, n_partial):
    """Adds up partial sums."""
    lines = []
    while n_partial > 1:
        n_partial //= 2
        for index in range(n_partial):
            lines += [f"vaddps {partial(name, index + n_partial)}, {partial(name, index)}, {partial(name, index)}"
                      for name in sums]
    return lines


def next_over_first_half():
    """Starts the next frame's sums over its first half; stores those of the second half, keeps those of the first."""
    rows = range(MIDDLE)
    late, early = sums_of(GATES, SECOND), sums_of(GATES, FIRST)
    return [*biased(late, NEXT_IN, "'"), *added(late, rows, "next", mark="'"),
            *(f"vmovaps {name}', [{name} so far]" for name in late),
            *biased(early, NEXT_IN, "''"), *added(early, rows, "next", mark="''")]


def over_second_half():
    """Finishes a frame's sums. R of the first half comes first, because the longest chain waits for it."""
    rows = range(MIDDLE, N_UNITS)
    first, rest, late = sums_of("R", FIRST), sums_of("ZN", FIRST), sums_of(GATES, SECOND)
    return [*added(first, rows, "state", 4), *merged(first, 4),
            *added(rest, rows, "state", 2), *merged(rest, 2), *(f"vmovaps {name}, [{name}]" for name in rest),
            *(f"vmovaps [{name} so far], {name}" for name in late), *added(late, rows, "state"),
            *(f"vmovaps {name}, [{name}]" for name in late if name[0] != "R")]


Q = ["vmulps x, x, q", "vfmadd132ps @q2, @q0, q"]
FINE_Q = ["vmulps x, x, square", "vmovaps @p4, q", "vfmadd213ps @p2, square, q", "vfmadd213ps @p0, square, q"]


def power(t, q, place=None):
    """Computes numerator and denominator of 2^t; NaN gives 2^MAX_EXPONENT.

    The exponent waits in `place` on the stack, or in a register without one.
    """
    store = [f"vmovaps exponent, {place}"] if place else []
    return [f"vminps @most, {t}, x", "vmaxps @least, x, x", "vroundps $8, x, q", "vcvtps2dq x, exponent",
            "vpslld $23, exponent, exponent", *store, "vsubps q, x, x", *q, "vaddps q, x, numerator",
            "vsubps x, q, denominator", f"vpaddd {place or 'exponent'}, numerator, numerator"]


def update(k):
    """Computes vector k of z."""
    return [f"vmovaps [Z{k}], x", *power("x", Q, f"[exponent of z{k}]"),
            "vaddps numerator, denominator, denominator", "vdivps denominator, numerator, numerator",
            f"vmovaps numerator, [z{k}]"]


def renewed(k):
    """Computes vector k of the new state; those of the second half add up the output, and the last one stores it."""
    lines = [*power(f"R{k}", Q), "vaddps numerator, denominator, numerator", "vdivps numerator, denominator, r",
             f"vbroadcastss {IN}, in", f"vmovaps {part(BIAS['I'], k)}, n",
             f"vfmadd231ps {part(INPUT['I'], k)}, in, n", f"vfmadd231ps [N{k}], r, n", *power("n", FINE_Q),
             # h + z * (denominator_n - numerator_n - h * sum_n) / sum_n
             "vsubps numerator, denominator, difference", "vaddps numerator, denominator, sum",
             f"vmovaps state[{k}], h", "vfnmadd231ps h, sum, difference", "vdivps sum, difference, difference",
             f"vfmadd231ps [z{k}], difference, h", f"vmovaps h, state[{k}]"]
    if k in FIRST:
        return lines
    other = k - len(FIRST)
    lines += [f"vmulps {VECTOR_BYTES * k}(%r12), h, out", f"vmovaps new[{other}], h",
              f"vfmadd231ps {VECTOR_BYTES * other}(%r12), h, out"]
    if k < N_VECTORS - 1:
        return [*lines, "vmovaps out, [out]"]
    return [*lines, "vaddps [out], out, out", "vextractf128 $1, out, more:x", "vaddps more:x, out:x, out:x",
            "vmovhlps out:x, out:x, more:x", "vaddps more:x, out:x, out:x", "vmovshdup out:x, more:x",
            "vaddss more:x, out:x, out:x", f"vaddss {OUT_BIAS}(%rdi), out:x, out:x", "vmovss out:x, (%r8)"]


def scheduled_loop():
    """Returns the loop over frames: lines before and from the next frame's first sum, constants, stack places."""
    loop = Scheduler(ZEN_3, ("q0",))
    sums = sums_of(GATES, FIRST)
    begin = {name: loop.hold(name) for name in sums}
    chains = [*map(renewed, FIRST), *map(update, FIRST), *map(renewed, SECOND), *map(update, SECOND)]
    loop.schedule(over_second_half() + next_over_first_half(), chains, [f"{name}''" for name in sums])
    loop.move_back((loop.registers[f"{name}''"], begin[name]) for name in sums)
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
