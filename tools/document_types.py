"""The types of the documents that --json prints, from which tools/schemas.py makes their schemas.

A part that is a dataclass of mcuzoo is that dataclass, so that a field that comes or goes shows.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.model import Board
from mcuzoo.board.rated import RatesOf
from mcuzoo.budgets import BudgetResult
from mcuzoo.compare.comparison import LayerAgreement
from mcuzoo.config.shown import ShownValue
from mcuzoo.data.doctor.diagnosis import Diagnosis
from mcuzoo.data.doctor.tensor import TensorFacts
from mcuzoo.doctor.findings import Finding
from mcuzoo.doctor_data.diagnosis import InputRange, NamedOutput
from mcuzoo.evaluate.look import Answer
from mcuzoo.evaluate.result import BadImage, DataFacts, ModelFacts
from mcuzoo.history.against import Delta
from mcuzoo.history.changes import Aspect, Compared, Part
from mcuzoo.history.layers import FirstLayer
from mcuzoo.history.pairing import Unpaired
from mcuzoo.link.counts import StackUse
from mcuzoo.measure.arena import ArenaRow
from mcuzoo.npu import findings as npu_findings
from mcuzoo.npu.inspect import VelaInspection
from mcuzoo.npu.vela import PlacedOp
from mcuzoo.npu.vela_said import VelaEstimate
from mcuzoo.npu.verify import Verification
from mcuzoo.ops.channels import Savings
from mcuzoo.ops.inspect import Inspection
from mcuzoo.plan.fit import RuntimeFit, StreamedInput
from mcuzoo.plan.memory_plan import PeakOp
from mcuzoo.plan.place.placement import Placement
from mcuzoo.plan.place.regions import RegionFit
from mcuzoo.plan.timeline import Timeline
from mcuzoo.plan.zoo_table import TableRow
from mcuzoo.project.entries import BuildEntry, ConstantEntry, MeasuredEntry, RegionUse
from mcuzoo.project.manifest import Manifest, UniversalManifest
from mcuzoo.project.recipe import Recipe
from mcuzoo.quantize.process import WorkerReport
from mcuzoo.run.latency import Latency
from mcuzoo.run.open_board import Guess
from mcuzoo.run.record import BoardFacts, Settings, Status, WrongLayer
from mcuzoo.run.score import Agreement, Paired
from mcuzoo.run.tally import Prediction
from mcuzoo.run.verdict import Broke
from mcuzoo.timing.cycles import Cycles
from mcuzoo.zoo.convert.report import ConversionReport
from mcuzoo.zoo.fetch.fetch import FetchReport

_STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class Absent:
    """A field that some documents of its kind do not have."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind


def of(title: str, /, **kinds: Any) -> Any:
    """An object with these fields and no others."""
    given: dict[str, Any] = {
        key: (kind.kind, None) if isinstance(kind, Absent) else (kind, ...)
        for key, kind in kinds.items()
    }
    made: type[BaseModel] = create_model(title, __config__=_STRICT, **given)
    return made


def many(kind: Any) -> Any:
    """A list of such objects."""
    return list[kind]


def plus(base: type[Any], /, without: tuple[str, ...] = (), **more: Any) -> Any:
    """The fields of a dataclass, or of an object that `of` made, and more."""
    if is_dataclass(base):
        hints = get_type_hints(base, include_extras=True)
        kinds = {one.name: hints[one.name] for one in fields(base)}
    else:
        kinds = {
            name: field.annotation if field.is_required() else Absent(field.annotation)
            for name, field in base.model_fields.items()
        }
    kept = {name: kind for name, kind in kinds.items() if name not in without}
    return of(base.__name__, **{**kept, **more})


