"""A run against an earlier one, image by image: what became wrong or right, which outputs changed,
what it costs now, and what else is different."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np

from mcuzoo.history.changes import (
    Aspect,
    Compared,
    Part,
    compare_metas,
    differing_aspects,
    follows_from_model,
    only_other_images,
)
from mcuzoo.history.folders import RunInFolder, open_run
from mcuzoo.history.pairing import Pair, Pairing, pair_rows
from mcuzoo.link.counts import UNKNOWN_UNIT
from mcuzoo.run.latency import Latency
from mcuzoo.run.record import BuildFacts, Row, RunMeta
from mcuzoo.run.score import Paired, difference, p_text
from mcuzoo.run.summary import RunSummary


@dataclass(frozen=True)
class ChangedOutput:
    """An image whose output has other bytes. steps: the largest difference of a value. pair: the
    image in both runs."""

    pair: Pair
    steps: int


@dataclass(frozen=True)
class OutputChanges:
    """The raw outputs of the pairs that have one in both runs, byte by byte.

    changed: in the order of the run. inputs_changed: pairs of which the input was another one.
    refused: why nothing was compared; "" if it was.
    """

    compared: int = 0
    changed: tuple[ChangedOutput, ...] = ()
    inputs_changed: int = 0
    refused: str = ""

    @property
    def largest_step(self) -> int:
        return max((one.steps for one in self.changed), default=0)


@dataclass(frozen=True)
class Delta:
    """A figure of both runs, in `unit`; None where a run does not have it. refused: why there is no
    difference of the two; "" if there is one. name: of the figure. baseline: the same of the
    baseline."""

    name: str
    unit: str
    baseline: float | None
    run: float | None
    refused: str = ""

    @property
    def change(self) -> float | None:
        """run - baseline."""
        if self.refused or self.baseline is None or self.run is None:
            return None
        return self.run - self.baseline


@dataclass(frozen=True)
class Against:
    """A run beside its baseline.

    judged: pairs with an answer in both runs and the same label. relabelled: pairs with an answer
    whose label is another one now; they are not judged. newly_wrong, newly_right: of the judged.
    paired: None without labels. compared: what the runs are made of. pairing: which images are the
    same. outputs: how many have other bytes. deltas: figures side by side. flips: the exact test of
    answers unlike the host's, of two runs on the same delegate: only in the baseline, only in the
    run; else None.
    """

    baseline: RunInFolder
    run: RunInFolder
    pairing: Pairing
    judged: int
    newly_wrong: tuple[Pair, ...]
    newly_right: tuple[Pair, ...]
    relabelled: tuple[Pair, ...]
    paired: Paired | None
    outputs: OutputChanges
    deltas: tuple[Delta, ...]
    compared: tuple[Compared, ...]
    flips: Paired | None = None

    @property
    def worse(self) -> bool:
        """Whether the accuracy fell beyond what chance explains."""
        paired = self.paired
        return paired is not None and paired.differs and paired.only_first > paired.only_second

    @property
    def regressions(self) -> tuple[str, ...]:
        """What is worse than in the baseline, in sentences; figures of cost are no regressions."""
        return tuple(_regressions(self))

    @property
    def aspects(self) -> tuple[Aspect, ...]:
        """What the images of both runs met that was another thing, in the order of Aspect. Images
        that only one of the runs has are no difference here."""
        found = differing_aspects(self.compared)
        return tuple(one for one in found if one is not Aspect.DATA or not self.other_images_only)

    @property
    def other_images_only(self) -> bool:
        """Whether the data differ by images that only one run has, or by names and order, and what
        both have is the same: picture, input and label. Runs without a common image have other
        data."""
        unlike = self.relabelled or self.outputs.inputs_changed
        return bool(self.pairing.pairs) and only_other_images(self.compared) and not unlike

    @property
    def changed_parts(self) -> tuple[Part, ...]:
        """Which of model, data, firmware, rig, bounds and mcuzoo are others than in the baseline. A
        build contains its model: another build id alone is no other firmware if the model is
        another one."""
        parts = dict.fromkeys(aspect.part for aspect in self.aspects)
        if follows_from_model(self.compared):
            del parts["firmware"]
        return tuple(parts)


def compare_runs(run: str | PathLike[str], baseline: str | PathLike[str]) -> Against:
    """Set a run beside an earlier one. Each is the folder of a run, or of runs: the newest.

    Nothing but the two journals is read. Raises InputError where there is no run or a damaged one.
    """
    return against(open_run(run), open_run(baseline))


def against(run: RunInFolder, baseline: RunInFolder) -> Against:
    """The same for runs that are read already."""
    now, before = run.summary, baseline.summary
    pairing = pair_rows(now.rows, before.rows)
    labels = _Labels(before.meta, now.meta)
    labelled = [
        pair
        for pair in pairing.answered
        if pair.run.label is not None and pair.baseline.label is not None
    ]
    judged = [pair for pair in labelled if labels.same(pair)]
    wrong = tuple(p for p in judged if _right(p.baseline) and not _right(p.run))
    right = tuple(p for p in judged if _right(p.run) and not _right(p.baseline))
    return Against(
        baseline=baseline,
        run=run,
        pairing=pairing,
        judged=len(judged),
        newly_wrong=wrong,
        newly_right=right,
        relabelled=tuple(pair for pair in labelled if not labels.same(pair)),
        paired=Paired(len(wrong), len(right)) if judged else None,
        outputs=_outputs(pairing.answered, before.meta, now.meta),
        deltas=tuple(_deltas(before, now)),
        compared=compare_metas(before.meta, now.meta),
        flips=_flips(pairing.answered, before.meta, now.meta),
    )


def _flips(pairs: Sequence[Pair], baseline: RunMeta, run: RunMeta) -> Paired | None:
    if not run.delegates or baseline.delegates != run.delegates:
        return None
    known = [
        tuple(row.top1 != row.host_top1 for row in (pair.baseline, pair.run))
        for pair in pairs
        if None not in (pair.baseline.host_top1, pair.run.host_top1)
    ]
    return Paired(known.count((True, False)), known.count((False, True)))


def _right(row: Row) -> bool:
    return row.label_rank == 0


class _Labels:
    """Whether labels of two runs mean the same: by name where both have names."""

    def __init__(self, baseline: RunMeta, run: RunMeta) -> None:
        self._before, self._now = baseline.class_names, run.class_names

    def same(self, pair: Pair) -> bool:
        before, now = pair.baseline.label, pair.run.label
        assert before is not None and now is not None
        if self._before is None or self._now is None:
            return before == now
        return self._before[before] == self._now[now]


def _outputs(pairs: Sequence[Pair], baseline: RunMeta, run: RunMeta) -> OutputChanges:
    known = [p for p in pairs if p.baseline.output is not None and p.run.output is not None]
    inputs = sum(_other_input(pair) for pair in known)
    ends = [
        (meta.output_shape or (1, meta.classes), meta.output_scale, meta.output_zero_point)
        for meta in (baseline, run)
    ]
    if ends[0] != ends[1]:
        return OutputChanges(
            inputs_changed=inputs, refused="the models' outputs have another shape or scale"
        )
    changed = []
    for pair in known:
        before, now = pair.baseline.output, pair.run.output
        assert before is not None and now is not None
        if before.shape != now.shape or not (before.dtype == now.dtype == np.int8):
            return OutputChanges(inputs_changed=inputs, refused="outputs of other types")
        if (steps := difference(before, now)) > 0:
            changed.append(ChangedOutput(pair, steps))
    return OutputChanges(len(known), tuple(changed), inputs)


def _other_input(pair: Pair) -> bool:
    crcs = pair.baseline.input_crc32, pair.run.input_crc32
    return None not in crcs and crcs[0] != crcs[1]


def _deltas(baseline: RunSummary, run: RunSummary) -> Iterator[Delta]:
    yield from latency_deltas(baseline.latency, run.latency)
    before, now = baseline.meta, run.meta
    yield Delta("arena", "bytes", arena_bytes(before), arena_bytes(now))
    for name, field in _BUILD:
        yield Delta(name, "bytes", _of_build(before.build, field), _of_build(now.build, field))
    yield Delta("stack", "bytes", _stack(before), _stack(now))
    yield Delta("unanswered images", "", baseline.unanswered, run.unanswered)
    yield Delta("link faults", "", before.line_errors, now.line_errors)


_BUILD = (("code", "code_bytes"), ("constants", "constant_bytes"), ("flash", "flash_bytes"))


def latency_deltas(baseline: Latency | None, run: Latency | None) -> Iterator[Delta]:
    """The medians of both; a difference only where both are counts of the same unit."""
    if baseline is None or run is None:
        one = baseline or run
        unit = "" if one is None else one.unit
        found = (None if baseline is None else baseline.median, None if run is None else run.median)
        yield Delta("latency", unit, *found)
        return
    refused = ""
    if baseline.unit != run.unit:
        refused = f"{baseline.unit} and {run.unit} are not compared"
    elif run.unit == UNKNOWN_UNIT:
        refused = "the boards do not say what they count"
    unit = run.unit if baseline.unit == run.unit else f"{baseline.unit}, {run.unit}"
    yield Delta("latency", unit, baseline.median, run.median, refused)
    if not refused and baseline.median_ms is not None and run.median_ms is not None:
        yield Delta("latency", "ms", baseline.median_ms, run.median_ms)


def arena_bytes(meta: RunMeta) -> int | None:
    """As the board says it, else by the project's plan."""
    return meta.board.arena_bytes or _of_build(meta.build, "arena_bytes")


