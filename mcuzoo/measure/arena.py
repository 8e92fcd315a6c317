"""Measure on a board how much of its arena the runtime uses, and the smallest arena that works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from mcuzoo.errors import FirmwareError
from mcuzoo.link.hello import Hello
from mcuzoo.link.inference import ArenaUse
from mcuzoo.plan.tflm.image import TflmImage
from mcuzoo.plan.tflm.predict import TflmArena
from mcuzoo.project.manifest import ArenaFigures

STEP_BYTES = 16
"""Arenas are reserved in multiples of this, and buffers are aligned to it."""


def smallest_working(works: Callable[[int], bool], expected: int, most: int) -> int | None:
    """The least size in bytes, at most `most`, for which `works`; None when `most` does not.

    Starts at `expected`, so that a good expectation costs few trials. The search assumes that a
    larger multiple of STEP_BYTES works if a smaller one does. Between the last two multiples every
    size is tried, because the cost of alignment depends on the remainder.
    """
    size = _whole_steps(works, expected, most)
    if size is None:
        return None
    between = range(max(1, size - STEP_BYTES + 1), size)
    return next((smaller for smaller in between if works(smaller)), size)


def _whole_steps(works: Callable[[int], bool], expected: int, most: int) -> int | None:
    """The least working multiple of STEP_BYTES, or `most` when only that works."""
    steps = most // STEP_BYTES
    if steps == 0:
        return most if most and works(most) else None
    known = min(max(1, -(-expected // STEP_BYTES)), steps)
    stride = 1
    if works(known * STEP_BYTES):
        good = known
        while good > 1 and works(max(1, good - stride) * STEP_BYTES):
            good = max(1, good - stride)
            stride *= 2
        bad = max(0, good - stride)
    else:
        bad = known
        good = min(steps, known + stride)
        while not works(good * STEP_BYTES):
            if good == steps:
                return most if most % STEP_BYTES and works(most) else None
            bad = good
            stride *= 2
            good = min(steps, good + stride)
    while good - bad > 1:
        middle = (good + bad) // 2
        if works(middle * STEP_BYTES):
            good = middle
        else:
            bad = middle
    return good * STEP_BYTES


class MeasuredSession(Protocol):
    """The methods of a link session that are used here."""

    def hello(self) -> Hello: ...

    def measure_arena(self, arena_bytes: int = 0, recorded: bool = False) -> ArenaUse: ...


@dataclass(frozen=True)
class ArenaMeasurement:
    """Sizes in bytes. recorded: the same arena with TFLM's recording allocator, if there is one.

    The stack's figures are 0 where the board does not know them; `trials`: how many arenas were
    tried. stack_bytes: the size of the stack; stack_used_bytes: the most that it held.
    """

    figures: ArenaFigures
    recorded: ArenaUse | None
    stack_bytes: int
    stack_used_bytes: int
    trials: int


def measure_arena(session: MeasuredSession, expected: int, recording: bool) -> ArenaMeasurement:
    """Let the board at `session` run its model in ever smaller arenas, beginning at `expected`.

    recording: ask for the recording allocator's account too. Raises FirmwareError when the model
    does not even run in the whole arena; else as Session.measure_arena.
    """
    whole = session.hello().arena_bytes
    if whole == 0 or session.hello().runtime_error:
        raise _not_running(session.hello().runtime_error or "it has no model")
    use = session.measure_arena(whole)
    if use.error:
        raise _not_running(use.error)
    trials = 1

    def works(arena_bytes: int) -> bool:
        nonlocal trials
        trials += 1
        try:
            return not session.measure_arena(arena_bytes).error
        except FirmwareError:  # a fault: TFLM does not look at every pointer that it gets
            return False

    smallest = smallest_working(works, expected, whole)
    recorded = session.measure_arena(whole, recorded=True) if recording else None
    if recorded is not None and recorded.error:
        raise _not_running(recorded.error)
    return ArenaMeasurement(
        figures=ArenaFigures(use.head_bytes, use.tail_bytes, use.used_bytes, smallest or whole),
        recorded=recorded,
        stack_bytes=use.stack_bytes,
        stack_used_bytes=use.stack_used_bytes,
        trials=trials,
    )


def _not_running(why: str) -> FirmwareError:
    return FirmwareError(
        f"The board's arena cannot be measured: {why}.",
        "Export the project again (mcuzoo fit shows what fits), build and flash it.",
    )


# Predicted parts, by the kind under which TFLM's recording allocator counts them.
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
    """Bytes of one part of the arena.

    what: the part, in words. predicted, measured: bytes.
    """

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
