"""Networks that are known by name and not as a file: built with drawn weights, quantized to INT8.

    python benchmarks/networks.py FILE --width 0.3 --size 80 [--classes N] [--last N]

Instructions and cycles of our kernels and of TFLite-Micro's do not depend on the weights' values,
except where channels turn out to be constant. Takes TensorFlow.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

SEED = 1234
_BLOCKS = (
    # expansion, channels, repetitions, stride: MobileNetV2, arXiv 1801.04381, table 2.
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip


def divisible(channels: float) -> int:
    """Channels as published implementations round them: to multiples of 8, not below 90 %."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def mobilenet_v2(width: float, size: int, classes: int, last: int) -> bytes:
    """A .tflite file of an INT8 MobileNetV2 for RGB images of `size` x `size`.

    last: channels before the pool. Weights are He-normal, activations are calibrated on noise.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    keras: Any = tf.keras
    layers: Any = keras.layers
    keras.utils.set_random_seed(SEED)

    def convolved(x: Any, channels: int, window: int, stride: int = 1, relu: bool = True) -> Any:
        x = layers.Conv2D(
            channels, window, strides=stride, padding="same", kernel_initializer="he_normal"
        )(x)
        return layers.ReLU(6.0)(x) if relu else x

    of_nine = keras.initializers.RandomNormal(stddev=(2 / 9) ** 0.5)  # He-normal of one channel
    image = keras.Input((size, size, 3), batch_size=1)
    x = convolved(image, divisible(32 * width), 3, 2)
    for expansion, channels, repetitions, first_stride in _BLOCKS:
        for index in range(repetitions):
            stride, before, filters = first_stride if index == 0 else 1, x, x.shape[-1]
            if expansion != 1:
                x = convolved(x, expansion * filters, 1)
            x = layers.DepthwiseConv2D(
                3, strides=stride, padding="same", depthwise_initializer=of_nine
            )(x)
            x = convolved(layers.ReLU(6.0)(x), divisible(channels * width), 1, relu=False)
            if stride == 1 and x.shape[-1] == filters:
                x = layers.Add()([before, x])
    x = layers.GlobalAveragePooling2D()(convolved(x, last, 1))
    network = keras.Model(image, layers.Softmax()(layers.Dense(classes)(x)))

    def noise() -> Iterator[list[Any]]:
        generator = np.random.default_rng(SEED)
        for _ in range(16):
            yield [generator.uniform(-1, 1, (1, size, size, 3)).astype(np.float32)]

    converter: Any = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = noise
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    with redirect_stdout(io.StringIO()):
        return bytes(converter.convert())


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--width", type=float, required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--last", type=int, default=1280)
    options = parser.parse_args()
    options.file.write_bytes(
        mobilenet_v2(options.width, options.size, options.classes, options.last)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
