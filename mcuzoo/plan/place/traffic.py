"""How an inference reads its constants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mcuzoo.graph.program import Program
from mcuzoo.lowering.alignment import align_up
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.params import pieces
from mcuzoo.lowering.rows import RowChain

MODEL_SYMBOL = "mz_model_data"
"""The symbol of an interpreter's model file, in the generated C."""

CONSTANT_ALIGNMENT = 16
"""The alignment of every array in the generated C."""


@dataclass(frozen=True)
class Sweep:
    """`bytes` that one kernel goes through `passes` times per inference, from end to end."""

    bytes: int
    passes: int


_APART = ("mz_fully_connected_s8",)
"""Kernels that read several rows of weights at a time: no line follows the one before it."""


@dataclass(frozen=True)
class Reading:
    """How a call goes through its constants, and what shares the cache with them.

    rounds: over its scratch memory: strips of rows, or bands of a chain. most_passes: over any of
    its arrays. held_bytes: of all arrays, what it reads again from pass to pass before it goes on.
    operand_bytes, scratch_bytes: of its activations and its scratch memory. apart: no line of an
    array follows the one before it.
    """

    rounds: int
    most_passes: int
    held_bytes: int
    operand_bytes: int = 0
    scratch_bytes: int = 0
    apart: bool = False

    @classmethod
    def of(cls, call: Call, buffers: Mapping[int, int]) -> Reading:
        """buffers: the bytes of each buffer of activations."""
        passes = [count for _, count in call.constant_passes()]
        rounds = min(passes, default=1)
        if isinstance(call, RowChain):
            rounds = max(pieces(one.rows.output_rows, one.band) for one in call.stages)
        operands = [
            one.buffer for one in (*call.inputs, *call.outputs) if isinstance(one, Activation)
        ]
        return cls(
            rounds,
            max(passes, default=1),
            call.held_bytes,
            sum(buffers[buffer] for buffer in operands),
            call.scratch_bytes,
            call.kernel in _APART,
        )


@dataclass(frozen=True)
class ConstantUse:
    """An array of `bytes` that an op goes through `passes` times per inference, from end to end.

    op: its index in the model, -1 for a whole model file. reading: of the call. sweeps: the parts
    of an array that several kernels read; then they count, and `passes` is their mean.
    """

    symbol: str
    op: int
    op_name: str
    bytes: int
    passes: int
    reading: Reading
    sweeps: tuple[Sweep, ...] = ()

    @property
    def parts(self) -> tuple[ConstantUse, ...]:
        """The parts that each kernel reads; the array itself if one kernel reads all."""
        return tuple(
            replace(
                self,
                bytes=one.bytes,
                passes=one.passes,
                reading=Reading(1, one.passes, one.bytes),
                sweeps=(),
            )
            for one in self.sweeps
        ) or (self,)

    @property
    def room_bytes(self) -> int:
        """Bytes that it takes in a memory, aligned."""
        return align_up(self.bytes, CONSTANT_ALIGNMENT)


def constant_uses(program: Program, calls: Iterable[Call]) -> tuple[ConstantUse, ...]:
    """Every array of every call, in their order. An array of a fused call is its own op's."""
    buffers = {buffer.index: buffer.bytes for buffer in program.buffers}
    return tuple(use for call in calls for use in uses_of(call, Reading.of(call, buffers)))


def uses_of(call: Call, reading: Reading) -> Iterator[ConstantUse]:
    """The arrays of one call. reading: of it."""
    for constant, count in call.constant_passes():
        op = next((op for op in call.ops if _belongs(constant.symbol, op.index)), call.op)
        yield ConstantUse(constant.symbol, op.index, op.name, constant.bytes, count, reading)


def _belongs(symbol: str, op: int) -> bool:
    return symbol.startswith(f"mz_op_{op:02d}_")


def whole_model_use(bytes_: int, sweeps: Sequence[Sweep] = ()) -> ConstantUse:
    """A model file that an interpreter reads in place, layer by layer; once without `sweeps`."""
    swept = sum(one.bytes * one.passes for one in sweeps)
    mean = max(1, round(swept / max(1, sum(one.bytes for one in sweeps))))
    reading = Reading(1, mean, bytes_)
    return ConstantUse(MODEL_SYMBOL, -1, "model file", bytes_, mean, reading, tuple(sweeps))
