"""Layers of Keras and TensorFlow that move bytes, as TensorFlow's converter writes them.

    python -m helpers.keras_layers FOLDER

writes one INT8 .tflite file for each, with a convolution before it and a classifier behind it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

IMAGE = (1, 12, 12, 3)


def layers() -> dict[str, Callable[[Any], Any]]:
    """By name; each makes a tensor of one of eight channels."""
    import tensorflow as tf
    from keras import layers as keras

    def plain(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        made: Callable[[Any], Any] = keras.Lambda(function)
        return made

    def shuffled(x: Any) -> Any:
        _, height, width, channels = x.shape
        groups = keras.Reshape((height, width, 2, channels // 2))(x)
        return keras.Reshape((height, width, channels))(keras.Permute((1, 2, 4, 3))(groups))

    def parted(x: Any) -> Any:
        return tf.concat([tf.nn.relu6(part) for part in tf.split(x, 4, axis=-1)][::-1], -1)

    def stacked(x: Any) -> Any:
        return tf.reshape(tf.stack([x, tf.nn.relu6(x)], axis=3), (1, 12, 12, 16))

    mirrored = [[0, 0], [2, 2], [1, 3], [0, 0]]
    return {
        "Conv2DTranspose": keras.Conv2DTranspose(6, 3, strides=2, padding="same"),
        "Conv2DTranspose valid": keras.Conv2DTranspose(5, (2, 4), strides=(3, 2), use_bias=False),
        "UpSampling2D": keras.UpSampling2D(2),
        "UpSampling2D bilinear": keras.UpSampling2D((3, 2), interpolation="bilinear"),
        "resize": plain(lambda x: tf.image.resize(x, (7, 19))),
        "resize nearest": plain(lambda x: tf.image.resize(x, (7, 19), method="nearest")),
        "split": plain(parted),
        "split of sizes": plain(lambda x: tf.concat(tf.split(x, [1, 5, 2], axis=-1)[::-1], -1)),
        "stack": plain(stacked),
        "space to depth": plain(lambda x: tf.nn.space_to_depth(x, 2)),
        "depth to space": plain(lambda x: tf.nn.depth_to_space(x, 2)),
        "Permute": keras.Permute((3, 1, 2)),
        "Cropping2D": keras.Cropping2D(((1, 2), (3, 0))),
        "channel shuffle": shuffled,
        "reflection padding": plain(lambda x: tf.pad(x, mirrored, "REFLECT")),
        "symmetric padding": plain(lambda x: tf.pad(x, mirrored, "SYMMETRIC")),
        "gather": plain(lambda x: tf.gather(x, [3, 1, 1, 7], axis=-1)),
        "reverse": plain(lambda x: tf.reverse(x, [2])),
        "focus": plain(lambda x: tf.concat([x[:, ::2, ::2], x[:, 1::2, 1::2]], -1)),
        "row": plain(lambda x: x[:, 0]),
    }


def convert(layer: Callable[[Any], Any]) -> bytes:
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(3)
    image = keras.Input(IMAGE[1:], batch_size=1)
    middle = layer(keras.layers.Conv2D(8, 3, padding="same", activation="relu")(image))
    scores = keras.layers.Dense(4, activation="softmax")(keras.layers.Flatten()(middle))
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, scores))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    random = np.random.default_rng(0)

    def pictures() -> Iterator[list[np.ndarray]]:
        for _ in range(8):
            yield [random.random(IMAGE, dtype=np.float32)]

    converter.representative_dataset = pictures
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    made: bytes = converter.convert()
    return made


def main() -> int:
    for name, layer in layers().items():
        (Path(sys.argv[1]) / f"{name}.tflite").write_bytes(convert(layer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
