# SPDX-License-Identifier: MIT
"""Text that the generators of assembly share."""

import struct
from pathlib import Path

HEADER = """\
// SPDX-License-Identifier: MIT
// Written by src/{name}.py.
#ifndef {guard}
#define {guard}

#include "gru.h"

#include <stddef.h>

{declarations}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
__asm__(
{assembly}
);
#pragma GCC diagnostic pop

#endif
"""
# A function with a frame, and room on the stack from rsp on.
FUNCTION = """\
    .pushsection .rodata
    .balign {vector_bytes}
{constants}
    .popsection
    .pushsection .text
    .balign 64
    .hidden {name}
    .globl {name}
    .type {name}, @function
{name}:
    .cfi_startproc
    endbr64
    push %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    mov %rsp, %rbp
    .cfi_def_cfa_register %rbp
{pushes}
    and $-{vector_bytes}, %rsp
    sub ${room}, %rsp
{body}
    lea -{pushed}(%rbp), %rsp
{pops}
    pop %rbp
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size {name}, . - {name}
    .popsection
"""


def lines(texts):
    return "\n".join(f"    {text}" for text in texts)


def bits(value):
    return struct.unpack("<I", struct.pack("<f", value))[0]


def function(name, vector_bytes, constants, n_places, saved, body):
    """One that finds vectors of constants at labels .L..., saves registers, and has room for so many vectors."""
    pushes = [line for i, register in enumerate(saved)
              for line in (f"push %{register}", f".cfi_offset %{register}, -{8 * i + 24}")]
    return FUNCTION.format(
        name=name, vector_bytes=vector_bytes, body=body.strip("\n"), room=vector_bytes * n_places,
        constants=lines(f".L{constant}: .fill {vector_bytes // 4}, 4, {bits(value):#x}"
                        for constant, value in constants.items()),
        pushes=lines(pushes), pushed=8 * len(saved), pops=lines(f"pop %{register}" for register in reversed(saved)))


def write_header(path, name, declarations, assembly):
    quoted = "\n".join(f'        "{line.strip()}\\n"' for line in assembly.splitlines())
    Path(path).write_text(HEADER.format(name=name, guard=f"OD3_{name.upper()}_H", declarations=declarations,
                                        assembly=quoted), encoding="utf-8")