def _of_build(build: BuildFacts | None, field: str) -> int | None:
    found: int | None = None if build is None else getattr(build, field)
    return found


def _stack(meta: RunMeta) -> int | None:
    return None if meta.stack is None else meta.stack.used_bytes


def _regressions(it: Against) -> Iterator[str]:
    if it.worse:
        assert it.paired is not None
        yield (
            f"The accuracy fell: {it.paired.only_first:,} images are newly wrong, "
            f"{it.paired.only_second:,} newly right (p = {p_text(it.paired.p_value)})."
        )
    before, now = (one.summary.unlike.exact for one in (it.baseline, it.run))
    if now > before:
        yield f"Outputs unlike the host's: {now:,}, in the baseline {before:,}."
    flips = it.flips
    if flips is not None and flips.differs and flips.only_second > flips.only_first:
        yield (
            f"More answers are not the host's: {flips.only_second:,} more images, "
            f"{flips.only_first:,} less (p = {p_text(flips.p_value)})."
        )
    lost = [pair for pair in it.pairing.pairs if pair.baseline.status is pair.baseline.status.DONE]
    unanswered = sum(not pair.answered for pair in lost)
    if unanswered:
        yield f"Images without an answer that the baseline has: {unanswered:,}."
    broke, broke_before = it.run.summary.verdict.broke, it.baseline.summary.verdict.broke
    if broke is not None and broke_before is None:
        before_said = it.baseline.summary.verdict.text
        yield f"The verdict is FAIL: {broke.value}; that of the baseline is {before_said}."
