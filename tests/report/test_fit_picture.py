"""The arena over time, as text and as a page."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import datetime

import pytest
from helpers.boards import without_sdram
from helpers.exported import fit_model
from helpers.mobilenet import mobilenet_v1

from mcuzoo import __version__
from mcuzoo.board.load import load_board
from mcuzoo.plan.fit import FitReport, RuntimeFit
from mcuzoo.plan.timeline import Block, Timeline
from mcuzoo.report.arena import arena_limit, picture_bytes, timeline_text
from mcuzoo.report.fit import constants_text
from mcuzoo.report.html.fit import fit_html

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report() -> FitReport:
    return fit_model(mobilenet_v1(), load_board("rt1050"))


def test_a_small_arena_drawn_cell_by_cell() -> None:
    blocks = (
        Block("image", False, 16, 32, -1, 0),
        Block("first", False, 0, 32, 0, 1, over="image"),
        Block("scratch", True, 48, 16, 0, 0),
        Block("second", False, 32, 16, 1, 2),
    )
    text = timeline_text(Timeline(64, 64, ("0 CONV_2D", "1 SOFTMAX"), blocks), rows=4)
    drawn = [line.split("|")[1] for line in text.splitlines() if "|" in line]
    narrow = ["".join(line[:: len(line) // 4]) for line in drawn]
    assert narrow == [".#..", "AACC", "A/B.", ".BB."]


def test_every_tensor_of_a_fit_is_in_the_picture(report: FitReport) -> None:
    named = {block.name for block in report.timeline.blocks if not block.scratch}
    assert len(named) == len(report.timeline.steps) + 1
    assert timeline_text(report.timeline).count("\n") > 16
    assert max(block.offset + block.bytes for block in report.timeline.blocks) == (
        report.arena_bytes
    )


def test_the_page_is_well_formed_and_has_every_block(report: FitReport) -> None:
    page = fit_html(report)
    svg = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    assert len(list(svg.iter("rect"))) == len(report.timeline.blocks)


def test_an_input_that_is_consumed_as_it_arrives_is_told() -> None:
    streamed = fit_model(mobilenet_v1(resolution=32), load_board("rt1050"), stream_input=True)
    assert streamed.streamed is not None
    last = streamed.streamed.last_op
    assert f"consumed as it arrives, by the operators up to {last};" in fit_html(streamed)
    first = min(streamed.timeline.blocks, key=lambda block: (block.first_step, not block.scratch))
    assert first.name == f"rows and scratch up to op {last}"


def test_names_from_the_model_file_are_escaped(report: FitReport) -> None:
    hostile = '</title><script>alert("x")</script>'
    blocks = (replace(report.timeline.blocks[0], name=hostile), *report.timeline.blocks[1:])
    page = fit_html(
        replace(report, model=hostile, timeline=replace(report.timeline, blocks=blocks))
    )
    assert page.count("<script") == 1 and "alert" in page and hostile not in page


def test_an_arena_in_two_memories_and_the_constants_on_the_page() -> None:
    """The line between the memories is where the faster one ends."""
    cut = fit_model(mobilenet_v1(0.5, 224, classes=10), load_board("rt1050"), weights="auto")
    page = fit_html(cut)
    picture = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    (line,) = [item for item in picture.iter("line") if item.get("stroke-dasharray")]
    share = 1 - float(line.get("y1", "")) / 420
    hot = cut.arena_bytes - cut.placement.rest_bytes
    assert share == pytest.approx(hot / picture_bytes(cut), abs=1e-3)
    start = page.index("<table", page.index('<section id="constants"'))
    table = ElementTree.fromstring(page[start : page.index("</table>", start) + 8])
    rows = [[cell.text for cell in row] for row in table.iter("tr")]
    listed = {row[1]: row for row in rows}
    for entry in cut.constants:
        assert listed[entry.symbol][6:] == [entry.region, entry.why]
    assert "estimate" in page


def limit_line(report: FitReport) -> float | None:
    """Where the limit is drawn, as a share of the picture's height; None when it is not."""
    page = fit_html(report)
    picture = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    lines = [item for item in picture.iter("line") if item.get("class") == "limit"]
    return 1 - float(lines[0].get("y1", "")) / 420 if lines else None


def test_the_limit_is_drawn_where_it_is_and_told_where_it_is_far(report: FitReport) -> None:
    """aot on the RT1050: the arena alone in a region, all of it drawn."""
    region = next(r for r in report.regions if r.region == report.placement.arena_region)
    others = region.used_bytes - report.arena_bytes
    assert arena_limit(report) == region.size_bytes - others
    drawn = arena_limit(report) <= 2 * report.arena_bytes
    assert (limit_line(report) is not None) is drawn
    assert f"{arena_limit(report):,} bytes, which all else leaves of {region.region}" in (
        fit_html(report)
    )
    large = fit_model(mobilenet_v1(resolution=416), without_sdram("rt1050"))
    assert not large.fits
    found = limit_line(large)
    assert found is not None and found < 1
    assert found == pytest.approx(arena_limit(large) / large.arena_bytes, abs=1e-3)


def test_of_tflm_the_limit_is_that_of_the_head() -> None:
    told = fit_model(mobilenet_v1(), load_board("rt1050"), "tflm")
    region = next(r for r in told.regions if r.region == told.placement.arena_region)
    tail = told.placement.arena_bytes - told.timeline.arena_bytes
    assert tail > 0
    others = region.used_bytes - told.placement.arena_bytes - told.placement.ring_bytes
    assert arena_limit(told) == region.size_bytes - others - tail


def test_the_page_suits_phones_and_the_dark_and_says_when_it_was_made(report: FitReport) -> None:
    other = RuntimeFit("tflm", False)
    page = fit_html(report, other, "cmake", datetime(2026, 11, 28, 9, 5))
    assert '<meta name="viewport" content="width=device-width' in page
    assert "prefers-color-scheme: dark" in page
    assert f"mcuzoo {__version__}, 2026-11-28 09:05 UTC" in page
    assert "With the runtime tflm: does not fit." in page and "project cmake" in page
    # Whatever may be wider than a phone scrolls by itself.
    wide = page.count("<table") + page.count("<svg")
    assert page.count('<div class="wide"') == wide and ".wide { overflow-x: auto;" in page


def test_constants_in_words() -> None:
    told = fit_model(mobilenet_v1(resolution=96), load_board("rt1050"), weights="auto")
    text = constants_text(told.constants, "flash")
    assert "copied at start-up to" in text and "by estimate the core waits" in text
    assert text.count("\n") >= 2 + 2 + 8 + 1
    assert max(map(len, text.splitlines()[2:-1])) <= 80
    left = fit_model(mobilenet_v1(resolution=96), load_board("rt1050"))
    assert constants_text(left.constants, "flash").startswith("constants 498,512 bytes: in flash")
    assert constants_text((), "flash") == ""
