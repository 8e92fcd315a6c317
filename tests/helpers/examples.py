"""How many examples hypothesis tries."""

from __future__ import annotations

from hypothesis import settings


def examples(most: int) -> int:
    """All of them in `make full`; a third of them in `make test`, whose profile tries 33 where
    nothing else is said, and not 100."""
    return max(1, most * settings().max_examples // 100)
