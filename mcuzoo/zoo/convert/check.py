"""Models that a rewrite refuses because the result would not compute the same."""

from __future__ import annotations

from mcuzoo.errors import ModelError, UnsupportedOpError
from mcuzoo.graph.model import DType, Model, Op, Quantization, Tensor
from mcuzoo.zoo.convert.operators import (
    BIAS_PLACE,
    CONVERSIONS,
    REWRITES,
    activations_of,
    input_at,
    weights_of,
)

QUANTIZE_HINT = "Quantize the float model: `mcuzoo quantize FLOAT OUT.tflite --calibration DIR`."
_OR_UINT8 = " Or convert its UINT8 version."
OUTPUT_TOLERANCE = 0.001 / 256
_INTEGER = (DType.UINT8, DType.INT8)
_COUNTS = (DType.INT32, DType.INT64)


def require_integer_model(model: Model) -> None:
    """Raise ModelError for a model that computes in floats, in part or as a whole, or in INT16."""
    for op in model.ops:
        if op.inputs[:1] in ((), (-1,)) or len(op.outputs) != 1 or -1 in op.outputs:
            raise ModelError(
                f"Op {op.index} {op.name} has no input or not one output.", "Convert it again."
            )
        for index in (*op.inputs, *op.outputs):
            if index == -1:
                continue
            tensor = model.tensor(index)
            if tensor.dtype in (DType.FLOAT32, DType.FLOAT16) and op.name not in CONVERSIONS:
                quantized = any(item.dtype in _INTEGER for item in model.tensors)
                kind = "is quantized only in part" if quantized else "is not quantized"
                raise ModelError(
                    f"The model {kind}: {_named(op, tensor)} is a float.", QUANTIZE_HINT + _OR_UINT8
                )
            if tensor.dtype is DType.INT16:
                raise ModelError(
                    f"The model computes in INT16: {_named(op, tensor)}.",
                    QUANTIZE_HINT + _OR_UINT8,
                )


def require_known_ops(model: Model) -> None:
    """Raise UnsupportedOpError naming every kind of op that no rewrite knows."""
    unknown = sorted({op.name for op in model.ops} - REWRITES.keys())
    if unknown:
        raise UnsupportedOpError(
            f"The rewrite to INT8 does not know {', '.join(unknown)}.",
            f"It knows {', '.join(sorted(REWRITES))}. " + QUANTIZE_HINT,
        )


def require_exact(model: Model, op: Op) -> None:
    """Raise when the rewrite of `op` would not give the same real values."""
    for index in activations_of(op):
        _require_activation(op, model.tensor(index))
    known = REWRITES[op.name]
    if known.weights is not None:
        _require_weighted(model, op, known.weights.channel_axis)
    if known.output == "1/256":
        _require_fixed_output(op, model.tensor(op.outputs[0]))
    elif known.output == "as the input":
        _require_same_scale(model, op)


def _require_activation(op: Op, tensor: Tensor) -> None:
    if tensor.dtype not in _INTEGER:
        return
    if tensor.quantization is None:
        raise ModelError(
            f"{_named(op, tensor)} is {tensor.dtype.value} without scale and zero point.",
            QUANTIZE_HINT,
        )
    if tensor.quantization.per_channel:
        raise ModelError(
            f"{_named(op, tensor)} is an activation with a scale per channel.", QUANTIZE_HINT
        )


def _require_weighted(model: Model, op: Op, axis: int | None) -> None:
    index = weights_of(op)
    if index is None or model.tensor(op.inputs[0]).dtype not in _INTEGER:
        raise ModelError(
            f"Op {op.index} {op.name} has no weights or no integer input.",
            "Convert the model again.",
        )
    weights = model.tensor(index)
    rank = 4 if axis is not None else 2
    if weights.data is None or len(weights.shape) != rank or not weights.elements:
        raise UnsupportedOpError(
            f"{_named(op, weights)} are weights of shape {list(weights.shape)} that are not "
            "constant, or not of the shape that the op takes.",
            QUANTIZE_HINT,
        )
    if weights.dtype not in _INTEGER or weights.quantization is None:
        raise ModelError(
            f"{_named(op, weights)} are {weights.dtype.value} weights without scale.",
            QUANTIZE_HINT,
        )
    if op.options.get("weights_format", "DEFAULT") != "DEFAULT":
        raise UnsupportedOpError(f"{_named(op, weights)} is stored shuffled.", QUANTIZE_HINT)
    place = input_at(op, BIAS_PLACE)
    if place is not None:
        bias = model.tensor(place)
        channels = weights.shape[axis or 0]
        if bias.dtype is not DType.INT32 or bias.data is None or bias.elements != channels:
            raise UnsupportedOpError(
                f"{_named(op, bias)} is not a constant int32 bias of {channels} channels.",
                QUANTIZE_HINT,
            )


def _require_fixed_output(op: Op, output: Tensor) -> None:
    quantization = output.quantization
    zero = 0 if output.dtype is DType.UINT8 else -128
    if (
        quantization is None
        or abs(quantization.scale - 1 / 256) > OUTPUT_TOLERANCE
        or quantization.zero_point != zero
    ):
        raise UnsupportedOpError(
            f"{_named(op, output)} is not quantized with scale 1/256 and zero point {zero}, as "
            "every kernel writes it.",
            QUANTIZE_HINT,
        )


def _require_same_scale(model: Model, op: Op) -> None:
    source, target = model.tensor(op.inputs[0]), model.tensor(op.outputs[0])
    if source.dtype not in _INTEGER:
        return
    if _pair(source.quantization) != _pair(target.quantization):
        raise UnsupportedOpError(
            f"{_named(op, target)} is quantized unlike the op's input, and INT8 kernels of "
            f"{op.name} do not rescale.",
            QUANTIZE_HINT,
        )


def _pair(quantization: Quantization | None) -> tuple[float, int] | None:
    return None if quantization is None else (quantization.scale, quantization.zero_point)


def _named(op: Op, tensor: Tensor) -> str:
    return f"op {op.index} {op.name}, tensor {tensor.index} {tensor.name!r},"
