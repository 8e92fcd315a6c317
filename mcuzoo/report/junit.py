"""Outcomes as JUnit's XML: a test suite per outcome, a test case per claim."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

from mcuzoo.errors import McuzooError
from mcuzoo.quoting import printable_lines
from mcuzoo.report.claims import Claim
from mcuzoo.report.outcome import Outcome

PARTS = {1: "model", 3: "rig", 4: "firmware", 5: "toolchain", 130: "interrupted"}
"""What is at fault in an error, by exit code."""


def junit_text(outcomes: Sequence[Outcome]) -> str:
    """A claim that does not hold is a failure whose type is what broke: model, data, firmware or
    rig. One that was not judged is skipped, and says why."""
    total = _counts([claim for outcome in outcomes for claim in outcome.claims])
    seconds = sum(outcome.seconds for outcome in outcomes)
    root = ElementTree.Element("testsuites", {"name": "mcuzoo", **total, "time": f"{seconds:.3f}"})
    for outcome in outcomes:
        about = {
            "name": outcome.subject,
            **({"timestamp": outcome.started[:19]} if outcome.started else {}),
            **_counts(outcome.claims),
            "time": f"{outcome.seconds:.3f}",
        }
        suite = ElementTree.SubElement(root, "testsuite", _clean(about))
        for claim in outcome.claims:
            suite.append(_case(claim, outcome.group))
    return _xml(root)


def error_text(error: McuzooError, suite_name: str, case_name: str) -> str:
    """A single case with an error: the command did not get as far as a verdict."""
    numbers = {"tests": "1", "failures": "0", "errors": "1", "skipped": "0", "time": "0"}
    root = ElementTree.Element("testsuites", {"name": "mcuzoo", **numbers})
    suite = ElementTree.SubElement(root, "testsuite", _clean({"name": suite_name, **numbers}))
    about = {"classname": "mcuzoo", "name": case_name, "time": "0"}
    case = ElementTree.SubElement(suite, "testcase", _clean(about))
    part = PARTS.get(error.exit_code, "usage")
    said = {"message": f"{part}: {error.message}", "type": type(error).__name__}
    found = ElementTree.SubElement(case, "error", _clean(said))
    found.text = printable_lines(f"{error.message}\n{error.hint}")
    return _xml(root)


def _counts(claims: Sequence[Claim]) -> dict[str, str]:
    return {
        "tests": str(len(claims)),
        "failures": str(sum(claim.holds is False for claim in claims)),
        "errors": "0",
        "skipped": str(sum(claim.holds is None for claim in claims)),
    }


def _case(claim: Claim, group: str) -> ElementTree.Element:
    about = {"classname": group, "name": claim.name, "time": "0"}
    case = ElementTree.Element("testcase", _clean(about))
    if claim.holds is None:
        ElementTree.SubElement(case, "skipped", _clean({"message": claim.text}))
        return case
    if not claim.holds:
        said = {"message": f"{claim.part.value}: {claim.text}", "type": claim.part.value}
        failure = ElementTree.SubElement(case, "failure", _clean(said))
        failure.text = printable_lines(claim.whole_text)
        return case
    out = ElementTree.SubElement(case, "system-out")
    out.text = printable_lines(claim.whole_text)
    return case


def _clean(attributes: dict[str, str]) -> dict[str, str]:
    """XML has no control characters and no halves of surrogate pairs."""
    return {name: printable_lines(text) for name, text in attributes.items()}


def _xml(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
