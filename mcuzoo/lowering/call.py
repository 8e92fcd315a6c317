"""A kernel call: what a step of a program becomes, alone or with others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcuzoo.graph.model import Op
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import KernelParams


@dataclass(frozen=True)
class Activation:
    """An operand that lives in the arena: in the program's buffer of this index, `offset` bytes
    behind its begin."""

    buffer: int
    offset: int = 0


Operand = Activation | Constant


@dataclass(frozen=True)
class Overlap:
    """How near before an input the output may begin, while the kernel still reads that input.

    The kernel works upwards and is right whenever input offset - output offset >= before (bytes),
    whether they share memory or not. Its C function must not say `restrict`.
    """

    before: int


@dataclass(frozen=True)
class Run:
    """For a call that only copies one run of `bytes` bytes: from `source` bytes behind the begin of
    its input to `target` bytes behind the begin of its output. If the run is all of the input, that
    may be made there directly; if it is all of the output, that may stay in the input. Then the
    call has nothing to do."""

    source: int
    target: int
    bytes: int


@dataclass(frozen=True)
class Call:
    """`kernel(&params, *inputs, *outputs)`, the C function for `op` or for a part of it.

    scratch_bytes: memory that is the kernel's alone during the call, 16-byte aligned; where there
    is some, its address is the last argument. overlaps: one entry per input, or none at all;
    without an Overlap no output shares a byte with that input. before: the ops that the same kernel
    computes on the way to `op`, in order. partial: the output needs other calls, too. run: what is
    copied, where that is all that the call does.
    """

    op: Op
    kernel: str
    params: KernelParams
    inputs: tuple[Operand, ...]
    outputs: tuple[Activation, ...]
    scratch_bytes: int = 0
    overlaps: tuple[Overlap | None, ...] = ()
    before: tuple[Op, ...] = ()
    partial: bool = False
    run: Run | None = None

    @property
    def output(self) -> Activation:
        """The one output. Raises ValueError where there are several."""
        (output,) = self.outputs
        return output

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

    @property
    def held_bytes(self) -> int:
        """Bytes of constants that share the data cache from pass to pass."""
        operands = (operand for operand in self.inputs if isinstance(operand, Constant))
        return self.params.held_bytes + sum(operand.bytes for operand in operands)

    def constant_passes(self) -> Iterator[tuple[Constant, int]]:
        """Each constant and how often the call reads it from end to end."""
        for constant in self.constants():
            yield constant, self.params.passes(constant)


@dataclass(frozen=True)
class Omitted(Call):
    """A call that has nothing to do because its input is inside its output, or the other way. It
    stands for its op, whose output is complete after all calls before it."""

    @property
    def kernels(self) -> tuple[str, ...]:
        return ()

    def constants(self) -> Iterator[Constant]:
        return iter(())
