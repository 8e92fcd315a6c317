"""Which linker sections the model's parts are put into."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sections:
    """As a stand-alone project's linker script knows them, unless said otherwise."""

    arena: str = ".mz_arena"
    weights: str = ".mz_weights"


STANDALONE = Sections()
