"""Find another size of the same network that fits a board."""

from __future__ import annotations

from mcuzoo.board.model import Board
from mcuzoo.ops.inspect import inspect_model
from mcuzoo.plan.zoo_facts import FactsCache, structure_facts
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.schema import ZooModel
from mcuzoo.zoo.structure import build_structure


def largest_sibling(name: str, board: Board, runtime: str = "aot") -> str | None:
    """The model of the same family with the most operations that fits, by its layers.

    None when `name` is no model of a family, or none of it fits.
    """
    entry = catalog().get(name)
    if entry is None:
        return None
    family = [
        other
        for other in catalog().values()
        if other.family == entry.family and other.name != name and other.structure is not None
    ]
    cache = FactsCache([board])
    found = None
    for other in sorted(family, key=_operations, reverse=True):
        facts = structure_facts(other, cache)
        if facts is not None and facts.fits[board.id].get(runtime):
            found = other.name
            break
    cache.save()
    return found


def _operations(entry: ZooModel) -> float:
    """Operations as published, which is quick; else computed from the layers."""
    published = entry.figure("ops")
    return published[0] if published else 2.0 * inspect_model(build_structure(entry)).macs
