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
    """Instructions since reset, over the runs of one engine; stands still while not counting."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._before = 0
        self._running = False
        self.counting = False

    def now(self) -> int:
        """With the instruction that is being executed."""
        return self._before + (self._engine.executed if self._running else 0)

    def begin_run(self, *, counting: bool) -> None:
        self.counting = self._running = counting

    def end_run(self, *, repeated: int) -> None:
        """The run is over; `repeated` instructions at its end were begun and will be again."""
        if self._running:
            self._before += self._engine.executed - repeated
        self._running = False

    def skip(self, instructions: int) -> None:
        """Let time pass in which the core does nothing."""
        self._before += instructions
