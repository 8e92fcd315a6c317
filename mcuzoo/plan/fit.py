"""Whether a model fits a board: by region, with the peak, and with advice if it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike, fspath

from mcuzoo.board.load import list_boards, load_board
from mcuzoo.board.memory import RegionKind
from mcuzoo.board.model import Board
from mcuzoo.board.rated import RatesOf
from mcuzoo.budgets import BudgetResult, Figure
from mcuzoo.errors import McuzooError, UsageError
from mcuzoo.graph.model import Model
from mcuzoo.lowering.rows import RowChain
from mcuzoo.ops.channels import NOTHING, Savings
from mcuzoo.ops.coverage import Uncovered, judge
from mcuzoo.plan.advice import next_step
from mcuzoo.plan.cycles.choices import Choice, choices
from mcuzoo.plan.cycles.predict import Prediction, predict, predict_plan
from mcuzoo.plan.memory import plan_memory
from mcuzoo.plan.memory_plan import MemoryPlan, PeakOp
from mcuzoo.plan.options import FitOptions, MemoryOptions
from mcuzoo.plan.place.estimate import constant_entries, copy_seconds
from mcuzoo.plan.place.placement import Placement
from mcuzoo.plan.place.regions import RegionFit
from mcuzoo.plan.place.split import tensor_seconds
from mcuzoo.plan.siblings import largest_sibling
from mcuzoo.plan.tflm.image import TflmImage
from mcuzoo.plan.timeline import Timeline, timeline
from mcuzoo.project.kinds import DEFAULT_PROJECT, RUNTIMES
from mcuzoo.project.manifest import ConstantEntry
from mcuzoo.timing.rates import rated
from mcuzoo.zoo.registry import KnownModel, load_or_build


@dataclass(frozen=True)
class StreamedInput:
    """An input that is consumed as it arrives: by the operators up to `last_op` (index as in the
    .tflite file), which keep `row_bytes` of rows, their own and those between them."""

    last_op: int
    row_bytes: int


@dataclass(frozen=True)
class RuntimeFit:
    """`fits` is None where the runtime does not run the model, and `reason` says why.

    arena_bytes and arena_region are None then. estimated_ms: of an inference, percent: by how much
    silicon may differ; None where nothing is estimated. rates: as in Prediction.
    """

    runtime: str
    fits: bool | None
    arena_bytes: int | None = None
    arena_region: str | None = None
    reason: str | None = None
    estimated_ms: float | None = None
    percent: int | None = None
    rates: RatesOf | None = None

    @property
    def text(self) -> str:
        """A text such as "fits, its arena 53,760 bytes in dtcm"."""
        if self.fits is None:
            return f"does not run it: {self.reason}"
        if not self.fits:
            return "does not fit"
        return f"fits, its arena {self.arena_bytes:,} bytes in {self.arena_region}"


@dataclass(frozen=True)
class FitReport:
    """The verdict. `lower_bound_bytes`: no plan for these kernels can be smaller.

    `next_step` is None when the model fits. reason: why the runtime does not run the model at all;
    its figures are those of portable kernels then. tflm: the model file for TFLM and its arena by
    prediction; None for another runtime. streamed: None if the arena holds the whole input.
    constants: the place of each array, and the estimated wait of the core for it. hot_saves_s: for
    an arena in two memories, the estimated wait that is saved per inference, compared with all of
    it in the slower one. copy_s: estimated time to copy constants at start-up; None if nothing is
    copied or the flash's speed is not known. project: the kind of project that was planned. other:
    the other runtime in a line, None where one was chosen. output_bytes: of the output tensor.
    saved: by constant channels that leave the program. budgets: each that was given; the flash is
    an estimate. board: its id. regions: what each would hold. placement: which memory has arena,
    weights and the rest. arena_bytes: the whole arena. constant_bytes: all constants together.
    peak: the op during which the arena is fullest. timeline: the arena over the ops. uncovered: ops
    that the runtime does not run. warnings: sentences that change no verdict. flash_region: the
    region that the image is for. cycles: what an inference takes, by estimate; None for a
    runtime that nothing is estimated for, and where it does not fit. choices: of the plan, and what
    each saves. rates: of the memories, by
    which weights are placed; None: those of the board file.
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
    reason: str | None = None
    tflm: TflmImage | None = None
    streamed: StreamedInput | None = None
    constants: tuple[ConstantEntry, ...] = ()
    flash_region: str = "flash"
    hot_saves_s: float | None = None
    copy_s: float | None = None
    project: str = DEFAULT_PROJECT
    other: RuntimeFit | None = None
    output_bytes: int = 0
    saved: Savings = NOTHING
    budgets: tuple[BudgetResult, ...] = ()
    cycles: Prediction | None = None
    choices: tuple[Choice, ...] = ()
    rates: RatesOf | None = None

    @property
    def passed(self) -> bool:
        """Whether it fits, and no budget says no."""
        return self.fits and not any(one.fails for one in self.budgets)

    @property
    def flash_bytes(self) -> int:
        """Of code, by estimate, and constants."""
        return sum(one.used_bytes for one in self.regions if one.region == self.flash_region)


