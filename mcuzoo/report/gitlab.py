"""Outcomes as GitLab shows them in a merge request: findings of code quality, and figures."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from mcuzoo.errors import McuzooError
from mcuzoo.report.outcome import Outcome


def codequality_text(outcomes: Sequence[Outcome]) -> str:
    """A report of code quality: a finding per claim that does not hold; [] if all hold.

    https://docs.gitlab.com/ci/testing/code_quality/ A finding keeps its fingerprint as long as the
    same claim of the same subject does not hold, so GitLab tells new ones from old ones.
    """
    found = [
        _finding(
            claim.name,
            outcome.group,
            f"{outcome.subject}: {claim.part.value}: {claim.text}",
            outcome.file,
        )
        for outcome in outcomes
        for claim in outcome.failed
    ]
    return json.dumps(found, indent=2) + "\n"


def stopped_codequality(error: McuzooError, case: str) -> str:
    """The same of a command that ended at the claim `case`, without a verdict."""
    text = f"{type(error).__name__}: {error.message}"
    return json.dumps([_finding(case, "mcuzoo", text, None)], indent=2) + "\n"


def _finding(claim: str, group: str, description: str, file: Path | None) -> dict[str, object]:
    return {
        "description": description,
        "check_name": f"mcuzoo-{claim}",
        "fingerprint": sha256(f"{group}\0{claim}".encode("utf-8", "replace")).hexdigest(),
        "severity": "critical",
        "location": {"path": _path(file), "lines": {"begin": 1}},
    }


def _path(file: Path | None) -> str:
    """Relative to the current folder, where a job starts in the repository."""
    if file is None:
        return "mcuzoo.json"
    path = file.resolve()
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else file.name


def metrics_text(outcomes: Sequence[Outcome]) -> str:
    """The figures as OpenMetrics text. GitLab shows what a merge request changes of them.

    https://docs.gitlab.com/ci/testing/metrics_reports/ and https://openmetrics.io
    """
    lines: list[str] = []
    names = dict.fromkeys(one.name for outcome in outcomes for one in outcome.measures)
    for name in names:
        samples = [
            (outcome, one)
            for outcome in outcomes
            for one in outcome.measures
            if one.name == name and one.value is not None
        ]
        if samples:
            lines += [f"# TYPE mcuzoo_{name} gauge", f"# HELP mcuzoo_{name} {samples[0][1].help}"]
            lines += [
                f"mcuzoo_{name}{_labels(outcome)} {one.value:.12g}" for outcome, one in samples
            ]
    return "".join(f"{line}\n" for line in (*lines, "# EOF"))


def _labels(outcome: Outcome) -> str:
    named = {"model": outcome.model, "board": outcome.board}
    return "{" + ",".join(f'{name}="{_label(value)}"' for name, value in named.items()) + "}"


def _label(text: str) -> str:
    """Without blanks, quotes and what is special in them: readers split a line at blanks."""
    return re.sub(r"[^\w.,:/+=@()-]", "_", text)
