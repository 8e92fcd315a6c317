"""A run for a CI system: JUnit's XML, and a summary in Markdown."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from mcuzoo.errors import McuzooError, command
from mcuzoo.files import cannot_write, write_output
from mcuzoo.quoting import code_span, markdown
from mcuzoo.report.claims import Claim, claims_of
from mcuzoo.report.figures import accuracy_text
from mcuzoo.run.journal import JOURNAL_NAME, read_run
from mcuzoo.run.summary import RunSummary, summarize

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable by which GitHub names a file for the summary of a step; it is added to."""

_MARKS = {True: "✅ holds", False: "❌ broken", None: "not judged"}


def junit_text(summary: RunSummary) -> str:
    """JUnit's XML: a test suite of one run, a test case per claim.

    A claim that does not hold is a failure whose type is what broke: model, data, firmware or rig.
    One that was not judged is skipped, and says why.
    """
    meta, claims = summary.meta, claims_of(summary)
    counts = {
        "tests": len(claims),
        "failures": sum(claim.holds is False for claim in claims),
        "errors": 0,
        "skipped": sum(claim.holds is None for claim in claims),
    }
    numbers = {name: str(count) for name, count in counts.items()}
    seconds = f"{sum(row.seconds or 0.0 for row in summary.rows):.3f}"
    name = f"{meta.model} on {meta.board.board}"
    root = ElementTree.Element("testsuites", {"name": "mcuzoo", **numbers, "time": seconds})
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        _clean({"name": name, "timestamp": meta.started[:19], **numbers, "time": seconds}),
    )
    for claim in claims:
        suite.append(_case(claim, f"mcuzoo.{meta.board.board}.{meta.model}"))
    return _xml(root)


def _case(claim: Claim, classname: str) -> ElementTree.Element:
    about = {"classname": classname, "name": claim.name, "time": "0"}
    case = ElementTree.Element("testcase", _clean(about))
    if claim.holds is None:
        ElementTree.SubElement(case, "skipped", _clean({"message": claim.text}))
        return case
    if not claim.holds:
        said = {"message": f"{claim.part.value}: {claim.text}", "type": claim.part.value}
        failure = ElementTree.SubElement(case, "failure", _clean(said))
        failure.text = _printable("\n".join((claim.text, *claim.details)))
        return case
    out = ElementTree.SubElement(case, "system-out")
    out.text = _printable("\n".join((claim.text, *claim.details)))
    return case


def _clean(attributes: dict[str, str]) -> dict[str, str]:
    return {name: _printable(text) for name, text in attributes.items()}


def _printable(text: str) -> str:
    """XML has no control characters and no halves of surrogate pairs."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)


def markdown_text(summary: RunSummary, folder: Path) -> str:
    """A heading with the verdict, a line per claim, and how to see more."""
    meta, broke = summary.meta, summary.verdict.broke
    verdict = "✅ pass" if broke is None else f"❌ the {broke.value} broke"
    lines = [
        f"### {verdict}: {markdown(meta.model)} on {markdown(meta.board.board)}",
        "",
        *(f"{markdown(reason)}\n" for reason in summary.verdict.reasons),
        *(f"Warning: {markdown(warning)}\n" for warning in summary.verdict.warnings),
    ]
    if summary.top1 is not None:
        lines += [f"Top-1 {accuracy_text(summary.top1)}", ""]
    lines += ["| claim | | |", "|---|---|---|"]
    lines += [
        f"| {claim.name} | {_MARKS[claim.holds]} | {markdown(claim.text)} |"
        for claim in claims_of(summary)
    ]
    more = command("mcuzoo", "report", folder, "--html", "run.html")
    lines += ["", f"The misses as the network saw them, and all else: {code_span(more)}"]
    return "\n".join(lines) + "\n\n"


def write_outcome(
    summary: RunSummary, folder: Path, junit: Path | None, brief: Path | None
) -> None:
    """Write what was asked for: `junit_text`, `markdown_text`. Raises InputError."""
    if junit is not None:
        write_output(junit, junit_text(summary).encode("utf-8"))
    if brief is not None:
        _write_markdown(brief, markdown_text(summary, folder))


def write_stopped(
    error: McuzooError, folder: Path | None, junit: Path | None, summary: Path | None
) -> None:
    """The same for a run that `error` stopped. folder: its own, None if it has none yet.

    If the rig or the firmware stopped it, the journal says which claims hold. Else, or without a
    journal, there is one claim, and for JUnit that is an error, not a failure: no verdict came
    about. Raises InputError.
    """
    begun = folder is not None and (folder / JOURNAL_NAME).is_file()
    if folder is not None and begun and PARTS.get(error.exit_code) is not None:
        write_outcome(summarize(*read_run(folder)), folder, junit, summary)
        return
    if junit is not None:
        write_output(junit, _failure_text(error).encode("utf-8"))
    if summary is not None:
        what = f"{type(error).__name__}, exit code {error.exit_code}"
        lines = (f"### ❌ no run: {what}", "", markdown(error.message), "", markdown(error.hint))
        _write_markdown(summary, "\n".join(lines) + "\n\n")


def _failure_text(error: McuzooError) -> str:
    numbers = {"tests": "1", "failures": "0", "errors": "1", "skipped": "0", "time": "0"}
    root = ElementTree.Element("testsuites", {"name": "mcuzoo", **numbers})
    suite = ElementTree.SubElement(root, "testsuite", {"name": "mcuzoo run-serial", **numbers})
    about = {"classname": "mcuzoo", "name": "handshake", "time": "0"}
    case = ElementTree.SubElement(suite, "testcase", about)
    part = PARTS.get(error.exit_code, "usage")
    said = {"message": f"{part}: {error.message}", "type": type(error).__name__}
    found = ElementTree.SubElement(case, "error", _clean(said))
    found.text = _printable(f"{error.message}\n{error.hint}")
    return _xml(root)


PARTS = {3: "rig", 4: "firmware", 5: "toolchain", 130: "interrupted"}
"""What is at fault, by exit code."""


def _xml(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


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
