"""What a command leaves for a CI system: JUnit's XML, a summary in Markdown, annotations on GitHub,
GitLab's reports of code quality and of metrics."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mcuzoo.errors import McuzooError, WrongFirmwareError
from mcuzoo.files import cannot_write, write_output
from mcuzoo.quoting import code_span, markdown
from mcuzoo.report.annotations import annotation_lines, on_github
from mcuzoo.report.gitlab import codequality_text, metrics_text, stopped_codequality
from mcuzoo.report.junit import PARTS, error_text, junit_text
from mcuzoo.report.options import STEP_SUMMARY, CiFiles
from mcuzoo.report.outcome import Outcome
from mcuzoo.report.run_outcome import run_outcome
from mcuzoo.run.journal import JOURNAL_NAME, read_run
from mcuzoo.run.summary import summarize

__all__ = ["PARTS", "STEP_SUMMARY", "markdown_text", "told", "write_outcomes", "write_stopped"]

_MARKS = {True: "✅ holds", False: "❌ broken", None: "not judged"}


def markdown_text(outcomes: Sequence[Outcome]) -> str:
    """Of each outcome a heading with the verdict, a line per claim, and how to see more."""
    return "".join(_markdown(outcome) for outcome in outcomes)


def _markdown(outcome: Outcome) -> str:
    mark = {True: "✅ ", False: "❌ ", None: ""}[outcome.passed]
    lines = [
        f"### {mark}{outcome.headline}: {markdown(outcome.subject)}",
        "",
        *(f"{markdown(reason)}\n" for reason in outcome.reasons),
        *(f"Warning: {markdown(warning)}\n" for warning in outcome.warnings),
        *(f"{fact}\n" for fact in outcome.facts),
        "| claim | | |",
        "|---|---|---|",
        *(
            f"| {claim.name} | {_MARKS[claim.holds]} | {markdown(claim.text)} |"
            for claim in outcome.claims
        ),
    ]
    if outcome.more:
        lines += [
            "",
            f"The misses as the network saw them, and all else: {code_span(outcome.more)}",
        ]
    return "\n".join(lines) + "\n\n"


def write_outcomes(outcomes: Sequence[Outcome], files: CiFiles) -> None:
    """Write the files that were asked for; on GitHub, say the annotations on stderr.

    Raises InputError for a file that cannot be written.
    """
    if files.junit is not None:
        write_output(files.junit, junit_text(outcomes).encode("utf-8"))
    if files.summary is not None:
        _write_markdown(files.summary, markdown_text(outcomes))
    if files.metrics is not None:
        write_output(files.metrics, metrics_text(outcomes).encode("utf-8"))
    if files.codequality is not None:
        write_output(files.codequality, codequality_text(outcomes).encode("utf-8"))
    if on_github():
        for line in annotation_lines(outcomes):
            print(line, file=sys.stderr)


def write_stopped(
    error: McuzooError, files: CiFiles, case: str = "handshake", run: Path | None = None
) -> None:
    """The same for a command that `error` stopped. case: the claim that it was at. run: the folder
    of its run, if it has one.

    If the rig or the firmware stopped a run, its journal says which claims hold. Else there is one
    claim, and for JUnit that is an error, not a failure: no verdict came about. Metrics there are
    none. GitHub's annotation is that of every error, which the handler of the whole program says.
    Raises InputError.
    """
    begun = run is not None and (run / JOURNAL_NAME).is_file()
    if run is not None and begun and PARTS.get(error.exit_code) not in (None, "model"):
        write_outcomes((run_outcome(summarize(*read_run(run)), run),), files)
        return
    suite, said = f"mcuzoo {case}", f"no {case}"
    if case == "handshake":
        suite, said = "mcuzoo run-serial", "no run"
        if isinstance(error, WrongFirmwareError):
            case = "flash"  # the board has answered, with another build
    if files.junit is not None:
        write_output(files.junit, error_text(error, suite, case).encode("utf-8"))
    if files.summary is not None:
        what = f"{type(error).__name__}, exit code {error.exit_code}"
        lines = (f"### ❌ {said}: {what}", "", markdown(error.message), "", markdown(error.hint))
        _write_markdown(files.summary, "\n".join(lines) + "\n\n")
    if files.metrics is not None:
        write_output(files.metrics, metrics_text(()).encode("utf-8"))
    if files.codequality is not None:
        write_output(files.codequality, stopped_codequality(error, case).encode("utf-8"))


@contextmanager
def told(files: CiFiles, case: str) -> Iterator[None]:
    """Within the block, an error leaves its files (write_stopped) before it goes on."""
    try:
        yield
    except McuzooError as error:
        write_stopped(error, files, case)
        raise


def _write_markdown(path: Path, text: str) -> None:
    """Write `path`; add to the file that GitHub names."""
    content = text.encode("utf-8", "replace")
    if str(path) != os.environ.get(STEP_SUMMARY):
        write_output(path, content)
        return
    try:
        with path.open("ab") as file:
            file.write(content)
    except OSError as error:
        raise cannot_write(path, error) from error
