"""A profile as text."""

from __future__ import annotations

from mcuzoo.link.counts import agent_note
from mcuzoo.profile.layers import ModelProfile
from mcuzoo.tables import Column, table_text

_EQUAL = {True: "equal", False: "DIFFERS", None: "-"}


def profile_head(profile: ModelProfile) -> str:
    """Who ran what."""
    return (
        f"{profile.model} on {profile.board}{agent_note(profile.agent)}: {profile.runtime}, "
        f"{profile.toolchain}, build {profile.build_id[:8]}; input {profile.input}"
    )


def profile_table(profile: ModelProfile, width: int = 80, color: bool = False) -> str:
    """One row per layer, of at most `width` columns; ends with a newline."""
    timed = profile.milliseconds(0) is not None
    columns = (
        Column("#", right=True),
        Column("op"),
        Column("output", rank=1),
        Column("MACs", right=True, rank=1),
        Column(profile.unit, right=True),
        *([Column("ms", right=True)] if timed else []),
        Column("share", right=True),
        Column("per MAC", right=True),
        Column("host"),
    )
    rows: list[list[str]] = []
    bad = set()
    for layer in profile.layers:
        share, rate = profile.share(layer), layer.per_mac
        ms = profile.milliseconds(layer.count)
        cells = [
            layer.ops,
            layer.name,
            "x".join(str(size) for size in layer.shape),
            f"{layer.macs:,}" if layer.macs else "",
            "" if layer.count is None else f"{layer.count:,}",
            *(["" if ms is None else f"{ms:.3f}"] if timed else []),
            "" if share is None else f"{share:.1%}",
            "" if rate is None else f"{rate:.2f}",
            _EQUAL[layer.equal],
        ]
        if layer.equal is False:
            bad.add(len(rows))
        rows.append(cells)
    return table_text(columns, rows, width, bad, color)


def profile_findings(profile: ModelProfile) -> str:
    """Total, the layer with the most to gain, and whether all is right; ends with a newline."""
    lines = []
    if profile.total is None:
        lines.append(f"total    {profile.unit} were not counted")
    else:
        ms = profile.milliseconds(profile.total)
        clock = f" at {profile.core_clock_hz / 1e6:g} MHz" if profile.unit == "cycles" else ""
        time = "" if ms is None else f", {ms:.2f} ms{clock}"
        rate = f", {profile.total / profile.macs:.2f} per MAC" if profile.macs else ""
        lines.append(f"total    {profile.total:,} {profile.unit}{time}{rate}")
    blame = profile.blame
    if blame is not None:
        reachable = (
            f"; at the rate of the best {blame.layer.name} it would be {blame.reachable:,}"
            if 0 < blame.reachable < blame.count
            else ""
        )
        share = profile.share(blame.layer) or 0.0
        lines.append(
            f"blame    op {blame.layer.ops} {blame.layer.name}: {blame.count:,}, "
            f"{share:.1%}{reachable}"
        )
    lines.append(f"verdict  {'pass' if profile.passed else 'FAIL: firmware'}: {profile.verdict}")
    return "\n".join(lines) + "\n"
