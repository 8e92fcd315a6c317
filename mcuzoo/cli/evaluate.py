"""`mcuzoo evaluate`: accuracy of a model on a data set, and engines or models side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mcuzoo.cli.options import Show
from mcuzoo.errors import UsageError, VerdictError

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("signs", "--data", "signs"),
    ("model.tflite", "--data", "photos", "--engine", "tflm", "--limit", "500"),
)


def evaluate(
    model: Annotated[str, typer.Argument(help="A model of the zoo, or a .tflite file.")],
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            metavar="DIR|CSV|signs",
            help="Class folders, CSV (file,label), ImageNet or FER2013 as published, or signs.",
        ),
    ],
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            metavar="ENGINE|PORT",
            help="reference, tflm, litert-ref, xnnpack, emulator, or a board's port.",
        ),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option("--role", help="Of a model of the zoo: int8, uint8 or fp32 [int8]."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="ENGINE|PORT", help="Compare with this engine."),
    ] = None,
    against_model: Annotated[
        str | None,
        typer.Option("--against-model", metavar="MODEL", help="Compare with this model."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="train, validation, test, public-test, private-test or all."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="Take so many images, spread over the classes."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="Class names, one a line, in the order of the outputs."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Processes, or emulated boards.")
    ] = None,
    board: Annotated[
        str, typer.Option("--board", "-b", help="Which board is emulated, or is at PORT.")
    ] = "rt1170",
    baud: Annotated[
        int | None,
        typer.Option("--baud", min=1, help="Bits per second of PORT [what --board's file says]."),
    ] = None,
    outputs: Annotated[
        Path | None, typer.Option("--outputs", metavar="FILE.npy", help="Write the raw outputs.")
    ] = None,
    min_top1: Annotated[
        float | None,
        typer.Option("--min-top1", metavar="RATE", help="Fail below this accuracy, 0 to 1."),
    ] = None,
    require_equal: Annotated[
        bool, typer.Option("--require-equal", help="Fail when an output differs from --against.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail when an image cannot be used.")
    ] = False,
    remember: Annotated[
        bool, typer.Option("--remember/--no-remember", help="For the table of mcuzoo models.")
    ] = True,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the same command was interrupted.")
    ] = False,
    show: Show = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measure top-1 and top-5 of a model, per class, with confidence intervals.

    With --against or --against-model both run on the same images: byte-equal outputs, largest
    difference, other top-1, and an exact paired test on the accuracies.
    """
    import json

    from mcuzoo.cli.evaluate_progress import EvaluateProgress
    from mcuzoo.cli.output import summary_aside, width
    from mcuzoo.evaluate.evaluate import EvaluationStoppedError
    from mcuzoo.evaluate.evaluate import evaluate as run_evaluation
    from mcuzoo.evaluate.request import Request, make_plan
    from mcuzoo.evaluate.result import remember_accuracy
    from mcuzoo.files import require_outputs
    from mcuzoo.report.evaluation import bad_lines, evaluation_document, evaluation_text

    if min_top1 is not None and not 0 <= min_top1 <= 1:
        raise UsageError(f"--min-top1 {min_top1} is no rate.", "Give a number from 0 to 1.")
    if require_equal and (against is None or against_model is not None):
        raise UsageError("--require-equal needs --against, and one model.", "--against tflm")
    aside = require_outputs(
        {"--outputs": outputs},
        {"MODEL": Path(model), "--data": data, "--labels": labels},
        json_output,
    )
    plan = make_plan(
        Request(
            model=model,
            data=data,
            engine=engine,
            against=against,
            against_model=against_model,
            labels=labels,
            limit=limit,
            split=split,
            jobs=jobs,
            board=board,
            baud=baud,
            outputs=outputs,
            role=role,
        )
    )
    for source in plan.sources:
        if source.note:
            print(source.note, file=sys.stderr)
    for warning in plan.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    stopped = None
    with EvaluateProgress(len(plan.data_set.items)) as progress:
        try:
            found = run_evaluation(plan, progress.say, progress.image, resume=resume, show=show)
        except EvaluationStoppedError as error:
            found, stopped = error.partial, error
    for line in bad_lines(found):
        print(line, file=sys.stderr)
    if json_output:
        print(json.dumps(evaluation_document(found), indent=2))
    else:
        with summary_aside(aside):
            sys.stdout.write(evaluation_text(found, width()))
    if stopped is not None:
        print(f"error: {stopped.message}\nhint: {stopped.hint}", file=sys.stderr)
        raise typer.Exit(stopped.code)
    if remember:
        remember_accuracy(found)
    reasons = found.failures(min_top1, require_equal, strict)
    if reasons:
        for reason in reasons:
            print(f"failed: {reason}", file=sys.stderr)
        raise typer.Exit(VerdictError.exit_code)
