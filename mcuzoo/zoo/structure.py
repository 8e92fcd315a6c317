"""The graph of a known network with random weights, for figures about its needs.

Memory, operations, parameters and file size of an INT8 model follow from its layers. These graphs
are for such figures only; they are never exported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import ModelError
from mcuzoo.graph.model import DType, Model, Op, Quantization, Tensor
from mcuzoo.graph.read import parse_model
from mcuzoo.graph.window import output_size
from mcuzoo.graph.write import write_model
from mcuzoo.zoo.layers import Layer, parse_layer
from mcuzoo.zoo.schema import ZooModel

DESCRIPTION = "structure only, random weights"
_ON_IMAGES = ("conv", "depthwise", "max_pool", "average_pool", "pad", "squeeze")
_SCALE, _WEIGHT_SCALE, _ZERO_POINT = 0.02, 0.01, -128


def build_structure(model: ZooModel) -> Model:
    """The INT8 graph of a model of the zoo, input and output INT8, deterministic.

    Raises ModelError when the registry does not say the model's layers, or they do not fit its
    input and labels.
    """
    structure = model.structure
    if structure is None:
        raise ModelError(f"The registry does not say the layers of {model.name}.", "Give its file.")
    layers = [parse_layer(text) for text in structure.layers]
    return build_layers(model.name, model.input, layers, model.labels.count, structure.width)


def build_layers(
    name: str,
    image: tuple[int, int, int],
    layers: Sequence[Layer],
    classes: int,
    width: float = 1.0,
) -> Model:
    """Like build_structure, for any layers on an image of (height, width, channels).

    width: the factor of the channels of every `conv` and `dense` but `classes`.
    """
    net = _Network(classes, width)
    source = out = net.activation("input", (1, *image))
    kept: list[Tensor] = []
    for layer in layers:
        taken = {"swap": 1, "add": 1, "join": layer.channels - 1}.get(layer.kind, 0)
        if taken > len(kept):
            raise ModelError(
                f"{layer.kind} of {name} takes {taken} of {len(kept)} tensors kept.",
                "Correct [structure].",
            )
        if layer.kind == "keep":
            kept.append(out)
        elif layer.kind == "swap":
            out, kept[-1] = kept[-1], out
        elif taken:
            out = net.merge(layer, (*kept[-taken:], out))
            del kept[-taken:]
        else:
            out = net.add(layer, out)
    if kept or out.shape != (1, classes):
        raise ModelError(
            f"The layers of {name} end in {list(out.shape)}, not in {[1, classes]}.",
            "Correct [structure] in its file.",
        )
    built = Model(
        name=name,
        sha256="",
        raw=b"",
        description=DESCRIPTION,
        tensors=tuple(net.tensors),
        ops=tuple(net.ops),
        inputs=(source.index,),
        outputs=(out.index,),
    )
    return parse_model(write_model(built), name)


@dataclass
class _Network:
    """A model that grows layer by layer. classes: outputs of the last layer. width: multiplier of
    the channels. tensors, ops: so far. random: of the weights.
    """

    classes: int
    width: float
    tensors: list[Tensor] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def add(self, layer: Layer, source: Tensor) -> Tensor:
        if layer.kind in _ON_IMAGES and len(source.shape) != 4:
            raise ModelError(
                f"A {layer.kind} cannot slide over {list(source.shape)}.", "Correct [structure]."
            )
        if layer.kind in ("conv", "depthwise"):
            return self._convolution(layer, source)
        if layer.kind in ("max_pool", "average_pool"):
            return self._pool(layer, source)
        if layer.kind == "dense":
            return self._dense(layer, source)
        if layer.kind == "pad":
            return self._pad(layer, source)
        if layer.kind == "norm":
            return self._norm(layer, source)
        if layer.kind == "squeeze":
            return self._squeeze(layer, source)
        if layer.kind == "flatten":
            shape = (1, source.elements)
            return self._op(
                "RESHAPE", (source,), self.activation("flat", shape), {"new_shape": shape}
            )
        scores = self.activation("scores", source.shape, 1 / 256)
        return self._op("SOFTMAX", (source,), scores, {"beta": 1.0}, 2)

    def activation(self, name: str, shape: tuple[int, ...], scale: float = _SCALE) -> Tensor:
        return self._tensor(name, shape, DType.INT8, _quantization(1, scale, _ZERO_POINT))

    def merge(self, layer: Layer, tensors: tuple[Tensor, ...]) -> Tensor:
        shapes = [tensor.shape for tensor in tensors]
        fixed = shapes if layer.kind == "add" else [shape[:-1] for shape in shapes]
        if len(set(fixed)) > 1:
            raise ModelError(
                f"{layer.kind} cannot take {', '.join(str(list(shape)) for shape in shapes)}.",
                "Correct [structure].",
            )
        options: dict[str, Any] = {"fused_activation_function": layer.activation}
        if layer.kind == "add":
            return self._op("ADD", tensors, self.activation("sum", shapes[0]), options, 2)
        shape = (*shapes[0][:-1], sum(shape[-1] for shape in shapes))
        options["axis"] = len(shape) - 1
        return self._op("CONCATENATION", tensors, self.activation("joined", shape), options, 2)

    def _convolution(self, layer: Layer, source: Tensor) -> Tensor:
        deep = layer.kind == "depthwise"
        channels = source.shape[3] if deep else self._channels(layer)
        taps = (layer.height, layer.width)
        shape = (1, *taps, channels) if deep else (channels, *taps, source.shape[3])
        options = {
            **_window(layer),
            "dilation_w_factor": 1,
            "dilation_h_factor": 1,
            "fused_activation_function": layer.activation,
            **({"depth_multiplier": 1} if deep else {}),
        }
        weights = self._constant("weights", shape, channels, 3 if deep else 0)
        bias = self._bias(channels, channels)
        name = "DEPTHWISE_CONV_2D" if deep else "CONV_2D"
        out = self.activation("conv", (1, *_slid(layer, source, taps), channels))
        return self._op(name, (source, weights, bias), out, options, 3)

    def _pool(self, layer: Layer, source: Tensor) -> Tensor:
        taps = (layer.height or source.shape[1], layer.width or source.shape[2])
        stride = layer.stride if layer.height else taps[0]
        options = {
            **_window(layer),
            "stride_w": stride,
            "stride_h": stride,
            "filter_height": taps[0],
            "filter_width": taps[1],
            "fused_activation_function": "NONE",
        }
        out = self.activation("pool", (1, *_slid(layer, source, taps), source.shape[3]))
        return self._op(f"{layer.kind.upper()}_2D", (source,), out, options, 2)

    def _pad(self, layer: Layer, source: Tensor) -> Tensor:
        zeros = np.array([(0, 0), layer.pads[:2], layer.pads[2:], (0, 0)], np.int32)
        paddings = self._tensor("paddings", (4, 2), DType.INT32, None, zeros)
        shape = tuple(
            size + int(pads.sum()) for size, pads in zip(source.shape, zeros, strict=True)
        )
        return self._op("PAD", (source, paddings), self.activation("padded", shape), {})

    def _norm(self, layer: Layer, source: Tensor) -> Tensor:
        shape = source.shape[-1:]
        none = {"fused_activation_function": "NONE"}
        scaled = self._op(
            "MUL",
            (source, self._constant("factors", shape, 1, 0)),
            self.activation("scaled", source.shape),
            none,
        )
        shifted = self.activation("shifted", source.shape)
        options = {"fused_activation_function": layer.activation}
        summands = self._constant("summands", shape, 1, 0)
        return self._op("ADD", (scaled, summands), shifted, options, 2)

    def _squeeze(self, layer: Layer, source: Tensor) -> Tensor:
        means = self._pool(Layer("average_pool"), source)
        few = self._convolution(Layer("conv", layer.channels, 1, 1, activation="RELU"), means)
        many = self._convolution(Layer("conv", source.shape[3], 1, 1), few)
        gates = self._op("LOGISTIC", (many,), self.activation("gates", many.shape, 1 / 256), {})
        scaled = self.activation("scaled", source.shape)
        return self._op("MUL", (source, gates), scaled, {"fused_activation_function": "NONE"})

    def _dense(self, layer: Layer, source: Tensor) -> Tensor:
        channels, depth = self._channels(layer), source.elements
        weights = self._constant("weights", (channels, depth), 1, 0)
        out = self.activation("dense", (1, channels))
        options = {"fused_activation_function": layer.activation}
        inputs = (source, weights, self._bias(channels, 1))
        return self._op("FULLY_CONNECTED", inputs, out, options, 4)

    def _channels(self, layer: Layer) -> int:
        return round(layer.channels * self.width) or self.classes

    def _constant(self, name: str, shape: tuple[int, ...], scales: int, axis: int) -> Tensor:
        # Random, so that no two constants are equal and stored once.
        data = self.random.integers(-127, 128, shape, dtype=np.int8)
        quantization = _quantization(scales, _WEIGHT_SCALE, 0, axis)
        return self._tensor(name, shape, DType.INT8, quantization, data)

    def _bias(self, channels: int, scales: int) -> Tensor:
        data = self.random.integers(-1000, 1000, channels, dtype=np.int32)
        quantization = _quantization(scales, _SCALE * _WEIGHT_SCALE, 0)
        return self._tensor("bias", (channels,), DType.INT32, quantization, data)

    def _op(
        self,
        name: str,
        inputs: tuple[Tensor, ...],
        output: Tensor,
        options: dict[str, Any],
        version: int = 1,
    ) -> Tensor:
        indices = tuple(tensor.index for tensor in inputs)
        self.ops.append(Op(len(self.ops), name, version, indices, (output.index,), options))
        return output

    def _tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: DType,
        quantization: Quantization | None,
        data: NDArray[Any] | None = None,
    ) -> Tensor:
        number = len(self.tensors)
        tensor = Tensor(number, f"{name}_{number}", shape, dtype, quantization, data)
        self.tensors.append(tensor)
        return tensor


def _window(layer: Layer) -> dict[str, Any]:
    return {"padding": layer.padding, "stride_w": layer.stride, "stride_h": layer.stride}


def _slid(layer: Layer, source: Tensor, taps: tuple[int, int]) -> tuple[int, int]:
    stride = layer.stride if layer.height else taps[0]
    height, width = (
        output_size(size, tap, stride, 1, layer.padding)
        for size, tap in zip(source.shape[1:3], taps, strict=True)
    )
    if min(height, width) < 1:
        raise ModelError(
            f"A window of {taps} does not fit {list(source.shape)}.", "Correct [structure]."
        )
    return height, width


def _quantization(scales: int, scale: float, zero_point: int, axis: int = 0) -> Quantization:
    return Quantization(
        np.full(scales, scale, np.float32), np.full(scales, zero_point, np.int64), axis
    )
