"""From a program to kernel calls, and the bytes of constants that these read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from mcuzoo.graph.model import Op
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.variant import Variant, Work
from mcuzoo.ops.columns import columns_as_rows
from mcuzoo.ops.coverage import judge
from mcuzoo.ops.operator import Aot
from mcuzoo.ops.padding import absorb_padding
from mcuzoo.ops.table import OPERATORS, computed

_FOR_DSP = "_dsp"


def lower(program: Program, portable: bool = False) -> tuple[Call, ...]:
    """The calls of every step, in order; a PAD may be done by the kernel that reads its output.

    portable: by the kernels that a compiler makes the best of, instead of those for a Cortex-M7.
    Raises UnsupportedOpError naming the first op that the ahead-of-time runtime cannot run.
    """
    judge(program.file, "aot").require()
    works = columns_as_rows(absorb_padding(program, prepare_works(program)))
    variants = choose_variants(works, portable)
    return tuple(
        chain.from_iterable(
            variant.lower(work) for variant, work in zip(variants, works, strict=True)
        )
    )


def prepare_works(program: Program) -> list[Work]:
    """The work of every step, before a kernel is chosen."""
    return [computed(step.op).prepare(program, step) for step in program.steps]


def choose_variants(works: Sequence[Work], portable: bool = False) -> list[Variant[Any]]:
    """Choose for every work the first variant of its op that accepts it.

    portable: none that was written for the DSP instructions of a Cortex-M.

    All kernels so far read and write images as NHWC. This is where two neighbours that share
    another layout of the activation between them will be chosen together.
    """
    return [
        next(
            variant
            for variant in computed(work.op).variants
            if not (portable and variant.kernel.endswith(_FOR_DSP)) and variant.accepts(work)
        )
        for work in works
    ]


def call_constant_bytes(calls: Iterable[Call]) -> int:
    """Bytes of constants that the kernels of these calls read, without the linker's alignment."""
    return sum(constant.bytes for call in calls for constant in call.constants())


def program_constant_bytes(program: Program) -> int:
    """Bytes of constants that portable kernels would read, for a program that cannot be lowered."""
    return sum(aot.constant_bytes(program.model, op) for aot, op in _known(program))


def portable_kernels(program: Program) -> list[str]:
    """The portable kernel of each op that has one, for a program that cannot be lowered."""
    return [aot.variants[-1].kernel for aot, _ in _known(program)]


def _known(program: Program) -> Iterator[tuple[Aot, Op]]:
    for step in program.steps:
        operator = OPERATORS.get(step.op.name)
        if operator is not None and isinstance(operator.aot, Aot):
            yield operator.aot, step.op
