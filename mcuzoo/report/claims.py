"""A run as claims, one by one: which hold, which do not and whose fault that is, which nobody could
judge. What a CI system shows is made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mcuzoo.budgets import BudgetResult
from mcuzoo.link.counts import UNKNOWN_UNIT, agent_note
from mcuzoo.report.figures import equality_text, flips_text
from mcuzoo.report.line import line_text
from mcuzoo.report.run import flip_lines, unequal_lines
from mcuzoo.run.board_summary import board_findings
from mcuzoo.run.record import Row, RunMeta, Status
from mcuzoo.run.summary import RunSummary
from mcuzoo.run.verdict import Broke, blame_of_npu

_LISTED = 20


@dataclass(frozen=True)
class Claim:
    """holds: None where it was not judged, and `text` says why. part: what broke if it does not
    hold. details: a line each, such as the images that contradict it. name: of the test case in
    JUnit."""

    name: str
    part: Broke
    holds: bool | None
    text: str
    details: tuple[str, ...] = ()

    @property
    def whole_text(self) -> str:
        """The text, and the details below it."""
        return "\n".join((self.text, *self.details))


def claims_of(summary: RunSummary) -> tuple[Claim, ...]:
    """The claims in the order in which a run could prove them. One does not hold exactly if the
    run's verdict is negative."""
    return tuple(_claims(summary))


def _claims(summary: RunSummary) -> Iterator[Claim]:
    meta, counts = summary.meta, summary.counts
    board = meta.board
    who = f"{board.board}{agent_note(board.kind)}: {board.runtime}, {board.toolchain}"
    yield from _built(meta)
    yield Claim("handshake", Broke.RIG, True, f"{who}, build {board.build_id}")
    bad = counts[Status.BAD_IMAGE]
    yield Claim(
        "pictures",
        Broke.DATA,
        not (bad and meta.settings.strict),
        f"{len(summary.rows) - bad:,} of {len(summary.rows):,} images were decoded.",
        _images(summary, Status.BAD_IMAGE),
    )
    yield _labels(summary)
    lost, pending = counts[Status.LOST], counts[Status.PENDING]
    yield Claim(
        "answers",
        Broke.RIG,
        not (lost or pending),
        f"{counts[Status.DONE]:,} images answered, {lost:,} lost, {pending:,} not run.",
        _images(summary, Status.LOST),
    )
    yield _link(summary)
    faults = counts[Status.FAULT]
    yield Claim(
        "firmware",
        Broke.FIRMWARE,
        not faults,
        f"The firmware failed on {faults:,} images.",
        _images(summary, Status.FAULT),
    )
    yield _exactness(summary)
    yield from _npu(summary)
    yield from _flips(summary)
    if summary.boards:
        yield _boards(summary)
    yield _accuracy(summary)
    yield from _latencies(summary)
    stack = meta.stack
    if stack is not None:
        used = f"{stack.used_bytes:,} of {stack.bytes:,} bytes of the stack used."
        yield Claim("memory", Broke.FIRMWARE, True, f"{used} {stack.warning or ''}".strip())
    yield from _of_budgets(summary, "max_arena_bytes", "max_flash_bytes", "max_line_errors")


def _built(meta: RunMeta) -> Iterator[Claim]:
    """What the project knew of the plan and the build that the board ran; nothing of an older
    run."""
    build = meta.build
    if build is None:
        return
    if build.arena_bytes is not None:
        text = f"The plan fits {meta.board.board}: {build.arena_bytes:,} bytes of arena"
        constants = (
            "" if build.constant_bytes is None else f", {build.constant_bytes:,} of constants"
        )
        yield Claim("fit", Broke.MODEL, True, f"{text}{constants}.")
    runs = f"The board runs the build {meta.board.build_id[:8]}"
    if build.flash_bytes is None or build.code_bytes is None:
        text = "mcuzoo did not make the build that the board runs, so its size is not known."
        yield Claim("build", Broke.FIRMWARE, None, text)
        text = f"{runs}; whether its flash holds that whole is not known."
        yield Claim("flash", Broke.RIG, None, text)
        return
    sizes = f"{build.flash_bytes:,} bytes of flash, of it {build.code_bytes:,} of code"
    text = f"{build.compiler} {build.optimization}: {sizes}."
    yield Claim("build", Broke.FIRMWARE, True, text)
    yield Claim("flash", Broke.RIG, True, f"{runs}, that of the project.")


CLAIM_OF = {
    "min_top1": "accuracy",
    "max_mismatches": "bit-exactness",
    "max_flips": "flips",
    "max_latency_ms": "latency",
    "max_instructions": "instructions",
    "max_arena_bytes": "arena",
    "max_cpu_ops": "npu",
    "max_flash_bytes": "flash-size",
    "max_line_errors": "line-errors",
}
"""The claim that a budget is judged in, by the budget's name."""


def budget_claim(result: BudgetResult) -> Claim:
    """One that cannot be judged does not hold if it fails for that."""
    holds = False if result.fails else result.holds
    return Claim(CLAIM_OF[result.name], Broke(result.part), holds, result.text)


