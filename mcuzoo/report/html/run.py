"""The page of a run: whether it passed, what broke first, and all that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mcuzoo.history.against import Against
from mcuzoo.link.counts import UNKNOWN_UNIT, agent_note
from mcuzoo.profile import ModelProfile
from mcuzoo.report.figures import flips_text, steps_text
from mcuzoo.report.html.accuracy import (
    RateRow,
    confusion_blocks,
    published_rates,
    rate_blocks,
    rate_tiles,
)
from mcuzoo.report.html.against import against_sections, against_tiles
from mcuzoo.report.html.at_hand import AtHand
from mcuzoo.report.html.blocks import (
    Block,
    Page,
    Part,
    Text,
    Tile,
    Tone,
    Verdict,
    section,
    sections,
)
from mcuzoo.report.html.boards import board_table
from mcuzoo.report.html.delegate import delegate_table
from mcuzoo.report.html.facts import budget_table, inference_tile
from mcuzoo.report.html.layers import layer_blocks
from mcuzoo.report.html.memory import arena_picture, project_memory
from mcuzoo.report.html.misses import (
    answer_blocks,
    failure_blocks,
    miss_blocks,
    unequal_blocks,
)
from mcuzoo.report.html.page import page_html
from mcuzoo.report.html.pictures import Pictures
from mcuzoo.report.html.run_facts import latency_blocks, link_blocks, provenance_blocks
from mcuzoo.run.board_summary import board_findings
from mcuzoo.run.record import Status
from mcuzoo.run.score import Accuracy
from mcuzoo.run.summary import RunSummary
from mcuzoo.run.verdict import Broke, blame_of_npu
from mcuzoo.zoo.measured import best_measurement

SHOWN = 24
"""So many images are shown with their pictures, unless the user says how many."""
_PICTURE_BYTES = 6 << 20
"""Of all pictures on a page together, as base64."""


@dataclass(frozen=True)
class RunPage:
    """What a page of a run is made of. folder: of the run. project: what is there of the run's
    project. profile: None, or one that a user has. show: so many images with their pictures.
    against: None, or an earlier run beside it."""

    folder: Path
    summary: RunSummary
    project: AtHand
    profile: ModelProfile | None = None
    show: int = SHOWN
    against: Against | None = None


def run_html(run: RunPage, made: datetime | None = None) -> str:
    """The page; everything from outside is escaped. made: the time in UTC; None: now."""
    return page_html(run_page(run), made)


def run_page(run: RunPage) -> Page:
    """The page as blocks. What is not known has no section."""
    summary, project = run.summary, run.project
    meta, rows = summary.meta, summary.rows
    labelled = summary.top1 is not None
    pictures = Pictures(
        meta,
        project.input(meta),
        project.absent or "The model's input is no picture.",
        project.engine(),
        _PICTURE_BYTES,
    )
    memory = [] if project.manifest is None else project_memory(project.manifest)
    if project.built_since:
        memory = [Text("The project was built anew since the run: this is another build.", "warn")]
    elif project.absent:
        memory = [Text(f"The run's project is not at hand: {project.absent}", "soft")]
    arena = [] if project.fit is None else arena_picture(project.fit)
    return Page(
        title=f"{_headline(summary)}: {meta.model} on {meta.board.board}",
        subject=f"{meta.model} on {meta.board.board}{agent_note(meta.board.kind)}, "
        f"{meta.started[:16].replace('T', ' ')} UTC",
        verdict=Verdict(
            summary.verdict.passed,
            _headline(summary),
            summary.verdict.reasons,
            summary.verdict.warnings,
        ),
        parts=_parts(summary),
        tiles=(*(() if run.against is None else against_tiles(run.against)), *_tiles(summary)),
        sections=sections(
            (
                *(() if run.against is None else against_sections(run.against, pictures, run.show)),
                section(
                    "unequal",
                    f"{'Answers' if meta.delegates else 'Outputs'} unlike the host's",
                    unequal_blocks(meta, rows, pictures, run.show),
                ),
                section("delegate", "The delegate", [delegate_table(summary)]),
                section("failures", "Images without an answer", failure_blocks(run.folder, rows)),
                section("accuracy", "Accuracy", _accuracy(summary)),
                section("budgets", "Budgets", [budget_table(summary.budgets)]),
                section("misses", "The misses", miss_blocks(meta, rows, pictures, run.show)),
                section(
                    "answers",
                    "The answers",
                    [] if labelled else answer_blocks(meta, rows, pictures, run.show),
                ),
                section(
                    "confusion",
                    "What is taken for what",
                    confusion_blocks(summary.confusion, summary.classes, meta.class_names),
                ),
                section("latency", "Latency", latency_blocks(summary)),
                section("layers", "Layer by layer", _layers(run)),
                section("memory", "Memory", memory),
                section("arena", "The tensor arena over time", arena),
                section("boards", "The boards", [board_table(summary)]),
                section("link", "The link", link_blocks(summary)),
                section(
                    "provenance", "What was run", provenance_blocks(run.folder, summary, project)
                ),
            )
        ),
    )


def _headline(summary: RunSummary) -> str:
    broke = summary.verdict.broke
    if broke is None:
        return summary.verdict.text.capitalize()
    budget = summary.verdict.budget
    return f"Fail: the {broke.value}" + ("" if budget is None else f", by {budget}")


def _parts(summary: RunSummary) -> tuple[Part, ...]:
    """Model, firmware, rig and data: which of them broke, by what evidence."""
    counts, total = summary.counts, len(summary.rows)
    done = counts[Status.DONE]
    agreement = summary.agreement
    unequal = summary.unlike.exact
    faults = counts[Status.FAULT]
    silent = counts[Status.LOST] + counts[Status.PENDING]
    broken = summary.verdict.broke
    over_budget = [
        one
        for one in summary.budgets
        if one.fails and one.name not in ("min_top1", "max_mismatches")
    ]

    def part(name: Broke, ok: bool | None, text: str) -> Part:
        state, tone = _STATES[ok]
        over = [one.text for one in over_budget if one.part == name.value]
        text = " ".join((text, *over))
        if broken is name or over:
            state, tone = _STATES[False]
        if over and ok is not False:
            state = "✗ budget"
        return Part(name.value.capitalize(), state, tone, text)

    firmware = [f"{faults:,} images on which it failed."] if faults else []
    if agreement is None:
        firmware.append("Outputs were not compared with the host's.")
    else:
        firmware.append(
            f"{agreement.equal:,} of {agreement.compared:,} outputs byte-equal to the host's."
        )
    wrong = summary.meta.wrong_layer
    if wrong is not None and wrong.part == Broke.FIRMWARE:
        firmware.append(f"Layer by layer: {wrong.verdict}.")
    findings = tuple(board_findings(summary.meta, summary.rows, summary.boards))
    firmware += findings
    known = None if agreement is None and not faults else not (unequal or faults or findings)
    if summary.meta.delegates:
        known = not (faults or findings)
    link = summary.meta.link
    repaired = "" if link is None or link.clean else " The line lost data; all of it was repaired."
    rig = f"{done + faults:,} of {total - counts[Status.BAD_IMAGE]:,} images answered.{repaired}"
    unreadable = counts[Status.BAD_IMAGE]
    data = (
        f"{unreadable:,} images could not be decoded." if unreadable else "All images were decoded."
    )
    if summary.wrong_order is not None:
        data += f" {summary.wrong_order.message}"
    sound = False if summary.wrong_order is not None else not unreadable or None
    return (
        part(Broke.MODEL, *_model(summary)),
        part(Broke.FIRMWARE, known, " ".join(firmware)),
        *([part(*_delegate(summary))] if summary.meta.delegates else ()),
        part(Broke.RIG, not silent, rig),
        part(Broke.DATA, sound, data),
    )


def _delegate(summary: RunSummary) -> tuple[Broke, bool | None, str]:
    """What computes by another arithmetic, whether its answers are let pass, and why."""
    meta, flips = summary.meta, summary.flips
    blame = blame_of_npu(summary.unlike, meta.wrong_layer, meta.settings)
    if blame is not None:
        return blame.part, None if blame.let_pass else False, blame.text
    names = " and ".join(meta.delegates)
    told = "not compared with the host" if flips is None else flips_text(flips)
    asked = [one.holds for one in summary.budgets if one.name == "max_flips"]
    equal = summary.unlike.compared and not summary.unlike.foreign
    return Broke.DELEGATE, asked[0] if asked else True if equal else None, f"{names}: {told}."


_STATES: dict[bool | None, tuple[str, Tone]] = {
    True: ("✓ ok", "good"),
    False: ("✗ broke", "bad"),
    None: ("- not judged", ""),
}


def _model(summary: RunSummary) -> tuple[bool | None, str]:
    top1, asked = summary.top1, [one for one in summary.budgets if one.name == "min_top1"]
    if asked:
        return asked[0].holds, asked[0].text
    if top1 is None:
        return None, "The images have no labels."
    measured = f"Top-1 {top1.value:.4f} of {top1.total:,} images"
    return None, f"{measured}; no bound was asked for (--min-top1)."


def _tiles(summary: RunSummary) -> tuple[Tile, ...]:
    found = [Tile("images", f"{summary.counts[Status.DONE]:,}", f"of {len(summary.rows):,}")]
    found += rate_tiles(summary.top1, summary.top5)
    if summary.agreement is not None:
        agreement = summary.agreement
        found.append(
            Tile("byte-equal", f"{agreement.equal:,}", f"of {agreement.compared:,} outputs")
        )
    if summary.meta.delegates and summary.flips is not None and summary.agreement is not None:
        flips, steps = summary.flips, steps_text(summary.agreement.largest_difference)
        off = f"of {flips.compared:,} answers; outputs off by up to {steps}"
        found.append(Tile("flips", f"{flips.count:,}", off))
    latency = summary.latency
    if latency is not None:
        unit = "of an unknown unit" if latency.unit == UNKNOWN_UNIT else latency.unit
        found.append(inference_tile(latency.median, latency.median_ms, unit, "median, "))
    board = summary.meta.board
    if board.arena_used or board.arena_bytes:
        found.append(Tile("arena", f"{board.arena_bytes:,} B", _arena_note(board.arena_used)))
    if summary.images_per_second is not None:
        found.append(
            Tile("throughput", f"{summary.images_per_second:.2f}/s", "images, line included")
        )
    return tuple(found)


def _arena_note(used: int) -> str:
    return f"{used:,} used, says the board" if used else "says the board"


def _accuracy(summary: RunSummary) -> list[Block | None]:
    if summary.top1 is None:
        return []
    meta = summary.meta
    rows = [RateRow("this run", summary.top1, meta.settings.data_set)]
    rows += _host_rates(summary)
    earlier = best_measurement(meta.board.model_sha256, "top1")
    if earlier is not None:
        correct = round(earlier.value * earlier.n)
        rows.append(
            RateRow(
                "evaluated before",
                Accuracy(correct, earlier.n),
                f"mcuzoo evaluate, {earlier.engine}, {earlier.data_set}, {earlier.date[:10]}",
            )
        )
    rows += published_rates(meta.model, meta.board.model_sha256)
    order = summary.wrong_order
    return [
        None if order is None else Text(f"{order.message} {order.advice}", "bad"),
        *rate_blocks(rows, meta.settings.min_top1),
    ]


def _host_rates(summary: RunSummary) -> list[RateRow]:
    """What the host answers to the same images: the same where its outputs are byte-equal."""
    compared = [
        row
        for row in summary.rows
        if row.reference_difference is not None and row.label_rank is not None
    ]
    if not compared:
        return []
    if all(row.host_top1 is not None for row in compared):
        right = sum(row.host_top1 == row.label for row in compared)
        return [RateRow("the host", Accuracy(right, len(compared)), "the same inputs")]
    equal = [row for row in compared if row.reference_difference == 0]
    correct = sum(row.label_rank == 0 for row in equal)
    if len(equal) == len(compared):
        return [
            RateRow(
                "the host",
                Accuracy(correct, len(compared)),
                "the same outputs, so the same answers",
            )
        ]
    low, high = correct / len(compared), (correct + len(compared) - len(equal)) / len(compared)
    source = (
        f"{low:.4f} to {high:.4f}: {len(compared) - len(equal):,} outputs differ, and the journal "
        "has the board's alone"
    )
    return [RateRow("the host", None, source)]


def _layers(run: RunPage) -> Sequence[Block | None]:
    wrong = run.summary.meta.wrong_layer
    found: list[Block | None] = []
    if wrong is not None:
        found.append(Text(f"On {wrong.file}: {wrong.verdict}.", "bad"))
    if run.profile is not None:
        found += layer_blocks(run.profile, run.summary.meta.board.build_id)
    return found
