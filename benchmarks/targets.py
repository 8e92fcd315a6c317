"""Peers' figures and the targets, from peers.toml, beside what was measured."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PEERS_FILE = Path(__file__).resolve().parent / "peers.toml"

TOTALS = {
    "instructions_per_inference": "instructions per inference",
    "arena_bytes": "arena with input and output, bytes",
    "code_bytes": "code without constants, bytes",
    "constant_bytes": "constants in flash, bytes",
    "stack_bytes": "stack at its deepest, bytes",
}
PER_MAC = ("pointwise", "depthwise", "first conv", "other conv", "logits", "fused")
"""Together every MAC of a model. What is "fused" counts in none of the others."""

Figures = Mapping[str, Any]
"""The keys of TOTALS, and `per_mac` by kind; any of them may be missing."""


@dataclass(frozen=True)
class Row:
    """One figure: ours, the peers', must and aim; None where there is none.

    complete: False where layers that belong here could not be counted here.
    """

    name: str
    ours: float
    peers: dict[str, float | None]
    must: float | None
    aim: float | None
    complete: bool = True

    def ratio(self, peer: str) -> float | None:
        """How many times the peer takes what we take."""
        theirs = self.peers[peer]
        return None if theirs is None or not self.ours else theirs / self.ours

    @property
    def state(self) -> str:
        if self.must is None:
            return ""
        if not self.complete:
            return "INCOMPLETE"
        if self.aim is not None and self.ours <= self.aim:
            return "aim"
        return "must" if self.ours <= self.must else "MISSED"


def registered() -> list[dict[str, Any]]:
    """The models of peers.toml, in its order."""
    with PEERS_FILE.open("rb") as file:
        models: list[dict[str, Any]] = tomllib.load(file)["models"]
    return models


def published(sha256: str, model: str = "") -> dict[str, Any]:
    """What peers.toml knows of the model with this hash, or of the network that is built under
    this name; empty when it knows nothing."""
    for one in registered():
        if one.get("sha256") == sha256 or ("network" in one and Path(one["file"]).stem == model):
            return one
    return {}


def columns(known: Mapping[str, Any], measured: Iterable[Figures]) -> dict[str, Figures]:
    """The peers by the name of their column: those measured, and of the others what is quoted."""
    peers = {document["firmware"]: document for document in measured}
    quoted = known.get("peers", {})
    if peers:
        quoted = {name: figures for name, figures in quoted.items() if not _is_tflm(name)}
    return peers | {f"{name} (quoted)": figures for name, figures in quoted.items()}


def goals(known: Mapping[str, Any], peers: Mapping[str, Figures]) -> dict[str, Figures]:
    """`must` and `aim`: published, or to be no worse than TFLite-Micro, measured or quoted."""
    if known.get("no_worse_than_tflm"):
        tflm = next((figures for name, figures in peers.items() if _is_tflm(name)), None)
        return {} if tflm is None else {"must": tflm}
    return {name: known[name] for name in ("must", "aim") if name in known}


def rows(
    ours: Figures, peers: Mapping[str, Figures], goals: Mapping[str, Figures]
) -> Iterator[Row]:
    """`ours` also has `incomplete`, the kinds of which some layers are missing."""
    must, aim = goals.get("must", {}), goals.get("aim", {})
    for key, name in TOTALS.items():
        yield Row(
            name,
            ours[key],
            {peer: figures.get(key) for peer, figures in peers.items()},
            must.get(key),
            aim.get(key),
        )
    for kind in PER_MAC:
        if kind in ours["per_mac"]:
            yield Row(
                f"{kind}, instructions per MAC",
                ours["per_mac"][kind],
                {peer: figures.get("per_mac", {}).get(kind) for peer, figures in peers.items()},
                must.get("per_mac", {}).get(kind),
                aim.get("per_mac", {}).get(kind),
                not _lacks(ours["incomplete"], kind),
            )


def _lacks(incomplete: Collection[str], kind: str) -> bool:
    return any(name.startswith(kind) for name in incomplete)


def _is_tflm(name: str) -> bool:
    return name.startswith("tflm")
