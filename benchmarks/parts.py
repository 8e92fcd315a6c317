"""What of a fused call belongs to which of its ops: counted, by the functions it calls.

A kernel that computes several ops calls functions for each of them. QEMU's witness tells when
execution comes into one of these functions or back into the kernel (`QemuCounts.places`), so
that everything between, with whatever is called from there, is one op's. What the kernel spends
itself, on its loop, on padding and on rows that wait, is the last op's, which all of it is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcuzoo.graph.model import Model
from mcuzoo.profile import Layer

FUSED = {
    "mz_pointwise_depthwise_s8_dsp": (
        ("mz_pointwise_s8_dsp", "mz_block_run"),
        ("mz_depthwise_3x3_rows", "mz_planes_convolve"),
    ),
}
"""By fused kernel: the functions that compute each of its ops, in the ops' order."""

PLACES = frozenset(FUSED) | {
    name for ops in FUSED.values() for functions in ops for name in functions
}
"""The functions that the witness has to watch."""


@dataclass(frozen=True)
class Split:
    """The parts of a fused layer: instructions by op, which sum up to `total`.

    `around` of them are the kernel's own; they are in the last op's.
    """

    kernel: str
    functions: tuple[str, ...]
    counts: dict[int, int]
    around: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def split(model: Model, layer: Layer, places: Mapping[str, int]) -> Split | None:
    """`places`: instructions of this layer by function. None where they tell nothing.

    That is so for a kernel that FUSED does not know, and when none of an op's functions ran,
    because a compiler has put them into their caller.
    """
    ops = [
        op
        for op in range(layer.first_op, layer.last_op + 1)
        if model.ops[op].name not in ("RESHAPE", "PAD")
    ]
    for kernel, functions in FUSED.items():
        if kernel not in places or len(ops) != len(functions):
            continue
        found = [sum(places.get(name, 0) for name in names) for names in functions]
        if 0 in found:
            return None
        around = sum(places.values()) - sum(found)
        found[-1] += around
        ran = tuple(" ".join(name for name in names if name in places) for names in functions)
        return Split(kernel, ran, dict(zip(ops, found, strict=True)), around)
    return None
