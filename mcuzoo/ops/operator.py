"""The parts of an operator: one `Operator` holds all that mcuzoo knows about it.

No part has a default. A part that an operator does not have is given as `Without`, with the reason
for the user. A forgotten part raises a TypeError where the operator is defined.
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
    """A part that an operator does not have, and why not.

    reason: a sentence.
    """

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
    work. constant_bytes: bytes of constants that the portable kernel would read, also for an op
    that no rule has checked: it may have any operands, and its shapes need not fit.

    A kernel's parameters say how it takes rows and how often it reads constants: see KernelParams.
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
    """An operator that needs no kernel: `build_program` removes it if `rule` holds. constraint: the
    rule, in words."""

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
    """Constant weights as the second input, with a bias as the third. channel_axis: the axis of the
    output channels, each with its own scale; None: one scale for all."""

    channel_axis: int | None


@dataclass(frozen=True, kw_only=True)
class Rewrite:
    """How the converter rewrites an operator from UINT8 to INT8.

    int8_version: the lowest version whose kernels take INT8 (tensorflow/lite/tools/versioning/
    op_version.cc); a higher one in the file means an option and stays. output: how the output may
    be quantized: in any way; or, if the kernel does not rescale, as the input, or with scale 1/256
    from the lowest value on. weights: how those become symmetric; None: it has none.
    """

    int8_version: int
    weights: Weights | None
    output: Literal["any", "as the input", "1/256"]


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Everything about one operator; `name` is the name in the schema of .tflite.

    aot: for our runtime. tflm: what TFLM demands and allocates. rewrite: for the converter.
    """

    name: str
    aot: Aot | Folded | Without
    tflm: Tflm | Without
    rewrite: Rewrite | Without