FLIPS = of("FlipRate", count=int, compared=int, value=float, low95=float, high95=float)
RATE = of("Rate", correct=int, total=int, value=float, low95=float, high95=float)
RECIPE = plus(Recipe, normalize=str)
SOURCED_RECIPE = plus(RECIPE, source=str)
PREDICTION = plus(
    Prediction,
    cells=Absent(get_type_hints(Prediction)["cells"]),
    label_name=str | None,
    top1_name=str | None,
)
LINE = of(
    "Line",
    **dict.fromkeys(
        (
            "frames_sent", "frames_resent", "bad_frames_at_host", "bad_frames_at_board",
            "bytes_lost_by_board", "images_resent", "reconnects", "chunk_bytes",
            "smallest_chunk_bytes", "bytes_to_board", "bytes_from_board",
        ),
        int,
    ),
    tensor_bytes_per_second=float | None,
    share_of_line=float | None,
    seconds=of("LineSeconds", line=float, inference=float, host=float, images=float),
    bauds=list[int],
    why_no_other_baud=str | None,
    why_not_ahead=str | None,
    bound_by=str | None,
)  # fmt: skip
RUN_BOARD = of(
    "RunBoard",
    name=str,
    port=str,
    facts=BoardFacts | None,
    images=int,
    answered_too=int,
    unanswered=int,
    images_per_second=float | None,
    median_count=int | None,
    median_ms=float | None,
    reference=Agreement | None,
    resent=int,
    line=LINE | None,
    stack=StackUse | None,
    brought_back=int,
    retired=str | None,
)
_CLASS = of("Class", **{"class": int}, name=str | None) | None
_CHANGED = of(
    "Changed",
    file=str,
    baseline_file=str,
    sha256=str,
    label=_CLASS,
    baseline_label=_CLASS,
    answer=_CLASS,
    baseline_answer=_CLASS,
)
_UNPAIRED = of("Unpaired", file=str, why=Unpaired)
_OUTPUTS = of(
    "Outputs",
    compared=int,
    changed=many(of("ChangedOutput", file=str, sha256=str, steps=int)),
    largest_step=int | None,
    inputs_changed=int,
    refused=str | None,
)
_COMPARED = plus(Compared, differs=bool | None)
AGAINST = of(
    "Against",
    baseline=str,
    run=str,
    paired=int,
    answered_in_both=int,
    unpaired=of("UnpairedImages", run=many(_UNPAIRED), baseline=many(_UNPAIRED)),
    judged=int,
    newly_wrong=many(_CHANGED),
    newly_right=many(_CHANGED),
    relabelled=many(_CHANGED),
    test=of(
        "PairedTest",
        right_only_in_baseline=int,
        right_only_in_run=int,
        p_value=float,
        differs=bool,
    )
    | None,
    outputs=_OUTPUTS,
    flips=of("FlipTest", only_in_baseline=int, only_in_run=int, p_value=float, differs=bool) | None,
    deltas=many(plus(Delta, refused=str | None, change=float | None)),
    compared=many(_COMPARED),
    changed_parts=list[Part],
    regressions=list[str],
)
BISECT = of(
    "Bisect",
    run_a=str,
    run_b=str,
    identical=bool,
    first=Aspect | None,
    compared=many(
        of(
            "ComparedValue",
            aspect=Aspect,
            what=str,
            a=str | None,
            b=str | None,
            differs=bool | None,
        )
    ),
    firmware_files=list[str] | None,
    paired=int,
    outputs=_OUTPUTS,
    first_image=str | None,
    layer=FirstLayer | None,
    layer_unknown=str | None,
)
HISTORY = of(
    "History",
    runs=int,
    series=many(
        of(
            "Series",
            model=str,
            board=str,
            agent=str,
            delegate=str,
            broken_since=of("BrokenSince", broke=Broke, run=str, started=str, last_good=str | None)
            | None,
            runs=many(
                of(
                    "Point",
                    run=str,
                    started=str,
                    tool_version=str,
                    model_sha256=str,
                    build_id=str,
                    compiler=str,
                    images=of("Images", done=int, total=int, pending=int, unanswered=int),
                    finished=bool,
                    top1=RATE | None,
                    host_top1=RATE | None,
                    outputs=of("Compared", compared=int, unequal=int),
                    flips=FLIPS | None,
                    latency=of("Latency", unit=str, median=int, median_ms=float | None) | None,
                    arena_bytes=int | None,
                    code_bytes=int | None,
                    constant_bytes=int | None,
                    link_faults=int | None,
                    verdict=of("Verdict", passed=bool | None, broke=Broke | None),
                    changed=many(_COMPARED),
                )
            ),
        )
    ),
    unusable=many(of("Unusable", run=str, reason=str)),
)
_VALUE = str | bool | int | float | None
CONFIG = of(
    "Config",
    file=str | None,
    command=str | None,
    values=many(
        of(
            "Value",
            name=str,
            value=_VALUE | list[_VALUE],
            source=get_type_hints(ShownValue)["source"],
            origin=str | None,
            key=str | None,
        )
    ),
)

