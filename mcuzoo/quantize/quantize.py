"""Quantize a network, and measure the loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path

from mcuzoo.errors import UsageError
from mcuzoo.evaluate.result import Evaluation
from mcuzoo.files import require_outputs, write_output
from mcuzoo.quantize.job import (
    Quantized,
    named_source,
    quantize_network,
    require_quantizer,
    score,
)
from mcuzoo.quantize.options import QuantizeOptions
from mcuzoo.zoo.recipes import keep_recipe


@dataclass(frozen=True)
class QuantizedFile:
    """The file that was written, how it was made, and both models' scores, if requested.

    output: its path. scored: None where no images were given to score by.
    """

    output: Path
    quantized: Quantized
    scored: Evaluation | None


def quantize(
    source: str | PathLike[str],
    output: str | PathLike[str],
    calibration: str | PathLike[str],
    options: QuantizeOptions = QuantizeOptions(),
    say: Callable[[str], None] = lambda text: None,
) -> QuantizedFile:
    """Make a float network INT8 with TensorFlow, in a process of its own, score both, and write the
    INT8 file at the end: an error leaves nothing behind.

    source: a name of the zoo, a .keras or .h5 file, a SavedModel, a float .tflite (also one with
    float16 or int8 weights), an .onnx file; calibration: images to measure the activations on.
    `say` is told each stage. Raises MissingExtraError without TensorFlow (or onnx2tf), InputError
    for a file that is none of these, and as quantize_network and score.
    """
    if options.samples < 1:
        raise UsageError(f"--samples {options.samples}: at least one image.", "Try --samples 100.")
    target, images = Path(fspath(output)), Path(fspath(calibration))
    network, zoo = named_source(fspath(source), options.network)
    require_quantizer(network, options)
    require_outputs(
        {"OUT.tflite": target},
        {"SOURCE": network.path, "--calibration": images, "--labels": options.labels},
    )
    quantized = quantize_network(network, zoo, images, options, say)
    scored = None
    if options.limit:
        scored = score(quantized, options.images or images, options.limit, options.split)
    write_output(target, quantized.int8_model.raw)
    if quantized.recipe_source not in ("default", "registry"):
        kept = keep_recipe(target, quantized.preprocessing, quantized.classes.names)
        quantized = replace(quantized, notes=(*quantized.notes, kept))
    return QuantizedFile(target, quantized, scored)
