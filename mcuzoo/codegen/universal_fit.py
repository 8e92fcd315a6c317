"""The memory of a universal firmware, and whether a model runs on it."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.board.load import load_board
from mcuzoo.board.model import Board
from mcuzoo.budgets import BudgetResult, Figure
from mcuzoo.codegen.universal import DEFAULT_OPS
from mcuzoo.errors import UsageError
from mcuzoo.plan.options import FitOptions
from mcuzoo.plan.tflm.image import DEFAULT_KERNELS, check_kernels, prepare_image
from mcuzoo.plan.universal import UniversalPlan, plan_universal
from mcuzoo.zoo.registry import load_named_model


@dataclass(frozen=True)
class ModelRoom:
    """A model of `bytes` on a universal firmware. region: for its file, None if it has no room.
    arena_bytes: that the model needs. fits: it can be sent and run."""

    model: str
    bytes: int
    arena_bytes: int
    region: str | None
    fits: bool


@dataclass(frozen=True)
class UniversalFit:
    """plan: the memory for arena and models. model: None if no model was given. budgets: each that
    was given. board: its id."""

    board: str
    plan: UniversalPlan
    model: ModelRoom | None
    budgets: tuple[BudgetResult, ...] = ()

    @property
    def fits(self) -> bool:
        return self.model is None or self.model.fits

    @property
    def passed(self) -> bool:
        """Whether it fits, and no budget says no."""
        return self.fits and not any(one.fails for one in self.budgets)


def fit_universal(
    model: str | None, board: str | Board, options: FitOptions = FitOptions()
) -> UniversalFit:
    """What a universal firmware with all operators has; with `model`, whether that runs on it.

    Raises ModelError for a model that is not INT8, and UsageError.
    """
    if options.stream_input:
        raise UsageError(
            "--stream-input is for a model that is linked in, with the runtime aot.",
            "Leave --universal or --stream-input out.",
        )
    chosen = board if isinstance(board, Board) else load_board(board)
    kernels = check_kernels(options.kernels or DEFAULT_KERNELS)
    plan = plan_universal(chosen, DEFAULT_OPS, kernels, options.arena_region)
    flash_bytes = sum(one.used_bytes for one in plan.regions if one.region == chosen.flash.region)
    flash = Figure(flash_bytes, f"By estimate the firmware takes {flash_bytes:,} bytes of flash")
    if model is None:
        arena_bytes = plan.placement.arena_bytes
        arena = Figure(arena_bytes, f"The arena has {arena_bytes:,} bytes")
        return UniversalFit(chosen.id, plan, None, options.judged(arena, flash))
    image = prepare_image(load_named_model(model), kernels)
    home = next((r for r in plan.rooms if image.model.bytes <= r.capacity_bytes), None)
    needed = image.arena.arena_bytes
    return UniversalFit(
        chosen.id,
        plan,
        ModelRoom(
            model=model,
            bytes=image.model.bytes,
            arena_bytes=needed,
            region=None if home is None else home.region,
            fits=home is not None and needed <= plan.placement.arena_bytes,
        ),
        options.judged(Figure(needed, f"The model needs {needed:,} bytes of arena"), flash),
    )
