"""What an operator is made of: one `Operator` holds all that mcuzoo knows of it.

No part has a default. A part that an operator does not have is said to be missing, with the reason
that a user is told; one that was forgotten is a TypeError where the operator is defined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.variant import Variant, Work
from mcuzoo.ops.common.reference import Kernel
from mcuzoo.ops.common.rules import Rule


@dataclass(frozen=True)
class Without:
    """A part that an operator does not have, and why not."""

    reason: str


NOT_AOT = Without("the ahead-of-time runtime has no such op")


def no_constants(model: Model, op: Op) -> int:
    """The `constant_bytes` of operators whose kernels read no arrays."""
    return 0


@dataclass(frozen=True, kw_only=True)
class Aot:
    """An operator that the ahead-of-time runtime computes.

    constraint, rule: what it asks for, in words and as a check. reference: its arithmetic in NumPy,
    equal to TFLM's byte for byte. prepare: its numbers, before a kernel is chosen. variants: the
    kernels that can do it, from the most particular one to the portable one, which accepts all
    work. constant_bytes: what the portable kernel would read of constants; nothing is known of that
    op, it may have any operands, and its shapes need not fit.

    How a kernel takes rows and how often it goes through its constants is said by its parameters:
    see KernelParams.
    """

    constraint: str
    rule: Rule
    reference: Callable[[Model, Op], Kernel]
    prepare: Callable[[Program, Step], Work]
    variants: tuple[Variant[Any], ...]
    constant_bytes: Callable[[Model, Op], int]

    def __post_init__(self) -> None:
        if not self.variants:
            raise ValueError("an operator of the ahead-of-time runtime needs a kernel")


@dataclass(frozen=True, kw_only=True)
class Folded:
    """An operator that needs no kernel, as `build_program` takes it out where `rule` holds."""

    constraint: str
    rule: Rule


@dataclass(frozen=True, kw_only=True)
class Tflm:
    """An operator that a TFLM project may have. resolver: MicroMutableOpResolver's method for it;
    rule: what TFLM's kernel demands, see common/tflm.py."""

    resolver: str
    rule: Rule


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Constant weights as the second input, with a bias as the third. channel_axis: of their output
    channels, each of which gets a scale of its own; None: one scale for all."""

    channel_axis: int | None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How the converter rewrites an operator from UINT8.

    int8_version: the lowest version whose kernels take INT8 (tensorflow/lite/tools/versioning/
    op_version.cc); a higher one in the file stands for an option of its own and stays. output: how
    it may be quantized, since kernels of the others do not rescale: in any way, as the input, or
    with scale 1/256 from the lowest value on.
    """

    int8_version: int
    weights: Weights | None
    output: Literal["any", "as the input", "1/256"]


@dataclass(frozen=True, kw_only=True)
class Operator:
    """All of one operator; `name` as the schema of .tflite has it."""

    name: str
    aot: Aot | Folded | Without
    tflm: Tflm | Without
    recipe: Recipe | Without


def tflm_alone(name: str, resolver: str, demands: Rule) -> Operator:
    """An operator that only TFLM runs; no rewrite from UINT8 to INT8 is known to be exact."""
    return Operator(
        name=name,
        aot=NOT_AOT,
        tflm=Tflm(resolver=resolver, rule=demands),
        recipe=Without("it has no recipe"),
    )
