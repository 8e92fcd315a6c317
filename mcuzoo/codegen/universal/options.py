"""What a user chooses of a universal firmware."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.codegen.tflm.registration import REGISTRABLE
from mcuzoo.errors import UnsupportedOpError, did_you_mean
from mcuzoo.graph.cut import cut_ends
from mcuzoo.graph.model import Model
from mcuzoo.plan.tflm.requests import Kernels

DEFAULT_OPS = tuple(name for name in REGISTRABLE if name != "DEQUANTIZE")
"""Everything that mcuzoo registers with TFLM and that gives int8."""


@dataclass(frozen=True)
class UniversalOptions:
    """tree: a folder as create_tflm_tree.py makes it. ops: names as in TFLite's schema.

    arena_region, model_region: pin the arena, or the one place for models. recording: a firmware
    for measuring, with the allocator of TFLM that keeps account.
    """

    tree: Path
    ops: tuple[str, ...] = DEFAULT_OPS
    kernels: Kernels = "cmsis-nn"
    arena_region: str | None = None
    model_region: str | None = None
    recording: bool = False


def listed_ops(text: str) -> tuple[str, ...]:
    """`CONV_2D,SOFTMAX` as sorted names. Raises UnsupportedOpError for one that is not known."""
    return checked_ops(word.strip().upper() for word in text.split(",") if word.strip())


def ops_of(models: Sequence[Model]) -> tuple[str, ...]:
    """The ops that the models use, less conversions at their ends, which stay on the host."""
    return checked_ops(op.name for model in models for op in cut_ends(model).model.ops)


def checked_ops(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once, sorted. Raises UnsupportedOpError for one that cannot be registered."""
    ops = tuple(sorted(set(names)))
    known = [name.lower() for name in REGISTRABLE]
    for name in ops:
        if name not in REGISTRABLE:
            raise UnsupportedOpError(
                f"Op {name} is none that mcuzoo can register with TFLM.",
                f"{did_you_mean(name, known)}It registers {', '.join(REGISTRABLE)}.",
            )
    return ops
