"""The process that imports TensorFlow: python -m mcuzoo.quantize.worker.

It reads a WorkerSpec, a line of JSON, and answers in lines of JSON: {"stage": ...} while it works;
{"converted": true} when the float model is written, after which it reads the path of the
calibration images (an .npy, float32 [n, height, width, channels]), a line of JSON; at last
{"report": ...} or {"error": ...}. What TensorFlow and its libraries print goes to stderr, wherever
they meant it to go.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from mcuzoo.errors import ModelError
from mcuzoo.quantize.process import WorkerReport, WorkerSpec
from mcuzoo.quantize.source import Kind
from mcuzoo.zoo.layers import Layer, parse_layer
from mcuzoo.zoo.schema import ZooModel


def keras_network(model: ZooModel) -> Any:
    """A Keras Sequential: float32 [1, height, width, channels] -> float32 [1, classes].

    Raises ModelError when the registry does not say the model's layers.
    """
    import keras

    structure = model.structure
    if structure is None:
        raise ModelError(f"The registry does not say the layers of {model.name}.", "Give a model.")
    layers = [parse_layer(text) for text in structure.layers]
    stacked = _stack(layers, model.labels.count, structure.width)
    return keras.Sequential([keras.Input(batch_shape=(1, *model.input)), *stacked])


def _stack(described: list[Layer], classes: int, width: float) -> Iterator[Any]:
    from keras import layers

    for layer in described:
        window = (layer.height, layer.width)
        padding = layer.padding.lower()
        activation = None if layer.activation == "NONE" else layer.activation.lower()
        channels = round(layer.channels * width) or classes
        if layer.kind == "conv":
            yield layers.Conv2D(
                channels, window, layer.stride, padding=padding, activation=activation
            )
        elif layer.kind == "depthwise":
            yield layers.DepthwiseConv2D(
                window, layer.stride, padding=padding, activation=activation
            )
        elif layer.kind == "max_pool":
            yield layers.MaxPooling2D(window, layer.stride, padding=padding)
        elif layer.kind == "average_pool" and not layer.height:
            yield layers.GlobalAveragePooling2D(keepdims=True)
        elif layer.kind == "average_pool":
            yield layers.AveragePooling2D(window, layer.stride, padding=padding)
        elif layer.kind == "flatten":
            yield layers.Flatten()
        elif layer.kind == "dense":
            yield layers.Dense(channels, activation=activation)
        else:
            yield layers.Softmax()


_TFLITE_INT8 = 9
"""INT8 in TensorFlow Lite's TensorType, which mlir_quantize counts by."""


class RefusedError(Exception):
    """Something about the source that the user can be told in a sentence."""


class Answers:
    """stdout for the answers only: other output to file descriptor 1 goes to stderr."""

    def __init__(self) -> None:
        own = os.dup(1)
        os.dup2(2, 1)
        self._stream: IO[str] = os.fdopen(own, "w", encoding="utf-8")

    def send(self, **answer: object) -> None:
        print(json.dumps(answer), file=self._stream, flush=True)


def main() -> int:
    answers = Answers()
    spec = WorkerSpec.from_json(sys.stdin.readline())
    try:
        report = _work(spec, answers)
    except RefusedError as error:
        answers.send(error=str(error))
        return 1
    except Exception as error:
        answers.send(error=f"{type(error).__name__}: {error}")
        raise
    answers.send(report=asdict(report))
    return 0


