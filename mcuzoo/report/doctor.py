"""What mcuzoo doctor found, as text and for JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from mcuzoo.doctor.findings import Finding

_MARKS = {"ok": "ok ", "absent": "-  ", "wrong": "!! "}


def doctor_document(findings: Sequence[Finding]) -> dict[str, object]:
    """The JSON document: all findings, and how many of each state."""
    states = [one.state for one in findings]
    return {
        "ok": states.count("ok"),
        "absent": states.count("absent"),
        "wrong": states.count("wrong"),
        "findings": [asdict(one) for one in findings],
    }


def doctor_text(findings: Sequence[Finding], width: int) -> str:
    """The findings by group, and under each that is not in order the command that mends it."""
    return "".join(f"{line}\n" for line in _lines(findings, width))


def _lines(findings: Sequence[Finding], width: int) -> Iterator[str]:
    for group, members in groupby(findings, key=lambda one: one.group):
        yield group
        for one in members:
            yield from textwrap.wrap(
                f"  {_MARKS[one.state]}{one.name}: {one.detail}",
                width,
                subsequent_indent=" " * 7,
                break_long_words=False,
                break_on_hyphens=False,
            )
            if one.mend:
                yield f"       mend: {one.mend}"
    wrong = sum(one.state == "wrong" for one in findings)
    yield ""
    yield f"{wrong} wrong (!!); what is absent (-) only some commands need."
