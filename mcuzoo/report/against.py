"""A run against an earlier one, as text and for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from mcuzoo.history.against import Against, Delta, OutputChanges
from mcuzoo.history.changes import (
    Compared,
    differing,
    follows_from_model,
    unknown,
)
from mcuzoo.history.pairing import Alone, Pair, reasons
from mcuzoo.quoting import printable
from mcuzoo.report.figures import class_name
from mcuzoo.run.record import RunMeta
from mcuzoo.run.score import Paired, p_text

_LISTED = 5
_SHORT_HASH = 12


def against_text(it: Against) -> str:
    """Aligned lines, what follows from them last; ends with a newline."""
    lines = list(_lines(it))
    width = max(len(name) for name, _ in lines)
    return "".join(f"{name:<{width}}  {printable(text)}\n" for name, text in lines)


def _lines(it: Against) -> Iterator[tuple[str, str]]:
    meta = it.baseline.summary.meta
    yield "against", f"{it.baseline.folder}, begun {meta.started}"
    yield "paired", pairing_text(it)
    for text in unpaired_texts(it):
        yield "", text
    for name, pairs in (("newly wrong", it.newly_wrong), ("newly right", it.newly_right)):
        yield name, f"{len(pairs):,}"
        yield from (("", pair_text(it, pair)) for pair in pairs[:_LISTED])
        if len(pairs) > _LISTED:
            yield "", f"... and {len(pairs) - _LISTED:,} more: --json and --html have them"
    if it.relabelled:
        yield "relabelled", relabelled_text(it)
    yield "accuracy", test_text(it)
    yield "outputs", outputs_text(it.outputs)
    if it.flips is not None:
        yield "flips", against_flips_text(it.flips)
    if it.outputs.inputs_changed:
        yield "inputs", inputs_text(it.outputs)
    for delta in it.deltas:
        if not (delta.baseline is delta.run is None):
            yield delta.name, delta_text(delta)
    for one in differing(it.compared):
        before, now = shown_values(one)
        yield one.aspect.value, f"{one.what}: {before} -> {now}"
    if unsaid := unknown_text(it.compared):
        yield "not known", unsaid
    for text in it.regressions:
        yield "worse", text
    yield "result", conclusion(it)


def pairing_text(it: Against) -> str:
    """How many images are paired, and how many of them have an answer in both runs."""
    pairing = it.pairing
    total = len(it.run.summary.rows)
    unanswered = len(pairing.pairs) - len(pairing.answered)
    more = f"; {unanswered:,} of them without an answer in one of the runs" if unanswered else ""
    return f"{len(pairing.pairs):,} of {total:,} images, by the SHA-256 of the picture{more}"


def unpaired_texts(
    it: Against, run: str = "this run", baseline: str = "the baseline"
) -> Iterator[str]:
    """A sentence per kind of image without a partner. run, baseline: what the two are called."""
    for where, alone in ((run, it.pairing.run), (baseline, it.pairing.baseline)):
        for why, count, first in reasons(alone):
            yield f"only in {where}: {count:,}, {why.value} (the first: {first})"


def pair_text(it: Against, pair: Pair) -> str:
    """What was answered before and now, and what is right."""
    before, now = it.baseline.summary.meta, it.run.summary.meta
    return (
        f"{pair.run.file}: {_name(pair.baseline.top1, before)} -> {_name(pair.run.top1, now)}, "
        f"is {_name(pair.run.label, now)}"
    )


def _name(label: int | None, meta: RunMeta) -> str:
    return "-" if label is None else class_name(label, meta.class_names)


def test_text(it: Against) -> str:
    """The result of the exact paired test, in words."""
    paired = it.paired
    if paired is None:
        return "not judged: no image has a label in both runs"
    if not paired.differs:
        found = "no difference beyond chance"
    else:
        found = "it fell" if it.worse else "it rose"
    tested = f"p = {p_text(paired.p_value)}, exact paired test of {it.judged:,} images"
    return f"{found} ({tested})"


def outputs_text(found: OutputChanges) -> str:
    """How many raw outputs have other bytes."""
    if found.refused:
        return f"not compared: {found.refused}"
    if not found.compared:
        return "none to compare"
    if not found.changed:
        return f"all {found.compared:,} byte-equal"
    steps = found.largest_step
    return (
        f"{len(found.changed):,} of {found.compared:,} changed, by up to "
        f"{steps:,} step{'s' if steps != 1 else ''}; the first is {found.changed[0].pair.run.file}"
    )


def against_flips_text(flips: Paired) -> str:
    """The images that only one of the runs answers otherwise than the host."""
    return (
        f"only in this run {flips.only_second:,}, only in the baseline {flips.only_first:,}; exact "
        f"paired test p = {p_text(flips.p_value)}"
    )


def relabelled_text(it: Against) -> str:
    return f"{len(it.relabelled):,} images have another label now: not judged"


def inputs_text(found: OutputChanges) -> str:
    return f"{found.inputs_changed:,} pictures became another input than in the baseline"


def delta_text(delta: Delta) -> str:
    """Both figures and their difference, or why there is none."""
    before, now = _figure(delta.baseline), _figure(delta.run)
    unit = f" {delta.unit}" if delta.unit else ""
    if delta.refused:
        return f"{before}, now {now}: no difference, {delta.refused}"
    if delta.change is None:
        where = "the baseline" if delta.baseline is None else "this run"
        return f"{before}, now {now}{unit}: not known in {where}"
    return f"{now}{unit} ({_change_text(delta)})"


def _change_text(delta: Delta) -> str:
    change, share = change_texts(delta)
    if not delta.change:
        return change
    return f"{change} from {_figure(delta.baseline)}" + (f", {share}" if share else "")


def change_texts(delta: Delta) -> tuple[str, str]:
    """The difference with its sign, and its share of the baseline; "" if there is none."""
    change = delta.change
    assert change is not None and delta.baseline is not None
    if not change:
        return "as before", ""
    return _figure(change, "+"), f"{change / delta.baseline:+.2%}" if delta.baseline else ""


def _figure(value: float | None, sign: str = "") -> str:
    if value is None:
        return "-"
    return f"{value:{sign},.3f}" if isinstance(value, float) else f"{value:{sign},}"


def shown_values(one: Compared) -> tuple[str, str]:
    """Both values; hashes that differ are cut to what tells them apart."""
    before, now = one.baseline or "-", one.run or "-"
    return _cut(before), _cut(now)


def _cut(text: str) -> str:
    head, _, last = text.rpartition(" ")
    if len(last) in (32, 64) and all(digit in "0123456789abcdef" for digit in last):
        last = last[:_SHORT_HASH]
    return f"{head} {last}".strip()


def unknown_text(compared: Sequence[Compared]) -> str:
    """What one of the runs does not know; "" if there is nothing."""
    return ", ".join(f"{one.aspect.value} ({one.what})" for one in unknown(compared))


def changed_text(it: Against) -> str:
    """Which of model, data, firmware and rig are others, in a sentence."""
    parts = it.changed_parts
    others = " The runs have other images, and those of both are the same." * it.other_images_only
    if not parts and others:
        return f"Nothing else that the runs record has changed.{others}"
    if not parts:
        return (
            "Nothing that the runs record has changed: not the model, the data, the firmware or "
            "the rig."
        )
    named = [part if part == "mcuzoo" else f"the {part}" for part in parts]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    built = (
        " The firmware was built anew with the model; whether more of it changed is not recorded."
        if follows_from_model(it.compared)
        else ""
    )
    return f"What changed: {listed}.{built}{others}"


def conclusion(it: Against) -> str:
    """Whether the run is worse, and what it may be due to."""
    if it.regressions:
        return f"WORSE. {changed_text(it)}"
    if it.paired is not None and it.paired.differs:
        return f"better. {changed_text(it)}"
    return f"no worse. {changed_text(it)}"


def against_document(it: Against) -> dict[str, Any]:
    """The document; what is not known is null."""
    paired = it.paired
    return {
        "baseline": str(it.baseline.folder),
        "run": str(it.run.folder),
        "paired": len(it.pairing.pairs),
        "answered_in_both": len(it.pairing.answered),
        "unpaired": {"run": _alone(it.pairing.run), "baseline": _alone(it.pairing.baseline)},
        "judged": it.judged,
        "newly_wrong": [_pair(it, pair) for pair in it.newly_wrong],
        "newly_right": [_pair(it, pair) for pair in it.newly_right],
        "relabelled": [_pair(it, pair) for pair in it.relabelled],
        "test": None
        if paired is None
        else {
            "right_only_in_baseline": paired.only_first,
            "right_only_in_run": paired.only_second,
            "p_value": paired.p_value,
            "differs": paired.differs,
        },
        "outputs": outputs_document(it.outputs),
        "flips": None
        if it.flips is None
        else {
            "only_in_baseline": it.flips.only_first,
            "only_in_run": it.flips.only_second,
            "p_value": it.flips.p_value,
            "differs": it.flips.differs,
        },
        "deltas": [
            {**asdict(delta), "refused": delta.refused or None, "change": delta.change}
            for delta in it.deltas
        ],
        "compared": compared_documents(it.compared),
        "changed_parts": list(it.changed_parts),
        "regressions": list(it.regressions),
    }


def outputs_document(found: OutputChanges) -> dict[str, Any]:
    """Which raw outputs have other bytes, and by how much."""
    return {
        "compared": found.compared,
        "changed": [
            {"file": one.pair.run.file, "sha256": one.pair.run.sha256, "steps": one.steps}
            for one in found.changed
        ],
        "largest_step": found.largest_step if found.changed else None,
        "inputs_changed": found.inputs_changed,
        "refused": found.refused or None,
    }


def compared_documents(compared: Iterable[Compared]) -> list[dict[str, Any]]:
    """Each value of both runs; differs is null where one of them does not know it."""
    return [
        {
            "aspect": one.aspect.value,
            "what": one.what,
            "baseline": one.baseline,
            "run": one.run,
            "differs": one.differs,
        }
        for one in compared
    ]


def _alone(alone: Iterable[Alone]) -> list[dict[str, Any]]:
    return [{"file": one.row.file, "why": one.why.value} for one in alone]


def _pair(it: Against, pair: Pair) -> dict[str, Any]:
    before, now = it.baseline.summary.meta, it.run.summary.meta
    return {
        "file": pair.run.file,
        "baseline_file": pair.baseline.file,
        "sha256": pair.run.sha256,
        "label": _class(pair.run.label, now),
        "baseline_label": _class(pair.baseline.label, before),
        "answer": _class(pair.run.top1, now),
        "baseline_answer": _class(pair.baseline.top1, before),
    }


def _class(label: int | None, meta: RunMeta) -> dict[str, Any] | None:
    if label is None:
        return None
    names = meta.class_names
    known = names is not None and 0 <= label < len(names)
    return {"class": label, "name": names[label] if names is not None and known else None}
