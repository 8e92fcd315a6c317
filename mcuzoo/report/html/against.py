"""A run beside its baseline, on the page of the run."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.history.against import Against, Delta
from mcuzoo.history.changes import Compared, differing
from mcuzoo.report.against import (
    change_texts,
    changed_text,
    conclusion,
    inputs_text,
    outputs_text,
    pairing_text,
    relabelled_text,
    shown_values,
    test_text,
    unknown_text,
    unpaired_texts,
)
from mcuzoo.report.figures import class_name
from mcuzoo.report.html.blocks import (
    Block,
    Cell,
    Fact,
    Facts,
    Head,
    Row,
    Section,
    Table,
    Text,
    Tile,
    number,
    section,
)
from mcuzoo.report.html.misses import changed_blocks
from mcuzoo.report.html.pictures import Pictures
from mcuzoo.run.score import p_text

_LISTED = 100


def against_tiles(it: Against) -> tuple[Tile, ...]:
    """What a reader looks for first."""
    if it.paired is None:
        return ()
    told = f"newly right {len(it.newly_right):,}, p = {p_text(it.paired.p_value)}"
    return (Tile("newly wrong", f"{len(it.newly_wrong):,}", told),)


def against_sections(it: Against, pictures: Pictures, show: int) -> tuple[Section | None, ...]:
    """What became of the run's images since the baseline, and what else is different."""
    meta, before = it.run.summary.meta, it.baseline.summary.meta
    return (
        section("against", "Against the baseline", _blocks(it)),
        section(
            "newly-wrong",
            "Newly wrong",
            changed_blocks(meta, it.newly_wrong, before, pictures, show),
        ),
        section(
            "newly-right",
            "Newly right",
            changed_blocks(meta, it.newly_right, before, pictures, show),
        ),
        section("changed-outputs", "Outputs that changed", [_outputs(it)]),
    )


def _blocks(it: Against) -> list[Block | None]:
    meta = it.baseline.summary.meta
    outputs = it.outputs
    facts = [
        Fact("baseline", str(it.baseline.folder), f"begun {meta.started}"),
        Fact("paired", pairing_text(it)),
        *(Fact("not paired", text) for text in unpaired_texts(it)),
        Fact("newly wrong", f"{len(it.newly_wrong):,}", tone="bad" if it.worse else ""),
        Fact("newly right", f"{len(it.newly_right):,}"),
        Fact("accuracy", test_text(it), tone="bad" if it.worse else ""),
        Fact("outputs", outputs_text(outputs)),
    ]
    if it.relabelled:
        facts.append(Fact("relabelled", relabelled_text(it)))
    if outputs.inputs_changed:
        facts.append(Fact("inputs", inputs_text(outputs)))
    return [
        Text(conclusion(it), "bad" if it.regressions else ""),
        *(Text(text, "bad") for text in it.regressions),
        Facts(tuple(facts)),
        _side_by_side(_deltas(it.deltas), _changes(it)),
        _unknown(it.compared),
    ]


def _side_by_side(deltas: Table | None, changes: Block) -> Block:
    return changes if deltas is None else Row((deltas, changes))


def _unknown(compared: Sequence[Compared]) -> Text | None:
    told = unknown_text(compared)
    return Text(f"Not known in one of the runs: {told}.", "soft") if told else None


def _deltas(deltas: Sequence[Delta]) -> Table | None:
    known = [delta for delta in deltas if not (delta.baseline is delta.run is None)]
    rows = tuple(
        (
            Cell(f"{delta.name}, {delta.unit}" if delta.unit else delta.name),
            _figure(delta.baseline),
            _figure(delta.run),
            _change(delta),
        )
        for delta in known
    )
    heads = (
        Head("figure"),
        Head("baseline", right=True),
        Head("this run", right=True),
        Head("change"),
    )
    return Table("What a run costs", heads, rows, sortable=False) if rows else None


def _figure(value: float | None) -> Cell:
    return number(value, ",.3f" if isinstance(value, float) else ",")


def _change(delta: Delta) -> Cell:
    if delta.refused:
        return Cell(delta.refused)
    if delta.change is None:
        return Cell("not known in the baseline" if delta.baseline is None else "not known now")
    change, share = change_texts(delta)
    return Cell(f"{change} ({share})" if share else change, delta.change)


def _changes(it: Against) -> Block:
    rows = tuple(
        (Cell(one.aspect.value), Cell(one.what), *(Cell(value) for value in shown_values(one)))
        for one in differing(it.compared)
    )
    if not rows:
        return Text(changed_text(it))
    heads = (Head("part"), Head("value"), Head("baseline"), Head("this run"))
    return Table("What the runs are made of, where it differs", heads, rows, sortable=False)


def _outputs(it: Against) -> Table | None:
    """The images whose outputs have other bytes, the furthest first."""
    changed = sorted(it.outputs.changed, key=lambda one: (-one.steps, one.pair.run.index))
    if not changed:
        return None
    rows = tuple(
        (Cell(one.pair.run.file), number(one.steps), _answer(it, one.pair.baseline.top1, False),
         _answer(it, one.pair.run.top1, True))
        for one in changed[:_LISTED]
    )  # fmt: skip
    left = len(changed) - len(rows)
    heads = (Head("image"), Head("steps", right=True), Head("before"), Head("now"))
    return Table(
        "The furthest first; a step is the least that an int8 value can differ",
        heads,
        rows,
        left_out=f"And {left:,} others: --json lists them all." if left else "",
    )


def _answer(it: Against, label: int | None, now: bool) -> Cell:
    meta = (it.run if now else it.baseline).summary.meta
    return Cell("-") if label is None else Cell(class_name(label, meta.class_names), label)
