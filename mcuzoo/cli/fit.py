"""mcuzoo fit: does a model fit a board's memory?"""

from __future__ import annotations

import sys
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
    from dataclasses import replace

    from mcuzoo.board.load import list_boards, load_board
    from mcuzoo.cli.output import may_color, summary_aside, width
    from mcuzoo.codegen.mcuxpresso import reserved_by
    from mcuzoo.files import require_outputs
    from mcuzoo.plan.fit import fit_model
    from mcuzoo.plan.other_runtime import other_runtime
    from mcuzoo.plan.place.pins import parse_pins
    from mcuzoo.plan.place.placement import usable_names
    from mcuzoo.plan.tflm.image import check_kernels, check_plan
    from mcuzoo.project.kinds import check_project, check_weights
    from mcuzoo.report.arena import fit_html, write_page
    from mcuzoo.report.fit import fit_document, fit_text
    from mcuzoo.zoo.registry import load_or_build

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
        print(json.dumps(fit_document(report, kind, other), indent=2))
    else:
        with summary_aside(aside):
            sys.stdout.write(fit_text(report, kind, other, width(), may_color()))
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