RUN = of(
    "Run",
    run=str,
    started=str,
    tool_version=str,
    model=str,
    board=BoardFacts,
    settings=Settings,
    recipe=SOURCED_RECIPE,
    turned=int,
    clipped=float | None,
    label_mapping=str,
    images=of("Images", total=int, **{status.value: int for status in Status}),
    output=str | None,
    n=int,
    top1=float | None,
    top5=float | None,
    accuracy=of("Accuracies", top1=RATE | None, top5=RATE | None),
    classes=many(of("ClassRate", label=int, name=str | None, top1=RATE)),
    reference=Agreement | None,
    delegates=list[str],
    flips=FLIPS | None,
    board_cpu=of(
        "BoardCpu",
        engine=str | None,
        reference=Agreement,
        flips=FLIPS,
        host_flips=FLIPS | None,
        accuracy=RATE | None,
    )
    | None,
    wrong_layer=WrongLayer | None,
    stack=StackUse | None,
    latency=plus(Latency, median_ms=float | None) | None,
    images_per_second=float | None,
    resent=int,
    line=LINE | None,
    predictions=many(PREDICTION),
    failed=many(of("Failed", index=int, file=str, status=Status, error=str)),
    boards=Absent(many(RUN_BOARD)),
    against=Absent(AGAINST),
    verdict=of(
        "Verdict",
        passed=bool | None,
        judged=bool,
        broke=Broke | None,
        exit_code=int,
        reasons=list[str],
        warnings=list[str],
        budgets=list[BudgetResult],
    ),
)
_CHOICE = of("PlanChoice", what=str, cycles=float, calls=list[float])


BUILD = BuildEntry
TIME = of(
    "Time",
    estimated_ms=float | None,
    percent=int | None,
    cycles=float | None,
    core_cycles=float | None,
    waits=dict[str, float],
    code_waits=float,
    core_clock_hz=int,
    unknown_kernels=list[str],
    unknown_memories=list[str],
    rates=RatesOf | None,
    calls=many(
        of(
            "TimedCall",
            ops=list[int],
            name=str,
            kernels=list[str],
            cycles=float | None,
            core_cycles=float | None,
            constant_waits=dict[str, float],
            tensor_waits=dict[str, float],
            code_waits=float,
        )
    ),
)
FIT = of(
    "Fit",
    model=str,
    board=str,
    runtime=Literal["tflm", "aot"],
    fits=bool,
    reason=str | None,
    regions=many(plus(RegionFit, used_bytes=int, fits=bool)),
    placement=Placement,
    hot_saves_s=float | None,
    copy_s=float | None,
    constants=list[ConstantEntry],
    arena_bytes=int,
    lower_bound_bytes=int,
    constant_bytes=int,
    peak=PeakOp,
    timeline=Timeline,
    constant_channels=Savings,
    rates=RatesOf | None,
    time=TIME | None,
    choices=many(_CHOICE),
    uncovered=many(of("Uncovered", op=int, name=str, tensor=int | None, reason=str)),
    warnings=list[str],
    next_step=str | None,
    streamed=StreamedInput | None,
    tflm=of(
        "Tflm",
        plan=str,
        kernels=str,
        head_bytes=int,
        tail_bytes=int,
        used_bytes=int,
        smallest_bytes=int,
        arena_bytes=int,
        tail=dict[str, int],
    )
    | None,
    project=Literal["mcuxpresso", "cmake"],
    why_not_ahead=str | None,
    other_runtime=RuntimeFit | None,
    budgets=list[BudgetResult],
)
FIT_LINUX = of(
    "FitLinux",
    model=str,
    board=str,
    fits=bool,
    reason=str | None,
    npu=str | None,
    sram_bytes=int | None,
    dram_bytes=int,
    bsp_vela=str | None,
    vela=of(
        "Vela",
        version=str,
        options=list[str],
        model_sha256=str,
        sha256=str,
        bytes=int,
        npu_operators=int | None,
        cpu_operators=int | None,
        operators=list[PlacedOp],
        estimate=VelaEstimate,
    )
    | None,
    agent=of(
        "Agent",
        runs=bool,
        reason=str | None,
        arena_bytes=int | None,
        constant_bytes=int | None,
    ),
    warnings=list[str],
    next_step=str | None,
    budgets=list[BudgetResult],
)
ARENA_ROW = plus(ArenaRow, difference=int)
FIT_MEASURE = plus(
    MeasuredEntry,
    stack_warning=str | None,
    project=str,
    measured_on=str,
    trials=int,
    reserved_bytes=int,
    rows=many(ARENA_ROW),
    recorded=many(ARENA_ROW),
    budgets=list[BudgetResult],
)
FIT_UNIVERSAL = of(
    "FitUniversal",
    board=str,
    arena_region=str,
    arena_bytes=int,
    rooms=many(of("Room", region=str, bytes=int)),
    regions=list[RegionFit],
    budgets=list[BudgetResult],
    model=Absent(str),
    model_bytes=Absent(int),
    model_region=Absent(str | None),
    model_arena_bytes=Absent(int),
    fits=Absent(bool),
)
EXPORT = (
    plus(Manifest, without=("schema",), manifest_schema=int, recipe=SOURCED_RECIPE)
    | plus(UniversalManifest, without=("schema",), manifest_schema=int)
)  # fmt: skip

