"""mcuzoo fit: does a model fit a board's memory?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import Board, takes
from mcuzoo.cli.progress import step
from mcuzoo.errors import UsageError, command
from mcuzoo.options import Argument, Option, typed_words
from mcuzoo.plan.options import AnyFitOptions, MeasureOptions
from mcuzoo.report.options import PageFiles

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("signs", "--board", "rt1050"),
    ("model.tflite", "--board", "rt1170", "--runtime", "aot", "--html", "fit.html"),
    ("signs", "--board", "imx93", "--max-cpu-ops", "0"),
)


@takes(AnyFitOptions, files=PageFiles)
def fit(
    board: Board,
    options: AnyFitOptions,
    files: PageFiles,
    models: Annotated[
        list[str] | None,
        Argument("A model of the zoo, or a .tflite file; with Linux, several.", metavar="MODEL"),
    ] = None,
    universal: Annotated[
        bool,
        Option("What a universal firmware has for arena and models; MODEL or none.", "--universal"),
    ] = False,
    measure: Annotated[
        bool,
        Option("Build it, boot it and let the board say what it takes.", "--measure"),
    ] = False,
    json_output: Annotated[bool, Option("Print JSON.", "--json")] = False,
) -> None:
    """It is the memory of what mcuzoo export makes with the same options, or with none. The other
    runtime is judged in a line, unless --runtime names one.

    --measure exports and builds it (with aot, unless --runtime or --tflm is given), searches the
    smallest arena that it runs in on the emulated board or on the one at --port, and leaves a
    project that reserves just that.

    For a board with Linux and an Ethos-U NPU, Vela compiles the model: who computes each operator
    and why, the NPU's memory, Vela's estimate of its time.
    """
    from mcuzoo.board.linux import LinuxBoard
    from mcuzoo.board.load import load_any_board
    from mcuzoo.report.ci import told

    if files.html is not None and (universal or measure):
        named = "--universal" if universal else "--measure"
        raise UsageError(f"--html: fit {named} has no page.", f"Leave out --html or {named}.")
    with told(files, "fit"):
        if isinstance(load_any_board(board), LinuxBoard):
            _refuse_foreign(options, files, universal, measure)
            _fit_linux(tuple(models or ()), board, options, files, json_output)
            return
        model = _one_model(models or [], board, options)
        if universal:
            _fit_universal(model, board, options, files, json_output)
        elif model is None:
            raise _no_model()
        elif measure:
            _measure(model, board, options, files, json_output)
        else:
            _fit(model, board, options, files, json_output)


def _one_model(models: list[str], board: str, options: AnyFitOptions) -> str | None:
    """The model for a board with a microcontroller. Raises UsageError for several, and for an
    option that means nothing there."""
    if len(models) > 1:
        raise UsageError(
            f"fit: {len(models)} models, and {board} takes one.",
            "mcuzoo models --board BOARD has a line for each model of the zoo.",
        )
    for words in typed_words(options, without=options.mcu_names()):
        raise UsageError(
            f"{words[0]} is for boards with an Ethos-U NPU; {board} has a microcontroller.",
            f"Leave out {words[0]}; mcuzoo boards lists the boards.",
        )
    return models[0] if models else None


def _refuse_foreign(
    options: AnyFitOptions, files: PageFiles, universal: bool, measure: bool
) -> None:
    """Raise UsageError for an option that means nothing on Linux."""
    given = [words[0] for words in typed_words(options, without=options.linux_names())]
    given += ["--universal"] * universal + ["--measure"] * measure
    given += ["--html"] * (files.html is not None)
    if given:
        raise UsageError(
            f"{given[0]} is for boards with a microcontroller.",
            f"Leave out {given[0]}; docs/linux.md says what there is for boards with Linux.",
        )


def _fit_linux(
    models: tuple[str, ...], board: str, options: AnyFitOptions, files: PageFiles, as_json: bool
) -> None:
    from mcuzoo.cli.output import may_color, print_json, summary_aside, width
    from mcuzoo.files import require_outputs
    from mcuzoo.plan.linux import fit_linux
    from mcuzoo.report.ci import write_outcomes
    from mcuzoo.report.fit_linux import (
        linux_fit_document,
        linux_fit_text,
        linux_fits_document,
        linux_fits_text,
    )
    from mcuzoo.report.outcomes import linux_fit_outcome

    if not models:
        raise _no_model()
    given = {"--board": Path(board), **{f"MODEL {model}": Path(model) for model in models}}
    aside = require_outputs(files.outputs, given, as_json)
    reports = []
    for model in models:
        with step(f"planning {model} on {board}"):
            reports.append(fit_linux(model, board, options.of_linux()))
    outcomes = zip(reports, map(Path, models), strict=True)
    write_outcomes(tuple(linux_fit_outcome(report, file) for report, file in outcomes), files)
    if as_json and len(reports) > 1:
        print_json("fit-linux-many", linux_fits_document(reports))
    elif as_json:
        print_json("fit-linux", linux_fit_document(reports[0]))
    else:
        with summary_aside(aside):
            if len(reports) > 1:
                sys.stdout.write(linux_fits_text(reports, width(), may_color()))
            else:
                sys.stdout.write(linux_fit_text(reports[0], width(), may_color()))
    if not all(report.passed for report in reports):
        sys.exit(1)


def _no_model() -> UsageError:
    return UsageError("fit: no model was named.", "mcuzoo models lists those of the zoo.")


def _fit(model: str, board: str, options: MeasureOptions, files: PageFiles, as_json: bool) -> None:
    from mcuzoo.cli.output import may_color, print_json, summary_aside, width
    from mcuzoo.files import require_outputs
    from mcuzoo.plan.fit import fit as fit_named
    from mcuzoo.report.ci import write_outcomes
    from mcuzoo.report.fit import fit_document, fit_text
    from mcuzoo.report.html.fit import fit_html
    from mcuzoo.report.html.page import write_page
    from mcuzoo.report.outcomes import fit_outcome

    for name in ("tflm", "output", "port", "baud"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name} is for measuring.", "Add --measure.")
    aside = require_outputs(files.outputs, {"MODEL": Path(model), "--board": Path(board)}, as_json)
    with step(f"planning {model} on {board}"):
        report = fit_named(model, board, options)
    if files.html is not None:
        write_page(files.html, fit_html(report, report.other, report.project))
    write_outcomes((fit_outcome(report, Path(model)),), files)
    if as_json:
        print_json("fit", fit_document(report))
    else:
        with summary_aside(aside):
            sys.stdout.write(fit_text(report, width(), may_color()))
    if not report.passed:
        sys.exit(1)


def _measure(
    model: str, board: str, options: MeasureOptions, files: PageFiles, as_json: bool
) -> None:
    from mcuzoo.cli.output import print_json, summary_aside, tell, width
    from mcuzoo.files import require_outputs
    from mcuzoo.measure.fit import measure
    from mcuzoo.report.ci import write_outcomes
    from mcuzoo.report.fit import measurement_document, measurement_findings, measurement_text
    from mcuzoo.report.outcomes import measurement_outcome

    aside = require_outputs(files.outputs, {"MODEL": Path(model)}, as_json)
    found = measure(model, board, options, tell)
    write_outcomes((measurement_outcome(found),), files)
    if as_json:
        print_json("fit-measure", measurement_document(found))
    else:
        manifest = found.manifest
        run = command("mcuzoo", "run-serial", "--port", f"emulator://{found.project}")
        images = "" if manifest.samples else " --images DIR"
        with summary_aside(aside):
            print(f"{manifest.model.name} on {manifest.board}, runtime {manifest.runtime}")
            sys.stdout.write(measurement_text(found, width()))
            sys.stdout.write(measurement_findings(found, width()))
            print(f"next: {run}{images}")
    if not found.passed:
        sys.exit(1)


def _fit_universal(
    model: str | None, board: str, options: MeasureOptions, files: PageFiles, as_json: bool
) -> None:
    from mcuzoo.cli.output import print_json, summary_aside, width
    from mcuzoo.codegen.universal_fit import fit_universal
    from mcuzoo.files import require_outputs
    from mcuzoo.report.ci import write_outcomes
    from mcuzoo.report.fit import universal_fit_document, universal_fit_text
    from mcuzoo.report.outcomes import universal_outcome

    aside = require_outputs(files.outputs, {"--board": Path(board)}, as_json)
    found = fit_universal(model, board, options)
    write_outcomes((universal_outcome(found),), files)
    if as_json:
        print_json("fit-universal", universal_fit_document(found))
    else:
        with summary_aside(aside):
            sys.stdout.write(universal_fit_text(found, width()))
    if not found.passed:
        sys.exit(1)
