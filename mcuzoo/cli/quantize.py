"""mcuzoo quantize: a float network made INT8 by TensorFlow."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.options import Argument, Option
from mcuzoo.quantize.options import QuantizeOptions

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("network.h5", "model.tflite", "--calibration", "photos"),
    ("net.keras", "net.tflite", "--calibration", "photos", "--labels", "names.txt"),
)


@takes(QuantizeOptions)
def quantize(
    source: Annotated[
        str,
        Argument("A model of the zoo, .keras or .h5 file, SavedModel, float .tflite, .onnx file."),
    ],
    output: Annotated[Path, Argument("The file to write.", metavar="OUT.tflite")],
    calibration: Annotated[
        Path,
        Option("Images to measure the activations on.", "--calibration", metavar="DIR|CSV"),
    ],
    options: QuantizeOptions,
    json_output: Annotated[bool, Option("Print JSON.", "--json")] = False,
) -> None:
    """TensorFlow runs in a process of its own (extra: tensorflow)."""
    from mcuzoo.cli.output import print_json, summary_aside, tell
    from mcuzoo.files import require_outputs
    from mcuzoo.quantize.quantize import quantize as quantize_network
    from mcuzoo.report.models import quantization_document, quantization_text

    aside = require_outputs({"OUT.tflite": output}, {"--images": options.images}, json_output)
    made = quantize_network(
        source,
        output,
        calibration,
        options,
        lambda stage: print(f"{stage} ...", file=sys.stderr),
    )
    for note in made.quantized.notes:
        tell(note)
    if json_output:
        document = quantization_document(made.output, made.quantized, made.scored)
        print_json("quantize", document)
        return
    with summary_aside(aside):
        sys.stdout.write(quantization_text(made.output, made.quantized, made.scored))
        for warning in (*made.quantized.calibration.skipped, *made.quantized.warnings):
            tell(f"warning: {warning}")
