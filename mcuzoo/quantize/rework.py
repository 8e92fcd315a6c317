"""Edits of a .tflite file before and after its quantization, by TensorFlow's own reader and writer
of the format. Only the worker's process imports it.

A float file may have its weights as float16 or int8, and compute shapes while it runs; TensorFlow
quantizes neither. `plain_float` makes a float32 file of it that does the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.quantize.refused import RefusedError
from mcuzoo.quantize.tflite_graph import HOW_TO_GO_ON, TO_CHANNELS_LAST, Graph, interpreter_of

_CLOSE = 1e-4
"""Largest difference of the reworked network's output, as a part of its largest value."""


@dataclass(frozen=True)
class PlainFloat:
    """raw: a float32 .tflite with constant shapes. stored: how its weights were stored, if not as
    float32: "float16", "int8" or both."""

    raw: bytes
    stored: tuple[str, ...] = ()


def plain_float(raw: bytes, input_shape: tuple[int, ...] | None = None) -> PlainFloat:
    """A .tflite file of float32 input and output as one that TensorFlow can quantize.

    input_shape: [height, width, channels] for a network that leaves it open. Raises RefusedError
    for what is no float network of one image.
    """
    graph = Graph(raw)
    graph.require_float_image()
    graph.fix_shapes(input_shape)
    before = graph.packed()
    stored = graph.unpack_weights()
    graph.fold()
    graph.take_channels_last()
    graph.take_four_dimensions()
    after = graph.packed()
    if "int8" not in stored:  # those kernels round activations, too
        _require_same(before, after)
    return PlainFloat(after, stored)


def tidied_int8(raw: bytes) -> bytes:
    """An INT8 file with constant shapes, and biases without the converter's overflow.

    The converter gives a channel of zero weights a scale of nearly 0 and a bias of 2^30 or more.
    Its weights say nothing about their scale, so that a larger one stands for the same bias.
    """
    graph = Graph(raw)
    graph.fold()
    graph.rescale_empty_channels()
    return graph.packed()


def _require_same(before: bytes, after: bytes) -> None:
    first, second = interpreter_of(before), interpreter_of(after)
    (source,), (target,) = first.get_input_details(), second.get_input_details()
    image = np.random.default_rng(1).random(source["shape"], dtype=np.float32)
    fed = image
    if tuple(target["shape"]) != tuple(source["shape"]):
        channels_first = len(source["shape"]) == 4
        fed = image.transpose(TO_CHANNELS_LAST) if channels_first else image[..., np.newaxis]
    one, other = _run(first, image), _run(second, fed)
    largest = float(np.abs(one).max(initial=0.0))
    if one.size != other.size or np.abs(one.ravel() - other.ravel()).max() > _CLOSE * largest:
        raise RefusedError(
            "With its weights as float32 and its shapes constant, the network gives other outputs",
            HOW_TO_GO_ON,
        )


def _run(interpreter: Any, image: NDArray[np.float32]) -> NDArray[Any]:
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    output: NDArray[Any] = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return output
