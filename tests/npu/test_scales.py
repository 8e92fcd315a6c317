"""The table of biases and scales, as Vela writes it."""

from __future__ import annotations

import numpy as np
import pytest

from mcuzoo.errors import ModelError
from mcuzoo.npu.scales import decode_scales

ENTRIES = [
    (0, 0, 0),
    (-1, 1, 63),
    (2**39 - 1, 2**32 - 1, 31),
    (-(2**39), 2**31, 1),
    (-123456, 1518500249, 40),
]


def table(entries: list[tuple[int, int, int]], end: bytes = b"") -> bytes:
    return (
        b"".join(
            bias.to_bytes(5, "little", signed=True) + scale.to_bytes(4, "little") + bytes([shift])
            for bias, scale, shift in entries
        )
        + end
    )


@pytest.mark.parametrize("cores", [1, 2])
def test_extreme_entries_of_one_core_and_two(cores: int) -> None:
    streams = [table(ENTRIES[core::cores], bytes(6)) for core in range(cores)]
    scales = decode_scales(streams, len(ENTRIES))
    found = zip(
        scales.bias.tolist(), scales.multiplier.tolist(), scales.shift.tolist(), strict=True
    )
    assert list(found) == ENTRIES
    assert not np.any(scales.unused)


def test_bits_that_the_hardware_does_not_read_are_told_apart() -> None:
    data = bytearray(table(ENTRIES))
    data[9] |= 0xC0
    scales = decode_scales([bytes(data)], len(ENTRIES))
    assert scales.shift[0] == 0
    assert scales.unused.tolist() == [3, 0, 0, 0, 0]


@pytest.mark.parametrize(
    "stream", [table(ENTRIES)[:-1], table(ENTRIES, bytes(16)), table(ENTRIES, b"\1")]
)
def test_a_table_that_is_not_the_channels(stream: bytes) -> None:
    with pytest.raises(ModelError):
        decode_scales([stream], len(ENTRIES))
