"""What a failing test shows: the image, what was expected, what came back, and which of the three
broke: the model, the firmware or the rig."""

from __future__ import annotations

import sysconfig
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from _pytest._code.code import (
    ReprEntryNative,
    ReprExceptionInfo,
    ReprFileLocation,
    ReprTraceback,
    Traceback,
)

from mcuzoo.errors import McuzooError, command
from mcuzoo.pytest_plugin.bench import Bench, RunOfTest
from mcuzoo.pytest_plugin.leased import HOST, Asked, LeasedBoard
from mcuzoo.pytest_plugin.options import near
from mcuzoo.report.ci import PARTS
from mcuzoo.report.line import line_text
from mcuzoo.run.open_board import Answer, Classification
from mcuzoo.run.score import difference

_LISTED = 3
_WIDTH = 78
_PACKAGE = Path(__file__).resolve().parents[1]
_PYTHON = Path(sysconfig.get_path("stdlib"))


def section(bench: Bench, error: BaseException | None) -> str:
    """The lines of the report of a test that failed; empty if mcuzoo had no part in it."""
    board = bench.board
    asked = [] if board is None else board.asked
    if not (asked or bench.runs or isinstance(error, McuzooError)):
        return ""
    facts = list(_facts(bench, board, error))
    width = max((len(name) for name, _ in facts), default=0)
    lines: list[str] = []
    for name, text in facts:
        lines += textwrap.wrap(
            text,
            _WIDTH,
            initial_indent=f"{name:<{width}}  ",
            subsequent_indent=" " * (width + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _facts(
    bench: Bench, board: LeasedBoard | None, error: BaseException | None
) -> Iterator[tuple[str, str]]:
    yield "broke", which_broke(bench, board, error)
    if board is not None:
        yield "board", board.text
        asked = board.asked
        shown = _shown(asked)
        for one in shown:
            yield from _question(one, bench.chosen.home, error)
        if len(asked) > len(shown):
            yield "", f"{len(shown)} of the {len(asked)} images that this test asked"
        if board.wrong_layer is not None and any(one.unequal for one in asked):
            yield "layer", f"on {Path(board.wrong_layer.file).name}, {board.wrong_layer.verdict}"
    for run in bench.runs:
        yield from _run(run, bench.chosen.home)
    if board is not None:
        yield from _line(board)
    if bench.asked_folder is not None:
        folder = near(bench.asked_folder, bench.chosen.home)
        yield "journal", command("mcuzoo", "report", folder)


def which_broke(bench: Bench, board: LeasedBoard | None, error: BaseException | None) -> str:
    """The part at fault, and why it is that one; the strongest evidence first."""
    asked = [] if board is None else board.asked
    unequal = [one.answer for one in asked if one.unequal and one.answer is not None]
    if any(one.delegate for one in unequal):
        return _delegate(unequal[0].delegate)
    if unequal:
        return "the firmware: from the same input it computes something else than the host"
    for run in bench.runs:
        verdict = None if run.summary is None else run.summary.verdict
        if verdict is not None and verdict.broke is not None:
            reasons = " ".join(verdict.reasons)
            return f"the {verdict.broke.value}: {reasons}"
    if isinstance(error, McuzooError):
        part = PARTS.get(error.exit_code)
        if part is None:
            return "the test: it asked for something that cannot be done"
        who = f": {board.name}" if part in ("rig", "firmware") and board is not None else ""
        return f"the {part}{who}"
    answers = [one for one in asked if one.answer is not None]
    compared = answers and all(one.answer and one.answer.agrees for one in answers)
    runs = [run.summary for run in bench.runs if run.summary is not None]
    agreed = runs and all(one.agreement and not one.unlike.exact for one in runs)
    alike = "the host's, byte for byte"
    if any(one.answer and not one.answer.equal for one in answers):
        alike = "the host's, class for class"
    if (compared or not answers) and (agreed or not runs) and (answers or runs):
        return (
            "the model (with its recipe), or what the test expects of it: the board's outputs are "
            f"{alike}"
        )
    return "not known: the board answered, and nothing was compared with the host"


def _delegate(name: str) -> str:
    return f"the delegate: {name} computes by another arithmetic, and names another class"


def _shown(asked: Sequence[Asked]) -> list[Asked]:
    """Those that are wrong, or else the last one."""
    wrong = [one for one in asked if one.unequal or one.error is not None]
    return wrong[:_LISTED] or list(asked[-1:])


def _question(one: Asked, home: Path, error: BaseException | None) -> Iterator[tuple[str, str]]:
    """error: what is shown of the test already."""
    yield "image", str(near(Path(one.image), home))
    if one.expected:
        yield "expected", f"{one.expected}, says the test"
    if one.error is not None:
        yield "got", "no answer" + (f": {one.error.message}" if one.error is not error else "")
    elif one.seen is not None:
        yield "got", _top(one.seen)
    if one.answer is not None:
        yield "host", _against_host(one.answer)
        if one.answer.count is not None:
            yield "count", f"{one.answer.count:,} {one.answer.unit}"


def _top(seen: Classification) -> str:
    return ", ".join(f"{one.name} ({one.score:.4g})" for one in seen.top[:_LISTED])


def _against_host(answer: Answer) -> str:
    if answer.expected is None:
        return "not asked"
    return _differs(answer, Answer(answer.expected, None, None, "", 0))


def _differs(got: Answer, expected: Answer) -> str:
    """How two outputs differ."""
    if got.output.shape != expected.output.shape:
        return f"{got.output.size} values, not {expected.output.size}"
    wrong = np.flatnonzero(got.output != expected.output)
    if not len(wrong):
        return "the same output, byte for byte"
    first, steps = int(wrong[0]), difference(got.output, expected.output)
    return (
        f"{len(wrong)} of {got.output.size} values differ, by up to {steps} "
        f"step{'s' if steps > 1 else ''}; the first is [{first}]: {got.output[first]}, not "
        f"{expected.output[first]}"
    )


def _run(run: RunOfTest, home: Path) -> Iterator[tuple[str, str]]:
    summary = run.summary
    if summary is not None:
        verdict = summary.verdict
        top1 = f", top-1 {summary.top1.value:.4f}" if summary.top1 is not None else ""
        yield "run", f"{verdict.text}: {len(summary.rows)} images{top1}"
        yield from (("", reason) for reason in verdict.reasons)
    else:
        yield "run", "did not come to its end"
    yield "", command("mcuzoo", "report", near(run.folder, home))


def _line(board: LeasedBoard) -> Iterator[tuple[str, str]]:
    link = board.record.link
    if link is not None:
        lost = "nothing lost" if link.clean else line_text(link)
        yield "link", f"{link.use.images:,} images, {link.frames_sent:,} frames; {lost}"
    for text in list(dict.fromkeys(board.messages))[-_LISTED:]:
        yield "", text


def compared(op: str, left: object, right: object, home: Path) -> list[str] | None:
    """What pytest shows of `left == right`, of answers; None for anything else. home: where pytest
    was started."""
    if op != "==":
        return None
    if isinstance(left, Classification) and isinstance(right, Classification):
        (got, got_text), (wanted, wanted_text) = _ordered(
            (left.answer, _top(left)), (right.answer, _top(right))
        )
    elif isinstance(left, Answer) and isinstance(right, Answer):
        (got, got_text), (wanted, wanted_text) = _ordered((left, ""), (right, ""))
    else:
        return None
    other = "" if got.image == wanted.image else f", compared with {wanted.image}"
    blame = "the board and the host saw different images" if other else "the firmware"
    if got.delegate and not other:
        blame = _delegate(got.delegate)
    if wanted.by != HOST:
        blame = "not known: neither side is the host's"
    return [
        f"the output of {got.by or 'one'} == that of {wanted.by or 'the other'}",
        f"image     {near(Path(got.image), home)}{other}",
        f"expected  {wanted_text or _values(wanted)}",
        f"got       {got_text or _values(got)}",
        f"output    {_differs(got, wanted)}",
        f"broke     {blame}",
    ]


def _ordered(
    left: tuple[Answer, str], right: tuple[Answer, str]
) -> tuple[tuple[Answer, str], tuple[Answer, str]]:
    """What the board gave, then what was expected of it."""
    return (right, left) if left[0].by == HOST else (left, right)


def _values(answer: Answer) -> str:
    shown = " ".join(map(str, answer.output[:16]))
    return f"[{shown}{' ...' if answer.output.size > 16 else ''}]"


def short_error(error: McuzooError, item: pytest.Item, traceback: Traceback) -> ReprExceptionInfo:
    """An error of mcuzoo as pytest shows it: the lines of the test that led to it, and the hint."""
    config, lines = item.config, []
    path, number = Path(item.location[0]), (item.location[1] or 0) + 1
    for one in traceback:
        place = Path(one.path)
        if _is_of_user(place, config.rootpath):
            path, number = near(place, config.invocation_params.dir), one.lineno + 1
            lines += [f"{path}:{number}: in {one.name}", f"    {str(one.statement).strip()}"]
    lines += _wrapped(f"{type(error).__name__}: {error.message}")
    lines += _wrapped(f"hint: {error.hint}")
    crash = ReprFileLocation(str(path), number, f"{type(error).__name__}: {error.message}")
    text = "".join(f"{line}\n" for line in lines)
    return ReprExceptionInfo(ReprTraceback([ReprEntryNative([text])], None, "native"), crash)


def _is_of_user(path: Path, root: Path) -> bool:
    """Whether a file is a test, or what tests share, and no part of a package."""
    foreign = _PACKAGE in path.parents or "site-packages" in path.parts or _PYTHON in path.parents
    return path.is_relative_to(root) and not foreign


def _wrapped(text: str) -> list[str]:
    """Lines of at most 80 columns, as pytest marks those of an error."""
    return [
        line
        for part in text.splitlines()
        for line in textwrap.wrap(
            part,
            _WIDTH + 2,
            initial_indent="E   ",
            subsequent_indent="E     ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]
