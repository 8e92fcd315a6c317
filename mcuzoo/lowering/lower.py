"""From a program to kernel calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcuzoo.graph.coverage import require_aot
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.registry import OPS
from mcuzoo.lowering.variant import Variant, Work


def lower(program: Program) -> tuple[Call, ...]:
    """One call per step, in order.

    Raises UnsupportedOpError naming the first op that the ahead-of-time runtime cannot run.
    """
    require_aot(program)
    works = [OPS[step.op.name].prepare(program, step) for step in program.steps]
    variants = choose_variants(works)
    return tuple(variant.lower(work) for variant, work in zip(variants, works, strict=True))


def choose_variants(works: Sequence[Work]) -> list[Variant[Any]]:
    """For every work the first variant of its op that accepts it.

    All kernels so far read and write images as NHWC. This is where two neighbours that share
    another layout of the activation between them will be chosen together.
    """
    return [
        next(variant for variant in OPS[work.op.name].variants if variant.accepts(work))
        for work in works
    ]
