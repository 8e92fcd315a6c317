"""A model for figures that its layers decide: the file when it is at hand, else its structure."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.errors import MissingModelError
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import load_model
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.registry import resolve_model
from mcuzoo.zoo.structure.build import build_structure


@dataclass(frozen=True)
class KnownModel:
    """structure_only: random weights stand in for the file's; note: what a reader must know."""

    model: Model
    structure_only: bool = False
    note: str | None = None


def load_or_build(name_or_path: str) -> KnownModel:
    """The model, or what the registry says of its layers when its file is not at hand.

    Raises as resolve_model and load_model; MissingModelError only where no layers are known.
    """
    try:
        source = resolve_model(name_or_path)
    except MissingModelError:
        entry = catalog()[name_or_path]
        if entry.structure is None:
            raise
        note = (
            f"The file of {name_or_path} is not at hand: planned from its layers with random "
            "weights. Its arena is exact, its constants to a few per cent."
        )
        return KnownModel(build_structure(entry), True, note)
    return KnownModel(load_model(source.path), False, source.note)