def fit(
    model: str | PathLike[str] | Model,
    board: str | Board,
    options: FitOptions = FitOptions(),
) -> FitReport:
    """Whether `model` fits `board`, and which memory holds what. If no runtime is chosen, `other`
    of the report has the verdict for the other one.

    model: a name of the zoo, a file, or a loaded model. If the file of a zoo model is not at hand,
    the known layers replace it. Raises BoardError, InputError and the errors of plan_memory.
    """
    board = rated(board if isinstance(board, Board) else load_board(board), options.rates)
    known = KnownModel(model) if isinstance(model, Model) else load_or_build(fspath(model))
    others = list_boards()
    chosen = replace(options, runtime=options.runtime_kind, project=options.project_kind(board))
    report = fit_model(known.model, board, chosen, others)
    if options.runtime is None:
        report = replace(report, other=_other_runtime(known.model, board, chosen, others))
    if known.note:
        report = replace(report, warnings=(known.note, *report.warnings))
    report = replace(report, budgets=_budgets(report, options))
    if not report.fits and not isinstance(model, Model):
        sibling = largest_sibling(fspath(model), board, report.runtime)
        if sibling:
            advice = f"{report.next_step} Of its family, {sibling} fits."
            report = replace(report, next_step=advice)
    return report


def _budgets(report: FitReport, options: FitOptions) -> tuple[BudgetResult, ...]:
    if report.reason is not None:
        unknown = Figure(None, f"{report.runtime} does not run the model")
        return options.judged(unknown, unknown)
    arena = f"The arena has {report.arena_bytes:,} bytes"
    flash = f"By estimate the firmware takes {report.flash_bytes:,} bytes of flash"
    return options.judged(Figure(report.arena_bytes, arena), Figure(report.flash_bytes, flash))


def fit_model(
    model: Model,
    board: Board,
    options: MemoryOptions = MemoryOptions(),
    others: Sequence[Board] = (),
) -> FitReport:
    """Plan `model` for `board`. A model that does not fit is a report, not an error.

    others: boards that may be proposed instead. Raises as plan_memory.
    """
    plan = plan_memory(model, board, options)
    runtime = options.runtime_kind
    chain = plan.chain
    verdict = judge(model, "tflm" if runtime == "tflm" else "aot")
    cycles = predict_plan(plan, board)
    advice = None
    if not plan.fits:
        shape = plan.program.input_tensor.shape
        streamable = runtime == "aot" and verdict.runs and not options.stream_input
        streamed_bytes = _streamed_bytes(model, board, options) if streamable else None
        advice = next_step(plan.needs, board.with_sdram(), others, shape, options, streamed_bytes)
    elif verdict.error is not None:
        advice = verdict.error.hint
    return FitReport(
        model=model.name,
        board=board.id,
        runtime=runtime,
        project=options.project_kind(board),
        fits=plan.fits and verdict.runs,
        regions=plan.regions,
        placement=plan.placement,
        arena_bytes=plan.placement.arena_bytes,
        lower_bound_bytes=plan.arena.lower_bound_bytes,
        constant_bytes=plan.needs.constant_bytes,
        peak=plan.peak,
        timeline=timeline(plan),
        uncovered=verdict.uncovered,
        reason=verdict.reason,
        warnings=_warnings(board, plan, cycles),
        next_step=advice,
        tflm=plan.image,
        streamed=None if chain is None else StreamedInput(chain.op.index, chain.row_bytes),
        constants=constant_entries(plan.needs, board, plan.placement),
        flash_region=board.flash.region,
        hot_saves_s=_hot_saves(plan, board, cycles),
        copy_s=copy_seconds(plan.needs, board, plan.placement),
        output_bytes=plan.program.output_tensor.bytes,
        saved=plan.saved,
        cycles=cycles,
        choices=() if cycles is None else choices(plan, board, cycles),
        rates=board.rates,
    )