def _work(spec: WorkerSpec, answers: Answers) -> WorkerReport:
    answers.send(stage="import TensorFlow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    import numpy as np
    import tensorflow as tf

    answers.send(stage="load the network")
    network = None
    if Kind(spec.kind) is Kind.TFLITE:
        raw = Path(spec.source).read_bytes()
        _require_float(tf, raw)
    else:
        network = _with_batch_of_one(*_load(spec), spec)
        answers.send(stage="convert")
        raw = tf.lite.TFLiteConverter.from_keras_model(network).convert()
    Path(spec.float_model).write_bytes(raw)
    answers.send(converted=True)

    images = np.load(json.loads(sys.stdin.readline()))
    answers.send(stage=f"quantize with {len(images)} images")

    def batches() -> Iterator[list[Any]]:
        return ([image[np.newaxis]] for image in images)

    int8 = _quantize_tflite(raw, batches) if network is None else _quantize_keras(network, batches)
    Path(spec.int8_model).write_bytes(int8)
    return WorkerReport(tensorflow=tf.__version__, peak_bytes=_peak_bytes())


Batches = Callable[[], Iterator[list[Any]]]


def _quantize_keras(network: Any, batches: Batches) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = batches
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    # Otherwise FULLY_CONNECTED becomes per-channel, which TFLM refuses or rounds differently.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    quantized: bytes = converter.convert()
    return quantized


def _quantize_tflite(raw: bytes, batches: Batches) -> bytes:
    """The quantization step of TFLiteConverter, for a model that is converted already."""
    import tensorflow as tf
    from tensorflow.lite.python.convert import mlir_quantize
    from tensorflow.lite.python.optimize.calibrator import Calibrator

    quantized: bytes = mlir_quantize(
        Calibrator(raw).calibrate(batches),
        fully_quantize=True,
        inference_type=_TFLITE_INT8,
        input_data_type=tf.int8,
        output_data_type=tf.int8,
        disable_per_channel_for_dense_layers=True,
    )
    return quantized


def _require_float(tf: Any, raw: bytes) -> None:
    details = tf.lite.Interpreter(model_content=raw).get_input_details()
    if len(details) != 1:
        raise RefusedError(f"The model has {len(details)} inputs, a classifier of images has one")
    kind = details[0]["dtype"].__name__
    if kind != "float32":
        raise RefusedError(
            f"The model's input is {kind}, not float32: is it quantized already? `mcuzoo convert` "
            "rewrites UINT8 models"
        )


def _load(spec: WorkerSpec) -> tuple[Any, tuple[int | None, ...]]:
    """A Keras model or layer, and the shape of its input with the batch."""
    import keras

    kind = Kind(spec.kind)
    if kind is Kind.SAVED_MODEL:
        return _saved_model(spec)
    if kind is Kind.HDF5 and not _holds_a_model(spec.source):
        model = _weights_into_network(spec)
    else:
        model = keras.models.load_model(spec.source, compile=False)
    if not hasattr(model, "input_shape") or not isinstance(model.input_shape, tuple):
        raise RefusedError("The network does not take one image")
    return model, model.input_shape


def _saved_model(spec: WorkerSpec) -> tuple[Any, tuple[int | None, ...]]:
    import keras
    import tensorflow as tf

    endpoint = "serving_default"
    signatures = tf.saved_model.load(spec.source).signatures
    if endpoint not in signatures:
        raise RefusedError(f"The SavedModel has no signature {endpoint!r}")
    inputs = list(signatures[endpoint].structured_input_signature[1].values())
    if len(inputs) != 1:
        raise RefusedError(f"The SavedModel takes {len(inputs)} inputs, a classifier takes one")
    layer = keras.layers.TFSMLayer(spec.source, call_endpoint=endpoint)
    return layer, tuple(inputs[0].shape)


def _holds_a_model(path: str) -> bool:
    import h5py

    with h5py.File(path, "r") as file:
        return "model_config" in file.attrs


def _weights_into_network(spec: WorkerSpec) -> Any:
    from mcuzoo.zoo.catalog import catalog

    if spec.network is None:
        raise RefusedError(
            "The file holds weights without a model: --network NAME says of which model of the zoo "
            "they are"
        )
    model = keras_network(catalog()[spec.network])
    try:
        model.load_weights(spec.source)
    except Exception as error:
        raise RefusedError(f"These are not the weights of {spec.network}: {error}") from error
    return model


def _with_batch_of_one(layer: Any, shape: tuple[int | None, ...], spec: WorkerSpec) -> Any:
    """A functional model with batch size 1: with a free size, TensorFlow adds SHAPE, STRIDED_SLICE
    and PACK to the graph."""
    import keras

    own = tuple(shape[1:])
    image_shape = own if spec.input is None else tuple(spec.input)
    if len(image_shape) != 3 or None in image_shape:
        raise RefusedError(
            f"The network takes {list(own)} and leaves the image's size open: --input "
            "HEIGHTxWIDTHxCHANNELS says it"
        )
    image = keras.Input(batch_shape=(1, *image_shape), dtype="float32")
    try:
        output = layer(image)
    except ValueError as error:
        raise RefusedError(
            f"The network does not take images of {list(image_shape)}: {error}"
        ) from error
    if isinstance(output, dict):
        output = list(output.values())
    if isinstance(output, (list, tuple)):
        if len(output) != 1:
            raise RefusedError(f"The network has {len(output)} outputs, a classifier has one")
        output = output[0]
    return keras.Model(image, output)


def _peak_bytes() -> int:
    """Peak memory in bytes; 0 if the platform does not report it."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    sys.exit(main())
