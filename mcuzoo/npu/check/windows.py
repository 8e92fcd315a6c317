"""Where an operation's output lies in a tensor of the source model, found by its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = list[NDArray[Any]]

_MOST_STARTS = 64
_LEAST = 8
"""Fewer values might be a part of any tensor by chance."""


@dataclass(frozen=True)
class Window:
    """A part of a tensor, as (height, width, channels). start: where it begins. shape: of the part.

    flat: the operation has the same elements in the same order in another shape. wrong: elements
    that are not as they should be, of all probes.
    """

    start: tuple[int, int, int]
    shape: tuple[int, int, int]
    flat: bool = False
    wrong: int = 0

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """These elements of a tensor's values, in the shape of the operation's output."""
        if self.flat:
            return values.reshape(self.shape)
        return image(values)[
            tuple(
                slice(start, start + size)
                for start, size in zip(self.start, self.shape, strict=True)
            )
        ]


def image(values: NDArray[Any]) -> NDArray[Any]:
    """As (height, width, channels): axes before are taken as rows."""
    if values.ndim >= 3:
        return values.reshape(-1, *values.shape[-2:])
    return values.reshape((1,) * (3 - values.ndim) + values.shape)


def find(
    made: Arrays, tensor: Arrays, hint: tuple[int, int, int] = (0, 0, 0), unfinished: bool = False
) -> Window | None:
    """The window of `tensor` that is `made` in all probes; that at `hint`, if it is one of many.

    unfinished: whether `made` may be a mere copy of what is a part of something longer. Then values
    that are all alike, a RELU's least, count for nothing, nor does one of many windows.
    """
    if unfinished and not any(np.ptp(one) for one in made):
        return None
    shape = made[0].shape
    if made[0].size == tensor[0].size:
        if all(map(_same, made, tensor)):
            own = image(tensor[0]).shape
            return Window((0, 0, 0), shape, flat=own != shape)
        return None
    if made[0].size < _LEAST:
        return None
    whole = np.stack([image(one) for one in tensor])
    if any(size > most for size, most in zip(shape, whole.shape[1:], strict=True)):
        return None
    starts = _starts(made, whole, shape)
    nearest_first = sorted(starts, key=lambda one: one != hint)[:_MOST_STARTS]
    fitting = (
        window
        for window in (Window(start, shape) for start in nearest_first)
        if all(_same(one, window.of(own)) for one, own in zip(made, tensor, strict=True))
    )
    first = next(fitting, None)
    return first if not unfinished or next(fitting, None) is None else None


def _starts(
    made: Arrays, whole: NDArray[Any], shape: tuple[int, ...]
) -> list[tuple[int, int, int]]:
    """Places whose first elements are right."""
    room = [most - size + 1 for size, most in zip(shape, whole.shape[1:], strict=True)]
    right = np.ones(room, np.bool_)
    corners = {(0, 0, 0), (0, 0, shape[2] - 1), (0, shape[1] - 1, 0), (shape[0] - 1, 0, 0)}
    for y, x, c in corners:
        part = whole[:, y : y + room[0], x : x + room[1], c : c + room[2]]
        mark = np.array([one[y, x, c] for one in made])
        right &= (part == mark[:, None, None, None]).all(axis=0)
    return [(int(y), int(x), int(c)) for y, x, c in np.argwhere(right)]


def nearest(made: Arrays, tensor: Arrays, hint: tuple[int, int, int]) -> Window | None:
    """The window where most elements are right, if more than half are: of the whole tensor, or
    at `hint`, where the output before ended."""
    shape = made[0].shape
    if made[0].size == tensor[0].size:
        window = Window((0, 0, 0), shape, flat=image(tensor[0]).shape != shape)
    else:
        whole = image(tensor[0]).shape
        if any(at + size > most for at, size, most in zip(hint, shape, whole, strict=True)):
            return None
        window = Window(hint, shape)
    wrong = sum(
        int(np.count_nonzero(one != window.of(own))) for one, own in zip(made, tensor, strict=True)
    )
    if wrong * 2 > len(made) * made[0].size:
        return None
    return Window(window.start, window.shape, window.flat, wrong)


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return np.array_equal(one.reshape(-1), other.reshape(-1))