_LABELLED_RATE = plus(RATE, label=int, name=str | None)
_SCORES = of("Scores", top1=RATE, top5=RATE | None)
_PAIRED = plus(Paired, p_value=float)
EVALUATE = of(
    "Evaluate",
    tool_version=str,
    model=ModelFacts,
    engine=str,
    data=DataFacts,
    recipe=SOURCED_RECIPE,
    turned=int,
    clipped=float | None,
    label_mapping=str,
    output=str | None,
    complete=bool,
    images=int,
    n=int,
    labelled=int,
    top1=float | None,
    top5=float | None,
    accuracy=_SCORES | None,
    per_class=many(_LABELLED_RATE),
    confusion=list[tuple[int, int, int]],
    predictions=many(PREDICTION),
    worst_misses=many(PREDICTION),
    bad=list[BadImage],
    jobs=int,
    seconds=float,
    images_per_s=float,
    line=LINE | None,
    against=of(
        "Against",
        model=ModelFacts,
        engine=str,
        flips=int,
        flip_rate=FLIPS,
        agreement=of("Distance", compared=int, equal=int, max_distance=int) | None,
        accuracy=_SCORES | None,
        paired=_PAIRED | None,
        differs=bool | None,
        line=LINE | None,
    )
    | None,
    exposure=bool,
    budgets=list[BudgetResult],
)

_TOP = of("Top", top1=float, top5=float)
CONVERSION = plus(
    ConversionReport, channels=int, lossless_channels=int, weights=int, weights_changed=int
)
CONVERT = plus(
    CONVERSION,
    output=str,
    sha256=str,
    images=of(
        "Judgement",
        images=int,
        labelled=int,
        identical=int,
        flips=int,
        mean_distance=float,
        max_distance=int,
        original=_TOP | None,
        converted=_TOP | None,
        paired=_PAIRED | None,
        unusable=list[str],
        worse=bool,
    )
    | None,
    recipe=SOURCED_RECIPE | None,
)
FETCH = plus(FetchReport, converted=of("Converted", path=str, sha256=str, report=CONVERSION) | None)
QUANTIZE = of(
    "Quantize",
    output=str,
    source=str,
    sha256=str,
    bytes=int,
    float_bytes=int,
    ops=list[str],
    input=of("Ends", scale=float, zero_point=int),
    calibration_images=int,
    skipped=list[str],
    tensorflow=str,
    weights_stored_as=list[str],
    onnx=get_type_hints(WorkerReport)["onnx"],
    seconds=float,
    peak_bytes=int,
    recipe=SOURCED_RECIPE,
    warnings=list[str],
    score=EVALUATE | None,
)

