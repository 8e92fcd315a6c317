"""What a user may ask of a run's report."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

from mcuzoo.budgets import BudgetOptions
from mcuzoo.options import Option

Html = Annotated[
    Path | None, Option("Write all of it as one HTML page; - is stdout.", "--html", metavar="FILE")
]

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable by which GitHub names a file for the summary of a step; it is added to."""

_SUMMARY = "Write a summary in Markdown"


@dataclass(frozen=True)
class CiFiles:
    """What a command writes for a CI system; docs/ci.md."""

    junit: Annotated[
        Path | None,
        Option("Write JUnit's XML: a test case per claim; - is stdout.", "--junit", metavar="FILE"),
    ] = None
    summary: Annotated[
        Path | None,
        Option(
            f"{_SUMMARY}; it is added to GitHub's own file.",
            "--summary",
            metavar="FILE",
            variable=STEP_SUMMARY,
        ),
    ] = None
    metrics: Annotated[
        Path | None,
        Option("Write the figures as OpenMetrics, for GitLab.", "--metrics", metavar="FILE"),
    ] = None
    codequality: Annotated[
        Path | None,
        Option("Write GitLab's report of code quality.", "--codequality", metavar="FILE"),
    ] = None

    @property
    def outputs(self) -> dict[str, Path | None]:
        """The files by their options."""
        return {f"--{one.name}": getattr(self, one.name) for one in fields(CiFiles)}


@dataclass(frozen=True)
class PageFiles(CiFiles):
    """The same of a command that has a page."""

    html: Html = None

    @property
    def outputs(self) -> dict[str, Path | None]:
        return {**super().outputs, "--html": self.html}


@dataclass(frozen=True)
class ReportOptions(BudgetOptions):
    """Options of `mcuzoo report`. misses, project, profile: what a page shows. Budgets: the run is
    judged again, by these and by its own others."""

    html: Html = None
    misses: Annotated[
        int | None,
        Option("With --html: show N images with their pictures [24].", min=0, metavar="N"),
    ] = None
    project: Annotated[
        Path | None,
        Option("With --html: the run's project [where it was].", metavar="DIR"),
    ] = None
    profile: Annotated[
        Path | None,
        Option("With --html: what mcuzoo profile --json printed.", metavar="FILE"),
    ] = None
    against: Annotated[
        Path | None,
        Option("Compare with an earlier run, image by image.", "--against", metavar="BASELINE"),
    ] = None
    csv: Annotated[
        Path | None,
        Option("Write a line per image; - is stdout.", "--csv", metavar="FILE"),
    ] = None
    outputs: Annotated[
        Path | None,
        Option("Write raw int8 outputs, [N, classes].", "--outputs", metavar="FILE.npy"),
    ] = None
    partial: Annotated[
        bool, Option("Let --outputs leave out images without an output.", "--partial")
    ] = False

    @property
    def of_page(self) -> tuple[str, ...]:
        """The options that were given and that only a page needs."""
        names = ("misses", "project", "profile")
        return tuple(f"--{name}" for name in names if getattr(self, name) is not None)
