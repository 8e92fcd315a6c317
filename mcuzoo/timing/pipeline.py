"""Core cycles of straight code on an in-order core that issues two instructions a cycle.

The rules are those of mcuzoo/timing/cortex_m7.toml. Memory answers at once here, and every branch
is predicted rightly. Caches and predictions: mcuzoo/timing/caches.py and branches.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.timing.decode import FLAGS, Instruction, Kind, Register
from mcuzoo.timing.rules import Latency, Rules

_ROUNDS = 12
_WARM_ROUNDS = 4


@dataclass
class _Result:
    """When a register may be used first: `issued`, when its instruction was, plus its latency."""

    issued: float
    latency: Latency


class Pipeline:
    """The core while it executes: `now`, the cycle at which the next instruction may be issued at
    the earliest, and whether one has been issued in it.

    now: in cycles. older: the instruction of this cycle that another one may join.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.now = 0.0
        self.older: Instruction | None = None
        self._older_is_early = False
        self._results: dict[Register, _Result] = {}
        self._stores_end = 0.0
        self._clash = False

    @property
    def position(self) -> float:
        """Cycles so far; a half if one more instruction may join."""
        return self.now + (0.5 if self.older is not None else 0.0)

    def execute(self, instruction: Instruction) -> None:
        """Issue it as early as the rules let it."""
        if self.older is not None and self._joins(self.older, instruction):
            at = self.now
            early = instruction.early_result and instruction.early_as_younger
            self._end_cycle()
        else:
            early = instruction.early_result
            self._end_cycle()
            at = self.now = max(self.now, self._earliest(instruction))
            if instruction.kind is Kind.ALONE:
                self.now += instruction.cycles
                at = self.now - 1
            else:
                self.older = instruction
        if instruction.store_cycles:
            self._store(instruction, at)
        early = early and self._early_operands(instruction, at)
        if self.older is instruction:
            self._older_is_early = early
        for register, latency in instruction.results:
            if instruction.early_result and not early and latency is self._rules.results.early:
                latency = self._rules.results.late
            self._results[register] = _Result(at, latency)

    def jump(self) -> None:
        """A branch was taken: what follows begins with a cycle of its own."""
        self._end_cycle()

    def _end_cycle(self) -> None:
        if self.older is not None:
            self.now += 1
            self.older = None

    def _earliest(self, instruction: Instruction) -> float:
        """The first cycle by which all that it reads is there."""
        uses = (
            (instruction.late, "late"),
            (instruction.factors, "factor"),
            (instruction.early, "early"),
            (instruction.address, "address"),
            (instruction.accumulators, "accumulator"),
            (instruction.stored, "stored"),
        )
        earliest = 0.0
        for registers, use in uses:
            for register in registers:
                result = self._results.get(register)
                if result is not None:
                    earliest = max(earliest, result.issued + getattr(result.latency, use))
        return earliest

    def _joins(self, older: Instruction, younger: Instruction) -> bool:
        return self._may_join(older, younger) and self._earliest(younger) <= self.now

    def _early_operands(self, instruction: Instruction, at: float) -> bool:
        """Whether the early ALU has all that the instruction reads."""
        for register in instruction.late:
            result = self._results.get(register)
            if result is not None and result.issued + result.latency.early > at:
                return False
        return True

    def _may_join(self, older: Instruction, younger: Instruction) -> bool:
        """Whether both may be issued in one cycle, as far as their kinds and registers tell."""
        if Kind.ALONE in (older.kind, younger.kind):
            return False
        kinds = {older.kind, younger.kind}
        if older.kind is younger.kind and older.kind in (Kind.MAC, Kind.STORE, Kind.BRANCH):
            return False
        if kinds == {Kind.MAC, Kind.STORE}:
            return False
        if younger.kind is Kind.DSP:  # only as the older one
            return False
        if older.shifts and younger.shifts:
            return False
        if older.kind is younger.kind is Kind.LOAD and self._same_bank(older, younger):
            return False
        return self._independent(older, younger)

    def _independent(self, older: Instruction, younger: Instruction) -> bool:
        if (older.written & younger.written) - {FLAGS}:
            return False
        needed = older.written & younger.read
        if not needed:
            return True
        if younger.kind is Kind.STORE and not needed & younger.read_soon:
            return older.kind is not Kind.MAC
        late = needed <= frozenset(younger.late)
        return self._older_is_early and late and FLAGS not in needed

    def _same_bank(self, older: Instruction, younger: Instruction) -> bool:
        """Whether two loads need the same bank: by their offsets from one register, or, where that
        says nothing, every other time."""
        first, second = older.offset, younger.offset
        known = first is not None and second is not None and not older.moves_base
        if known and first and second and first[0] == second[0]:
            words = (first[1] >> 2) - (second[1] >> 2)
            return words % self._rules.memory.banks == 0
        self._clash = not self._clash
        return self._clash

    def _store(self, instruction: Instruction, at: float) -> None:
        """Into the store buffer; a full one stops the core."""
        cycles = instruction.store_cycles
        self._stores_end = max(self._stores_end, at) + cycles
        room = self._rules.memory.buffered_stores * cycles
        if self._stores_end - at > room:
            self.now = max(self.now, self._stores_end - room)


def cycles_after(
    rules: Rules, before: Sequence[Instruction], block: Sequence[Instruction], *, taken: bool
) -> float:
    """Cycles of `block` behind `before`; `taken`: a branch leads to it, not the next address.

    A block behind itself is a loop: the mean of several rounds.
    """
    pipeline = Pipeline(rules)
    for instruction in before:
        pipeline.execute(instruction)
    rounds = _ROUNDS if before is block else 1
    began = pipeline.position
    for round_ in range(rounds):
        if round_ == _WARM_ROUNDS:
            began = pipeline.position
        if taken:
            pipeline.jump()
        for instruction in block:
            pipeline.execute(instruction)
    counted = rounds - _WARM_ROUNDS if rounds > _WARM_ROUNDS else 1
    return (pipeline.position - began) / counted


def loop_cycles(rules: Rules, loop: Sequence[Instruction]) -> float:
    """Cycles of one round of `loop`, in the steady state."""
    return cycles_after(rules, loop, loop, taken=True)
