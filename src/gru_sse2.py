#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes steps of a GRU of 32 units for SSE2, as a C header with the function in assembly: src/gru_sse2.py HEADER

As gru_avx2.py does, it mixes products, a stream, with what waits for itself, chains. SSE2 takes 3 instructions for each
product, and 24 vectors of them all unrolled are more code than processors keep decoded: so this is a loop over groups
of 2 vectors of units, whose code is always the same,

  the stream                              chains meanwhile
  sums of R, Z, N of this group           new states of the group before

For the first group, that before is the last one of the frame before: its units are those that the stream reads last.
Each state that is read lies in memory in all places of a vector, its factor; they are in a ring of one more block than
there are lanes, so that a frame's new ones don't overwrite what it reads.
"""

import sys

from assembly import function, lines, write_header
from weaver import N_REGISTERS, Processor, Weaver

N_UNITS = 32
N_VECTORS = 8
PER_GROUP = 2  # vectors
N_GROUPS = N_VECTORS // PER_GROUP
GATES = "RNZ"  # N is the hidden side of n, I its input side
BIASES = {"R": 0, "Z": 1, "I": 2, "N": 3}
INPUTS = {"R": 4, "Z": 5, "I": 6}
PASSES = {"R": 0, "N": 1, "Z": 2}
VECTOR_BYTES = 16
GROUP_BYTES = PER_GROUP * VECTOR_BYTES           # of biases, of states, ...
FACTOR_BYTES = 4 * GROUP_BYTES                   # ... of factors, ...
MATRIX_BYTES = len(PASSES) * N_UNITS * GROUP_BYTES  # ... and of the matrix
# Registers: rdi GruSse2Steps, rax the group's matrix (its middle, for shorter instructions), rbx biases, r10 factors
# that are read, r15 those of this frame's new states, rcx the sample in, rsi states of this lane, edx groups left, r9d
# frames left; of the group before, r12 biases, r13 states, r14 output weights, r11 new factors, r8 sum of the output.
SAVED = ("rbx", "r12", "r13", "r14", "r15")
FACTORS, NEW_FACTORS, MIDDLE = "%r10", "%r11", MATRIX_BYTES // 2
ZEN_3 = Processor(VECTOR_BYTES, {"state": (NEW_FACTORS, 0), "next": (FACTORS, (N_GROUPS - 1) * FACTOR_BYTES)},
                  width=6, loads=3, stores=1, multipliers=3, adders=2, divider_cycles=4, store_latency=20,
                  stream_slack=4, latencies={"multiply": 4, "add": 3, "bits": 2, "divide": 9, "move": 0})
IN_BEFORE = "0(%rsp)"  # the sample in of the group before, in all places
NAME = "gru_sse2_steps"
# Where they are in GruSse2Steps.
FIELDS = ("theta", "out_weight", "states", "states_end", "factors", "factors_end", "in", "sums")
AT = {name: 8 * i for i, name in enumerate(FIELDS)}
# 2^t = (q + x) / (q - x) with q = q0 + q2 * x^2, where x is t short of an integer; see gru_avx2.py.
CONSTANTS = {"most": 30.0, "least": -30.0, "q0": 2.88540812, "q2": 1.15236061e-1}
DECLARATIONS = f"""\
// theta and out_weight of a Gru with columns in blocks of 8, states [n_lanes][32] and n_frames of `in` as in
// gru_process; factors [n_lanes + 1][32][4], of which all but the first block are the states, each 4 times, and which
// are used up; and sums [n_frames][4] of zeros, whose totals will be the output, short of out_bias. Ends are behind the
// last. It changes `sums` itself. All are multiples of 16 bytes, but for `in`.
typedef struct {{
  const float* theta;
  const float* out_weight;
  float* states;
  float* states_end;
  float* factors;
  float* factors_end;
  const float* in;
  float* sums;
}} GruSse2Steps;

_Static_assert(sizeof(GruSse2Steps) == {8 * len(FIELDS)} && offsetof(GruSse2Steps, sums) == {AT["sums"]},
               "{NAME} finds them there");

