"""Peers' figures and the targets, from peers.toml, beside what was measured."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
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
}
PER_MAC = ("pointwise", "depthwise", "first conv", "logits", "fused")
"""Fused layers count in none of the others."""


@dataclass(frozen=True)
class Row:
    """One figure: ours, the peers', must and aim; None where there is none."""

    name: str
    ours: float
    peers: dict[str, float | None]
    must: float | None
    aim: float | None

    def ratio(self, peer: str) -> float | None:
        """How many times the peer takes what we take."""
        theirs = self.peers[peer]
        return None if theirs is None or not self.ours else theirs / self.ours

    @property
    def state(self) -> str:
        if self.must is None or self.aim is None:
            return ""
        return "aim" if self.ours <= self.aim else "must" if self.ours <= self.must else "MISSED"


def published() -> dict[str, Any]:
    """The whole of peers.toml."""
    with PEERS_FILE.open("rb") as file:
        return tomllib.load(file)


def rows(
    ours: Mapping[str, Any], peers: Mapping[str, Mapping[str, Any]], goals: Mapping[str, Any]
) -> Iterator[Row]:
    """Figures have the keys of TOTALS, and `per_mac` by class; `goals`: must and aim of them."""
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
            )
