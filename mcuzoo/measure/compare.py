"""A predicted arena beside the measured one, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcuzoo.measure.arena import ArenaMeasurement
from mcuzoo.plan.tflm.image import TflmImage
from mcuzoo.plan.tflm.predict import TflmArena
from mcuzoo.project.manifest import ArenaFigures

# Parts as predicted, by what TFLM's recording allocator counts them as.
_RECORDED = {
    "eval tensors": ("eval tensors",),
    "nodes": ("nodes",),
    "kernel buffers": ("kernels", "end pointers"),
    "inputs and outputs": ("inputs and outputs",),
}
_MEASURED = {
    "eval tensors": ("eval tensors",),
    "nodes": ("nodes",),
    "kernel buffers": ("kernel buffers",),
    "inputs and outputs": ("tensors", "quantization"),
}
_REST = "interpreter, op options, scratch handles"


@dataclass(frozen=True)
class ArenaRow:
    """Bytes of one part of the arena."""

    what: str
    predicted: int
    measured: int

    @property
    def difference(self) -> int:
        return self.measured - self.predicted


def arena_rows(predicted: ArenaFigures, measured: ArenaFigures) -> tuple[ArenaRow, ...]:
    """Head, tail, what is used and the smallest arena."""
    return (
        ArenaRow("head", predicted.head_bytes, measured.head_bytes),
        ArenaRow("tail", predicted.tail_bytes, measured.tail_bytes),
        ArenaRow("used", predicted.used_bytes, measured.used_bytes),
        ArenaRow("smallest", predicted.smallest_bytes, measured.smallest_bytes),
    )


def recorded_rows(image: TflmImage | None, found: ArenaMeasurement) -> tuple[ArenaRow, ...]:
    """The tail under the recording allocator by what it holds; none when nothing was recorded."""
    if image is None or found.recorded is None or found.recorded.recorded is None:
        return ()
    return tuple(_recorded(image.recording_arena(), found))


def tflm_figures(arena: TflmArena) -> ArenaFigures:
    return ArenaFigures(arena.head_bytes, arena.tail_bytes, arena.used_bytes, arena.smallest_bytes)


def _recorded(arena: TflmArena, found: ArenaMeasurement) -> Iterator[ArenaRow]:
    assert found.recorded is not None and found.recorded.recorded is not None
    parts = {part.what: part.bytes for part in arena.tail}
    kinds = {kind: part.used_bytes for kind, part in found.recorded.recorded.items()}
    rows = [
        ArenaRow(
            what,
            sum(parts.get(part, 0) for part in _RECORDED[what]),
            sum(kinds.get(kind, 0) for kind in _MEASURED[what]),
        )
        for what in _RECORDED
    ]
    yield from rows
    yield ArenaRow(
        _REST,
        arena.tail_bytes - sum(row.predicted for row in rows),
        found.recorded.tail_bytes - sum(row.measured for row in rows),
    )
