"""The choice of a kernel for an op: several variants, the first that accepts the work is taken."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from mcuzoo.graph.model import Op
from mcuzoo.lowering.call import Activation, Call, Operand, Overlap
from mcuzoo.lowering.params import KernelParams


@dataclass(frozen=True, eq=False)
class Work:
    """An op with its numbers prepared, before a kernel is chosen. before: as in Call."""

    op: Op
    inputs: tuple[Operand, ...]
    outputs: tuple[Activation, ...]
    before: tuple[Op, ...] = field(default=(), kw_only=True)

    def call(
        self,
        kernel: str,
        params: KernelParams,
        scratch_bytes: int = 0,
        overlaps: tuple[Overlap | None, ...] = (),
    ) -> tuple[Call, ...]:
        """The one call of `kernel` that does all of it; scratch_bytes, overlaps: as in Call."""
        one = Call(self.op, kernel, params, self.inputs, self.outputs, scratch_bytes, overlaps)
        return (replace(one, before=self.before),)


W = TypeVar("W", bound=Work, contravariant=True)


class Variant(Protocol[W]):
    """One kernel that can do some kind of work.

    An optimized kernel stands before the portable one in its op's list, with its own condition
    and its own layout of the weights.
    """

    @property
    def kernel(self) -> str:
        """The C function; firmware/kernels/<kernel>.c defines it."""
        ...

    def accepts(self, work: W) -> bool:
        """Whether this kernel can do the work, with its layouts and number ranges."""
        ...

    def lower(self, work: W) -> tuple[Call, ...]:
        """The calls, in order; together they write every byte of the outputs. Constants are packed
        as this kernel reads them."""
        ...
