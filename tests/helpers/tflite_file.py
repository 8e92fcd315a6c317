"""Write a .tflite file of any graph, from the schema's object API alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

OPTIONS_OF = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "ADD": "AddOptions",
    "MUL": "MulOptions",
    "PAD": "PadOptions",
    "PADV2": "PadV2Options",
    "RESHAPE": "ReshapeOptions",
    "SOFTMAX": "SoftmaxOptions",
    "QUANTIZE": "QuantizeOptions",
    "DEQUANTIZE": "DequantizeOptions",
    "CONCATENATION": "ConcatenationOptions",
    "LEAKY_RELU": "LeakyReluOptions",
    "RESIZE_BILINEAR": "ResizeBilinearOptions",
    "RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighborOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
    "SUB": "SubOptions",
    "CAST": "CastOptions",
    "DEPTH_TO_SPACE": "DepthToSpaceOptions",
    "DIV": "DivOptions",
    "GATHER": "GatherOptions",
    "MIRROR_PAD": "MirrorPadOptions",
    "PACK": "PackOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "REDUCE_PROD": "ReducerOptions",
    "SHAPE": "ShapeOptions",
    "SPACE_TO_DEPTH": "SpaceToDepthOptions",
    "SPLIT": "SplitOptions",
    "SPLIT_V": "SplitVOptions",
    "SQUEEZE": "SqueezeOptions",
    "SUM": "ReducerOptions",
    "TRANSPOSE_CONV": "TransposeConvOptions",
    "UNPACK": "UnpackOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "ABS": "AbsOptions",
    "LOG_SOFTMAX": "LogSoftmaxOptions",
    "SQUARED_DIFFERENCE": "SquaredDifferenceOptions",
}
VERSION_OF = {
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "FULLY_CONNECTED": 4,
    "AVERAGE_POOL_2D": 2,
    "MAX_POOL_2D": 2,
    "MEAN": 2,
    "ADD": 2,
    "PAD": 2,
    "SOFTMAX": 2,
    "DEQUANTIZE": 2,
    "BROADCAST_TO": 2,
    "RELU": 2,
    "RELU6": 2,
}


@dataclass(frozen=True)
class T:
    """A tensor; `data` makes it a constant. Scale and zero point may be per channel of `axis`."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "int8"
    scale: float | Sequence[float] | None = None
    zero_point: int | Sequence[int] = 0
    axis: int = 0
    data: NDArray[Any] | None = None


@dataclass(frozen=True)
class O:  # noqa: E742 - reads well beside T
    """An op; `options` uses snake_case names, with words for padding and activation."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


def build_model(
    tensors: Sequence[T],
    ops: Sequence[O],
    inputs: Sequence[int],
    outputs: Sequence[int],
    description: str = "built for a test",
    old_codes: bool = False,
) -> bytes:
    """A .tflite file. `old_codes` leaves the new operator-code field at 0, as older writers do."""
    model = schema.ModelT()
    model.version = 3
    model.description = description
    model.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.name = "main"
    graph.tensors = [_tensor(model, tensor) for tensor in tensors]
    names = list(dict.fromkeys(op.name for op in ops))
    model.operatorCodes = [_operator_code(name, old_codes) for name in names]
    graph.operators = [_operator(op, names.index(op.name)) for op in ops]
    graph.inputs = list(inputs)
    graph.outputs = list(outputs)
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(model: Any, tensor: T) -> Any:
    out = schema.TensorT()
    out.name = tensor.name
    out.shape = list(tensor.shape)
    out.type = getattr(schema.TensorType, tensor.dtype.upper())
    out.buffer = 0
    if tensor.data is not None:
        buffer = schema.BufferT()
        array = np.ascontiguousarray(tensor.data)
        assert array.dtype == np.dtype(tensor.dtype) and array.size == np.prod(tensor.shape)
        buffer.data = np.frombuffer(array.tobytes(), dtype=np.uint8)
        model.buffers.append(buffer)
        out.buffer = len(model.buffers) - 1
    if tensor.scale is not None:
        quantization = schema.QuantizationParametersT()
        scales = np.atleast_1d(np.array(tensor.scale, dtype=np.float32))
        zeros = np.broadcast_to(np.array(tensor.zero_point, dtype=np.int64), scales.shape)
        quantization.scale = scales
        quantization.zeroPoint = np.array(zeros)
        quantization.quantizedDimension = tensor.axis
        out.quantization = quantization
    return out


def _operator_code(name: str, old_codes: bool) -> Any:
    code = schema.OperatorCodeT()
    value = getattr(schema.BuiltinOperator, name)
    code.deprecatedBuiltinCode = min(value, 127)
    code.builtinCode = 0 if old_codes else value
    code.version = VERSION_OF.get(name, 1)
    return code


def _operator(op: O, opcode_index: int) -> Any:
    out = schema.OperatorT()
    out.opcodeIndex = opcode_index
    out.inputs = list(op.inputs)
    out.outputs = list(op.outputs)
    kind = OPTIONS_OF.get(op.name)
    if kind is not None:
        out.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
        out.builtinOptions = getattr(schema, kind + "T")()
        for key, value in op.options.items():
            camel = re.sub(r"_(\w)", lambda match: match[1].upper(), key)
            assert hasattr(out.builtinOptions, camel), key
            setattr(out.builtinOptions, camel, _option_value(key, value))
    return out


def _option_value(key: str, value: Any) -> Any:
    if key == "padding":
        return getattr(schema.Padding, value)
    if key == "fused_activation_function":
        return getattr(schema.ActivationFunctionType, value)
    return value
