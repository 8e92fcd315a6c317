"""Export of a model whose file is not at hand: at least say whether it would fit."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.board.model import Board
from mcuzoo.codegen.mcuxpresso import reserved_by
from mcuzoo.errors import FitError, MissingModelError, command
from mcuzoo.plan.fit import fit_model
from mcuzoo.plan.siblings import largest_sibling
from mcuzoo.plan.tflm.requests import Kernels
from mcuzoo.project.kinds import WeightsChoice
from mcuzoo.zoo.find import BUNDLED
from mcuzoo.zoo.registry import load_or_build


def absent_model_error(
    name: str,
    missing: MissingModelError,
    board: Board,
    others: Sequence[Board],
    runtime: str,
    weights: WeightsChoice,
    arena_region: str | None,
    project: str,
    kernels: Kernels = "cmsis-nn",
    options: Sequence[str] = (),
) -> MissingModelError | FitError:
    """FitError by region where the model's layers alone show that it cannot fit, else `missing`.

    Its hint has the same export of the bundled model, which works at once and offline: options are
    those that were typed, such as ("--board", "rt1170"). Raises as fit_model.
    """
    bundled = command("mcuzoo", "export", BUNDLED, *options)
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
    reserved = reserved_by(board, project)
    report = fit_model(
        known.model,
        board,
        runtime,
        weights,
        arena_region,
        others,
        kernels,
        reserved=reserved,
    )
    if report.fits:
        return MissingModelError(
            f"{missing.message} By its layers it fits {board.name}.", missing.hint
        )
    over = "; ".join(
        f"{region.region} needs {region.used_bytes:,} of {region.size_bytes:,} bytes"
        for region in report.regions
        if not region.fits
    )
    sibling = largest_sibling(name, board, runtime)
    return FitError(
        f"{name} does not fit {board.name}: {over}. (Its file is not at hand; its layers say so.)",
        f"{report.next_step or ''}" + (f" Of its family, {sibling} fits." if sibling else ""),
    )
