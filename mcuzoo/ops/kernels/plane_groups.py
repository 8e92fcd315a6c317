"""How many groups of four outputs mz_depthwise_planes.c takes for a channel of an image."""

from __future__ import annotations

from mcuzoo.lowering.params import pieces

_GROUP = 4
_TALL_ROWS = 8


def plane_groups(stride: int, columns: int, rows: int) -> tuple[int, int]:
    """Groups and passes of a channel with `columns` by `rows` outputs, as mz_planes_prepare
    chooses them."""
    whole, behind = columns // _GROUP, columns % _GROUP
    passes = [whole * rows] if whole else []
    if (behind == 3 and (stride == 2 or rows < _TALL_ROWS)) or (behind and whole and rows == 1):
        passes.append(rows)
    else:
        if behind >= 2:
            passes.append(_down(rows, 2))
        if behind % 2:
            passes.append(_down(rows, _GROUP if stride == 1 and rows >= _GROUP else 2))
    return sum(passes), len(passes)


def _down(rows: int, height: int) -> int:
    """Groups of `height` rows: an even number where they do not overlap alike."""
    groups = pieces(rows, height)
    alike = groups == 1 or (rows - height) % (groups - 1) == 0
    return groups if alike else pieces(groups, 2) * 2
