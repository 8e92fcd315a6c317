"""mcuzoo fit: does a model fit a board's memory?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcuzoo.cli.options import Board, takes
from mcuzoo.cli.progress import step
from mcuzoo.errors import UsageError, command
from mcuzoo.plan.options import MeasureOptions

if TYPE_CHECKING:
    from mcuzoo.measure.fit import FitMeasurement
    from mcuzoo.plan.fit import FitReport

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("signs", "--board", "rt1050"),
    ("model.tflite", "--board", "rt1170", "--runtime", "aot", "--html", "fit.html"),
)


@takes(MeasureOptions)
def fit(
    board: Board,
    options: MeasureOptions,
    model: Annotated[
        str | None, typer.Argument(help="A model of the zoo, or a .tflite file.")
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
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write the verdict as a page, with the arena over time."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """It is the memory of what mcuzoo export makes with the same options, or with none. The other
    runtime is judged in a line, unless --runtime names one.

    --measure exports and builds it (with aot, unless --runtime or --tflm is given), searches the
    smallest arena that it runs in on the emulated board or on the one at --port, and leaves a
    project that reserves just that.
    """
    if universal:
        _fit_universal(model, board, options, json_output)
    elif model is None:
        raise UsageError("fit: no model was named.", "mcuzoo models lists those of the zoo.")
    elif measure:
        _measure(model, board, options, json_output)
    else:
        _fit(model, board, options, html, json_output)


def _fit(model: str, board: str, options: MeasureOptions, html: Path | None, as_json: bool) -> None:
    import json

    from mcuzoo.cli.output import summary_aside
    from mcuzoo.files import require_outputs
    from mcuzoo.plan.fit import fit as fit_named
    from mcuzoo.report.files import write_page
    from mcuzoo.report.fit_html import fit_html

    for name in ("tflm", "output", "port", "baud"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name} is for measuring.", "Add --measure.")
    aside = require_outputs(
        {"--html": html}, {"MODEL": Path(model), "--board": Path(board)}, as_json
    )
    with step(f"planning {model} on {board}"):
        report = fit_named(model, board, options)
    if html is not None:
        write_page(html, fit_html(report, report.other, report.project))
    if as_json:
        print(json.dumps(report.as_dict(), indent=2))
    else:
        with summary_aside(aside):
            _print_report(report)
    if not report.fits:
        raise typer.Exit(1)


def _measure(model: str, board: str, options: MeasureOptions, as_json: bool) -> None:
    import json

    from mcuzoo.measure.fit import measure

    found = measure(model, board, options, lambda text: print(text, file=sys.stderr))
    if as_json:
        print(json.dumps(found.as_dict(), indent=2))
    else:
        _print_measurement(found)


def _fit_universal(model: str | None, board: str, options: MeasureOptions, as_json: bool) -> None:
    import json

    from mcuzoo.codegen.universal.fit import fit_universal

    found = fit_universal(model, board, options)
    print(json.dumps(found.as_dict(), indent=2) if as_json else found.text)
    if not found.fits:
        raise typer.Exit(1)


def _print_measurement(found: FitMeasurement) -> None:
    from mcuzoo.cli.output import width
    from mcuzoo.report.arena_measurement import measurement_findings, measurement_text

    manifest = found.manifest
    print(f"{manifest.model.name} on {manifest.board}, runtime {manifest.runtime}")
    sys.stdout.write(measurement_text(found, width()))
    sys.stdout.write(measurement_findings(found))
    run = command("mcuzoo", "run-serial", "--port", f"emulator://{found.project}")
    images = "" if manifest.samples else " --images DIR"
    print(f"next: {run}{images}")


def _print_report(report: FitReport) -> None:
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
    print(f"{report.model} on {report.board}, runtime {report.runtime}, project {report.project}")
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
    if report.other is not None:
        print(f"with --runtime {report.other.runtime}: {report.other.text}")