// n_frames is at least 1. Audio thread.
__attribute__((visibility("hidden"))) void
{NAME}(GruSse2Steps* steps, uint32_t n_frames) NONBLOCKING;
"""


def part(index, vector, pointer):
    """A vector of theta before the matrix, of this group (rbx) or the one before (r12)."""
    return f"{VECTOR_BYTES * (N_VECTORS * index + vector)}({pointer})"


def weight(gate, row, vector):
    return f"{VECTOR_BYTES * (PER_GROUP * (N_UNITS * PASSES[gate] + row) + vector) - MIDDLE}(%rax)"


def factor(row):
    """Where that of a unit is; those of the last group may just have been written."""
    n_before = N_UNITS - N_UNITS // N_GROUPS
    return f"{VECTOR_BYTES * row}({FACTORS})" if row < n_before else f"next[{row - n_before}]"


SUMS = [(gate, k) for k in range(PER_GROUP) for gate in GATES]


def sums():
    """The stream: stores what chains read, and makes the next sums, which are marked."""
    texts = [f"movaps {gate}{k}, [{gate}{k}]" for gate in "NZ" for k in range(PER_GROUP)]
    texts += ["movss (%rcx), Factor", "pshufd $0, Factor, Factor"]
    for gate, k in SUMS:
        bias = part(BIASES[gate], k, "%rbx")
        texts += ([f"movaps {part(INPUTS[gate], k, '%rbx')}, {gate}{k}'", f"mulps Factor, {gate}{k}'",
                   f"addps {bias}, {gate}{k}'"] if gate in INPUTS else [f"movaps {bias}, {gate}{k}'"])
    for row in range(N_UNITS):
        texts += [f"movaps {factor(row)}, Factor"]
        for gate, k in SUMS:
            texts += ["movaps Factor, Product", f"mulps {weight(gate, row, k)}, Product", f"addps Product, {gate}{k}'"]
    return texts


def power(t, name):
    """2^t = above / below; NaN is the most. Overwrites t."""
    return [f"minps @most, {t}", f"maxps @least, {t}", f"cvtps2dq {t}, exponent", "cvtdq2ps exponent, q",
            f"subps q, {t}", "pslld $23, exponent", f"movaps exponent, [exponent of {name}]",
            f"movaps {t}, below", "mulps below, below", "mulps @q2, below", "addps @q0, below", "movaps below, above",
            f"addps {t}, above", f"subps {t}, below", f"paddd [exponent of {name}], above"]


def update(k):
    """What z is made of, of vector k."""
    return [f"movaps [Z{k}], z", *power("z", f"z{k}"), f"movaps above, [above {k}]", "addps above, below",
            f"movaps below, [whole {k}]"]


def renewed(k):
    """Vector k of the group's new states, their factors and their share of the output."""
    state = f"{VECTOR_BYTES * k}(%r13)"
    texts = [f"movaps R{k}, r", *power("r", f"r{k}"), "addps below, above", "divps above, below",
             f"movaps {part(INPUTS['I'], k, '%r12')}, n", f"mulps {IN_BEFORE}, n",
             f"addps {part(BIASES['I'], k, '%r12')}, n", f"mulps [N{k}], below", "addps below, n", *power("n", f"n{k}"),
             # h + above_z * (below_n - above_n - h * whole_n) / (whole_z * whole_n)
             "movaps below, whole", "addps above, whole", "subps above, below", f"movaps {state}, h",
             "movaps whole, scaled", "mulps h, scaled", "subps scaled, below", f"mulps [whole {k}], whole",
             f"mulps [above {k}], below", "divps whole, below", "addps h, below", f"movaps below, {state}"]
    for i in range(4):
        texts += [f"pshufd ${0x55 * i}, below, copies", f"movaps copies, state[{4 * k + i}]"]
    texts += [f"mulps {VECTOR_BYTES * k}(%r14), below"]
    return texts + (["addps (%r8), below", "movaps below, [out]"] if k == 0
                    else ["addps [out], below", "movaps below, (%r8)"])


