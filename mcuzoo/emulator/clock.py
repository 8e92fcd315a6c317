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

    counting: whether the present run is counted.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._skipped = 0
        self.counting = False

    @property
    def now(self) -> int:
        """Between runs."""
        return self._engine.executed + self._skipped

    @property
    def at_read(self) -> int:
        """For a device that is being read: exactly before the instruction that reads it."""
        return self._engine.executed_before_read + self._skipped if self.counting else self.now

    @property
    def at_write(self) -> int:
        """For a device that is being written: before the block with the instruction."""
        return self._engine.executed_before_block + self._skipped

    def skip(self, instructions: int) -> None:
        """Let time pass in which the core does nothing."""
        self._skipped += instructions
