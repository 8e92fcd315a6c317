"""What one board's runtime takes of its arena, and the smallest arena that it would run in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mcuzoo.errors import FirmwareError
from mcuzoo.link.arena import ArenaUse
from mcuzoo.link.hello import Hello
from mcuzoo.measure.search import smallest_working
from mcuzoo.project.manifest import ArenaFigures


class MeasuredSession(Protocol):
    """The part of a link session that is used here."""

    def hello(self) -> Hello: ...

    def measure_arena(self, arena_bytes: int = 0, recorded: bool = False) -> ArenaUse: ...


@dataclass(frozen=True)
class ArenaMeasurement:
    """Sizes in bytes. recorded: the same arena with TFLM's recording allocator, if there is one.

    The stack's figures are 0 where the board does not know them; `trials`: how many arenas were
    tried.
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