def woven():
    """The loop over groups, and a register that is free between two."""
    loop = Weaver(ZEN_3, ("q0",), {IN_BEFORE: 0})
    begin = {f"{gate}{k}": loop.hold(f"{gate}{k}") for gate, k in SUMS}
    chains = [*map(update, range(PER_GROUP)), *map(renewed, range(PER_GROUP))]
    loop.weave(sums(), chains, [f"{name}'" for name in begin])
    loop.move_back((loop.registers[f"{name}'"], register) for name, register in begin.items())
    return loop, next(k for k in range(N_REGISTERS) if k not in {*begin.values(), *loop.constants.values()})


def assembly():
    loop, free = woven()
    scratch = VECTOR_BYTES * len(loop.places)  # for what the first chains renew: there is no group before
    return function(NAME, VECTOR_BYTES, CONSTANTS, len(loop.places) + PER_GROUP + 1 + 4 * PER_GROUP, SAVED, f"""
    mov %esi, %r9d
    mov {AT["theta"]}(%rdi), %rbx
    mov %rbx, %r12
    lea {(len(BIASES) + len(INPUTS)) * N_VECTORS * VECTOR_BYTES + MIDDLE}(%rbx), %rax
    mov {AT["out_weight"]}(%rdi), %r14
    mov {AT["states"]}(%rdi), %rsi
    mov {AT["factors"]}(%rdi), %r15
    lea {N_GROUPS * FACTOR_BYTES}(%r15), {FACTORS}
    mov {AT["in"]}(%rdi), %rcx
    lea {scratch}(%rsp), %r13
    lea {scratch + GROUP_BYTES}(%rsp), %r8
    lea {scratch + GROUP_BYTES + VECTOR_BYTES}(%rsp), {NEW_FACTORS}
{lines(f"movaps .L{name}(%rip), %xmm{register}" for name, register in loop.constants.items())}
    mov ${N_GROUPS}, %edx
    .balign 64
1:
{lines(loop.lines)}
    dec %edx
    cmp ${N_GROUPS - 1}, %edx
    je 3f
    add ${GROUP_BYTES}, %r12
    add ${GROUP_BYTES}, %r13
    add ${GROUP_BYTES}, %r14
    add ${FACTOR_BYTES}, {NEW_FACTORS}
    test %edx, %edx
    je 4f
2:
    add ${MATRIX_BYTES}, %rax
    add ${GROUP_BYTES}, %rbx
    jmp 1b
3:
    test %r9d, %r9d
    je 5f
    movss (%rcx), %xmm{free}
    pshufd $0, %xmm{free}, %xmm{free}
    movaps %xmm{free}, {IN_BEFORE}
    mov %rbx, %r12
    mov %rsi, %r13
    mov {AT["out_weight"]}(%rdi), %r14
    mov %r15, {NEW_FACTORS}
    mov {AT["sums"]}(%rdi), %r8
    addq ${VECTOR_BYTES}, {AT["sums"]}(%rdi)
    jmp 2b
4:
    sub ${(N_GROUPS - 1) * MATRIX_BYTES}, %rax
    sub ${(N_GROUPS - 1) * GROUP_BYTES}, %rbx
    mov {FACTORS}, %r15
    add ${N_GROUPS * FACTOR_BYTES}, {FACTORS}
    cmp {AT["factors_end"]}(%rdi), {FACTORS}
    cmove {AT["factors"]}(%rdi), {FACTORS}
    add ${4 * N_UNITS}, %rsi
    cmp {AT["states_end"]}(%rdi), %rsi
    cmove {AT["states"]}(%rdi), %rsi
    lea 4(%rcx), %rdx
    dec %r9d
    cmovne %rdx, %rcx
    mov ${N_GROUPS}, %edx
    jmp 1b
5:
""")


if __name__ == "__main__":
    write_header(sys.argv[1], "gru_sse2", DECLARATIONS, assembly())
