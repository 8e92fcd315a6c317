"""What the worker tells of a source that cannot be quantized."""

from __future__ import annotations


class RefusedError(Exception):
    """Something about the source that the user can be told in a sentence, and what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def first_line(error: BaseException) -> str:
    """The first line of what an exception says, without its full stop, of sensible length."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")[:200]
