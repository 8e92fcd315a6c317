"""Annotations on GitHub: workflow commands, which its runner reads from the streams of a step.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from mcuzoo.quoting import workflow_command
from mcuzoo.report.outcome import Outcome

MOST = 10
"""GitHub shows ten errors and ten warnings of a step, and drops the others."""


def on_github() -> bool:
    """Whether a runner of GitHub reads what is printed."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def annotation_lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line per claim that does not hold and per warning; a notice for an outcome that passed."""
    for outcome in outcomes:
        file, name = _in_workspace(outcome.file), outcome.subject
        for claim in outcome.failed[:MOST]:
            title = f"{claim.part.value}: {claim.name}, {name}"
            yield workflow_command("error", claim.whole_text, title, file)
        for warning in outcome.warnings[:MOST]:
            yield workflow_command("warning", warning, name, file)
        if outcome.passed:
            held = sum(claim.holds is True for claim in outcome.claims)
            unknown = sum(claim.holds is None for claim in outcome.claims)
            text = f"{outcome.headline}; claims that hold: {held}, not judged: {unknown}"
            yield workflow_command("notice", text, name, file)


def _in_workspace(file: Path | None) -> str:
    """`file` as GitHub names files of the repository; "" if it is none of them."""
    root = os.environ.get("GITHUB_WORKSPACE")
    if file is None or not root or not file.is_file():
        return ""
    path = file.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""