_HELLO = of("Hello", board=str, build_id=str, model_sha256=str, runtime=str, agent=str)
_PORT = of(
    "Port",
    port=str,
    stable_name=str,
    description=str,
    vendor_id=int | None,
    product_id=int | None,
    serial_number=str | None,
    interface=str | None,
    held_by=str | None,
    trouble=str | None,
    firmware=plus(_HELLO, baud=int, runtime_error=str | None) | None,
)
_PROBE = of(
    "Probe",
    kind=str,
    product=str,
    vendor=str | None,
    serial_number=str | None,
    vendor_id=int | None,
    product_id=int | None,
    ports=list[str],
    tools=list[str],
    seen_by=list[str],
    note=str | None,
    denied=str | None,
)
ERROR = of("Error", error=str, message=str, hint=str, exit_code=int, traceback=Absent(str | None))
FLASH = of(
    "Flash",
    project=str,
    board=str,
    build_id=str,
    via=str,
    why=str,
    probe=_PROBE | None,
    written=of("Written", start=int, bytes=int, sha256=str),
    erased=of("Erased", start=int, bytes=int),
    checked=str,
    compared=str | None,
    steps=list[str],
    notes=list[str],
    port=str | None,
    hello=_HELLO | None,
    done=bool,
)
FLASH_RIG = of(
    "FlashRig",
    flashed=int,
    failed=int,
    boards=many(of("FlashedBoard", name=str, result=FLASH | None, error=ERROR | None)),
)
_RIG_BOARD = of(
    "RigBoard",
    name=str,
    board=str,
    port=str,
    baud=int | None,
    probe=str | None,
    tags=list[str],
    project=str | None,
    power=of(
        "Power",
        off=list[str],
        on=list[str],
        cycle=list[str],
        place=str | None,
        off_s=float,
    )
    | None,
)
RIG_SCAN = of(
    "RigScan",
    rig=str,
    written=bool,
    new=many(_RIG_BOARD),
    known=many(_RIG_BOARD),
    gone=many(plus(_RIG_BOARD, trouble=str)),
    differs=list[str],
    no_board=many(of("NoBoard", port=str, trouble=str)),
)
RIG_CHECK = of(
    "RigCheck",
    passed=bool,
    boards=many(
        plus(
            _RIG_BOARD,
            passed=bool,
            asked_at=int | None,
            findings=list[str],
            firmware=_HELLO | None,
            line=of("Requests", requests=int, sent_again=int),
            power_tried=str | None,
        )
    ),
)

