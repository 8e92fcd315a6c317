"""mcuzoo fit: does a model fit a board's memory?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcuzoo.cli.options import ArenaRegion, Baud, Pin, Weights
from mcuzoo.cli.progress import step
from mcuzoo.errors import UsageError
from mcuzoo.project.kinds import DEFAULT_PROJECT, DEFAULT_RUNTIME

if TYPE_CHECKING:
    from mcuzoo.board.model import Board
    from mcuzoo.plan.fit import FitReport

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("signs", "--board", "rt1050"),
    ("model.tflite", "--board", "rt1170", "--runtime", "aot", "--html", "fit.html"),
)


def fit(
    board: Annotated[str, typer.Option("--board", "-b", help="rt1170, rt1050 or a .toml file.")],
    model: Annotated[
        str | None, typer.Argument(help="A model of the zoo, or a .tflite file.")
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(help="tflm or aot [tflm, as export; --measure without --tflm: aot]"),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(help="mcuxpresso or cmake, which differ in what else takes memory."),
    ] = None,
    weights: Weights = "auto",
    pin: Pin = None,
    arena_region: ArenaRegion = None,
    stream_input: Annotated[
        bool,
        typer.Option(
            "--stream-input", help="The input is consumed as it arrives, never whole in the arena."
        ),
    ] = False,
    kernels: Annotated[str, typer.Option(help="TFLM's: cmsis-nn or reference.")] = "cmsis-nn",
    plan: Annotated[
        str | None,
        typer.Option(help="Who plans TFLM's arena: offline (mcuzoo) or greedy [the smaller]."),
    ] = None,
    universal: Annotated[
        bool,
        typer.Option(
            "--universal", help="What a universal firmware has for arena and models; MODEL or none."
        ),
    ] = False,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="Build it, boot it and let the board say what it takes."),
    ] = False,
    tflm: Annotated[
        Path | None,
        typer.Option("--tflm", help="With --measure: TFLM's tree, as for mcuzoo export."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="With --measure: the project folder [mcuzoo-BOARD-MODEL]."
        ),
    ] = None,
    port: Annotated[
        str | None,
        typer.Option("--port", "-p", help="With --measure: a real board's port [emulated]."),
    ] = None,
    baud: Baud = None,
    html: Annotated[
        Path | None, typer.Option(help="Write the verdict as a page, with the arena over time.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Plan MODEL's memory on a board, region by region. Exit code 1 when it does not fit.

    It is the memory of what mcuzoo export makes with the same options, or with none. The other
    runtime is judged in a line, unless --runtime names one.

    --measure exports and builds it, searches the smallest arena that it runs in on the emulated
    board or on the one at --port, and leaves a project that reserves just that.
    """
    if universal:
        if stream_input:
            raise UsageError(
                "--stream-input is for a model that is linked in, with the runtime aot.",
                "Leave --universal or --stream-input out.",
            )
        from mcuzoo.cli.fit_universal import print_universal_fit

        if not print_universal_fit(model, board, kernels, arena_region, json_output):
            raise typer.Exit(1)
        return
    if model is None:
        raise UsageError("fit: no model was named.", "mcuzoo models lists those of the zoo.")
    if measure:
        from mcuzoo.cli.fit_measure import MeasureOptions, print_measurement

        print_measurement(
            MeasureOptions(
                model,
                board,
                runtime or (DEFAULT_RUNTIME if tflm is not None else "aot"),
                weights,
                pin or [],
                arena_region,
                kernels,
                plan,
                tflm,
                output,
                port,
                baud,
                stream_input,
            ),
            json_output,
        )
        return
    _require_measure({"--tflm": tflm, "--output": output, "--port": port, "--baud": baud})
    import json
    from dataclasses import asdict, replace

    from mcuzoo.board.load import list_boards, load_board
    from mcuzoo.cli.output import summary_aside
    from mcuzoo.codegen.mcuxpresso.board_files import reserved_by
    from mcuzoo.files import require_outputs
    from mcuzoo.plan.fit import fit_model
    from mcuzoo.plan.other_runtime import other_runtime
    from mcuzoo.plan.place.pins import parse_pins
    from mcuzoo.plan.place.placement import usable_names
    from mcuzoo.plan.tflm.image import check_kernels, check_plan
    from mcuzoo.project.kinds import check_project, check_weights
    from mcuzoo.report.fit_html import fit_html
    from mcuzoo.report.run import write_page
    from mcuzoo.zoo.known import load_or_build

    aside = require_outputs(
        {"--html": html}, {"MODEL": Path(model), "--board": Path(board)}, json_output
    )
    chosen = load_board(board)
    with step(f"reading {model}"):
        known = load_or_build(model)

    kind = check_project(project or (DEFAULT_PROJECT if chosen.sdk else "cmake"))

    def report_of(name: str) -> FitReport:
        return fit_model(
            known.model,
            chosen,
            name,
            check_weights(weights, usable_names(chosen)),
            arena_region,
            list_boards(),
            check_kernels(kernels),
            check_plan(plan) if plan else None,
            stream_input,
            parse_pins(pin or []),
            reserved_by(chosen, kind),
        )

    with step(f"planning {model} on {chosen.name}"):
        report = report_of(runtime or DEFAULT_RUNTIME)
        # Who named a runtime has asked about that one alone.
        other = None if runtime else other_runtime(report.runtime, report_of)
    if known.note:
        report = replace(report, warnings=(known.note, *report.warnings))
    if not report.fits:
        report = replace(report, next_step=_with_sibling(report, model, chosen))
    if html is not None:
        write_page(html, fit_html(report, other, kind))
    if json_output:
        found = {**report.as_dict(), "project": kind, "other_runtime": other and asdict(other)}
        print(json.dumps(found, indent=2))
    else:
        with summary_aside(aside):
            _print_report(report, kind)
            if other is not None:
                print(f"with --runtime {other.runtime}: {other.text}")
    if not report.fits:
        raise typer.Exit(1)


