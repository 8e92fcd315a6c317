"""Thumb-2 instructions as the pipeline sees them: kind, what they read and when, results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import ceil
from typing import Any

from mcuzoo.extras import missing_error
from mcuzoo.timing.rules import Latency, Rules


class Kind(Enum):
    """What a pair of instructions is judged by."""

    ALU = "alu"
    DSP = "dsp"
    MAC = "mac"
    LOAD = "load"
    STORE = "store"
    BRANCH = "branch"
    ALONE = "alone"


Register = str


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    text: as a disassembler shows it. kind: for pairing. cycles: that it takes where it is issued
    alone. late, factors, early, address, accumulators, stored: registers that it reads, by where
    it needs them. results: registers that it writes, with their latency. shifts: it shifts an
    operand on its way, or has a shifted constant. early_result, early_as_younger: the early ALU
    can compute it, as the younger of two, too. offset: of a load from its one base register; None
    where that is not known. moves_base: the address register gets another value. store_cycles: of
    the store buffer. conditional: a branch that may be taken or not.
    """

    text: str
    kind: Kind
    cycles: int = 1
    late: tuple[Register, ...] = ()
    factors: tuple[Register, ...] = ()
    early: tuple[Register, ...] = ()
    address: tuple[Register, ...] = ()
    accumulators: tuple[Register, ...] = ()
    stored: tuple[Register, ...] = ()
    results: tuple[tuple[Register, Latency], ...] = ()
    shifts: bool = False
    early_result: bool = False
    early_as_younger: bool = False
    offset: tuple[Register, int] | None = None
    moves_base: bool = False
    store_cycles: float = 0.0
    conditional: bool = False

    @property
    def written(self) -> frozenset[Register]:
        return frozenset(register for register, _ in self.results)

    @property
    def read_soon(self) -> frozenset[Register]:
        """What it needs before the late ALU."""
        return frozenset((*self.early, *self.address))

    @property
    def read(self) -> frozenset[Register]:
        return frozenset(
            (*self.late, *self.factors, *self.early, *self.address, *self.accumulators)
        ) | frozenset(self.stored)


FLAGS = "flags"
_CARRIES = ("adc", "sbc", "rrx")
_COMPARES = ("cmp", "cmn", "tst", "teq")
_LONG = ("smlal", "umlal", "umaal", "smull", "umull", "smlsl")
_ACCUMULATES = ("mla", "mls", "smla", "smmla", "smmls", "smls")
_MULTIPLE = ("ldm", "stm", "push", "pop", "vldm", "vstm", "vpush", "vpop")
# Written with two registers, they read both: ands r0, r1.
_BOTH = ("add", "adc", "sub", "sbc", "and", "orr", "eor", "bic", "lsl", "lsr", "asr", "ror")
_BRANCHES = ("b", "bl", "blx", "bx", "bxj", "cbz", "cbnz", "tbb", "tbh")


