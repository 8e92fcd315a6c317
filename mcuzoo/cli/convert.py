"""`mcuzoo convert`: a UINT8 or misaligned model made fit for INT8 runtimes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.cli.progress import step
from mcuzoo.options import Argument, Option
from mcuzoo.run.options import ConvertOptions

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("uint8.tflite", "int8.tflite"),
    ("uint8.tflite", "int8.tflite", "--io", "int8", "--images", "photos"),
)


@takes(ConvertOptions)
def convert(
    source: Annotated[
        str, Argument("The model: a file or a name of the zoo.", metavar="IN.tflite")
    ],
    output: Annotated[Path, Argument("The file to write.", metavar="OUT.tflite")],
    options: ConvertOptions,
    json_output: Annotated[bool, Option("Print JSON.", "--json")] = False,
) -> None:
    """With --images: top-1 and top-5 of both models, the distance of their outputs, and an exact
    paired test on the difference of their accuracies.
    """
    from mcuzoo.cli.output import print_json, summary_aside, tell
    from mcuzoo.files import require_outputs
    from mcuzoo.report.models import conversion_document, conversion_text, judgement_text
    from mcuzoo.run.conversion import convert as convert_named

    aside = require_outputs({"OUT.tflite": output}, {}, json_output)
    with step(f"converting {source}, images") as update:
        made = convert_named(source, output, options, tell, update)
    if json_output:
        print_json("convert", conversion_document(made))
        return
    report = made.conversion.report
    with summary_aside(aside):
        sys.stdout.write(conversion_text(report, output))
        if made.judgement is not None:
            sys.stdout.write(judgement_text(made.judgement))
    if made.judgement is None and report.weights_changed:
        print("hint: --images DIR tells what the changed weights do to accuracy", file=sys.stderr)
