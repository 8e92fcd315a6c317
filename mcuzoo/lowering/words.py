"""Names and shapes as words that are safe in generated C."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mcuzoo.quoting import shortened

# A tensor's name comes from the model file and may hold anything; in C only these pass, so that
# no name ends a comment or a string.
_UNSAFE = re.compile(r"[^A-Za-z0-9_./:;,+\-()\[\] ]")


def comment_text(name: str) -> str:
    """`name` as it can stand in a comment or a string; the middle of a long one is left out."""
    return shortened(_UNSAFE.sub("_", name))


def shape_text(shape: Sequence[int]) -> str:
    return "[" + ", ".join(str(size) for size in shape) + "]"
