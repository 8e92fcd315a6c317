"""The memories of an NPU: feature maps read from and written to the regions of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.npu.operations import SHRAM, DmaOperation, FeatureMap, Range, Tile

_BRICK = 16
_DTYPES: dict[tuple[int, bool], np.dtype[Any]] = {
    (1, False): np.dtype("u1"),
    (1, True): np.dtype("i1"),
    (2, False): np.dtype("<u2"),
    (2, True): np.dtype("<i2"),
    (4, False): np.dtype("<u4"),
    (4, True): np.dtype("<i4"),
}
LUT_BYTES = 2048
"""Look-up tables are the last bytes of the shared memory of a core."""

LUT_SLOT_BYTES = 256


class OutsideError(Exception):
    """Bytes that are in no region. place: which."""

    def __init__(self, place: Range, size: int | None) -> None:
        super().__init__(place, size)
        self.place = place
        self.size = size


class Memory:
    """regions: bytes of each region by its number, uint8 (size,); they are changed in place.

    shram_bytes: of one core.
    """

    def __init__(self, regions: Mapping[int, NDArray[np.uint8]], shram_bytes: int) -> None:
        self._regions = {**regions, SHRAM: np.zeros(shram_bytes, np.uint8)}

    def bytes(self, place: Range) -> NDArray[np.uint8]:
        """A view. Raises OutsideError."""
        region = self._regions.get(place.region)
        if region is None or not 0 <= place.start <= place.end <= len(region):
            raise OutsideError(place, None if region is None else len(region))
        return region[place.start : place.end]

    def copy(self, dma: DmaOperation) -> None:
        """Raises OutsideError."""
        self.bytes(dma.target)[:] = self.bytes(dma.source).copy()

    def table(self, slot: int, dtype: str, entries: int) -> NDArray[Any]:
        """A look-up table. Raises OutsideError."""
        start = len(self._regions[SHRAM]) - LUT_BYTES + slot * LUT_SLOT_BYTES
        size = entries * np.dtype(dtype).itemsize
        entries_of: NDArray[Any] = self.bytes(Range(SHRAM, start, size)).view(dtype)
        return entries_of

    def read(self, fm: FeatureMap) -> NDArray[Any]:
        """The values of a feature map, (height, width, depth), a copy. Raises OutsideError."""
        values = np.empty(fm.shape, _DTYPES[fm.element_bytes, fm.signed])
        for tile in fm.tiles():
            rows = slice(tile.top, tile.top + tile.height)
            columns = slice(tile.left, tile.left + tile.width)
            for channels, part in self._parts(fm, tile):
                values[rows, columns, channels] = part.reshape(tile.height, tile.width, -1)
        return values

    def write(self, fm: FeatureMap, values: NDArray[Any]) -> NDArray[Any]:
        """Write integers (height, width, depth), of each the lowest bits; returns what then stands
        there. Raises OutsideError."""
        stored: NDArray[Any] = values.astype(_DTYPES[fm.element_bytes, fm.signed])
        for tile in fm.tiles():
            rows = slice(tile.top, tile.top + tile.height)
            columns = slice(tile.left, tile.left + tile.width)
            for channels, part in self._parts(fm, tile):
                part[...] = stored[rows, columns, channels].reshape(part.shape)
        return stored

    def _parts(self, fm: FeatureMap, tile: Tile) -> list[tuple[slice, NDArray[Any]]]:
        """Views of a tile: (channels, elements (height, width, channels) or, of whole bricks,
        (height, width, bricks, 16))."""
        span = fm.span(tile)
        memory, first = self.bytes(span), tile.base - span.start
        dtype = _DTYPES[fm.element_bytes, fm.signed]
        size = fm.element_bytes
        if not fm.bricks:
            strides = (fm.stride_y, fm.stride_x, size)
            view = _strided(memory, dtype, (tile.height, tile.width, fm.depth), strides, first)
            return [(slice(None), view)]
        whole, left = divmod(fm.depth, _BRICK)
        found = []
        if whole:
            shape: tuple[int, ...] = (tile.height, tile.width, whole, _BRICK)
            across: tuple[int, ...] = (fm.stride_y, _BRICK * size, fm.stride_c, size)
            found.append((slice(0, whole * _BRICK), _strided(memory, dtype, shape, across, first)))
        if left:
            shape, across = (tile.height, tile.width, left), (fm.stride_y, _BRICK * size, size)
            view = _strided(memory, dtype, shape, across, first + whole * fm.stride_c)
            found.append((slice(whole * _BRICK, fm.depth), view))
        return found


def _strided(
    memory: NDArray[np.uint8],
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int,
) -> NDArray[Any]:
    """numpy checks that all elements lie in `memory`."""
    # An axis of one element may have any stride, but numpy wants one that fits.
    fitting = tuple(0 if size == 1 else stride for size, stride in zip(shape, strides, strict=True))
    view: NDArray[Any] = np.ndarray(shape, dtype, memory.data, offset, fitting)
    return view
