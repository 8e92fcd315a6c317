"""Float networks in every form that can be quantized, made by TensorFlow itself."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from helpers.forks import run_forked
from helpers.shared import built_once

# TensorFlow stays out of the test process, as the product has it.
_MAKE = r"""
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import tensorflow as tf
from keras import layers

from mcuzoo.quantize.worker import keras_network
from mcuzoo.zoo.catalog import catalog

folder = Path(sys.argv[1])
keras.utils.set_random_seed(7)


def small(batch):
    return keras.Sequential([
        keras.Input(batch_shape=(batch, 16, 16, 3)),
        layers.Conv2D(8, 3, strides=2, padding="same", activation="relu6"),
        layers.DepthwiseConv2D(3, padding="same", activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(5),
        layers.Softmax(),
    ])


model = small(None)
model.save(folder / "small.keras")
model.export(folder / "saved_model", verbose=False)
raw = tf.lite.TFLiteConverter.from_keras_model(small(1)).convert()
(folder / "small.tflite").write_bytes(raw)
keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3), layers.GlobalMaxPooling2D(),
                  layers.Dense(5)]).save(folder / "open.keras")



# As people have them: an open batch that is flattened, weights as float16 or int8, no channels,
# channels first, a channel of zero weights, operators that only TFLM or nobody runs.
def convert(network, half=None):
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    if half is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16] if half else []
    return converter.convert()


def flat(*before, shape=(12, 12, 3), activation="relu"):
    return keras.Sequential([
        keras.Input(shape), *before, layers.Conv2D(24, 3, activation=activation),
        layers.Conv2D(8, 3, strides=2), layers.Flatten(), layers.Dense(5, activation="softmax")])


(folder / "flat.tflite").write_bytes(convert(flat()))
(folder / "float16.tflite").write_bytes(convert(flat(), half=True))
(folder / "dynamic.tflite").write_bytes(convert(flat(), half=False))
anysize = keras.Sequential([
    keras.Input((None, None, 3)), layers.Conv2D(8, 3), layers.GlobalAveragePooling2D(),
    layers.Dense(5, activation="softmax")])
(folder / "any.tflite").write_bytes(convert(anysize))
gray = flat(layers.Reshape((12, 12, 1)), shape=(12, 12))
gray.save(folder / "gray.keras")
(folder / "gray.tflite").write_bytes(convert(gray))
first = flat(layers.Permute((2, 3, 1)), shape=(3, 12, 12))
first.save(folder / "first.keras")
(folder / "first.tflite").write_bytes(convert(first))
flat(activation="gelu").save(folder / "gelu.keras")
flat(activation="tanh").save(folder / "tanh.keras")
empty = flat()
kernel, bias = empty.layers[0].get_weights()
kernel[..., 2], bias[2] = 0.0, 0.5
empty.layers[0].set_weights([kernel, bias])
(folder / "empty.tflite").write_bytes(convert(empty))
image, other = keras.Input((12, 12, 3)), keras.Input((4,))
joined = layers.Concatenate()([layers.Flatten()(image), other])
keras.Model([image, other], layers.Dense(5)(joined)).save(folder / "two.keras")

# Weights alone, in the layout of Keras 2's save_weights, which the published files have.
network = keras_network(catalog()["deepface_emotion"])
with h5py.File(folder / "weights.h5", "w") as file:
    names = []
    for layer in network.layers:
        group = file.create_group(layer.name)
        names.append(layer.name.encode())
        variables = [f"{layer.name}/{v.name}:0" for v in layer.weights]
        group.attrs["weight_names"] = [name.encode() for name in variables]
        for name, variable in zip(variables, layer.weights):
            group[name] = np.asarray(variable)
    file.attrs["layer_names"] = names
    file.attrs["backend"] = b"tensorflow"
    file.attrs["keras_version"] = b"2.4.0"
np.save(folder / "kernel.npy", np.asarray(network.layers[0].kernel))
"""


@pytest.fixture(scope="session")
def float_networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """small.keras and saved_model (free batch size), small.tflite, open.keras (no image size),
    weights.h5 (of deepface_emotion, random) and kernel.npy (its first layer's); flat.tflite,
    float16.tflite, dynamic.tflite and the others above, of 12 x 12 pixels."""
    if importlib.util.find_spec("tensorflow") is None:
        message = "tensorflow is not installed: pip install -e '.[tensorflow]'"
        if os.environ.get("MCUZOO_REQUIRE_TENSORFLOW") == "1":
            pytest.fail(message)
        pytest.skip(message)

    def make(folder: Path) -> None:
        done = run_forked(tmp_path_factory, ["-c", _MAKE, str(folder)])
        assert done.returncode == 0, done.stderr[-3000:]

    return built_once(tmp_path_factory, "float_networks", make)
