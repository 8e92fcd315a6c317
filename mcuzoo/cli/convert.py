"""`mcuzoo convert`: a UINT8 or misaligned model made fit for INT8 runtimes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcuzoo.cli.progress import step
from mcuzoo.errors import UsageError

if TYPE_CHECKING:
    from mcuzoo.run.conversion import Comparison, Judgement

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("uint8.tflite", "int8.tflite"),
    ("uint8.tflite", "int8.tflite", "--io", "int8", "--images", "photos"),
)


def convert(
    source: Annotated[
        str, typer.Argument(metavar="IN.tflite", help="The model: a file or a name of the zoo.")
    ],
    output: Annotated[Path, typer.Argument(metavar="OUT.tflite", help="The file to write.")],
    io: Annotated[
        str,
        typer.Option("--io", help="int8: cut a leading QUANTIZE and a final DEQUANTIZE; or keep."),
    ] = "keep",
    images: Annotated[
        Path | None,
        typer.Option(
            "--images",
            metavar="DIR|CSV",
            help="Compare both models on these images, class folders, or CSV (file,label).",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="Class names, one a line, in the order of the outputs."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="Take so many images, spread over the classes."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Rewrite a UINT8 model to INT8 and align its constants, and say what that changed.

    With --images: top-1 and top-5 of both models, the distance of their outputs, and an exact
    paired test on the difference of their accuracies.
    """
    import json

    from mcuzoo.cli.output import summary_aside
    from mcuzoo.files import require_outputs, write_output
    from mcuzoo.graph.read import load_model
    from mcuzoo.report.models import conversion_text, judgement_document, judgement_text
    from mcuzoo.zoo.convert.convert import check_ends, convert_model
    from mcuzoo.zoo.registry import resolve_model

    if images is None and (labels is not None or limit is not None):
        raise UsageError("--labels and --limit need --images.", "Add --images DIR.")
    ends = check_ends(io)
    found = resolve_model(source)
    aside = require_outputs(
        {"OUT.tflite": output},
        {"IN.tflite": found.path, "--images": images, "--labels": labels},
        json_output,
    )
    model = load_model(found.path)
    with step(f"converting {source}"):
        conversion = convert_model(model, ends)
    comparison = None
    if images is not None:
        from mcuzoo.run.conversion import make_comparison

        comparison = make_comparison(
            model, conversion, found.preprocessing, images, labels, limit, found.labels
        )
    write_output(output, conversion.model.raw)
    judgement = None if comparison is None else _judge(comparison)
    report = conversion.report
    if json_output:
        document = {
            "output": str(output),
            "sha256": conversion.model.sha256,
            **report.as_dict(),
            "images": judgement and judgement_document(judgement),
        }
        print(json.dumps(document, indent=2))
        return
    with summary_aside(aside):
        sys.stdout.write(conversion_text(report, output))
        if judgement is not None:
            sys.stdout.write(judgement_text(judgement))
    if judgement is None and report.weights_changed:
        print("hint: --images DIR tells what the changed weights do to accuracy", file=sys.stderr)


def _judge(comparison: Comparison) -> Judgement:
    for warning in comparison.data_set.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    with step("comparing on images") as update:
        judgement = comparison.run(lambda done: update(done, len(comparison.data_set.items)))
    for reason in judgement.unusable:
        print(f"warning: left out: {reason}", file=sys.stderr)
    return judgement
