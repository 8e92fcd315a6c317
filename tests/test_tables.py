"""Tables fit any width and lose nothing."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.tables import Column, columns_of, table_text

word = st.text("ab1,.µ停", max_size=30)
columns = st.lists(
    st.builds(Column, st.just("head"), st.booleans(), st.integers(0, 3), st.booleans()),
    min_size=1,
    max_size=8,
)


@given(columns, st.data(), st.integers(20, 120))
def test_nothing_is_lost_and_no_line_is_too_long(
    heads: list[Column], data: st.DataObject, width: int
) -> None:
    cells = st.lists(word, min_size=len(heads), max_size=len(heads))
    rows = data.draw(st.lists(cells, max_size=4))
    text = table_text(heads, rows, width)
    if all(columns_of(cell) == len(cell) for row in rows for cell in row):
        assert max(map(columns_of, text.splitlines())) <= width
    kept = sorted(re.sub(r"[^ab1,.µ停]", "", text.replace("head", "")))
    assert kept == sorted(char for row in rows for cell in row for char in cell)


def test_what_has_no_room_goes_below_its_row() -> None:
    heads = (Column("op"), Column("bytes", right=True), Column("window", rank=1))
    rows = [("CONV_2D", "1,024", "3x3 SAME"), ("ADD", "5", "")]
    assert table_text(heads, rows, 40).splitlines()[2] == "CONV_2D  1,024  3x3 SAME"
    assert table_text(heads, rows, 20) == (
        "op       bytes\n-------  -----\nCONV_2D  1,024\n    window 3x3 SAME\nADD          5\n"
    )


def test_colour_is_for_whole_lines() -> None:
    text = table_text((Column("a"),), [("x",), ("y",)], 80, bad={1}, color=True)
    assert text.splitlines()[2:] == ["x", "\x1b[1;31my\x1b[0m"]


def test_no_cell_controls_a_terminal() -> None:
    heads = (Column("board"), Column("why", rank=1))
    rows = [("a\x1b]0;b\x07", "\x1b[2Jlost\n")]
    text = table_text(heads, rows, 80, bad=(0,), color=True)
    assert text.splitlines()[2] == "\x1b[1;31ma?]0;b?  ?[2Jlost?\x1b[0m"
