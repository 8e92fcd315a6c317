"""Time on the emulated board: executed instructions, counted as long as somebody wants them."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.emulator.engine import Engine
from mcuzoo.errors import UsageError


@dataclass(frozen=True)
class CountMode:
    """How many inferences are counted before the board runs at full speed; None: all of them."""

    inferences: int | None = 1

    @classmethod
    def parse(cls, text: str) -> CountMode:
        """From "all" or a number; raises UsageError."""
        if text == "all":
            return cls(None)
        if text.isascii() and text.isdigit():
            return cls(int(text))
        raise UsageError(
            f"{text!r} does not say how many inferences to count.",
            "Say a number, 0 for none, or all.",
        )

    def __str__(self) -> str:
        return "all" if self.inferences is None else str(self.inferences)

    def allows(self, counted: int) -> bool:
        """Whether another inference is to be counted after `counted` ones."""
        return self.inferences is None or counted < self.inferences


class InstructionClock:
    """Instructions since reset; stands still while nobody counts.

    It is exact between runs only. A device that needs it calls `ready`: when that is false the
    run ends, and the access is made again with the clock exact.

    counting: whether the present run is counted. now: as of the end of the last run.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._skipped = 0
        self._asked = False
        self.now = 0
        self.counting = False

    def ready(self) -> bool:
        """Whether `now` is the present."""
        if not self.counting:
            return True
        self._asked = not self._asked
        if self._asked:
            self._engine.stop()
        return not self._asked

    def run_ended(self) -> None:
        self.now = self._engine.executed + self._skipped

    def skip(self, instructions: int) -> None:
        """Let time pass in which the core does nothing."""
        self._skipped += instructions
