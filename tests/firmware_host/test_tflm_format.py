"""The formatter of TFLM's messages against Python's."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_char_p, c_double, c_int, c_int64, c_size_t, c_uint, create_string_buffer
from typing import Any

import pytest
from helpers.host_firmware import TESTS, shared_library
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.resources import firmware_dir

Format = Callable[..., tuple[str, int]]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Format:
    """`text(format, *arguments, room=200)`: what was written and what was returned."""
    library = tmp_path_factory.mktemp("format") / "format.so"
    sources = [
        firmware_dir() / "runtime" / "tflm" / "mz_tflm_format.c",
        TESTS / "firmware_host" / "format_shim.c",
    ]
    call = shared_library(library, sources).format_text
    call.restype = c_int

    def run(format_: str, *arguments: Any, room: int = 200) -> tuple[str, int]:
        buffer = create_string_buffer(b"\xff" * room + b"\xfe", room + 1)
        count = call(buffer, c_size_t(room), c_char_p(format_.encode()), *arguments)
        assert buffer.raw[room] == 0xFE
        return buffer.value.decode("latin-1") if room else "", count

    return run


@pytest.mark.parametrize(
    ("format_", "arguments", "expected"),
    [
        ("plain 100%%", (), "plain 100%"),
        ("%s of %s", (c_char_p(b"one"), c_char_p(b"two")), "one of two"),
        ("%s", (c_char_p(None),), "(null)"),
        ("[%5d][%-5d][%05d]", (c_int(-42),) * 3, "[  -42][-42  ][-0042]"),
        ("%c%c", (c_int(65), c_int(66)), "AB"),
        ("%x %X %#x", (c_uint(0xBEEF),) * 3, "beef BEEF beef"),
        ("%lld %llu", (c_int64(-(2**63)), c_int64(-1)), f"{-(2**63)} {2**64 - 1}"),
        ("%zu", (c_size_t(2**40),), str(2**40)),
        ("%f %.2f %.0f", (c_double(1.5), c_double(-2.999), c_double(0.5)), "1.500000 -3.00 1"),
        ("%f %f", (c_double(float("nan")), c_double(1e30)), "nan inf"),
        ("%y and %", (), "%y and %"),
        ("", (), ""),
    ],
)
def test_known(text: Format, format_: str, arguments: tuple[Any, ...], expected: str) -> None:
    assert text(format_, *arguments) == (expected, len(expected))


@given(value=st.integers(-(2**31), 2**31 - 1), room=st.integers(0, 40))
def test_any_number_in_any_room(text: Format, value: int, room: int) -> None:
    whole = f"value {value}, {value % 2**32:x}"
    written, count = text("value %d, %x", c_int(value), c_uint(value % 2**32), room=room)
    assert count == len(whole)
    assert written == whole[: max(0, room - 1)]


@given(format_=st.text(alphabet="%lhz0-9.+ #dsq", max_size=20).filter(lambda t: "s" not in t))
def test_no_format_runs_away(text: Format, format_: str) -> None:
    if format_.count("d") > 4:
        return
    written, count = text(format_, *(c_int64(7),) * 5, room=50)
    assert len(written) == min(count, 49)
