"""Where buffers may begin: in the arena, and within a kernel's scratch."""

from __future__ import annotations

ALIGNMENT_BYTES = 16
"""What the kernels and the link expect of every tensor."""


def align_up(value: int, alignment: int = ALIGNMENT_BYTES) -> int:
    """The least multiple of `alignment` that is not below `value`."""
    return -(-value // alignment) * alignment
