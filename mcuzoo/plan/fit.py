"""Does a model fit a board: by region, with the peak and with what to do when it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from mcuzoo.board.memory import RegionKind
from mcuzoo.board.model import Board
from mcuzoo.errors import UsageError
from mcuzoo.graph.model import Model
from mcuzoo.ops.coverage import Uncovered, check_aot
from mcuzoo.plan.advice import next_step
from mcuzoo.plan.memory import MemoryPlan, PeakOp, plan_memory
from mcuzoo.plan.place.estimate import constant_entries, copy_seconds
from mcuzoo.plan.place.needs import NOTHING_RESERVED, Reserved
from mcuzoo.plan.place.pins import Pins
from mcuzoo.plan.place.placement import Placement
from mcuzoo.plan.place.regions import RegionFit
from mcuzoo.plan.place.split import saved_seconds
from mcuzoo.plan.tflm.image import HeadPlan, TflmImage
from mcuzoo.plan.tflm.requests import Kernels
from mcuzoo.plan.timeline import Timeline, timeline
from mcuzoo.project.kinds import WeightsChoice
from mcuzoo.project.manifest import ConstantEntry


@dataclass(frozen=True)
class StreamedInput:
    """An input that is consumed as it arrives: by the operators up to `last_op` (index as in the
    .tflite file), which keep `row_bytes` of rows, their own and those between them."""

    last_op: int
    row_bytes: int


@dataclass(frozen=True)
class FitReport:
    """The verdict. `lower_bound_bytes`: no plan for these kernels can be smaller.

    `next_step` is None when the model fits. tflm: what TFLM is given and its arena as predicted,
    None for another runtime. streamed: None when the arena holds the whole input. constants: array
    by array where they are, and what the core is estimated to wait for them. hot_saves_s: of an
    arena in two memories, what the core is estimated to wait less per inference than with all of it
    in the slower one. copy_s: what start-up is estimated to take longer for copying constants; None
    where nothing is copied or the flash's speed is not known.
    """

    model: str
    board: str
    runtime: str
    fits: bool
    regions: tuple[RegionFit, ...]
    placement: Placement
    arena_bytes: int
    lower_bound_bytes: int
    constant_bytes: int
    peak: PeakOp
    timeline: Timeline
    uncovered: tuple[Uncovered, ...]
    warnings: tuple[str, ...]
    next_step: str | None
    tflm: TflmImage | None = None
    streamed: StreamedInput | None = None
    constants: tuple[ConstantEntry, ...] = ()
    flash_region: str = "flash"
    hot_saves_s: float | None = None
    copy_s: float | None = None

    def as_dict(self) -> dict[str, object]:
        """The report as `--json` prints it; sizes in bytes."""
        return {
            "model": self.model,
            "board": self.board,
            "runtime": self.runtime,
            "fits": self.fits,
            "regions": [
                {**asdict(region), "used_bytes": region.used_bytes, "fits": region.fits}
                for region in self.regions
            ],
            "placement": asdict(self.placement),
            "hot_saves_s": self.hot_saves_s,
            "copy_s": self.copy_s,
            "constants": [asdict(entry) for entry in self.constants],
            "arena_bytes": self.arena_bytes,
            "lower_bound_bytes": self.lower_bound_bytes,
            "constant_bytes": self.constant_bytes,
            "peak": asdict(self.peak),
            "timeline": asdict(self.timeline),
            "uncovered": [
                {
                    "op": gap.op.index,
                    "name": gap.op.name,
                    "tensor": gap.tensor,
                    "reason": gap.reason,
                }
                for gap in self.uncovered
            ],
            "warnings": list(self.warnings),
            "next_step": self.next_step,
            "streamed": self.streamed and asdict(self.streamed),
            "tflm": self.tflm and {"plan": self.tflm.plan, **self.tflm.arena.as_dict()},
        }


def fit_model(
    model: Model,
    board: Board,
    runtime: str = "aot",
    weights: WeightsChoice = "flash",
    arena_region: str | None = None,
    others: Sequence[Board] = (),
    kernels: Kernels = "cmsis-nn",
    head: HeadPlan | None = None,
    stream_input: bool = False,
    pins: Pins = (),
    reserved: Reserved = NOTHING_RESERVED,
) -> FitReport:
    """Plan `model` for `board`. A model that does not fit is a report, not an error.

    others: boards that may be proposed instead. reserved: as plan_memory has it. Raises as
    plan_memory.
    """
    plan = plan_memory(
        model,
        board,
        runtime,
        weights,
        arena_region,
        kernels,
        head,
        stream_input=stream_input,
        pins=pins,
        reserved=reserved,
    )
    chain = plan.chain
    uncovered = tuple(check_aot(model)) if runtime == "aot" else ()
    advice = None
    if not plan.fits:
        shape = plan.program.input_tensor.shape
        streamable = runtime == "aot" and not (stream_input or uncovered)
        streamed_bytes = (
            _streamed_bytes(model, board, weights, arena_region, pins) if streamable else None
        )
        advice = next_step(
            plan.needs, board, others, shape, weights, arena_region, bool(pins), streamed_bytes
        )
    elif uncovered:
        advice = f"Replace the operators that the {runtime} runtime does not cover."
    return FitReport(
        model=model.name,
        board=board.id,
        runtime=runtime,
        fits=plan.fits and not uncovered,
        regions=plan.regions,
        placement=plan.placement,
        arena_bytes=plan.placement.arena_bytes,
        lower_bound_bytes=plan.arena.lower_bound_bytes,
        constant_bytes=plan.needs.constant_bytes,
        peak=plan.peak,
        timeline=timeline(plan),
        uncovered=uncovered,
        warnings=_warnings(board, plan),
        next_step=advice,
        tflm=plan.image,
        streamed=None if chain is None else StreamedInput(chain.op.index, chain.row_bytes),
        constants=constant_entries(plan.needs, board, plan.placement),
        flash_region=board.flash.region,
        hot_saves_s=_hot_saves(plan, board),
        copy_s=copy_seconds(plan.needs, board, plan.placement),
    )


def _streamed_bytes(
    model: Model, board: Board, weights: WeightsChoice, arena_region: str | None, pins: Pins
) -> int | None:
    """The arena where consuming the input as it arrives is enough to fit."""
    try:
        plan = plan_memory(model, board, "aot", weights, arena_region, stream_input=True, pins=pins)
    except UsageError:
        return None
    return plan.arena.arena_bytes if plan.fits else None


def _hot_saves(plan: MemoryPlan, board: Board) -> float | None:
    rest = plan.placement.rest_region
    if rest is None or plan.calls is None:
        return None
    seconds = saved_seconds(plan.program, plan.calls, plan.arena, board.region(rest), board)
    return round(seconds, 9)


def _warnings(board: Board, plan: MemoryPlan) -> tuple[str, ...]:
    homes = [
        *(("arena", region) for region, _ in plan.placement.arena_parts),
        ("weights", plan.placement.weights_region),
    ]
    return tuple(
        f"SDRAM holds the {what}: it is several times slower than on-chip memory."
        for what, region in homes
        if board.region(region).kind is RegionKind.SDRAM
    )
