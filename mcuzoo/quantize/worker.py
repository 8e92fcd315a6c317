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
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mcuzoo.errors import ModelError
from mcuzoo.quantize.onnx import compare_onnx, float_tflite_of
from mcuzoo.quantize.process import WorkerReport, WorkerSpec
from mcuzoo.quantize.refused import RefusedError, first_line
from mcuzoo.quantize.rework import PlainFloat, plain_float, tidied_int8
from mcuzoo.quantize.source import Kind
from mcuzoo.zoo.layers import Layer, parse_layer
from mcuzoo.zoo.schema import ZooModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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


_SIGNATURE = "serving_default"
_TFLITE_INT8 = 9
"""INT8 in TensorFlow Lite's TensorType, which mlir_quantize counts by."""


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
        answers.send(error=str(error), hint=error.hint)
        return 1
    except Exception as error:
        answers.send(error=f"{type(error).__name__}: {error}")
        raise
    answers.send(report=asdict(report))
    return 0


def _work(spec: WorkerSpec, answers: Answers) -> WorkerReport:
    _require_network(spec)
    answers.send(stage="import TensorFlow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    import numpy as np
    import tensorflow as tf

    answers.send(stage="load the network")
    found = _float_model(spec, answers)
    Path(spec.float_model).write_bytes(found.raw)
    answers.send(converted=True)

    images = np.load(json.loads(sys.stdin.readline()))
    answers.send(stage=f"quantize with {len(images)} images")
    int8 = tidied_int8(_quantize(found.raw, images))
    Path(spec.int8_model).write_bytes(int8)
    onnx = None
    if Kind(spec.kind) is Kind.ONNX:
        answers.send(stage="compare with the ONNX file")
        onnx = compare_onnx(spec.source, found.raw, int8, images)
    return WorkerReport(tf.__version__, _peak_bytes(), found.stored, onnx)


def _require_network(spec: WorkerSpec) -> None:
    """Raise RefusedError for weights alone, before TensorFlow is imported, which takes seconds."""
    if Kind(spec.kind) is Kind.HDF5 and spec.network is None and not _holds_a_model(spec.source):
        raise RefusedError(
            "The file holds weights without a model: --network NAME says of which model of the zoo "
            "they are",
            "For a network of your own save the whole model: model.save(FILE.keras).",
        )


def _float_model(spec: WorkerSpec, answers: Answers) -> PlainFloat:
    import tensorflow as tf

    kind = Kind(spec.kind)
    if kind is Kind.TFLITE:
        return plain_float(Path(spec.source).read_bytes(), spec.input)
    if kind is Kind.ONNX:
        answers.send(stage="convert from ONNX")
        return plain_float(float_tflite_of(spec.source, spec.input))
    network = _for_one_image(*_load(spec), spec)
    answers.send(stage="convert")
    return plain_float(tf.lite.TFLiteConverter.from_keras_model(network).convert())


def _quantize(raw: bytes, images: NDArray[np.float32]) -> bytes:
    """The quantization step of TFLiteConverter, for a model that is converted already.

    images: float32 [n, height, width, channels].
    """
    import numpy as np
    import tensorflow as tf
    from tensorflow.lite.python.convert import mlir_quantize
    from tensorflow.lite.python.optimize.calibrator import Calibrator

    def batches() -> Iterator[list[Any]]:
        return ([image[np.newaxis]] for image in images)

    quantized: bytes = mlir_quantize(
        Calibrator(raw).calibrate(batches),
        fully_quantize=True,
        inference_type=_TFLITE_INT8,
        input_data_type=tf.int8,
        output_data_type=tf.int8,
        # Otherwise FULLY_CONNECTED becomes per-channel, which TFLM refuses or rounds differently.
        disable_per_channel_for_dense_layers=True,
    )
    return quantized


def _load(spec: WorkerSpec) -> tuple[Any, tuple[int | None, ...]]:
    """A Keras model or layer, and the shape of its input with the batch."""

    kind = Kind(spec.kind)
    if kind is Kind.SAVED_MODEL:
        return _saved_model(spec)
    if kind is Kind.HDF5 and not _holds_a_model(spec.source):
        model = _weights_into_network(spec)
    else:
        model = _whole_model(spec.source)
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or not all(size is None or type(size) is int for size in shape):
        raise RefusedError(
            "The network does not take one image",
            "Only classifiers of one image can be quantized with images.",
        )
    return model, shape


def _whole_model(path: str) -> Any:
    import keras

    try:
        return keras.models.load_model(
            path, compile=False, custom_objects={"DepthwiseConv2D": _depthwise_of_keras_2()}
        )
    except Exception as error:
        raise RefusedError(
            f"Keras {keras.__version__} cannot load it: {first_line(error)}",
            "If it has layers of your own, or was saved by Keras 2, load it where it was made and "
            "write a SavedModel (model.export or tf.saved_model.save): its folder can be given "
            "instead.",
        ) from error


def _depthwise_of_keras_2() -> Any:
    """Keras 2 wrote an argument `groups` that Keras 3 does not take; it is always 1."""
    from keras import layers

    class DepthwiseConv2D(layers.DepthwiseConv2D):  # type: ignore[misc]
        def __init__(self, *arguments: Any, groups: int = 1, **options: Any) -> None:
            super().__init__(*arguments, **options)

    return DepthwiseConv2D


def _saved_model(spec: WorkerSpec) -> tuple[Any, tuple[int | None, ...]]:
    import keras
    import tensorflow as tf

    signatures = tf.saved_model.load(spec.source).signatures
    names = sorted(signatures)
    if _SIGNATURE not in names and len(names) != 1:
        raise RefusedError(
            f"The SavedModel has no signature {_SIGNATURE!r} and not one other, but: "
            f"{', '.join(names) or 'none'}",
            "Save it again with model.export(FOLDER), or with "
            "tf.saved_model.save(model, FOLDER, signatures=FUNCTION).",
        )
    endpoint = _SIGNATURE if _SIGNATURE in names else names[0]
    inputs = list(signatures[endpoint].structured_input_signature[1].values())
    if len(inputs) != 1:
        raise RefusedError(
            f"The SavedModel takes {len(inputs)} inputs, a classifier takes one",
            "Only classifiers of one image can be quantized with images.",
        )
    shape = inputs[0].shape
    if shape.rank is None:
        raise RefusedError(
            "The SavedModel does not say the shape of its input",
            "Save it again with an input signature: tf.TensorSpec([1, HEIGHT, WIDTH, CHANNELS]).",
        )
    layer = keras.layers.TFSMLayer(spec.source, call_endpoint=endpoint)
    return layer, tuple(shape)


def _holds_a_model(path: str) -> bool:
    import h5py

    with h5py.File(path, "r") as file:
        return "model_config" in file.attrs


def _weights_into_network(spec: WorkerSpec) -> Any:
    from mcuzoo.zoo.catalog import catalog

    assert spec.network is not None  # see _require_network
    model = keras_network(catalog()[spec.network])
    try:
        model.load_weights(spec.source)
    except Exception as error:
        raise RefusedError(
            f"These are not the weights of {spec.network}: {first_line(error)}",
            "`mcuzoo models` lists the networks of the zoo.",
        ) from error
    return model


def _for_one_image(layer: Any, shape: tuple[int | None, ...], spec: WorkerSpec) -> Any:
    """A functional model of [1, height, width, channels]: with a free batch size, TensorFlow adds
    SHAPE, STRIDED_SLICE and PACK to the graph. A network of [height, width] gets a reshape before
    it, one of [channels, height, width] a transposition."""
    import keras

    own = tuple(shape[1:])
    sizes = own if spec.input is None else _sizes_said(own, spec.input)
    if len(sizes) not in (2, 3) or None in sizes:
        raise RefusedError(
            f"The network takes {list(own)} and leaves the image's size open: --input "
            "HEIGHTxWIDTHxCHANNELS says it",
            "Add it, for example --input 96x96x3.",
        )
    channels_first = len(sizes) == 3 and sizes[2] not in (1, 3) and sizes[0] in (1, 3)
    last = (sizes[1], sizes[2], sizes[0]) if channels_first else (*sizes, 1)[:3]
    image = keras.Input(batch_shape=(1, *last), dtype="float32")
    entry = image
    if channels_first:
        entry = keras.layers.Permute((3, 1, 2))(image)
    elif len(sizes) == 2:
        entry = keras.layers.Reshape(sizes)(image)
    try:
        output = layer(entry)
    except Exception as error:
        raise RefusedError(
            f"The network does not take images of {list(sizes)}: {first_line(error)}",
            "Give the size that it was built for: --input HEIGHTxWIDTHxCHANNELS.",
        ) from error
    if isinstance(output, dict):
        output = list(output.values())
    if isinstance(output, (list, tuple)):
        if len(output) != 1:
            raise RefusedError(
                f"The network has {len(output)} outputs, a classifier has one",
                "Save a model that gives the classes alone.",
            )
        output = output[0]
    return keras.Model(image, output)


def _sizes_said(own: tuple[int | None, ...], said: tuple[int, ...]) -> tuple[int | None, ...]:
    """`said`, height, width and channels, in the order and number of the network's own sizes."""
    if len(own) == 2:
        return tuple(said[:2])
    channels_first = len(own) == 3 and own[0] == said[2] and own[2] != said[2]
    return (said[2], *said[:2]) if channels_first else tuple(said)


def _peak_bytes() -> int:
    """Peak memory in bytes; 0 if the platform does not report it."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    sys.exit(main())
