"""A kernel call: what one step of a program becomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcuzoo.graph.model import Op
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import CStruct


@dataclass(frozen=True)
class Activation:
    """An operand that lives in the arena, in the program's buffer of this index."""

    buffer: int


Operand = Activation | Constant


@dataclass(frozen=True)
class Overlap:
    """How near before an input the output may begin, while the kernel still reads that input.

    The kernel works upwards and is right whenever input offset - output offset >= before (bytes),
    whether they share memory or not. Its C function must not say `restrict`.
    """

    before: int


@dataclass(frozen=True)
class Call:
    """`kernel(&params, *inputs, output)`, the C function for `op`.

    scratch_bytes: memory that is the kernel's alone during the call, 16-byte aligned; where there
    is some, its address is the last argument. overlaps: one entry per input, or none at all;
    without an Overlap the output shares no byte with that input. before: the ops that the same
    kernel computes on the way to `op`, in order.
    """

    op: Op
    kernel: str
    params: CStruct
    inputs: tuple[Operand, ...]
    output: Activation
    scratch_bytes: int = 0
    overlaps: tuple[Overlap | None, ...] = ()
    before: tuple[Op, ...] = ()

    @property
    def ops(self) -> tuple[Op, ...]:
        """All ops that the call computes, in the order of the model."""
        return (*self.before, self.op)

    @property
    def kernels(self) -> tuple[str, ...]:
        """The C functions that are called."""
        return (self.kernel,)

    def constants(self) -> Iterator[Constant]:
        """Every const array that the call needs, weights first."""
        yield from self.params.constants()
        yield from (operand for operand in self.inputs if isinstance(operand, Constant))
