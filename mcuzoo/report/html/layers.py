"""The layers of a profile on a page, with a bar for what each takes."""

from __future__ import annotations

from mcuzoo.profile import ModelProfile
from mcuzoo.report.html.blocks import Block, Cell, Head, Table, Text, number

_EQUAL = {True: "equal", False: "differs", None: "-"}


def layer_table(profile: ModelProfile) -> Table:
    """A row per layer, in the order in which they run."""
    timed = profile.milliseconds(0) is not None
    counts = [layer.count for layer in profile.layers if layer.count is not None]
    most = max(counts, default=0)
    rows, bad = [], set()
    for place, layer in enumerate(profile.layers):
        if layer.equal is False:
            bad.add(place)
        share = profile.share(layer)
        ms = profile.milliseconds(layer.count)
        bar = layer.count / most if layer.count is not None and most else None
        shown = "-" if share is None else f"{share:.1%}"
        rows.append(
            (
                Cell(f"{layer.ops} {layer.name}", layer.first_op),
                Cell(shown, -1 if share is None else share, bar=bar),
                number(layer.count),
                *([number(ms, ".3f")] if timed else []),
                number(layer.macs or None),
                number(layer.per_mac, ".2f"),
                Cell("x".join(str(size) for size in layer.shape)),
                Cell(_EQUAL[layer.equal]),
            )
        )
    heads = (
        Head("layer"), Head("share"), Head(profile.unit, right=True),
        *([Head("ms", right=True)] if timed else []), Head("MACs", right=True),
        Head("per MAC", right=True), Head("output"), Head("host"),
    )  # fmt: skip
    return Table(f"What each layer takes, in {profile.unit}", heads, tuple(rows), frozenset(bad))


def layer_blocks(profile: ModelProfile, build_id: str | None = None) -> list[Block | None]:
    """The table, and of which inference it is. build_id: of the run that it is shown beside."""
    of = f"One inference, of {profile.input}, on {profile.board}."
    if profile.emulated:
        of += " The board is emulated: its counts are instructions, which are not time."
    other = None
    if build_id not in (None, profile.build_id):
        other = Text(
            f"The profile is of another build, {profile.build_id[:8]}: this run's is "
            f"{str(build_id)[:8]}.",
            "warn",
        )
    return [Text(of), other, layer_table(profile)]