def _of_budgets(summary: RunSummary, *names: str) -> Iterator[Claim]:
    for result in summary.budgets:
        if result.name in names:
            yield budget_claim(result)


def _accuracy(summary: RunSummary) -> Claim:
    found = [one for one in summary.budgets if one.name == "min_top1"]
    if found:
        return replace(budget_claim(found[0]), holds=found[0].holds)
    top1 = summary.top1
    measured = "not known" if top1 is None else f"{top1.value:.4f} of {top1.total:,} images"
    text = f"Top-1 is {measured}; no bound was asked for."
    return Claim("accuracy", Broke.MODEL, None, text)


def _latencies(summary: RunSummary) -> Iterator[Claim]:
    bounded = [*_of_budgets(summary, "max_latency_ms", "max_instructions")]
    if not any(claim.name == "latency" for claim in bounded):
        text = f"{_latency(summary)}; no bound was asked for."
        yield Claim("latency", Broke.FIRMWARE, None, text)
    yield from bounded


def _labels(summary: RunSummary) -> Claim:
    if summary.top1 is None:
        return Claim("labels", Broke.DATA, None, "The images have no labels.")
    order = summary.wrong_order
    if order is not None:
        return Claim("labels", Broke.DATA, False, f"{order.message} {order.advice}")
    text = f"{summary.top1.total:,} images have labels in the order of the classes."
    return Claim("labels", Broke.DATA, True, text)


def _link(summary: RunSummary) -> Claim:
    link = summary.meta.link
    if link is None:
        return Claim("link", Broke.RIG, None, "An older run: nothing is known of its line.")
    frames = f"{link.frames_sent:,} frames"
    lost = "nothing was lost" if link.clean else f"all losses repaired: {line_text(link)}"
    return Claim("link", Broke.RIG, True, f"{frames}; {lost}.")


def _exactness(summary: RunSummary) -> Claim:
    meta, agreement, wrong = summary.meta, summary.agreement, summary.meta.wrong_layer
    bounded = [*_of_budgets(summary, "max_mismatches")]
    if agreement is None:
        text = "Outputs were not compared with the host's."
        return (bounded or [Claim("bit-exactness", Broke.FIRMWARE, None, text)])[0]
    text = f"{equality_text(agreement)}."
    if wrong is not None and wrong.part == Broke.FIRMWARE:
        text += f" On {wrong.file}, {wrong.verdict}."
    details = _first(unequal_lines(summary))
    holds: bool | None = not details
    part = Broke.FIRMWARE
    if bounded:
        holds, part, text = bounded[0].holds, bounded[0].part, f"{text} {bounded[0].text}"
    elif summary.unlike.foreign and not details:
        names = " and ".join(meta.delegates)
        holds, text = None, f"{text} {names} computes by another arithmetic, so it is not judged."
    return Claim("bit-exactness", part, holds, text, details)


def _npu(summary: RunSummary) -> Iterator[Claim]:
    """What is known of the file for an NPU, and of what the NPU makes of it."""
    blame = blame_of_npu(summary.unlike, summary.meta.wrong_layer, summary.meta.settings)
    if blame is not None:
        holds = None if blame.let_pass else False
        yield Claim(blame.part.value, blame.part, holds, blame.text)


def _flips(summary: RunSummary) -> Iterator[Claim]:
    """Of a delegate always, else where a bound asks for it."""
    details = _first(flip_lines(summary))
    for claim in _of_budgets(summary, "max_flips"):
        yield replace(claim, details=details)
        return
    if summary.meta.delegates:
        known = "Answers were not compared with the host's"
        told = known if summary.flips is None else flips_text(summary.flips)
        text = f"{told}; no bound was asked for."
        verdict = summary.verdict
        strict = verdict.broke is Broke.DELEGATE and verdict.budget is None
        yield Claim("flips", Broke.DELEGATE, False if strict else None, text, details)


def _boards(summary: RunSummary) -> Claim:
    """Of a run on several: each is right, and all give the same."""
    findings = _first(list(board_findings(summary.meta, summary.rows, summary.boards)))
    text = f"{len(summary.boards):,} boards give the same, and what the host gives."
    return Claim(
        "boards", Broke.FIRMWARE, not findings, findings[0] if findings else text, findings
    )


def _latency(summary: RunSummary) -> str:
    latency = summary.latency
    if latency is None:
        return "Not counted"
    unit = "of an unknown unit" if latency.unit == UNKNOWN_UNIT else latency.unit
    counted = f"{latency.median:,} {unit} for an inference, the median of {latency.counted:,}"
    ms = latency.median_ms
    return f"{counted}; these are not time" if ms is None else f"{ms:.3f} ms: {counted}"


def _images(summary: RunSummary, status: Status) -> tuple[str, ...]:
    def told(row: Row) -> str:
        return f"{row.file}: {row.error}"

    return _first([told(row) for row in summary.rows if row.status is status])


def _first(lines: list[str]) -> tuple[str, ...]:
    left = len(lines) - _LISTED
    more = (f"... and {left:,} more",) if left > 0 else ()
    return (*lines[:_LISTED], *more)
