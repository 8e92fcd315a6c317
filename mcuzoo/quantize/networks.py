"""A network of the zoo as a Keras model, from the layers in its registry file.

For files that hold weights without a model. Runs in the worker process.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcuzoo.errors import ModelError
from mcuzoo.zoo.schema import ZooModel
from mcuzoo.zoo.structure.layers import Layer, parse_layer


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
