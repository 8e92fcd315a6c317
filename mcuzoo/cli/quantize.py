"""mcuzoo quantize: a float network made INT8 by TensorFlow."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from mcuzoo.errors import UsageError

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("network.h5", "model.tflite", "--calibration", "photos"),
    ("net.keras", "net.tflite", "--calibration", "photos", "--labels", "names.txt"),
)


def quantize(
    source: Annotated[
        str,
        typer.Argument(
            help="A model of the zoo, a .keras or .h5 file, a SavedModel, a float .tflite."
        ),
    ],
    output: Annotated[Path, typer.Argument(metavar="OUT.tflite", help="The file to write.")],
    calibration: Annotated[
        Path,
        typer.Option(
            "--calibration", metavar="DIR|CSV", help="Images to measure the activations on."
        ),
    ],
    samples: Annotated[int, typer.Option(min=1, help="So many of them, over all classes.")] = 100,
    network: Annotated[
        str | None,
        typer.Option(help="The zoo's model that a file of weights (or its pictures) belongs to."),
    ] = None,
    input_shape: Annotated[
        str | None, typer.Option("--input", help="HxWxC, where the network leaves it open.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Class names, one a line, in the order of the outputs.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Part of the data set to calibrate on.")] = None,
    images: Annotated[
        Path | None,
        typer.Option(
            "--images", metavar="DIR|CSV", help="Score both models on these [calibration's]."
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=0, help="Score on so many images; 0: do not score.")
    ] = 500,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Quantize SOURCE to full INT8 and say what that cost: accuracy before and after.

    TensorFlow runs in a process of its own (extra: tensorflow).
    """
    import json

    from mcuzoo.cli.output import summary_aside
    from mcuzoo.files import require_outputs
    from mcuzoo.quantize.job import QuantizeRequest, quantize_model, score
    from mcuzoo.report.models import quantization_document, quantization_text

    aside = require_outputs({"OUT.tflite": output}, {"--images": images}, json_output)
    request = QuantizeRequest(
        source,
        output,
        calibration,
        samples,
        network,
        _shape(input_shape),
        labels,
        split,
        scored=limit > 0,
    )
    quantized = quantize_model(request, lambda stage: print(f"{stage} ...", file=sys.stderr))
    scored = score(quantized, images or calibration, limit, split) if limit else None
    if json_output:
        print(json.dumps(quantization_document(output, quantized, scored), indent=2))
        return
    with summary_aside(aside):
        sys.stdout.write(quantization_text(output, quantized, scored))
        for warning in (*quantized.calibration.skipped, *quantized.warnings):
            print(f"warning: {warning}", file=sys.stderr)


def _shape(text: str | None) -> tuple[int, int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,4})x(\d{1,4})x([13])", text)
    if match is None:
        raise UsageError(f"--input {text}: no image size.", "HEIGHTxWIDTHxCHANNELS: 128x128x3.")
    height, width, channels = (int(size) for size in match.groups())
    return height, width, channels
