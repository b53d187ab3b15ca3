#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes steps of a GRU of 32 units for SSE2, as a C header with the function in assembly: src/gru_sse2.py HEADER

As gru_avx2.py does, it mixes products, a stream, with what waits for itself, chains. SSE2 takes 3 instructions for each
product, and 24 vectors of them all unrolled are more code than processors keep decoded: so this is a loop over groups
of 2 vectors of units, whose code is always the same,

  the stream                              chains meanwhile
  sums of R, Z, N of this group           new states of the group before

For the first group, that before is the last one of the frame before: its units are those that the stream reads last.

A vector of states meets each of its sums in 4 turns, from one of which to the next all its places move on by one, and
the matrix is in the order of that (GruShape's n_turned). So no state needs to be copied to all places: a vector lies in
memory twice, and a turn is a load of 4 floats from there. They are in a ring of one more block than there are lanes, so
that a frame's new ones don't overwrite what it reads.
"""

import sys

from assembly import function, lines, write_header
from weaver import Processor, Weaver

N_UNITS = 32
N_VECTORS = 8
PER_GROUP = 2  # vectors
N_GROUPS = N_VECTORS // PER_GROUP
GATES = "RNZ"  # N is the hidden side of n, I its input side
BIASES = {"R": 0, "Z": 1, "I": 2, "N": 3}
INPUTS = {"R": 4, "Z": 5, "I": 6}
PASSES = {"R": 0, "N": 1, "Z": 2}
VECTOR_BYTES = 16
GROUP_BYTES = PER_GROUP * VECTOR_BYTES           # of biases, ...
STATE_BYTES = 2 * GROUP_BYTES                    # ... of states ...
MATRIX_BYTES = len(PASSES) * N_UNITS * GROUP_BYTES  # ... and of the matrix
N_TURNS = 4
# Rows of the last group's vectors. What was stored as two vectors can be loaded as a part of both only some time later.
# Their order, as that of SUMS, was found by trying.
LAST_ROWS = (24, 28, 26, 25, 27, 30, 31, 29)
# Registers: rdi GruSse2Steps, rax the group's matrix (its middle, for shorter instructions), rbx biases, r10 states
# that are read, r15 where this frame's new ones go, rcx the frame, edx groups left, r9d frames left; of the group
# before, r12 biases, r13 states, r14 output weights, r11 new states, r8 frame.
SAVED = ("rbx", "r12", "r13", "r14", "r15")
STATES, NEW_STATES, MIDDLE = "%r10", "%r11", MATRIX_BYTES // 2
ZEN_3 = Processor(VECTOR_BYTES, {"state": (NEW_STATES, 0), "next": (STATES, (N_GROUPS - 1) * STATE_BYTES)},
                  width=5, loads=2, stores=2, multipliers=3, adders=2, divider_cycles=4, store_latency=16,
                  stream_slack=3, adding=("add", "limit", "convert"),
                  waits={"integer": 3, "divide": 9, "convert": 1, "multiply": 1},
                  latencies={"multiply": 3, "add": 3, "limit": 3, "convert": 4, "integer": 0, "divide": 4, "move": 0})
IN, OUT = 0, VECTOR_BYTES  # where they are in a frame
FRAME_BYTES = 2 * VECTOR_BYTES
NAME = "gru_sse2_steps"
# Where they are in GruSse2Steps.
FIELDS = ("theta", "out_weight", "states", "states_end", "frames")
AT = {name: 8 * i for i, name in enumerate(FIELDS)}
# 2^t = (q + x) / (q - x) with q = q0 + q2 * x^2, where x is t short of an integer; see gru_avx2.py.
# t comes times UNIT, so that its integers, converted, have their bits where a float has its exponent. It needs no lower
# limit: what is too low is converted to the lowest integer, and an exponent to which that is added ends as 0.
UNIT = 2.0 ** 23
CONSTANTS = {"most": 30 * UNIT, "rounding": 1.5 * 2**23 * UNIT, "q0": 2.88540812 * UNIT, "q2": 1.15236061e-1 / UNIT}
DECLARATIONS = f"""\
// theta and out_weight of a Gru with columns in blocks of 8, turned in fours, and {UNIT:.0f} as its unit; states
// [n_lanes + 1][8][2][4], of which all but the first block are the lanes' states, each vector twice, and which are a
// ring: each frame reads the next block, and its new states go to the one before that; and frames [n_frames + 1], each
// of which has the input in all places of `in`, and will have the output as the total of `sum`, short of out_bias. The
// last one is read, without effect. The end is behind the last. All are multiples of 16 bytes.
typedef struct {{
  float in[4];
  float sum[4];
}} GruSse2Frame;

typedef struct {{
  const float* theta;
  const float* out_weight;
  float* states;
  float* states_end;
  GruSse2Frame* frames;
}} GruSse2Steps;

_Static_assert(offsetof(GruSse2Steps, frames) == {AT["frames"]} && offsetof(GruSse2Frame, sum) == {OUT} &&
               sizeof(GruSse2Frame) == {FRAME_BYTES}, "{NAME} finds them there");

// n_frames is at least 1. Audio thread.
__attribute__((visibility("hidden"))) void
{NAME}(const GruSse2Steps* steps, uint32_t n_frames) NONBLOCKING;
"""


def part(index, vector, pointer):
    """A vector of theta before the matrix, of this group (rbx) or the one before (r12)."""
    return f"{VECTOR_BYTES * (N_VECTORS * index + vector)}({pointer})"


def weight(gate, row, vector):
    return f"{VECTOR_BYTES * (PER_GROUP * (N_UNITS * PASSES[gate] + row) + vector) - MIDDLE}(%rax)"


def factor(row):
    """Loads states as they meet the sums in this row; those of the last group may just have been written."""
    vector, turn = divmod(row, N_TURNS)
    n_before = N_VECTORS - PER_GROUP
    place = f"{2 * VECTOR_BYTES * vector + 4 * turn}({STATES})"
    if vector >= n_before:
        place = f"next[{2 * (vector - n_before)}]+{4 * turn}"
    return f"{'movups' if turn else 'movaps'} {place}, Factor"


SUMS = (("R", 1), ("R", 0), ("N", 1), ("N", 0), ("Z", 1), ("Z", 0))
STORED = (("N", 0), ("N", 1), ("Z", 1))  # for chains that begin late: registers are few; found by trying, too


def product(gate, k, row, target):
    """Factor's with a weight, in the target, which may be Factor."""
    copy = [f"movaps Factor, {target}"] if target != "Factor" else []
    return [*copy, f"mulps {weight(gate, row, k)}, {target}"]


def sums():
    """The stream: stores what chains read, and makes the next sums, which are marked."""
    texts = [f"movaps {gate}{k}, [{gate}{k}]" for gate, k in STORED]
    texts += [f"movaps {IN}(%rcx), Factor"]
    biased = {(gate, k): f"addps {part(BIASES[gate], k, '%rbx')}, {gate}{k}'" for gate, k in SUMS}
    for gate, k in SUMS:
        if gate in INPUTS:
            texts += [f"movaps {part(INPUTS[gate], k, '%rbx')}, {gate}{k}'", f"mulps Factor, {gate}{k}'",
                      biased[gate, k]]
    for row in (*range(N_UNITS - len(LAST_ROWS)), *LAST_ROWS):
        texts += [factor(row)]
        for gate, k in SUMS:
            if row == 0 and gate not in INPUTS:
                texts += [*product(gate, k, row, f"{gate}{k}'"), biased[gate, k]]
            else:
                target = "Factor" if (gate, k) == SUMS[-1] else "Product"
                texts += [*product(gate, k, row, target), f"addps {target}, {gate}{k}'"]
    return texts


def power(t, place=None):
    """2^t = -above / below; NaN is the most. `above` is negative since what saturates is signed. The exponent waits in
    a place on the stack, or else in a register."""
    store = [f"movaps exponent, {place}"] if place else []
    return [f"minps @most, {t}", "movaps @rounding, x", f"addps {t}, x", "subps @rounding, x", "cvtps2dq x, exponent",
            *store, f"subps {t}, x", "movaps x, below", "mulps below, below", "mulps @q2, below", "addps @q0, below",
            "movaps x, above", "subps below, above", "addps x, below", f"paddsw {place or 'exponent'}, above"]


def update(k):
    """What z is made of, of vector k."""
    begin = f"[Z{k}]" if ("Z", k) in STORED else f"Z{k}"
    return [f"movaps {begin}, z", *power("z", f"[exponent of z{k}]"), f"movaps above, [above {k}]",
            "subps above, below", f"movaps below, [whole {k}]"]


def renewed(k):
    """Vector k of the group's new states and their share of the output."""
    texts = [f"movaps R{k}, r", *power("r", f"[exponent of r{k}]"), "subps below, above", "divps above, below",  # -r
             f"movaps {part(INPUTS['I'], k, '%r12')}, n", f"mulps {IN}(%r8), n",
             f"addps {part(BIASES['I'], k, '%r12')}, n", f"mulps [N{k}], below", "subps below, n", *power("n"),
             # h + above_z * (h * whole_n - below_n - above_n) / (whole_z * whole_n), where whole = below - above
             "movaps below, whole", "subps above, whole", "addps above, below",
             f"movaps {2 * VECTOR_BYTES * k}(%r13), h", "movaps whole, new", "mulps h, new", "subps below, new",
             f"mulps [whole {k}], whole", f"mulps [above {k}], new", "divps whole, new", "addps h, new",
             f"movaps new, state[{2 * k + 1}]",
             f"movaps new, state[{2 * k}]",  # the one that is waited for is the last
             f"mulps {VECTOR_BYTES * k}(%r14), new"]
    return texts + ([f"addps {OUT}(%r8), new", "movaps new, [out]"] if k == 0
                    else ["addps [out], new", f"movaps new, {OUT}(%r8)"])


def woven():
    """The loop over groups."""
    loop = Weaver(ZEN_3, ("rounding",))
    begin = {f"{gate}{k}": loop.hold(f"{gate}{k}") for gate in GATES for k in range(PER_GROUP)}
    loop.weave(sums(), [chain(k) for k in range(PER_GROUP) for chain in (renewed, update)],
               [f"{name}'" for name in begin])
    loop.move_back((loop.registers[f"{name}'"], register) for name, register in begin.items())
    return loop


def assembly():
    loop = woven()
    scratch = VECTOR_BYTES * len(loop.places)  # for what the first chains renew: there is no group before
    return function(NAME, VECTOR_BYTES, CONSTANTS, len(loop.places) + (2 * STATE_BYTES + FRAME_BYTES) // VECTOR_BYTES,
                    SAVED, f"""
    mov %esi, %r9d
    mov {AT["theta"]}(%rdi), %rbx
    mov %rbx, %r12
    lea {(len(BIASES) + len(INPUTS)) * N_VECTORS * VECTOR_BYTES + MIDDLE}(%rbx), %rax
    mov {AT["out_weight"]}(%rdi), %r14
    mov {AT["states"]}(%rdi), %r15
    lea {N_GROUPS * STATE_BYTES}(%r15), {STATES}
    mov {AT["frames"]}(%rdi), %rcx
    lea {scratch}(%rsp), %r13
    lea {scratch + STATE_BYTES}(%rsp), {NEW_STATES}
    lea {scratch + 2 * STATE_BYTES}(%rsp), %r8
{lines(f"movaps .L{name}(%rip), %xmm{register}" for name, register in loop.constants.items())}
    xor %edx, %edx
    .balign 64
1:
{lines(loop.lines)}
    add ${MATRIX_BYTES}, %rax
    add ${GROUP_BYTES}, %rbx
    add ${GROUP_BYTES}, %r12
    add ${STATE_BYTES}, %r13
    add ${GROUP_BYTES}, %r14
    add ${STATE_BYTES}, {NEW_STATES}
    dec %edx
    jg 1b
    js 2f
    # The stream has come to the next frame.
    sub ${N_GROUPS * MATRIX_BYTES}, %rax
    sub ${N_GROUPS * GROUP_BYTES}, %rbx
    mov {STATES}, %r15
    add ${N_GROUPS * STATE_BYTES}, {STATES}
    cmp {AT["states_end"]}(%rdi), {STATES}
    cmove {AT["states"]}(%rdi), {STATES}
    add ${FRAME_BYTES}, %rcx
    dec %r9d
    jmp 1b
2:
    # So have the chains.
    lea -{GROUP_BYTES}(%rbx), %r12
    mov {STATES}, %r13
    mov {AT["out_weight"]}(%rdi), %r14
    mov %r15, {NEW_STATES}
    mov %rcx, %r8
    movq $0, {OUT}(%rcx)
    movq $0, {OUT + 8}(%rcx)
    mov ${N_GROUPS - 1}, %edx
    test %r9d, %r9d
    jne 1b
""")


if __name__ == "__main__":
    write_header(sys.argv[1], "gru_sse2", DECLARATIONS, assembly())
