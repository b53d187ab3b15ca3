#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the steps of a GRU with 32 hidden units for SSE2: src/rnn/x86/gru_sse2.py HEADER

Like gru_avx2.py, it interleaves the matrix-vector product (the matvec) with activations (the chains). SSE2 takes 3
instructions for each product, and the unrolled step would not fit the cache of decoded instructions: so this is a loop
over groups of 2 vectors of units, which runs the same code for each group.

  matvec                             chains meanwhile
  sums of R, Z, N of this group      new states of the group before

For the first group, the group before is the last one of the frame before; the matvec reads its units last.

The matrix is stored rotated (CellShape's `rotation`): a vector of 4 states meets each sum in 4 rotations, and from one
to the next each element moves on by one place. So no state is broadcast: a vector lies in memory twice, and a
rotation is a load of 4 floats from there. The states are a ring of one more block than there are streams, so that a
frame's new states do not overwrite those it reads.
"""

from assembly import (BIAS, HEAD_PARTS, INPUT, MAX_EXPONENT, N_ROTATIONS, PASS, check_units, function, header_path,
                      lines, offset_asserts, write_header)
from scheduler import Processor, Scheduler

N_UNITS = 32
N_VECTORS = 8
PER_GROUP = 2  # vectors
N_GROUPS = N_VECTORS // PER_GROUP
GATES = "RNZ"  # N is the hidden side of n, I its input side
VECTOR_BYTES = 16
GROUP_BYTES = PER_GROUP * VECTOR_BYTES           # of biases, ...
STATE_BYTES = 2 * GROUP_BYTES                    # ... of states ...
MATRIX_BYTES = len(PASS) * N_UNITS * GROUP_BYTES  # ... and of the matrix
# The order of the last group's rows. A load that spans two stored vectors must wait until both are in the cache.
# This order, SUMS and the processor's `waits` were found by timing; search.py looks for better ones.
LAST_ROWS = (24, 28, 26, 25, 27, 30, 31, 29)
SAVED = ("rbx", "r12", "r13", "r14", "r15")
STATES, NEW_STATES, MIDDLE = "%r10", "%r11", MATRIX_BYTES // 2
ZEN_3 = Processor(VECTOR_BYTES, {"state": (NEW_STATES, 0), "next": (STATES, (N_GROUPS - 1) * STATE_BYTES)},
                  width=5, loads=2, stores=2, multipliers=3, adders=2, divider_cycles=4, store_latency=16,
                  matvec_slack=3, adding=("add", "limit", "convert"),
                  waits={"integer": 3, "divide": 9, "convert": 1, "multiply": 1},
                  latencies={"multiply": 3, "add": 3, "limit": 3, "convert": 4, "integer": 0, "divide": 4, "move": 0})
IN, OUT = 0, VECTOR_BYTES  # offsets in a GruSse2Frame, in bytes
FRAME_BYTES = 2 * VECTOR_BYTES
NAME = "gru_sse2_steps"
# Offsets in GruSse2Steps, in bytes.
FIELDS = ("theta", "out_weight", "states", "states_end", "frames")
AT = {name: 8 * i for i, name in enumerate(FIELDS)}
# 2^x = (q + x) / (q - x) with q = q0 + q2 * x^2, where x is the difference of t and the nearest integer (gru_avx2.py).
# The model is packed so that t comes times PREACTIVATION_SCALE: its integer part, converted, then has its bits where a
# float has its exponent. t has no lower limit: a t too low converts to the lowest integer, and the saturating addition
# to the exponent gives 0.
PREACTIVATION_SCALE_LOG2 = 23  # a float's mantissa bits
PREACTIVATION_SCALE = 2.0 ** PREACTIVATION_SCALE_LOG2
CONSTANTS = {"most": MAX_EXPONENT * PREACTIVATION_SCALE, "rounding": 1.5 * 2**23 * PREACTIVATION_SCALE,
             "q0": 2.88540812 * PREACTIVATION_SCALE, "q2": 1.15236061e-1 / PREACTIVATION_SCALE}
CONTRACT = """\
Runs frames of a GRU of 32 hidden units for SSE2; gru_sse2_frames.h makes a CellProcess of it.
In: rdi GruSse2Steps, esi n_frames. All xmm registers and the caller-saved ones change; rbx, rbp,
r12 to r15 are restored. Floating-point exceptions must be masked: a conversion out of range
raises "invalid", and the first chains compute with uninitialised scratch memory.
In the loop: rdi GruSse2Steps, rax the group's matrix (its middle, for shorter instructions), rbx
biases, r10 states that are read, r15 where this frame's new ones go, rcx the frame, edx groups
left, r9d frames left; of the group before, r12 biases, r13 states, r14 output weights, r11 new
states, r8 frame."""
DECLARATIONS = f"""\
#define GRU_SSE2_PREACTIVATION_SCALE 0x1p{PREACTIVATION_SCALE_LOG2}f

// The frames' input and output: `in` holds the input in all elements; the elements of `sum` add up to the output less
// out_bias.
typedef struct {{
  float in[4];
  float sum[4];
}} GruSse2Frame;

// theta and out_weight of a Cell packed with blocks of 8 columns, rotation 4 and GRU_SSE2_PREACTIVATION_SCALE.
// states [n_streams + 1][8][2][4]: a ring of blocks; all but the first hold the streams' states, each vector twice.
// Each frame reads the next block and writes its new states to the block before that. states_end is behind the last.
// frames [n_frames + 1]: the last one is read without effect. All pointers are multiples of 16 bytes.
typedef struct {{
  const float* theta;
  const float* out_weight;
  float* states;
  float* states_end;
  GruSse2Frame* frames;
}} GruSse2Steps;

{offset_asserts("GruSse2Steps", AT, NAME)}
{offset_asserts("GruSse2Frame", {"in": IN, "sum": OUT}, NAME)}
_Static_assert(sizeof(GruSse2Frame) == {FRAME_BYTES}, "{NAME} steps by {FRAME_BYTES} bytes");

// n_frames is at least 1. Audio thread.
__attribute__((visibility("hidden"))) void
{NAME}(const GruSse2Steps* steps, uint32_t n_frames) NONBLOCKING;
"""


def part(index, vector, pointer):
    """Returns the address of a vector of the head of theta, for this group (rbx) or the one before (r12)."""
    return f"{VECTOR_BYTES * (N_VECTORS * index + vector)}({pointer})"


def weight(gate, row, vector):
    return f"{VECTOR_BYTES * (PER_GROUP * (N_UNITS * PASS[gate] + row) + vector) - MIDDLE}(%rax)"


def factor(row):
    """Loads the rotated states that this row multiplies; the last group's may just have been written."""
    vector, rotation = divmod(row, N_ROTATIONS)
    n_before = N_VECTORS - PER_GROUP
    place = f"{2 * VECTOR_BYTES * vector + 4 * rotation}({STATES})"
    if vector >= n_before:
        place = f"next[{2 * (vector - n_before)}]+{4 * rotation}"
    return f"{'movups' if rotation else 'movaps'} {place}, Factor"


SUMS = (("R", 1), ("R", 0), ("N", 1), ("N", 0), ("Z", 1), ("Z", 0))
STORED = (("N", 0), ("N", 1), ("Z", 1))  # on the stack, for chains that begin late


def product(gate, k, row, target):
    """Multiplies Factor by a weight into the target, which may be Factor."""
    copy = [f"movaps Factor, {target}"] if target != "Factor" else []
    return [*copy, f"mulps {weight(gate, row, k)}, {target}"]


def sums():
    """Returns the matvec: it stores the sums that chains read, and computes the next group's sums (marked ')."""
    texts = [f"movaps {gate}{k}, [{gate}{k}]" for gate, k in STORED]
    texts += [f"movaps {IN}(%rcx), Factor"]
    biased = {(gate, k): f"addps {part(BIAS[gate], k, '%rbx')}, {gate}{k}'" for gate, k in SUMS}
    for gate, k in SUMS:
        if gate in INPUT:
            texts += [f"movaps {part(INPUT[gate], k, '%rbx')}, {gate}{k}'", f"mulps Factor, {gate}{k}'",
                      biased[gate, k]]
    for row in (*range(N_UNITS - len(LAST_ROWS)), *LAST_ROWS):
        texts += [factor(row)]
        for gate, k in SUMS:
            if row == 0 and gate not in INPUT:
                texts += [*product(gate, k, row, f"{gate}{k}'"), biased[gate, k]]
            else:
                target = "Factor" if (gate, k) == SUMS[-1] else "Product"
                texts += [*product(gate, k, row, target), f"addps {target}, {gate}{k}'"]
    return texts


def power(t, place=None):
    """Computes numerator and denominator of 2^t = -numerator / denominator; NaN gives 2^MAX_EXPONENT.

    The numerator is negative because the saturating addition is signed. The exponent waits in `place` on the stack,
    or in a register without one.
    """
    store = [f"movaps exponent, {place}"] if place else []
    return [f"minps @most, {t}", "movaps @rounding, x", f"addps {t}, x", "subps @rounding, x", "cvtps2dq x, exponent",
            *store, f"subps {t}, x", "movaps x, denominator", "mulps denominator, denominator",
            "mulps @q2, denominator", "addps @q0, denominator", "movaps x, numerator", "subps denominator, numerator",
            "addps x, denominator", f"paddsw {place or 'exponent'}, numerator"]


def update(k):
    """Computes the numerator and the sum of z, vector k."""
    begin = f"[Z{k}]" if ("Z", k) in STORED else f"Z{k}"
    return [f"movaps {begin}, z", *power("z", f"[exponent of z{k}]"), f"movaps numerator, [numerator {k}]",
            "subps numerator, denominator", f"movaps denominator, [sum {k}]"]


def renewed(k):
    """Computes vector k of the group's new states and their share of the output."""
    texts = [f"movaps R{k}, r", *power("r", f"[exponent of r{k}]"), "subps denominator, numerator",
             "divps numerator, denominator",  # -r
             f"movaps {part(INPUT['I'], k, '%r12')}, n", f"mulps {IN}(%r8), n",
             f"addps {part(BIAS['I'], k, '%r12')}, n", f"mulps [N{k}], denominator", "subps denominator, n",
             *power("n"),
             # h + numerator_z * (h * sum_n - denominator_n - numerator_n) / (sum_z * sum_n)
             # where sum = denominator - numerator
             "movaps denominator, sum", "subps numerator, sum", "addps numerator, denominator",
             f"movaps {2 * VECTOR_BYTES * k}(%r13), h", "movaps sum, new", "mulps h, new", "subps denominator, new",
             f"mulps [sum {k}], sum", f"mulps [numerator {k}], new", "divps sum, new", "addps h, new",
             f"movaps new, state[{2 * k + 1}]",
             f"movaps new, state[{2 * k}]",  # the matvec waits for this store
             f"mulps {VECTOR_BYTES * k}(%r14), new"]
    return texts + ([f"addps {OUT}(%r8), new", "movaps new, [out]"] if k == 0
                    else ["addps [out], new", f"movaps new, {OUT}(%r8)"])


def scheduled_loop():
    """Returns the scheduled loop over groups."""
    loop = Scheduler(ZEN_3, ("rounding",))
    begin = {f"{gate}{k}": loop.hold(f"{gate}{k}") for gate in GATES for k in range(PER_GROUP)}
    loop.schedule(sums(), [chain(k) for k in range(PER_GROUP) for chain in (renewed, update)],
                  [f"{name}'" for name in begin])
    loop.move_back((loop.registers[f"{name}'"], register) for name, register in begin.items())
    return loop


def assembly():
    """Returns the function's text."""
    check_units("gru_sse2", N_UNITS)
    assert 4 * N_UNITS == N_VECTORS * VECTOR_BYTES and N_VECTORS == N_GROUPS * PER_GROUP
    assert sorted(LAST_ROWS) == list(range(N_UNITS - len(LAST_ROWS), N_UNITS)) and 4 * N_ROTATIONS == VECTOR_BYTES
    assert sorted(SUMS) == sorted((gate, k) for gate in GATES for k in range(PER_GROUP)) and set(STORED) < set(SUMS)
    assert sorted(PASS.values()) == list(range(len(GATES)))
    loop = scheduled_loop()
    scratch = VECTOR_BYTES * len(loop.places)  # for the first chains, which have no group before
    return function(NAME, VECTOR_BYTES, CONSTANTS, len(loop.places) + (2 * STATE_BYTES + FRAME_BYTES) // VECTOR_BYTES,
                    SAVED, f"""
    // Read GruSse2Steps; the first chains work on scratch memory, as no group is before the first.
    mov %esi, %r9d
    mov {AT["theta"]}(%rdi), %rbx
    mov %rbx, %r12
    lea {HEAD_PARTS * N_VECTORS * VECTOR_BYTES + MIDDLE}(%rbx), %rax
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
    // For each group of 8 units: matvec of its sums; activations and new states of the group before.
1:
{lines(loop.lines)}
    // Go to the next group.
    add ${MATRIX_BYTES}, %rax
    add ${GROUP_BYTES}, %rbx
    add ${GROUP_BYTES}, %r12
    add ${STATE_BYTES}, %r13
    add ${GROUP_BYTES}, %r14
    add ${STATE_BYTES}, {NEW_STATES}
    dec %edx
    jg 1b
    js 2f
    // The matvec goes to the next frame.
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
    // The chains go to the next frame.
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
    write_header(header_path("gru_sse2", N_UNITS), "gru_sse2", CONTRACT, DECLARATIONS, assembly())