_TENSOR = plus(TensorFacts, crc32=str)
DOCTOR_IMAGE = of(
    "DoctorImage",
    image=str,
    model=str,
    recipe=SOURCED_RECIPE,
    turned=bool,
    clipped=float,
    tensor=_TENSOR,
    answers=list[Answer],
    given=_TENSOR | None,
    given_answers=list[Answer],
    diagnosis=plus(Diagnosis, foreign=bool, healthy=bool) | None,
)
DOCTOR_DATA = of(
    "DoctorData",
    tool_version=str,
    model=of("AskedModel", name=str, sha256=str, engine=str),
    data=of(
        "AskedData",
        source=str,
        format=str,
        split=str | None,
        labels=str | None,
        n=int,
        turned_by_exif=int,
        bad=many(of("BadFile", file=str, error=str)),
    ),
    recipe=RECIPE,
    recipe_source=str,
    correct_as_declared=int,
    input=InputRange,
    findings=many(
        of(
            "Answered",
            part=str,
            verdict=Literal["contradicted", "agrees", "cannot tell"],
            grave=bool,
            declared=str,
            better=list[str],
            z=float | None,
            gain=float | None,
            n=int,
            why=str | None,
            flags=list[str],
        )
    ),
    outputs=list[NamedOutput],
    mend=list[str],
    warnings=list[str],
    fails=bool,
)
CALIBRATE = of(
    "Calibrate",
    board=str,
    port=str,
    project=str,
    rates=of(
        "Rates",
        board=str,
        serial=str,
        date=str,
        emulated=bool,
        build_id=str,
        mcuzoo=str,
        toolchain=str,
        core_clock_hz=int,
        line_bytes=int,
        regions=many(
            of(
                "Region",
                region=str,
                line_cycles=float,
                wait_cycles=float,
                run_bytes=int | None,
            )
        ),
        kernels=dict[str, float],
    ),
    file=str | None,
    rows=many(
        of(
            "Row",
            kind=Literal["read", "code", "loop", "kernel"],
            what=str,
            memory=str | None,
            cold=bool,
            shape=list[int] | None,
            units=int,
            predicted=int,
            measured=int,
            by_rates=int | None,
            ratio=float,
            ratio_by_rates=float | None,
            spent=Cycles | None,
        )
    ),
)
PROFILE = of(
    "Profile",
    model=str,
    board=str,
    emulated=bool,
    agent=str,
    runtime=str,
    toolchain=str,
    build_id=str,
    core_clock_hz=int,
    input=str,
    recipe=SOURCED_RECIPE | None,
    unit=str,
    total=int | None,
    total_ms=float | None,
    estimated_ms=float | None,
    rates=RatesOf | None,
    macs=int,
    layers=many(
        of(
            "Layer",
            first_op=int,
            last_op=int,
            name=str,
            tensor=str,
            shape=list[int],
            macs=int,
            count=int | None,
            ms=float | None,
            share=float | None,
            per_mac=float | None,
            output_bytes=int,
            output_crc32=int | None,
            expected_crc32=int | None,
            equal=bool | None,
            spent=Cycles | None,
        )
    ),
    to_blame=of("Blame", ops=str, count=int, reachable=int) | None,
    output_equal=bool | None,
    first_wrong=of("FirstWrong", ops=str, name=str) | None,
    verdict=str,
    budgets=list[BudgetResult],
    passed=bool,
)
COMPARE = of(
    "Compare",
    images=int,
    equal=bool | None,
    passed=bool | None,
    max_flips=float | None,
    projects=many(
        of(
            "Project",
            name=str,
            project=str,
            port=str,
            model=str,
            model_sha256=str,
            recipe=SOURCED_RECIPE,
            board=str,
            runtime=str,
            toolchain=str,
            build_id=str,
            delegate=str,
            top1=float | None,
            top5=float | None,
            paired_p_value=float | None,
            unit=str,
            total=int | None,
            total_ms=float | None,
            arena_bytes=int | None,
            code_bytes=int | None,
            constant_bytes=int | None,
            stack_bytes=int | None,
            agreement=plus(LayerAgreement, layers=dict[str, int], flips=FLIPS) | None,
            first_wrong=int | None,
            layers=many(
                of(
                    "ComparedLayer",
                    first_op=int,
                    op=int,
                    name=str,
                    macs=int,
                    count=int | None,
                    differing=int | None,
                )
            ),
        )
    ),
)
TRY = of(
    "Try",
    model=str,
    sha256=str,
    board=str,
    runtime=str,
    folder=str,
    fits=bool,
    passed=bool,
    exit_code=int,
    drawn_pictures=bool,
    pictures=many(
        of(
            "Tried",
            file=str,
            status=Status,
            label=int | None,
            top1=int | None,
            top1_name=str | None,
            score=float | None,
            equal=bool | None,
            steps_off=int | None,
        )
    ),
    memory=many(plus(RegionUse, left_bytes=int)),
    inspect=Inspection,
    fit=FIT | FIT_LINUX,
    counted=of(
        "Counted",
        estimated_ms=float | None,
        percent=int,
        cycles=int | None,
        core_clock_hz=int,
        rates=RatesOf | None,
    )
    | None,
    build=BUILD | None,
    run=RUN | None,
    next=list[str],
)
VERIFY = plus(Verification, passed=bool, first=npu_findings.Finding | None, proves=str)
_ONE_WAY = dict[str, int]
WATCH = of(
    "Watch",
    index=int,
    file=str,
    sha256=str | None,
    status=Status,
    reason=str | None,
    label=int | None,
    name=str | None,
    score=float | None,
    top=many(Guess),
    latency=of("WatchLatency", count=int, unit=str, ms=float | None) | None,
    equal=bool | None,
    difference=int | None,
    delegate=str | None,
    agrees=bool | None,
    input_crc32=str | None,
    attempts=int | None,
    seconds=float,
)

