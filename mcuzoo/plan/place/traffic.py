"""How an inference reads its constants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mcuzoo.lowering.alignment import align_up
from mcuzoo.lowering.call import Call

MODEL_SYMBOL = "mz_model_data"
"""The symbol of an interpreter's model file, in the generated C."""

CONSTANT_ALIGNMENT = 16
"""The alignment of every array in the generated C."""


@dataclass(frozen=True)
class Sweep:
    """`bytes` that one kernel goes through `passes` times per inference, from end to end."""

    bytes: int
    passes: int


@dataclass(frozen=True)
class ConstantUse:
    """An array of `bytes` that an op goes through `passes` times per inference, from end to end.

    op: its index in the model, -1 for a whole model file. together_bytes: of all arrays, what the
    kernel reads again from pass to pass before it goes on: that shares the cache. sweeps: the parts
    of an array that several kernels read; then they count, and `passes` is their mean.
    """

    symbol: str
    op: int
    op_name: str
    bytes: int
    passes: int
    together_bytes: int
    sweeps: tuple[Sweep, ...] = ()

    @property
    def parts(self) -> tuple[ConstantUse, ...]:
        """The parts that each kernel reads; the array itself if one kernel reads all."""
        return tuple(
            replace(self, bytes=one.bytes, passes=one.passes, together_bytes=one.bytes, sweeps=())
            for one in self.sweeps
        ) or (self,)

    @property
    def room_bytes(self) -> int:
        """Bytes that it takes in a memory, aligned."""
        return align_up(self.bytes, CONSTANT_ALIGNMENT)


def constant_uses(calls: Iterable[Call]) -> tuple[ConstantUse, ...]:
    """Every array of every call, in their order. An array of a fused call is its own op's."""
    found = []
    for call in calls:
        for constant, count in call.constant_passes():
            op = next((op for op in call.ops if _belongs(constant.symbol, op.index)), call.op)
            found.append(
                ConstantUse(
                    constant.symbol, op.index, op.name, constant.bytes, count, call.held_bytes
                )
            )
    return tuple(found)


def _belongs(symbol: str, op: int) -> bool:
    return symbol.startswith(f"mz_op_{op:02d}_")


def whole_model_use(bytes_: int, sweeps: Sequence[Sweep] = ()) -> ConstantUse:
    """A model file that an interpreter reads in place, layer by layer; once without `sweeps`."""
    swept = sum(one.bytes * one.passes for one in sweeps)
    mean = max(1, round(swept / max(1, sum(one.bytes for one in sweeps))))
    return ConstantUse(MODEL_SYMBOL, -1, "model file", bytes_, mean, bytes_, tuple(sweeps))
