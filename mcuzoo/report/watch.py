"""A picture that was watched for, and its answer: as text, and as a JSON document of one line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from mcuzoo.link.counts import UNKNOWN_UNIT
from mcuzoo.quoting import printable
from mcuzoo.report.figures import clipped, score_text, steps_text
from mcuzoo.run.open_board import Answer, Guess
from mcuzoo.watch.watch import Seen

_COLUMNS = 80
_INDENT = 13
_TIED = "\xa0"
"""A blank at which no line is broken."""

_FILE_COLUMNS, _NAME_COLUMNS = 44, 30


def seen_text(seen: Seen) -> str:
    """File, class and confidence; then what else is known, a few lines, at most 80 columns wide."""
    file = clipped(seen.row.file, _FILE_COLUMNS, keep_end=True)
    if seen.found is None:
        status = seen.row.status.value.replace("_", " ")
        return f"{file}\n" + _line(status, printable(seen.row.error or ""))
    head = f"{file}  {_guess(seen.found.best)}\n"
    return head + "".join(_line(name, text) for name, text in _facts(seen))


def _facts(seen: Seen) -> Iterator[tuple[str, str]]:
    assert seen.found is not None
    answer = seen.found.answer
    if len(seen.found.top) > 1:
        guesses = (_guess(one).replace(" ", _TIED) for one in seen.found.top)
        yield f"top-{len(seen.found.top)}", ", ".join(guesses)
    yield "latency", _latency(answer)
    if answer.equal is not None:
        yield "reference", _reference(answer, seen.row.reference_difference or 0)
    attempts = seen.row.attempts or 1
    again = f", sent {attempts} times" if attempts > 1 else ""
    yield "answered", f"in {seen.seconds:.2f} s, from the first look at it{again}"


def _reference(answer: Answer, steps: int) -> str:
    if answer.equal:
        return "byte-equal to the host's"
    off = f"off by up to {steps_text(steps)}"
    if not answer.delegate:
        return f"UNLIKE the host's: {off}"
    same = "the same class" if answer.agrees else f"a FLIP, the host says {answer.expected_top1}"
    return f"{answer.delegate} computes by another arithmetic: {off}; {same}"


def _line(name: str, text: str) -> str:
    wrapped = textwrap.wrap(text, _COLUMNS - _INDENT, break_on_hyphens=False)
    lines = "".join(
        f"  {'' if at else name:<{_INDENT - 2}}{line}\n" for at, line in enumerate(wrapped)
    )
    return lines.replace(_TIED, " ")


def _guess(guess: Guess) -> str:
    name = clipped(guess.name.split(",")[0], _NAME_COLUMNS)
    return f"{name} {score_text(guess.score)}"


def _latency(answer: Answer) -> str:
    if answer.count is None:
        return "not counted"
    if answer.unit == UNKNOWN_UNIT:
        return f"{answer.count:,} of an unknown unit"
    counted = f"{answer.count:,} {answer.unit}"
    if answer.latency_ms is None:
        return f"{counted}, which are not time"
    clock = f" at {answer.core_clock_hz / 1e6:g} MHz" if answer.unit == "cycles" else ""
    return f"{answer.latency_ms:.2f} ms{clock} ({counted})"


def seen_document(seen: Seen) -> dict[str, Any]:
    """The document of `mcuzoo watch --json`. What is not known is null."""
    row, found = seen.row, seen.found
    answer = None if found is None else found.answer
    return {
        "index": row.index,
        "file": row.file,
        "sha256": row.sha256,
        "status": row.status.value,
        "reason": row.error,
        "label": None if found is None else found.best.label,
        "name": None if found is None else found.best.name,
        "score": None if found is None else found.best.score,
        "top": []
        if found is None
        else [{"label": one.label, "name": one.name, "score": one.score} for one in found.top],
        "latency": None
        if answer is None or answer.count is None
        else {"count": answer.count, "unit": answer.unit, "ms": answer.latency_ms},
        "equal": None if answer is None else answer.equal,
        "difference": row.reference_difference,
        "delegate": None if answer is None else answer.delegate,
        "agrees": None if answer is None else answer.agrees,
        "input_crc32": None if row.input_crc32 is None else f"0x{row.input_crc32:08x}",
        "attempts": row.attempts,
        "seconds": seen.seconds,
    }