DOCUMENTS: dict[str, tuple[str, Any]] = {
    "bisect": ("mcuzoo bisect --json", BISECT),
    "boards": (
        "mcuzoo boards --json",
        of("Boards", boards=list[Board], linux_boards=list[LinuxBoard]),
    ),
    "build": ("mcuzoo build --json: the newest build of a project", BUILD),
    "calibrate": ("mcuzoo calibrate --json; cycles", CALIBRATE),
    "compare": ("mcuzoo compare --json", COMPARE),
    "config": ("mcuzoo config --json", CONFIG),
    "convert": ("mcuzoo convert --json", CONVERT),
    "doctor": (
        "mcuzoo doctor --json",
        of("Doctor", ok=int, absent=int, wrong=int, findings=list[Finding]),
    ),
    "doctor-data": ("mcuzoo doctor-data --json", DOCTOR_DATA),
    "doctor-image": ("mcuzoo doctor-image --json", DOCTOR_IMAGE),
    "emulate": ("mcuzoo emulate --json, when the board has booted", of("Emulate", port=str)),
    "emulate-faults": (
        "mcuzoo emulate --faults --json, at the end",
        of(
            "EmulateFaults",
            faults=of(
                "Faults", seed=int, to_board=_ONE_WAY, to_host=_ONE_WAY, by_the_clock=_ONE_WAY
            ),
        ),
    ),
    "error": ("What any command prints with --json if it fails without a verdict", ERROR),
    "evaluate": ("mcuzoo evaluate --json", EVALUATE),
    "export": ("mcuzoo export --json: the manifest of the project", EXPORT),
    "fetch": ("mcuzoo fetch --json", FETCH),
    "fit": ("mcuzoo fit --json; sizes in bytes", FIT),
    "fit-linux": ("mcuzoo fit --json, of a board with Linux; sizes in bytes", FIT_LINUX),
    "fit-linux-many": (
        "mcuzoo fit --json, of several models on a board with Linux; sizes in bytes",
        of("FitLinuxMany", board=str, models=many(FIT_LINUX)),
    ),
    "fit-measure": ("mcuzoo fit --measure --json; sizes in bytes", FIT_MEASURE),
    "fit-universal": ("mcuzoo fit --universal --json; sizes in bytes", FIT_UNIVERSAL),
    "flash": ("mcuzoo flash --json", FLASH),
    "flash-rig": ("mcuzoo flash --rig --json", FLASH_RIG),
    "history": ("mcuzoo history --json", HISTORY),
    "init": ("mcuzoo init --json", of("Init", written=list[str], kept=list[str])),
    "inspect": ("mcuzoo inspect --json", Inspection),
    "inspect-vela": ("mcuzoo inspect --json, of a file that Vela compiled", VelaInspection),
    "models": (
        "mcuzoo models --json",
        of("Models", boards=dict[str, str], other_products=list[str], models=list[TableRow]),
    ),
    "ports": ("mcuzoo ports --json", of("Ports", ports=many(_PORT))),
    "probes": ("mcuzoo probes --json", of("Probes", probes=many(_PROBE))),
    "profile": ("mcuzoo profile --json", PROFILE),
    "quantize": ("mcuzoo quantize --json", QUANTIZE),
    "rig-check": ("mcuzoo rig check --json", RIG_CHECK),
    "rig-scan": ("mcuzoo rig scan --json", RIG_SCAN),
    "run": ("mcuzoo run-serial, report and demo --json", RUN),
    "try": ("mcuzoo try --json; sizes in bytes", TRY),
    "verify": ("mcuzoo verify --json", VERIFY),
    "watch": ("mcuzoo watch --json, a line for each picture", WATCH),
}
"""By name what prints it, and its type, without the field `schema`."""
