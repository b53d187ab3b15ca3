# SPDX-License-Identifier: MIT
"""Orders vector instructions so that dependent chains run between the instructions of a matrix-vector product.

The matvec's instructions keep their order and keep the processor busy. A chain is a sequence of dependent instructions,
such as an activation; each starts as soon as its operands are ready. A processor that reorders some dozens of
instructions then always finds work for its execution units. Values get registers when they are written first, and
give them back after they are read last.

An instruction is a line of AT&T assembly, its target last. Its operands are
  Name, name   a register: of the matvec when it begins with a capital, else of its own chain; name:x is its lower half
  @name        a constant, at the label .Lname or in a register throughout
  [name]       a place on the stack; chains wait until it was written
  state[k]     vector k of the states that the matvec reads first: it is written after the matvec's last read
  next[k]      the same vector, when the matvec reads it again, after that
  new[k]       the same vector, when a chain reads it after that
  others       unchanged
A chain may read a register of the matvec once the matvec has written it for the last time.
"""

import re
from typing import NamedTuple

N_REGISTERS = 16
MAX_IDLE_CYCLES = 100


class Processor(NamedTuple):
    """The processor model. `pointers` are, by name, the register and offset of state[0], new[0] and next[0]."""
    vector_bytes: int
    pointers: dict
    # The limits of one cycle, by sort of instruction. A division occupies the divider for divider_cycles.
    width: int
    loads: int
    stores: int
    multipliers: int
    adders: int
    divider_cycles: int
    # After how many cycles a result can be read, by kind of instruction and for a store.
    latencies: dict
    store_latency: int
    # The matvec may be placed this many cycles before its operands are ready, since the processor reorders it.
    matvec_slack: int
    # The kinds of instruction that occupy an adder, and how many cycles chains delay each kind.
    adding: tuple
    waits: dict


class Instruction:
    def __init__(self, line):
        self.operation, operands = line.split(" ", 1)
        self.operands = operands.split(", ")
        *sources, target = self.operands
        self.kind = kind_of(self.operation)
        self.writes = register_name(target)
        self.stores_to = None if self.writes else target
        self.loads_from = [operand for operand in sources if not register_name(operand) and operand[0] not in "$@"]
        # Chains read these places only after they were written.
        self.awaits = [place.replace("new", "state") for place in self.loads_from if place.startswith(("[", "new"))]
        self.constants = [operand[1:] for operand in sources if operand[0] == "@"]
        self.reads = {register_name(operand) for operand in sources} - {None}
        if self.writes and reads_target(self.operation):
            self.reads.add(self.writes)
        self.uses = self.reads | {self.writes} - {None}
        names = [register_name(operand) for operand in self.operands]
        self.operand_order = {name: i for i, name in reversed(list(enumerate(names)))}


def reads_target(operation):
    """Returns whether the operation also reads its target: SSE2's arithmetic and AVX2's sums of products do."""
    if operation.startswith("v"):
        return operation.startswith("vf")
    return not operation.startswith(("mova", "movu", "movss", "pshuf", "cvt"))


def kind_of(operation):
    operation = operation.removeprefix("v")
    if operation.startswith(("mova", "movu", "movss", "broadcast")):
        return "move"
    if operation.startswith("p"):
        return "integer"
    if operation.startswith(("min", "max")):
        return "limit"
    if operation.startswith("cvt"):
        return "convert"
    if operation.startswith("div"):
        return "divide"
    return "multiply" if operation.startswith(("mul", "f")) else "add"


def register_name(operand):
    match = re.fullmatch(r"(\w+'*)(:x)?", operand)
    return match and match[1]


class Chain:
    """A sequence of dependent instructions. `live[k]` are its registers in use before instruction k."""

    def __init__(self, lines):
        self.instructions = [Instruction(line) for line in lines]
        self.at = 0
        self.registers = {}
        self.live = [set()]
        for instruction in reversed(self.instructions):
            own = {name for name in instruction.reads if name[0].islower()}
            self.live.insert(0, self.live[0] - {instruction.writes} | own)

    def resting_place(self, begin, n_free, awaited):
        """Returns the index from `begin` on where the chain holds the fewest registers.

        It takes at most n_free more on the way, and stops before it reads what other chains have yet to write
        (`awaited`).
        """
        best = begin
        for k in range(begin, len(self.instructions)):
            n_more = len(self.live[k + 1]) - len(self.live[begin])
            if n_more > n_free or awaited.intersection(self.instructions[k].loads_from):
                break
            if len(self.live[k + 1]) <= len(self.live[best]):
                best = k + 1
        return best


