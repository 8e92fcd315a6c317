"""Which other size of the same network would fit a board."""

from __future__ import annotations

from mcuzoo.board.model import Board
from mcuzoo.graph.inspect import inspect_model
from mcuzoo.plan.fit import fit_model
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.structure.build import build_structure


def largest_sibling(name: str, board: Board, runtime: str = "aot") -> str | None:
    """The model of the same family with the most operations that fits, by its layers.

    None when `name` is no model of a family, or none of it fits.
    """
    entry = catalog().get(name)
    if entry is None:
        return None
    family = [
        build_structure(other)
        for other in catalog().values()
        if other.family == entry.family and other.name != name and other.structure is not None
    ]
    for model in sorted(family, key=lambda model: inspect_model(model).macs, reverse=True):
        if fit_model(model, board, runtime).fits:
            return model.name
    return None
