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
class Call:
    """`kernel(&params, *inputs, output)`, the C function for `op`."""

    op: Op
    kernel: str
    params: CStruct
    inputs: tuple[Operand, ...]
    output: Activation

    def constants(self) -> Iterator[Constant]:
        """Every const array that the call needs, weights first."""
        yield from self.params.constants()
        yield from (operand for operand in self.inputs if isinstance(operand, Constant))