def _require_measure(options: dict[str, object]) -> None:
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"{name} is for measuring.", "Add --measure.")


def _with_sibling(report: FitReport, name: str, board: Board) -> str | None:
    """The report's advice, and the largest model of the same family that fits."""
    from mcuzoo.plan.siblings import largest_sibling

    sibling = largest_sibling(name, board, report.runtime)
    return f"{report.next_step} Of its family, {sibling} fits." if sibling else report.next_step


def _print_report(report: FitReport, project: str) -> None:
    from mcuzoo.cli.output import print_table, width
    from mcuzoo.report.arena_text import timeline_text
    from mcuzoo.report.constants_text import constants_text
    from mcuzoo.tables import Column

    columns = (
        Column("region"),
        *(Column(name, right=True) for name in ("used", "size", "")),
        Column("parts (~ estimated)", wraps=True),
    )
    rows = []
    for region in report.regions:
        parts = (
            f"{part.name} {'~' if part.estimate else ''}{part.bytes:,}" for part in region.parts
        )
        row = (
            region.region,
            f"{region.used_bytes:,}",
            f"{region.size_bytes:,}",
            f"{region.used_bytes / region.size_bytes:.0%}",
            ", ".join(parts) if region.initialized else "off: the firmware does not set it up",
        )
        rows.append(row)
    over = {number for number, region in enumerate(report.regions) if not region.fits}
    print(f"{report.model} on {report.board}, runtime {report.runtime}, project {project}")
    print_table(columns, rows, over)
    print(
        f"arena {report.placement.arena_text}; peak at op "
        f"{report.peak.index} {report.peak.name}, which needs {report.peak.live_bytes:,}"
    )
    if report.hot_saves_s is not None:
        print(
            f"it does not fit {report.placement.arena_region} as a whole: what is moved most is "
            f"there, which by estimate saves {report.hot_saves_s * 1e3:,.2f} ms of waiting per "
            "inference; --arena-region keeps it together"
        )
    if report.streamed is not None:
        print(
            f"input consumed as it arrives, by the operators up to {report.streamed.last_op}; rows "
            f"wait in {report.streamed.row_bytes:,} bytes of the arena"
        )
    if report.tflm is not None:
        tflm, plan = report.tflm.arena, report.tflm.plan
        print(
            f"TFLM uses {tflm.used_bytes:,} of it, by prediction: head {tflm.head_bytes:,} "
            f"({plan} plan), tail {tflm.tail_bytes:,}; --measure tries it"
        )
    print(
        constants_text(report.constants, report.flash_region, report.copy_s, width=width()), end=""
    )
    print(timeline_text(report.timeline, width=width()), end="")
    for gap in report.uncovered:
        print(f"not covered: op {gap.op.index} {gap.op.name}: {gap.reason}")
    for warning in report.warnings:
        print(f"warning: {warning}")
    print("verdict: fits" if report.fits else "verdict: DOES NOT FIT")
    if report.next_step:
        print(f"next: {report.next_step}")
