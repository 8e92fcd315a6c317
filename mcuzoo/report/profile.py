"""A profile as text and as a JSON document."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from mcuzoo.errors import InputError
from mcuzoo.link.counts import agent_note, estimated_ms
from mcuzoo.profile import Layer, ModelProfile
from mcuzoo.project.recipe import recipe_document
from mcuzoo.quoting import printable
from mcuzoo.tables import Column, table_text
from mcuzoo.timing.cycles import Cycles
from mcuzoo.untrusted import parse_json, read_text

SPENT = ("issue", "branches", "code", "data")
"""What modelled cycles are spent for: see mcuzoo.timing.cycles.Cycles."""

_EQUAL = {True: "equal", False: "DIFFERS", None: "-"}


def profile_head(profile: ModelProfile) -> str:
    """Lines about board and model."""
    return printable(
        f"{profile.model} on {profile.board}{agent_note(profile.agent)}: {profile.runtime}, "
        f"{profile.toolchain}, build {profile.build_id[:8]}; input {profile.input}"
    )


def profile_table(profile: ModelProfile, width: int = 80, color: bool = False) -> str:
    """One row per layer, of at most `width` columns; ends with a newline."""
    timed = profile.milliseconds(0) is not None
    spent = any(layer.spent for layer in profile.layers)
    columns = (
        Column("#", right=True),
        Column("op"),
        Column("output", rank=1),
        Column("MACs", right=True, rank=1),
        Column(profile.unit, right=True),
        *([Column("ms", right=True)] if timed else []),
        Column("share", right=True),
        Column("per MAC", right=True),
        *([Column(title, right=True, rank=1) for title in SPENT] if spent else []),
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
            *(spent_cells(layer.spent) if spent else []),
            _EQUAL[layer.equal],
        ]
        if layer.equal is False:
            bad.add(len(rows))
        rows.append(cells)
    return table_text(columns, rows, width, bad, color)


def spent_cells(spent: Cycles | None) -> list[str]:
    """Shares of a layer's modelled cycles, as the columns of SPENT."""
    if spent is None or not spent.total:
        return [""] * len(SPENT)
    parts = (spent.issue, spent.branches, spent.code, sum(spent.data.values()))
    return [f"{part / spent.total:.0%}" for part in parts]


def profile_findings(profile: ModelProfile) -> str:
    """Total, the layer with the most to gain, and whether all is right; ends with a newline."""
    lines = []
    if profile.total is None:
        lines.append(f"total    {profile.unit} were not counted")
    else:
        ms = profile.milliseconds(profile.total)
        clock = f" at {profile.core_clock_hz / 1e6:g} MHz" if profile.unit == "cycles" else ""
        time = "" if ms is None else f", {ms:.2f} ms{clock}"
        estimate = estimated_ms(profile.total, profile.unit, profile.core_clock_hz)
        band = "estimate" if profile.rates is None else profile.rates.words
        if estimate is not None:
            time = f", about {estimate:.1f} ms at {profile.core_clock_hz / 1e6:g} MHz ({band})"
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
    lines += [f"budget   {one.text}" for one in profile.budgets]
    lines.append(f"verdict  {'pass' if profile.accepted else 'FAIL: firmware'}: {profile.verdict}")
    return "\n".join(lines) + "\n"


def profile_document(profile: ModelProfile) -> dict[str, Any]:
    """The document that `mcuzoo profile --json` prints."""
    blame, wrong = profile.blame, profile.first_wrong
    return {
        "model": profile.model,
        "board": profile.board,
        "emulated": profile.emulated,
        "agent": profile.agent,
        "runtime": profile.runtime,
        "toolchain": profile.toolchain,
        "build_id": profile.build_id,
        "core_clock_hz": profile.core_clock_hz,
        "input": profile.input,
        "recipe": None
        if profile.recipe is None
        else {**recipe_document(profile.recipe), "source": profile.recipe_source},
        "unit": profile.unit,
        "total": profile.total,
        "total_ms": profile.milliseconds(profile.total),
        "estimated_ms": estimated_ms(profile.total, profile.unit, profile.core_clock_hz),
        "rates": profile.rates and asdict(profile.rates),
        "macs": profile.macs,
        "layers": [_layer_document(profile, layer) for layer in profile.layers],
        "to_blame": None
        if blame is None
        else {"ops": blame.layer.ops, "count": blame.count, "reachable": blame.reachable},
        "output_equal": profile.output_equal,
        "first_wrong": None if wrong is None else {"ops": wrong.ops, "name": wrong.name},
        "verdict": profile.verdict,
        "budgets": [asdict(one) for one in profile.budgets],
        "passed": profile.accepted,
    }


def _layer_document(profile: ModelProfile, layer: Layer) -> dict[str, Any]:
    return {
        "first_op": layer.first_op,
        "last_op": layer.last_op,
        "name": layer.name,
        "tensor": layer.tensor,
        "shape": layer.shape,
        "macs": layer.macs,
        "count": layer.count,
        "ms": profile.milliseconds(layer.count),
        "share": profile.share(layer),
        "per_mac": layer.per_mac,
        "output_bytes": layer.output_bytes,
        "output_crc32": layer.output_crc32,
        "expected_crc32": layer.expected_crc32,
        "equal": layer.equal,
        "spent": None if layer.spent is None else asdict(layer.spent),
    }


def read_profile(path: Path) -> ModelProfile:
    """A profile from the document that `mcuzoo profile --json` printed; its recipe is left out.

    Raises InputError for a file that cannot be read or is no such document.
    """
    try:
        raw = parse_json(read_text(path))
        if not isinstance(raw, dict):
            raise ValueError("it is no object")
        profile: ModelProfile = _adapter().validate_python({**raw, "recipe": None})
        return profile
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path} is no profile: {reason}", "mcuzoo profile PROJECT --json > profile.json"
        ) from error


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(ModelProfile)