def _streamed_bytes(model: Model, board: Board, options: MemoryOptions) -> int | None:
    """The arena with a streamed input, if that is enough to fit."""
    try:
        plan = plan_memory(model, board, replace(options, stream_input=True))
    except UsageError:
        return None
    return plan.arena.arena_bytes if plan.fits else None


def _other_runtime(
    model: Model, board: Board, options: MemoryOptions, others: Sequence[Board]
) -> RuntimeFit:
    """The verdict on the runtime that was not chosen."""
    (other,) = (runtime for runtime in RUNTIMES if runtime != options.runtime)
    try:
        report = fit_model(model, board, replace(options, runtime=other), others)
    except McuzooError as error:
        return RuntimeFit(other, None, reason=error.message)
    if report.reason is not None:
        return RuntimeFit(other, None, reason=report.reason)
    cycles = report.cycles
    return RuntimeFit(
        other,
        report.fits,
        report.arena_bytes,
        report.placement.arena_region,
        estimated_ms=None if cycles is None else cycles.milliseconds,
        percent=None if cycles is None else cycles.percent,
        rates=None if cycles is None else cycles.rates,
    )


def _hot_saves(plan: MemoryPlan, board: Board, cycles: Prediction | None) -> float | None:
    rest = plan.placement.rest_region
    if rest is None or plan.calls is None or cycles is None:
        return None
    whole = replace(plan.placement, arena_region=rest, rest_region=None, rest_bytes=0)
    there = predict(plan.program, plan.calls, plan.arena, whole, board).tensor_waits
    saved = sum(there.values()) - sum(cycles.tensor_waits.values())
    return round(saved / cycles.core_clock_hz, 9)


def _warnings(board: Board, plan: MemoryPlan, cycles: Prediction | None) -> tuple[str, ...]:
    """Which ops work by bands of rows; what is in the SDRAM, and the estimated wait of the core."""
    placement = plan.placement
    found = [
        f"Ops {call.ops[0].index} to {call.op.index} work by bands of rows, since tensors are "
        "too large as a whole: that costs instructions."
        for call in plan.calls or ()
        if isinstance(call, RowChain) and not call.streamed
    ]
    for name, _ in placement.arena_parts:
        region = board.region(name)
        if region.kind is RegionKind.SDRAM:
            if cycles is None or region.read is None:
                seconds = tensor_seconds(plan.program, region, board)
            else:
                seconds = cycles.tensor_waits.get(name, 0.0) / cycles.core_clock_hz
            found.append(_in_sdram("arena", seconds))
    constants = [
        entry
        for entry in constant_entries(plan.needs, board, placement)
        if board.region(entry.region).kind is RegionKind.SDRAM
    ]
    if constants:
        waits = [entry.wait_s for entry in constants]
        known = [wait for wait in waits if wait is not None]
        found.append(_in_sdram("weights", sum(known) if len(known) == len(waits) else None))
    return tuple(found)


def _in_sdram(what: str, seconds: float | None) -> str:
    slow = f"SDRAM holds the {what}: it is several times slower than on-chip memory."
    if seconds is None:
        return slow
    return f"{slow} By estimate the core waits {seconds * 1e3:,.2f} ms per inference for it."