class Decoder:
    """Decodes Thumb-2 code by the package capstone. Raises MissingExtraError without it."""

    def __init__(self, rules: Rules) -> None:
        try:
            import capstone
            from capstone import arm
        except ImportError:
            raise missing_error(["capstone"], "The cycle model") from None
        self._rules = rules
        self._arm: Any = arm
        mode = capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS
        self._decoder: Any = capstone.Cs(capstone.CS_ARCH_ARM, mode)
        self._decoder.detail = True

    def decode(self, code: bytes, address: int) -> list[Instruction]:
        """The instructions of `code`, which begins at `address`. What capstone does not know
        becomes an instruction that is issued alone."""
        found: list[Instruction] = []
        at = 0
        while at < len(code):
            one = next(self._decoder.disasm(code[at:], address + at, 1), None)
            if one is None:
                found.append(Instruction(f"unknown at {address + at:#x}", Kind.ALONE))
                at += 4 if code[at + 1] >> 3 >= _WIDE else 2
                continue
            found.append(self._instruction(one))
            at += one.size
        return found

    def _instruction(self, one: Any) -> Instruction:
        name = self._decoder.insn_name(one.id)
        operands = _Operands(one, self._arm)
        text = f"{one.mnemonic} {one.op_str}".strip()
        conditional = one.cc not in (0, self._arm.ARM_CC_AL)
        rest = (FLAGS,) if conditional or name in _CARRIES else ()
        if name in _BRANCHES:
            maybe = conditional or name in ("cbz", "cbnz")
            reads = tuple(operands.registers) + operands.base
            return Instruction(text, Kind.BRANCH, late=reads + rest, conditional=maybe)
        if name.startswith("it"):
            return Instruction(text, Kind.ALU, late=(FLAGS,))
        if name.startswith(_MULTIPLE) or name in ("ldrd", "strd"):
            return self._multiple(name, text, operands)
        if name.startswith("v"):
            return self._float(name, text, operands)
        if name.startswith("ldr"):
            return self._load(name, text, operands)
        if name.startswith("str"):
            return self._store(name, text, operands)
        return self._compute(name, text, operands, one.update_flags, rest)

    def _multiple(self, name: str, text: str, operands: _Operands) -> Instruction:
        results = self._rules.results
        registers = operands.registers
        base: tuple[str, ...]
        if name in ("ldrd", "strd"):
            base, moved = operands.base, operands.moves_base
        elif name in ("push", "pop", "vpush", "vpop"):
            base, moved = ("sp",), True
        else:
            base, registers, moved = (registers[0],), registers[1:], operands.moves_base
        words = sum(2 if register.startswith("d") else 1 for register in registers)
        cycles = ceil(words / self._rules.alone.words_per_cycle)
        loads = name.startswith(("ld", "pop", "vld", "vpop"))
        written = [(register, results.word) for register in registers if loads]
        written += [(register, results.moved_address) for register in base if moved]
        return Instruction(
            text,
            Kind.ALONE,
            cycles=max(1, cycles),
            address=base,
            stored=() if loads else tuple(registers),
            results=tuple(written),
        )

    def _load(self, name: str, text: str, operands: _Operands) -> Instruction:
        results = self._rules.results
        word = name == "ldr"
        latency = results.word if word else results.narrow
        written = [(operands.registers[0], latency)]
        if operands.moves_base:
            written += [(register, results.moved_address) for register in operands.base[:1]]
        return Instruction(
            text,
            Kind.LOAD,
            address=operands.base,
            results=tuple(written),
            offset=operands.offset,
            moves_base=operands.moves_base,
        )

    def _store(self, name: str, text: str, operands: _Operands) -> Instruction:
        narrow = self._rules.memory.narrow_store_cycles
        cycles = {"strb": narrow.byte, "strh": narrow.halfword}.get(name, 1.0)
        moved = [(register, self._rules.results.moved_address) for register in operands.base[:1]]
        return Instruction(
            text,
            Kind.STORE,
            address=operands.base,
            stored=tuple(operands.registers[:1]),
            results=tuple(moved) if operands.moves_base else (),
            moves_base=operands.moves_base,
            store_cycles=cycles,
        )

    def _float(self, name: str, text: str, operands: _Operands) -> Instruction:
        alone = self._rules.alone
        cycles = {"vdiv": alone.float_divide_cycles, "vsqrt": alone.float_root_cycles}.get(name, 1)
        latency = self._rules.results.float
        registers = operands.registers
        if name == "vldr":
            return Instruction(
                text, Kind.LOAD, address=operands.base, results=((registers[0], latency),)
            )
        if name == "vstr":
            return Instruction(
                text, Kind.STORE, address=operands.base, stored=(registers[0],), store_cycles=1.0
            )
        written = registers[:1] if name not in ("vcmp", "vcmpe") else []
        return Instruction(
            text,
            Kind.ALONE,
            cycles=cycles,
            late=tuple(registers),
            results=tuple((register, latency) for register in written),
        )

    def _compute(
        self, name: str, text: str, operands: _Operands, flags: bool, rest: tuple[str, ...]
    ) -> Instruction:
        rules, results = self._rules, self._rules.results
        registers = operands.registers
        compares = name in _COMPARES
        sets_flags = flags or compares
        if name.startswith(rules.kinds.mac):
            return self._multiplication(name, text, registers, rest)
        if name.startswith(rules.kinds.divide):
            return Instruction(
                text,
                Kind.ALONE,
                cycles=rules.alone.divide_cycles,
                early=tuple(registers[1:]),
                results=((registers[0], results.late),),
            )
        reads = registers if compares else registers[1:]
        if len(registers) == 1 and not compares and not name.startswith(("mov", "mvn")):
            reads = registers  # adds r3, #1
        both = name in _BOTH and operands.count == len(registers) == 2
        if both or name in ("bfi", "bfc", "movt"):
            reads = registers
        shifted = operands.shifted_registers
        moves = name in ("mov", "lsl", "lsr", "asr", "ror")
        rotates_late = name in rules.early.rotated_late
        shifts = operands.shifted_constant or (bool(shifted) and not moves and not rotates_late)
        is_dsp = name.startswith(rules.kinds.dsp)
        early = set(shifted) if shifts else set()
        if name in rules.early.operands:
            early |= set(reads)
        if name in rules.early.shifted_operands:
            early |= set(registers[-1:])
        early_result = name in rules.early.results and not shifts
        latency = results.early if early_result else results.late
        written = [] if compares else [(registers[0], latency)] if registers else []
        if sets_flags:
            written.append((FLAGS, results.late))
        return Instruction(
            text,
            Kind.DSP if is_dsp else Kind.ALU,
            late=tuple(register for register in reads if register not in early) + rest,
            early=tuple(sorted(early)),
            results=tuple(written),
            shifts=shifts or name in rules.early.shifters,
            early_result=early_result,
            early_as_younger=early_result and name not in ("add", "sub", "mov"),
        )

    def _multiplication(
        self, name: str, text: str, registers: Sequence[str], rest: tuple[str, ...]
    ) -> Instruction:
        mac = self._rules.results.mac
        if name.startswith(_LONG):
            adds = tuple(registers[:2]) if not name.startswith(("smull", "umull")) else ()
            written, factors = registers[:2], registers[2:4]
        else:
            written, factors = registers[:1], registers[1:3]
            adds = tuple(registers[3:4]) if name.startswith(_ACCUMULATES) else ()
            if len(registers) == 2:  # muls r0, r1
                factors = registers
        return Instruction(
            text,
            Kind.MAC,
            late=rest,
            factors=tuple(factors),
            accumulators=adds,
            results=tuple((register, mac) for register in written),
        )


