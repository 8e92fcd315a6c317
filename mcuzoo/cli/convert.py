"""`mcuzoo convert`: a UINT8 or misaligned model made fit for INT8 runtimes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcuzoo.cli.options import takes
from mcuzoo.cli.progress import step
from mcuzoo.run.options import ConvertOptions

if TYPE_CHECKING:
    from mcuzoo.run.conversion import Judgement, Scores
    from mcuzoo.zoo.convert.report import ConversionReport

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("uint8.tflite", "int8.tflite"),
    ("uint8.tflite", "int8.tflite", "--io", "int8", "--images", "photos"),
)


@takes(ConvertOptions)
def convert(
    source: Annotated[
        str, typer.Argument(metavar="IN.tflite", help="The model: a file or a name of the zoo.")
    ],
    output: Annotated[Path, typer.Argument(metavar="OUT.tflite", help="The file to write.")],
    options: ConvertOptions,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """With --images: top-1 and top-5 of both models, the distance of their outputs, and an exact
    paired test on the difference of their accuracies.
    """
    import json

    from mcuzoo.cli.output import summary_aside
    from mcuzoo.files import require_outputs
    from mcuzoo.run.conversion import convert as convert_named

    aside = require_outputs({"OUT.tflite": output}, {}, json_output)
    with step(f"converting {source}, images") as update:
        made = convert_named(
            source, output, options, lambda text: print(text, file=sys.stderr), update
        )
    if json_output:
        print(json.dumps(made.as_dict(), indent=2))
        return
    report = made.conversion.report
    with summary_aside(aside):
        _print_report(report, output)
        if made.judgement is not None:
            _print_judgement(made.judgement)
    if made.judgement is None and report.weights_changed:
        print("hint: --images DIR tells what the changed weights do to accuracy", file=sys.stderr)


def _print_report(report: ConversionReport, output: Path) -> None:
    print(f"{output}: {report.bytes:,} bytes, from {report.source_bytes:,}")
    if report.tensors_shifted:
        print(f"tensors shifted from UINT8 to INT8: {report.tensors_shifted}")
    if report.layers:
        print(
            f"channels lossless: {report.lossless_channels:,} of {report.channels:,}; "
            f"weights changed: {report.weights_changed:,} of {report.weights:,}"
        )
    for layer in report.layers:
        if layer.weights_changed:
            lost = layer.channels - layer.lossless_channels
            print(
                f"  op {layer.op} {layer.name}: {lost:,} of {layer.channels:,} channels rescaled, "
                f"{layer.weights_changed:,} of {layer.weights:,} weights changed"
            )
    if report.misaligned_constants:
        print(f"constants aligned to 16 bytes: {report.misaligned_constants} were not")
    for end in report.ends_removed:
        print(f"removed: {end}")
    if not (report.layers or report.tensors_shifted or report.misaligned_constants):
        print("weights and activations are INT8 and aligned as they were")


def _print_judgement(judgement: Judgement) -> None:
    print(
        f"images: {judgement.images}, equal outputs {judgement.identical}, other top-1 "
        f"{judgement.flips}"
    )
    print(
        f"output distance: mean {judgement.mean_distance:.4f}, max {judgement.max_distance} "
        "steps of the int8 output"
    )
    if judgement.original is None or judgement.converted is None or judgement.paired is None:
        print("accuracy: not known, the images are not labelled")
        return
    print(f"original:  {_scores_text(judgement.original)}")
    print(f"converted: {_scores_text(judgement.converted)}")
    paired = judgement.paired
    print(
        f"right only before: {paired.only_first}, only after: {paired.only_second}; exact paired "
        f"test p = {paired.p_value:.3f}"
    )
    print(
        "verdict: the conversion costs accuracy"
        if judgement.worse
        else f"verdict: no loss of accuracy that {judgement.labelled} images could show"
    )


def _scores_text(scores: Scores) -> str:
    low, high = scores.top1.interval
    return f"top-1 {scores.top1.value:.4f} ({low:.4f} to {high:.4f}), top-5 {scores.top5.value:.4f}"