class Scheduler:
    """`lines` are scheduled already; `registers` are the matvec's; `places` are on the stack, by name."""

    def __init__(self, processor, kept_constants):
        self.processor = processor
        self.lines, self.places, self.cycle = [], {}, 0
        self.free = list(range(N_REGISTERS))
        self.constants = {name: self.free.pop() for name in kept_constants}
        self.registers = {}
        self.ready, self.written = {}, {}  # by register, and by place: from which cycle on they can be read
        self.divider_ready = 0
        self.begin_cycle()

    def hold(self, name):
        """Returns a register that holds a value of the matvec before the first instruction."""
        register = self.registers[name] = self.free.pop(0)
        self.ready[register] = 0
        return register

    def schedule(self, matvec, chains=(), kept=()):
        """Schedules all instructions. Earlier chains go first. `kept` are the matvec's registers that stay in use."""
        self.matvec = [Instruction(line) for line in matvec]
        self.chains = [Chain(lines) for lines in chains]
        self.kept = kept
        n_idle = 0
        while self.matvec or self.chains:
            n_lines = len(self.lines)
            while any(self.advance(chain) for chain in self.chains):
                pass
            while self.matvec and self.advance_matvec():
                pass
            n_idle = n_idle + 1 if len(self.lines) == n_lines else 0
            if n_idle > MAX_IDLE_CYCLES:
                raise RuntimeError("the chains wait for each other's registers")
            self.begin_cycle()

    def begin_cycle(self):
        self.cycle += 1
        self.started = dict.fromkeys(("all", "loads", "stores", "multiply", "add"), 0)

    def advance_matvec(self):
        """Adds the matvec's next instruction if it can start in this cycle; returns whether it did."""
        instruction = self.matvec[0]
        by = self.cycle + self.processor.matvec_slack
        if not (all(self.ready[self.registers[name]] <= by for name in instruction.reads)
                and all(self.written.get(place.replace("next", "state"), self.cycle + 1) <= self.cycle
                        for place in map(without_offset, instruction.loads_from) if place.startswith("next"))
                and self.has_units(instruction)):
            return False
        if instruction.writes and instruction.writes not in self.registers:
            begun = {chain: chain.at for chain in self.chains if chain.registers}
            if not self.free or not self.can_end(begun, len(self.free) - 1):
                return False
            self.registers[instruction.writes] = self.free.pop(0)
        self.add(instruction, self.registers)
        self.release(instruction)
        del self.matvec[0]
        return True

    def advance(self, chain):
        """Adds a chain's next instruction if it can start in this cycle; returns whether it did."""
        instruction = chain.instructions[chain.at]
        registers = {**self.registers, **chain.registers}
        by = self.cycle - self.processor.waits.get(instruction.kind, 0)
        if not (all(name in registers and self.ready[registers[name]] <= by for name in instruction.reads)
                and not any(other.writes in instruction.reads for other in self.matvec if other.writes)
                and all(self.written.get(place, self.cycle + 1) <= self.cycle
                        for place in instruction.awaits)
                and not any(instruction.stores_to == without_offset(place)
                            for other in self.matvec for place in other.loads_from if instruction.stores_to)
                and self.has_units(instruction)):
            return False
        is_new = instruction.writes and instruction.writes not in chain.registers
        ending = chain.registers.keys() - chain.live[chain.at + 1]
        n_free = len(self.free) + len(ending) + len(self.last_used(instruction, chain)) - 1
        if is_new and (n_free < 0 or not self.can_end({other: other.at + (other is chain) for other in self.chains},
                                                      n_free)):
            return False
        self.free += [chain.registers.pop(name) for name in sorted(ending, key=instruction.operand_order.get)]
        self.release(instruction, chain)
        if is_new:
            registers[instruction.writes] = chain.registers[instruction.writes] = self.free.pop(0)
        self.add(instruction, registers)
        chain.at += 1
        if chain.at == len(chain.instructions):
            self.chains.remove(chain)
        return True

    def last_used(self, instruction, of=None):
        """Returns the matvec's registers that this next instruction, of the chain `of` or of the matvec, uses last."""
        left = [*(self.matvec if of else self.matvec[1:]),
                *(other for chain in self.chains for other in chain.instructions[chain.at + (chain is of):])]
        return [name for name in sorted(instruction.uses & self.registers.keys(), key=instruction.operand_order.get)
                if name not in self.kept and not any(name in other.uses for other in left)]

    def release(self, instruction, of=None):
        """Frees the registers that last_used returns."""
        for name in self.last_used(instruction, of):
            self.free.append(self.registers.pop(name))

    @staticmethod
    def can_end(at, n_free):
        """Returns whether n_free registers let all chains end one after another from their instructions `at`."""
        has_moved = True
        while at and has_moved:
            has_moved = False
            for chain, begin in list(at.items()):
                awaited = {instruction.stores_to for other in at if other is not chain
                           for instruction in other.instructions[at[other]:]
                           if (instruction.stores_to or "").startswith("[")}
                end = chain.resting_place(begin, n_free, awaited)
                has_moved |= end > begin
                n_free += len(chain.live[begin]) - len(chain.live[end])
                at[chain] = end
                if end == len(chain.instructions):
                    del at[chain]
        return not at

    def n_loads(self, instruction):
        return len(instruction.loads_from) + sum(name not in self.constants for name in instruction.constants)

    def has_units(self, instruction):
        started, kind, has = self.started, instruction.kind, self.processor
        return (started["all"] < has.width
                and started["loads"] + self.n_loads(instruction) <= has.loads
                and not (instruction.stores_to and started["stores"] == has.stores)
                and not (kind == "multiply" and started["multiply"] >= has.multipliers)
                and not (kind in has.adding and started["add"] >= has.adders)
                and not (kind == "divide" and (started["multiply"] or self.cycle < self.divider_ready)))

    def add(self, instruction, registers):
        started, kind = self.started, instruction.kind
        started["all"] += 1
        started["loads"] += self.n_loads(instruction)
        if kind == "divide":
            started["multiply"] += self.processor.multipliers
            self.divider_ready = self.cycle + self.processor.divider_cycles
        elif kind == "multiply":
            started["multiply"] += 1
        elif kind in self.processor.adding:
            started["add"] += 1
        if instruction.writes:
            self.ready[registers[instruction.writes]] = self.cycle + self.processor.latencies[kind]
        else:
            started["stores"] += 1
            self.written[instruction.stores_to] = self.cycle + self.processor.store_latency
        operands = ", ".join(self.text(operand, registers) for operand in instruction.operands)
        self.lines.append(f"{instruction.operation} {operands}")

    def text(self, operand, registers):
        """Returns an operand in assembly."""
        n_bytes = self.processor.vector_bytes
        if name := register_name(operand):
            return register(registers[name], 16 if operand.endswith(":x") else n_bytes)
        if operand.startswith("@"):
            name = operand[1:]
            return register(self.constants[name], n_bytes) if name in self.constants else f".L{name}(%rip)"
        if operand.startswith("["):
            return f"{n_bytes * self.places.setdefault(operand, len(self.places))}(%rsp)"
        if match := re.fullmatch(r"(state|next|new)\[(\d+)\]\+?(\d*)", operand):
            pointer, offset = self.processor.pointers[match[1]]
            return f"{offset + n_bytes * int(match[2]) + int(match[3] or 0)}({pointer})"
        return operand

    def move_back(self, pairs):
        """Copies registers, given as pairs (from, to), simultaneously."""
        self.lines += moves(pairs, self.free[0], self.processor.vector_bytes)


def register(number, n_bytes):
    return f"%{'x' if n_bytes == 16 else 'y'}mm{number}"


def without_offset(place):
    return place.split("+")[0]


def moves(pairs, spare, n_bytes):
    """Returns instructions that copy registers, given as (from, to), simultaneously. `spare` is a free register."""
    def move(source, target):
        return f"{'movaps' if n_bytes == 16 else 'vmovaps'} {register(source, n_bytes)}, {register(target, n_bytes)}"

    pairs, lines = [(a, b) for a, b in pairs if a != b], []
    while pairs:
        free = next((pair for pair in pairs if pair[1] not in {a for a, b in pairs}), None)
        if free is None:
            source, target = pairs.pop()
            lines.append(move(source, spare))
            pairs.append((spare, target))
        else:
            pairs.remove(free)
            lines.append(move(*free))
    return lines
