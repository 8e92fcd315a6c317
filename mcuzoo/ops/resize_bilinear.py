"""RESIZE_BILINEAR, which TFLM alone runs."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common.rules import REAL, Refusal, resize_options, resized
from mcuzoo.ops.operator import tflm_alone

# In ResizeBilinearInteger a pixel is 2**10 steps.
_PIXEL_STEPS = 1 << 10


def demands(model: Model, op: Op) -> None:
    """RESIZE_BILINEAR to a constant size."""
    source, target = resized(model, op, REAL)
    corners, centers = resize_options(op)
    if corners and centers:
        raise Refusal("it has align_corners and half_pixel_centers")
    if source.dtype is DType.INT8:
        for before, after in zip(source.shape[1:3], target.shape[1:3], strict=True):
            if _last_row(before, after, corners, centers) >= before:
                raise Refusal(f"resizes {before} to {after}, beyond TFLM's precision", target.index)


def _last_row(before: int, after: int, corners: bool, centers: bool) -> int:
    """The first of the two rows that ResizeBilinearInteger mixes for its last output row; its
    scale is rounded to 2**-10, so that it may lie behind the image."""
    if corners and after > 1:
        scale = (_PIXEL_STEPS * (before - 1) + (after - 1) // 2) // (after - 1)
    else:
        scale = (_PIXEL_STEPS * before + after // 2) // after
    place = (after - 1) * scale + (scale // 2 - _PIXEL_STEPS // 2 if centers else 0)
    return max(0, place) // _PIXEL_STEPS


OPERATOR = tflm_alone("RESIZE_BILINEAR", "AddResizeBilinear", demands)
