"""Quantize a network, and measure the loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

from mcuzoo.evaluate.result import Evaluation
from mcuzoo.quantize.job import Quantized, quantize_model, score
from mcuzoo.quantize.options import QuantizeOptions


@dataclass(frozen=True)
class QuantizedFile:
    """The file that was written, how it was made, and both models' scores, if requested."""

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
    """Make a float network INT8 with TensorFlow, in a process of its own, and score both.

    source: a name of the zoo, a .keras or .h5 file, a SavedModel, a float .tflite; calibration:
    images to measure the activations on. `say` is told each stage. Raises as quantize_model and
    score.
    """
    quantized = quantize_model(source, output, calibration, options, say)
    scored = None
    if options.limit:
        images = options.images or Path(fspath(calibration))
        scored = score(quantized, images, options.limit, options.split)
    return QuantizedFile(Path(fspath(output)), quantized, scored)
