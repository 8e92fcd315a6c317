"""Feature maps in memory: layouts, tiles, and what lies outside."""

from __future__ import annotations

import numpy as np
import pytest

from mcuzoo.npu.memory import Memory, OutsideError
from mcuzoo.npu.operations import SHRAM, DmaOperation, FeatureMap, Range


def feature_map(shape: tuple[int, int, int], **changes: object) -> FeatureMap:
    height, width, depth = shape
    fields = {
        "region": 1,
        "height": height,
        "width": width,
        "depth": depth,
        "bases": (0, 0, 0, 0),
        "height0": height,
        "height1": height,
        "width0": width,
        "stride_y": width * depth,
        "stride_x": depth,
        "stride_c": 1,
        "bricks": False,
        "element_bytes": 1,
        "signed": True,
        "zero_point": 0,
        **changes,
    }
    return FeatureMap(**fields)  # type: ignore[arg-type]


def memory(size: int = 4096) -> Memory:
    return Memory({1: np.zeros(size, np.uint8)}, 16 * 1024)


def counted(shape: tuple[int, int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.arange(np.prod(shape)).reshape(shape) % 200 - 100


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("depth", [3, 16, 35])
@pytest.mark.parametrize("bricks", [False, True])
def test_what_is_written_is_read(size: int, depth: int, bricks: bool) -> None:
    shape, own = (3, 5, depth), memory()
    groups = -(-depth // 16)
    strides = {"stride_y": 5 * depth * size, "stride_x": depth * size}
    if bricks:
        strides = {"stride_y": 5 * 16 * size * groups, "stride_c": 5 * 16 * size}
    fm = feature_map(shape, bricks=bricks, element_bytes=size, **strides)
    own.write(fm, counted(shape))
    assert np.array_equal(own.read(fm), counted(shape))


def test_bricks_hold_16_channels_of_a_row_together() -> None:
    own = memory()
    fm = feature_map((1, 2, 32), bricks=True, stride_y=64, stride_c=32)
    own.write(fm, counted((1, 2, 32)))
    held = own.bytes(Range(1, 0, 64)).view(np.int8).reshape(2, 2, 16)
    assert np.array_equal(held[:, 1], counted((1, 2, 32))[0, 1].reshape(2, 16))


def test_four_tiles() -> None:
    own = memory()
    whole = feature_map((4, 4, 1))
    own.write(whole, counted((4, 4, 1)))
    tiled = feature_map(
        (4, 4, 1), bases=(10, 8, 2, 0), height0=2, height1=3, width0=2, stride_y=4, stride_x=1
    )
    values = own.read(tiled)[..., 0]
    plain = counted((4, 4, 1))[..., 0].ravel()
    assert values[0, 0] == plain[10]  # tile 0
    assert values[1, 2] == plain[8 + 4]  # tile 1, its second row
    assert values[3, 1] == plain[2 + 4 + 1]  # tile 2
    assert values[3, 3] == plain[0 + 1]  # tile 3, below the three rows of tile 1


def test_a_reversed_axis() -> None:
    own = memory()
    own.write(feature_map((1, 4, 2)), counted((1, 4, 2)))
    turned = feature_map((1, 4, 2), bases=(6, 0, 0, 0), stride_x=-2)
    assert np.array_equal(own.read(turned), counted((1, 4, 2))[:, ::-1])


@pytest.mark.parametrize(
    "changes",
    [
        {"region": 5},
        {"bases": (4090, 0, 0, 0)},
        {"stride_y": 2**39},
        {"stride_x": -9, "bases": (3, 0, 0, 0)},
        {"bricks": True, "stride_y": 64, "stride_c": 2**20},
    ],
)
def test_what_lies_outside_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(OutsideError):
        memory().read(feature_map((2, 3, 20), **changes))


def test_copies_and_tables() -> None:
    own = memory()
    own.bytes(Range(1, 0, 256))[:] = np.arange(256)
    own.copy(DmaOperation(0, Range(1, 0, 256), Range(SHRAM, 16 * 1024 - 2048 + 256, 256)))
    assert own.table(1, "u1", 256).tolist() == list(range(256))
    own.copy(DmaOperation(0, Range(1, 0, 8), Range(1, 4, 8)))
    assert own.bytes(Range(1, 4, 8)).tolist() == list(range(8))
    with pytest.raises(OutsideError):
        own.copy(DmaOperation(0, Range(1, 4095, 2), Range(1, 0, 2)))
