"""One model on one board: program, arena plan and placement, whether they fit or not."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.board.model import Board
from mcuzoo.graph.model import Model
from mcuzoo.graph.program import Program, build_program
from mcuzoo.plan.arena import ArenaPlan, plan_arena
from mcuzoo.plan.lifetimes import lifetimes
from mcuzoo.plan.needs import Needs, assess_needs, assess_tflm_needs
from mcuzoo.plan.placement import Placement, place
from mcuzoo.plan.regions import RegionFit, region_fits
from mcuzoo.plan.tflm.image import HeadPlan, TflmImage, prepare_image
from mcuzoo.plan.tflm.requests import Kernels
from mcuzoo.project.kinds import WeightsChoice, check_runtime


@dataclass(frozen=True)
class PeakOp:
    """The operator during which most activation bytes are alive; index as in the .tflite file."""

    index: int
    name: str
    live_bytes: int


@dataclass(frozen=True)
class MemoryPlan:
    """What is needed and where it goes, on every region of the board.

    arena: our plan of the activations. image: what TFLM is given and what it needs, None for
    another runtime.
    """

    program: Program
    arena: ArenaPlan
    needs: Needs
    placement: Placement
    regions: tuple[RegionFit, ...]
    image: TflmImage | None = None

    @property
    def fits(self) -> bool:
        return all(region.fits for region in self.regions)

    @property
    def peak(self) -> PeakOp:
        """The operator of the arena's peak step. A program without steps peaks at its input."""
        step = self.arena.peak_step
        if step < 0:
            return PeakOp(-1, "INPUT", self.arena.lower_bound_bytes)
        op = self.program.steps[step].op
        return PeakOp(op.index, op.name, self.arena.lower_bound_bytes)


def plan_memory(
    model: Model,
    board: Board,
    runtime: str = "aot",
    weights: WeightsChoice = "flash",
    arena_region: str | None = None,
    kernels: Kernels = "cmsis-nn",
    head: HeadPlan | None = None,
) -> MemoryPlan:
    """Plan `model` for `board`. kernels and head: see prepare_image, of the runtime tflm only.

    Raises ModelError when the model cannot be executed at all (not INT8, several inputs),
    UnsupportedOpError for an op whose arena under TFLM is not known and UsageError for a runtime
    that is not available or a region that cannot hold an arena.
    """
    check_runtime(runtime)
    program = build_program(model)
    arena = plan_arena(lifetimes(program))
    image = prepare_image(model, kernels, head) if runtime == "tflm" else None
    needs = assess_needs(program, arena, runtime) if image is None else assess_tflm_needs(image)
    placement = place(needs, board, weights, arena_region)
    return MemoryPlan(program, arena, needs, placement, region_fits(needs, board, placement), image)
