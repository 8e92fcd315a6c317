"""mcuzoo quantize: a float network made INT8 by TensorFlow."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcuzoo.cli.options import takes
from mcuzoo.errors import command
from mcuzoo.quantize.options import QuantizeOptions

if TYPE_CHECKING:
    from mcuzoo.quantize.quantize import QuantizedFile

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("network.h5", "model.tflite", "--calibration", "photos"),
    ("net.keras", "net.tflite", "--calibration", "photos", "--labels", "names.txt"),
)


@takes(QuantizeOptions)
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
    options: QuantizeOptions,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """TensorFlow runs in a process of its own (extra: tensorflow)."""
    import json

    from mcuzoo.cli.output import summary_aside
    from mcuzoo.files import require_outputs
    from mcuzoo.quantize.quantize import quantize as quantize_network

    aside = require_outputs({"OUT.tflite": output}, {"--images": options.images}, json_output)
    made = quantize_network(
        source,
        output,
        calibration,
        options,
        lambda stage: print(f"{stage} ...", file=sys.stderr),
    )
    if json_output:
        print(json.dumps(made.as_dict(), indent=2))
        return
    with summary_aside(aside):
        _print(made)


def _print(made: QuantizedFile) -> None:
    output, quantized, scored = made.output, made.quantized, made.scored
    model, run = quantized.int8_model, quantized.run
    print(f"{output}: {model.bytes:,} bytes, {len(model.ops)} ops, sha256 {model.sha256}")
    print(f"float      {quantized.float_model.bytes:,} bytes")
    print(f"calibrated on {len(quantized.calibration.images)} images")
    if scored is not None:
        print(scored.text())
    print(
        f"TensorFlow {run.report.tensorflow}: {run.seconds:.1f} s, "
        f"{run.report.peak_bytes / 1e9:.2f} GB at the most"
    )
    for warning in (*quantized.calibration.skipped, *quantized.warnings):
        print(f"warning: {warning}", file=sys.stderr)
    print(f"next: {command('mcuzoo', 'export', output, '--board', 'rt1170')}")
