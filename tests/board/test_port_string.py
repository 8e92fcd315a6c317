"""The port's memcpy and its kin, compiled for this machine under other names."""

from __future__ import annotations

import ctypes

import pytest
from helpers.host_firmware import shared_library
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.resources import firmware_dir

NAMES = ("memcpy", "memmove", "memset", "memcmp")
ROOM = 96


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    library = tmp_path_factory.mktemp("string") / "string.so"
    source = firmware_dir() / "port" / "cortex_m7" / "mz_string.c"
    return shared_library(library, [source], "-O2", *(f"-D{name}=port_{name}" for name in NAMES))


offsets = st.integers(0, 16)
lengths = st.integers(0, 64)


def filled() -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(bytes(range(ROOM)), ROOM)


@given(to=offsets, start=offsets, length=lengths)
def test_memcpy(port: ctypes.CDLL, to: int, start: int, length: int) -> None:
    source = bytes(reversed(range(ROOM)))
    target = filled()
    expected = bytearray(target.raw)
    expected[to : to + length] = source[start : start + length]
    held = ctypes.create_string_buffer(source, ROOM)
    port.port_memcpy(ctypes.byref(target, to), ctypes.byref(held, start), ctypes.c_size_t(length))
    assert target.raw == expected


@given(to=offsets, start=offsets, length=lengths)
def test_memmove_within_one_buffer(port: ctypes.CDLL, to: int, start: int, length: int) -> None:
    target = filled()
    expected = bytearray(target.raw)
    expected[to : to + length] = target.raw[start : start + length]
    port.port_memmove(
        ctypes.byref(target, to), ctypes.byref(target, start), ctypes.c_size_t(length)
    )
    assert target.raw == expected


@given(to=offsets, length=lengths, value=st.integers(-128, 255))
def test_memset(port: ctypes.CDLL, to: int, length: int, value: int) -> None:
    target = filled()
    expected = bytearray(target.raw)
    expected[to : to + length] = bytes([value & 0xFF]) * length
    port.port_memset(ctypes.byref(target, to), ctypes.c_int(value), ctypes.c_size_t(length))
    assert target.raw == expected


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_memcmp(port: ctypes.CDLL, left: bytes, right: bytes) -> None:
    length = min(len(left), len(right))
    left, right = left[:length], right[:length]
    answer = port.port_memcmp(left, right, ctypes.c_size_t(length))
    assert (answer > 0) - (answer < 0) == (left > right) - (left < right)