_WIDE = 0x1D  # the five highest bits of the first half of a 32-bit Thumb instruction


@dataclass
class _Operands:
    """What an instruction's operands are, of capstone's `one`; arm: its names of kinds.

    count: all of them. registers: in their order. base: of the address, with the index. offset:
    base and constant. moves_base: written back. shifted_registers, shifted_constant: of the last
    operand.
    """

    one: Any
    arm: Any
    count: int = 0
    registers: list[str] = field(default_factory=list)
    base: tuple[str, ...] = ()
    offset: tuple[str, int] | None = None
    moves_base: bool = False
    shifted_registers: list[str] = field(default_factory=list)
    shifted_constant: bool = False

    def __post_init__(self) -> None:
        arm, one = self.arm, self.one
        self.moves_base = bool(one.writeback)
        self.count = len(one.operands)
        for operand in one.operands:
            if operand.type == arm.ARM_OP_REG:
                name = one.reg_name(operand.reg)
                self.registers.append(name)
                if operand.shift.type:
                    self.shifted_registers.append(name)
            elif operand.type == arm.ARM_OP_MEM:
                names = [one.reg_name(part) for part in (operand.mem.base, operand.mem.index)]
                self.base = tuple(name for name in names if name)
                if len(self.base) == 1:
                    self.offset = (self.base[0], operand.mem.disp)
            elif operand.type == arm.ARM_OP_IMM:
                self.shifted_constant = _is_shifted(operand.imm & 0xFFFF_FFFF)


def _is_shifted(constant: int) -> bool:
    """Whether a modified immediate constant is eight bits that are shifted: wider than 12 bits
    and no pattern of equal bytes."""
    if constant < 1 << 12:
        return False
    low = constant & 0xFF
    patterns = (low | low << 16, low << 8 | low << 24, low * 0x0101_0101)
    high = constant >> 8 & 0xFF
    return constant not in (*patterns, high << 8 | high << 24)
