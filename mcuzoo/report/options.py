"""What a user may ask of a run's report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mcuzoo.options import Option

Html = Annotated[
    Path | None, Option("Write all of it as one HTML page; - is stdout.", "--html", metavar="FILE")
]

Junit = Annotated[
    Path | None,
    Option("Write JUnit's XML: a test case per claim; - is stdout.", "--junit", metavar="FILE"),
]
Summary = Annotated[
    Path | None,
    Option(
        "Write a summary in Markdown; it is added to GitHub's own file.",
        "--summary",
        metavar="FILE",
        variable="GITHUB_STEP_SUMMARY",
    ),
]


@dataclass(frozen=True)
class ReportOptions:
    """Options of `mcuzoo report`. misses, project, profile: what a page shows."""

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
    junit: Junit = None
    summary: Annotated[
        Path | None,
        Option("Write a summary in Markdown; - is stdout.", "--summary", metavar="FILE"),
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
