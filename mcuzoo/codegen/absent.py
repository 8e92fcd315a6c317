"""Export of a model whose file is not at hand: the error says at least whether it would fit."""

from __future__ import annotations

from dataclasses import replace

from mcuzoo.board.load import list_boards
from mcuzoo.board.model import Board
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.errors import FitError, MissingModelError, command
from mcuzoo.plan.fit import fit_model
from mcuzoo.plan.siblings import largest_sibling
from mcuzoo.project.kinds import BUNDLED, DEFAULT_PROJECT, DEFAULT_RUNTIME
from mcuzoo.zoo.registry import load_or_build


def absent_model_error(
    name: str, missing: MissingModelError, board: Board, named: str, options: ExportOptions
) -> MissingModelError | FitError:
    """FitError by region where the model's layers alone show that it cannot fit, else `missing`.

    named: how the user calls the board. The hint has the same export of the bundled model, which
    works at once and offline. Raises as fit_model.
    """
    bundled = command("mcuzoo", "export", BUNDLED, *_typed(named, options))
    first, *rest = missing.hint.split("\n")
    missing.hint = "\n".join(
        [first, f"Offline, with the bundled model: {bundled}", *rest[:1]]
        if rest and "mcuzoo fetch" in first
        else [f"Offline, with the bundled model: {bundled}", first]
    )
    try:
        known = load_or_build(name)
    except MissingModelError:
        return missing
    wanted = replace(options, project=options.project or DEFAULT_PROJECT)
    report = fit_model(known.model, board, wanted, list_boards())
    if report.fits:
        return MissingModelError(
            f"{missing.message} By its layers it fits {board.name}.", missing.hint
        )
    over = "; ".join(
        f"{region.region} needs {region.used_bytes:,} of {region.size_bytes:,} bytes"
        for region in report.regions
        if not region.fits
    )
    sibling = largest_sibling(name, board, report.runtime)
    return FitError(
        f"{name} does not fit {board.name}: {over}. (Its file is not at hand; its layers say so.)",
        f"{report.next_step or ''}" + (f" Of its family, {sibling} fits." if sibling else ""),
    )


def _typed(board: str, options: ExportOptions) -> list[str]:
    """The options that say what kind of project is wanted, for a command to type next."""
    return [
        *("--board", board),
        *(() if options.runtime in (None, DEFAULT_RUNTIME) else ("--runtime", options.runtime)),
        *(() if options.project is None else ("--project", options.project)),
    ]
