"""The picture that a model's input has room for."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.errors import ProjectError


@dataclass(frozen=True)
class InputSize:
    """What a model's input has room for. order: of its axes, "HWC", "CHW" or "HW" (gray). height,
    width: in pixels. channels: 1 or 3."""

    height: int
    width: int
    channels: int
    order: str = "HWC"


def input_size(shape: tuple[int, ...]) -> InputSize:
    """The picture that an input of `shape` takes: (1, H, W, C), (1, C, H, W), (1, H, W) (gray), or
    any of these without the 1. Raises ProjectError for another shape.

    Three or one as the last axis are channels; else three or one as the first are.
    """
    size = shape[1:] if len(shape) in (3, 4) and shape[0] == 1 else shape
    if len(size) == 2 and min(size) > 1:
        return InputSize(size[0], size[1], 1, "HW")
    if len(size) == 3 and size[2] in (1, 3):
        return InputSize(size[0], size[1], size[2])
    if len(size) == 3 and size[0] in (1, 3):
        return InputSize(size[1], size[2], size[0], "CHW")
    raise ProjectError(
        f"The model's input has shape {tuple(shape)}, not (1, height, width, channels) with one "
        "channel or three.",
        "Only models that take one RGB or gray picture can be given pictures.",
    )


def takes_pictures(shape: tuple[int, ...]) -> bool:
    """Whether an input of `shape` can be a picture."""
    try:
        input_size(shape)
    except ProjectError:
        return False
    return True
