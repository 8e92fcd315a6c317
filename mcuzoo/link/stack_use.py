"""How much of its stack a board has used, by what is left of the paint, and if that is too much."""

from __future__ import annotations

from dataclasses import dataclass

_ENOUGH_LEFT = 0.1
"""Of the stack: another model, input or compiler may take a little more."""


@dataclass(frozen=True)
class StackUse:
    """used_bytes: the most that was in use since the board's restart."""

    bytes: int
    used_bytes: int

    @property
    def warning(self) -> str | None:
        """In a sentence; None where enough is left."""
        left = self.bytes - self.used_bytes
        if left >= self.bytes * _ENOUGH_LEFT:
            return None
        last = f"the last {left:,}" if left > 0 else "the last one"
        more = "" if left > 0 else ", and perhaps beyond it"
        return f"The stack's {self.bytes:,} bytes were used up to {last}{more}."


def stack_use(stack_bytes: int, used_bytes: int) -> StackUse | None:
    """None where the board does not know: a size of 0."""
    return StackUse(stack_bytes, used_bytes) if stack_bytes else None
