"""What takes long is spoken of: at once where it is long, then now and then."""

from __future__ import annotations

import pytest

from mcuzoo.cli.progress import AGAIN_S, FIRST_S, Interval, StepLine, step


def said(live: bool, seconds: list[float], *updates: tuple[int, int | None]) -> str:
    texts: list[str] = []
    line = StepLine("building", live, texts.append)
    for update in updates:
        line.update(*update)
    for second in seconds:
        line.tick(second)
    line.end()
    return "".join(texts)


def test_a_short_step_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    for live in (False, True):
        assert said(live, [0.5, FIRST_S - 0.1]) == ""
    with step("building") as update:
        update(1, 2)
    assert capsys.readouterr() == ("", "")


def test_lines_at_the_start_and_now_and_then() -> None:
    ticks = [n / 2 for n in range(2 * int(FIRST_S + 2 * AGAIN_S) + 1)]
    lines = said(False, ticks, (3, 104)).splitlines()
    assert lines == [f"building: 3 of 104 ... {FIRST_S + n * AGAIN_S:.0f} s" for n in range(3)]


def test_a_terminal_has_one_line_that_is_taken_away() -> None:
    text = said(True, [2.5, 3.0, 3.5], (7, None))
    assert text.count("building: 7 ... ") == 3 and "\n" not in text
    assert text.endswith("\r") and text.rsplit("\r", 2)[1].strip() == ""


def test_an_error_ends_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError), step("building"):
        raise ValueError
    assert capsys.readouterr().err == ""


def test_a_rhythm_of_lines_by_whoever_counts() -> None:
    clock = [0.0]
    interval = Interval(lambda: clock[0])
    due = []
    for second in range(0, 40, 5):
        clock[0] = float(second)
        due.append(interval.is_due())
    assert due == [False, False, False, True, False, False, True, False]
