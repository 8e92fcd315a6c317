"""`mcuzoo evaluate`: accuracy of a model on a data set, and engines or models side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.errors import VerdictError
from mcuzoo.evaluate.options import EvaluateOptions
from mcuzoo.options import Argument, Option
from mcuzoo.report.options import Html

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("signs", "--data", "signs"),
    ("model.tflite", "--data", "photos", "--engine", "tflm", "--limit", "500"),
)


@takes(EvaluateOptions)
def evaluate(
    model: Annotated[str, Argument("A model of the zoo, or a .tflite file.")],
    data: Annotated[
        Path,
        Option(
            "Class folders, CSV (file,label), ImageNet or FER2013 as published, or signs.",
            "--data",
            metavar="DIR|CSV|signs",
        ),
    ],
    options: EvaluateOptions,
    html: Html = None,
    json_output: Json = False,
) -> None:
    """With --against or --against-model both run on the same images: byte-equal outputs, largest
    difference, other top-1, and an exact paired test on the accuracies.
    """
    import json

    from mcuzoo.cli.evaluate_progress import EvaluateProgress
    from mcuzoo.cli.output import summary_aside, width
    from mcuzoo.evaluate.evaluate import EvaluationStoppedError
    from mcuzoo.evaluate.model import evaluate_model
    from mcuzoo.files import require_outputs
    from mcuzoo.report.evaluation import bad_lines, evaluation_document, evaluation_text
    from mcuzoo.report.html.evaluation import Asked, evaluation_html
    from mcuzoo.report.html.page import write_page

    aside = require_outputs(
        {"--outputs": options.outputs, "--html": html},
        {"MODEL": Path(model), "--data": data, "--labels": options.labels},
        json_output,
    )
    stopped = None
    with EvaluateProgress() as progress:
        try:
            found = evaluate_model(model, data, options, progress)
        except EvaluationStoppedError as error:
            found, stopped = error.partial, error
    for line in bad_lines(found):
        print(line, file=sys.stderr)
    reasons = found.failures(options.min_top1, options.require_equal, options.strict)
    if html is not None:
        bounds = options.min_top1 is not None or options.require_equal or options.strict
        judged = bounds and stopped is None
        write_page(html, evaluation_html(found, Asked(options.min_top1, judged, tuple(reasons))))
    if json_output:
        print(json.dumps(evaluation_document(found), indent=2))
    else:
        with summary_aside(aside):
            sys.stdout.write(evaluation_text(found, width()))
    if stopped is not None:
        print(f"error: {stopped.message}\nhint: {stopped.hint}", file=sys.stderr)
        sys.exit(stopped.code)
    if reasons:
        for reason in reasons:
            print(f"failed: {reason}", file=sys.stderr)
        sys.exit(VerdictError.exit_code)
