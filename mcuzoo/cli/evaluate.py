"""`mcuzoo evaluate`: accuracy of a model on a data set, and engines or models side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.errors import VerdictError
from mcuzoo.evaluate.options import EvaluateOptions
from mcuzoo.options import Argument, Option
from mcuzoo.report.options import PageFiles

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("signs", "--data", "signs"),
    ("model.tflite", "--data", "photos", "--engine", "tflm", "--limit", "500"),
)


@takes(EvaluateOptions, files=PageFiles)
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
    files: PageFiles,
    json_output: Json = False,
) -> None:
    """With --against or --against-model both run on the same images: byte-equal outputs, largest
    difference, other top-1, and an exact paired test on the accuracies.
    """
    from mcuzoo.cli.evaluate_progress import EvaluateProgress
    from mcuzoo.cli.output import print_json, summary_aside, tell, width
    from mcuzoo.evaluate.evaluate import EvaluationStoppedError
    from mcuzoo.evaluate.model import evaluate_model
    from mcuzoo.files import require_outputs
    from mcuzoo.report.ci import told, write_outcomes
    from mcuzoo.report.evaluation import bad_lines, evaluation_document, evaluation_text
    from mcuzoo.report.html.evaluation import Asked, evaluation_html
    from mcuzoo.report.html.page import write_page
    from mcuzoo.report.outcomes import evaluation_outcome

    aside = require_outputs(
        {"--outputs": options.outputs, **files.outputs},
        {"MODEL": Path(model), "--data": data, "--labels": options.labels},
        json_output,
    )
    stopped = None
    with told(files, "evaluate"), EvaluateProgress() as progress:
        try:
            found = evaluate_model(model, data, options, progress)
        except EvaluationStoppedError as error:
            found, stopped = error.partial, error
    for line in bad_lines(found):
        tell(line)
    budgets = found.judged(options.budgets, options.strict_budgets)
    reasons = tuple(found.failures(budgets, options.require_equal, options.strict))
    bounds = bool(budgets) or options.require_equal or options.strict
    asked = Asked(options.min_top1, bounds and stopped is None, reasons, budgets)
    if files.html is not None:
        write_page(files.html, evaluation_html(found, asked))
    write_outcomes((evaluation_outcome(found, budgets, reasons, asked.judged),), files)
    if json_output:
        print_json("evaluate", evaluation_document(found, budgets))
    else:
        with summary_aside(aside):
            sys.stdout.write(evaluation_text(found, width(), budgets))
    if stopped is not None:
        tell(f"error: {stopped.message}\nhint: {stopped.hint}")
        sys.exit(stopped.code)
    if reasons:
        for reason in reasons:
            tell(f"failed: {reason}")
        sys.exit(VerdictError.exit_code)
