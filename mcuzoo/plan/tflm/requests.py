"""Arena requests of each TFLite-Micro kernel, for both kernel libraries.

Sources: tensorflow/lite/core/api/flatbuffer_conversions.cc (the parsed options), the Init and
Prepare functions under tensorflow/lite/micro/kernels (and its folder cmsis_nn), and CMSIS-NN's
`*_get_buffer_size*` for a core with the DSP extension and without MVE, built with GCC or Clang.
Sizes are those of the 32-bit Arm ABI, see abi.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Literal

from mcuzoo.errors import UnsupportedOpError
from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.window import Window, window_of
from mcuzoo.plan.tflm.abi import Chunk

Kernels = Literal["cmsis-nn", "reference"]

_INT32_BYTES = 4
_INT16_BYTES = 2

# arm_transpose_conv_wrapper_s8.c, REVERSE_TCOL_EFFICIENT_THRESHOLD.
_REVERSE_STRIDE, _REVERSE_DEPTH = 2, 16


@dataclass(frozen=True)
class OpRequests:
    """The arena requests of one op.

    options: the parsed builtin options, None when the op has none to keep. init_bytes: the
    kernel's own state, 0 for none. prepare_bytes: further persistent buffers, in order.
    scratch_bytes: buffers that live while the op runs, in order.
    """

    options: Chunk | None = None
    init_bytes: int = 0
    prepare_bytes: tuple[int, ...] = ()
    scratch_bytes: tuple[int, ...] = ()


def op_requests(model: Model, op: Op, kernels: Kernels) -> OpRequests:
    """The requests of `op`; raises UnsupportedOpError for an op whose kernel is not known here."""
    if op.name not in _REQUESTS:
        raise UnsupportedOpError(
            f"Op {op.index} {op.name} is not one that mcuzoo runs in TFLM: the arena bytes of its "
            "kernel are not known.",
            f"It runs {', '.join(TFLM_KERNELS)}.",
        )
    return _REQUESTS[op.name](model, op, kernels == "cmsis-nn")


def _convolution(model: Model, op: Op, cmsis_nn: bool) -> OpRequests:
    return _windowed(model, op, cmsis_nn, axis=0, scratch=_convolution_scratch)


def _depthwise(model: Model, op: Op, cmsis_nn: bool) -> OpRequests:
    return _windowed(model, op, cmsis_nn, axis=3, scratch=_depthwise_scratch)


def _windowed(
    model: Model, op: Op, cmsis_nn: bool, axis: int, scratch: Callable[[Model, Op, Window], int]
) -> OpRequests:
    """Requests of both convolutions: multipliers and shifts per channel, `axis` of the weights."""
    image, weights = model.tensor(op.inputs[0]), model.tensor(op.inputs[1])
    taps = weights.shape[1], weights.shape[2]
    window = window_of(op, (image.shape[1], image.shape[2]), taps)
    return OpRequests(
        options=Chunk(28),
        init_bytes=60 if cmsis_nn else 56,
        prepare_bytes=(_INT32_BYTES * weights.shape[axis],) * 2,
        scratch_bytes=_some(scratch(model, op, window)) if cmsis_nn else (),
    )


def _convolution_scratch(model: Model, op: Op, window: Window) -> int:
    """arm_convolve_wrapper_s8_get_buffer_size: two columns of im2col as int16, none for 1x1."""
    channels = model.tensor(op.inputs[0]).shape[3]
    pointwise = (
        (window.height, window.width) == (1, 1)
        and (window.pad_top, window.pad_left) == (0, 0)
        and (window.dilation_h, window.dilation_w) == (1, 1)
        and channels == model.tensor(op.inputs[1]).shape[3]
    )
    if pointwise:
        return 0
    column = window.height * window.width * channels
    return 2 * (-(-column // 4) * 4) * _INT16_BYTES


def _depthwise_scratch(model: Model, op: Op, window: Window) -> int:
    """arm_depthwise_conv_wrapper_s8_get_buffer_size: none for 3x3 and what is not optimized."""
    batch, _, _, channels = model.tensor(op.inputs[0]).shape
    optimized = (
        channels == model.tensor(op.outputs[0]).shape[3]
        and batch == 1
        and (window.dilation_h, window.dilation_w) == (1, 1)
    )
    three_by_three = (window.height, window.width) == (3, 3)
    if not optimized or (three_by_three and window.pad_top <= 1 and window.pad_left <= 1):
        return 0
    return channels * window.height * window.width * _INT16_BYTES


def _fully_connected(model: Model, op: Op, cmsis_nn: bool) -> OpRequests:
    weights, output = model.tensor(op.inputs[1]), model.tensor(op.outputs[0])
    channels = len(weights.quantization.scales) if weights.quantization else 1
    per_channel = channels > 1
    # CMSIS-NN runs such a layer as a 1x1 convolution and fakes its per-channel parameters.
    as_convolution = cmsis_nn and len(output.shape) > 2 and weights.shape[-1] % 4 == 0
    faked = 2 * _INT32_BYTES * output.shape[-1] if as_convolution and not per_channel else 0
    return OpRequests(
        options=Chunk(5, 1),
        init_bytes=72 if cmsis_nn else 48,
        prepare_bytes=(_INT32_BYTES * channels,) * 2 if per_channel else (),
        scratch_bytes=_some(faked),
    )


def _average_pool(model: Model, op: Op, cmsis_nn: bool) -> OpRequests:
    sums = _INT32_BYTES * model.tensor(op.inputs[0]).shape[3]
    return OpRequests(Chunk(40), 36 if cmsis_nn else 32, (), _some(sums) if cmsis_nn else ())


def _max_pool(_model: Model, _op: Op, cmsis_nn: bool) -> OpRequests:
    return OpRequests(Chunk(40), 36 if cmsis_nn else 32)


def _softmax(_model: Model, _op: Op, cmsis_nn: bool) -> OpRequests:
    return OpRequests(Chunk(4), 64 if cmsis_nn else 56)


def _mean(model: Model, op: Op, _cmsis_nn: bool) -> OpRequests:
    source, axes = model.tensor(op.inputs[0]), model.tensor(op.inputs[1])
    output = model.tensor(op.outputs[0])
    words = (output.elements, len(source.shape), _count(axes))
    return OpRequests(Chunk(1, 1), 44, (), tuple(_INT32_BYTES * count for count in words))


def _transpose_conv(model: Model, op: Op, cmsis_nn: bool) -> OpRequests:
    """CMSIS-NN's scratch: arm_transpose_conv_s8_get_buffer_size, and for a filter that it reverses,
    arm_transpose_conv_s8_get_reverse_conv_buffer_size."""
    weights, image = model.tensor(op.inputs[1]), model.tensor(op.inputs[2])
    channels, height, width, depth = weights.shape
    strides = int(op.options["stride_h"]), int(op.options["stride_w"])
    output = model.tensor(op.outputs[0])
    if not cmsis_nn:
        scratch: tuple[int, ...] = (_INT32_BYTES * output.elements,)
    elif max(strides) <= _REVERSE_STRIDE and depth > _REVERSE_DEPTH:
        scratch = (2 * (-(-height * width * depth // 4) * 4) * _INT16_BYTES, weights.elements)
    else:
        columns = (image.shape[2] - 1) * strides[1] + max(width, strides[0])
        scratch = (columns * channels * max(height, strides[0]) * _INT32_BYTES, 0)
    return OpRequests(
        options=Chunk(16),
        init_bytes=76 if cmsis_nn else 72,
        prepare_bytes=(_INT32_BYTES * channels,) * 2,
        scratch_bytes=scratch,
    )


def _mirror_pad(model: Model, op: Op, _cmsis_nn: bool) -> OpRequests:
    rank = len(model.tensor(op.inputs[0]).shape)
    return OpRequests(Chunk(1, 1), 20, (), (_INT32_BYTES * rank,) * 2)


def _with_own_shape(options: Chunk) -> Callable[[Model, Op, bool], OpRequests]:
    """Of kernels that keep a copy of the output's shape, to change it."""

    def requests(model: Model, op: Op, _cmsis_nn: bool) -> OpRequests:
        rank = len(model.tensor(op.outputs[0]).shape)
        return OpRequests(options, 0, (_INT32_BYTES * (1 + rank),))

    return requests


def _least_or_greatest(model: Model, op: Op, _cmsis_nn: bool) -> OpRequests:
    source, axes = model.tensor(op.inputs[0]), model.tensor(op.inputs[1])
    words = (len(source.shape), _count(axes))
    return OpRequests(Chunk(1, 1), 44, (), tuple(_INT32_BYTES * count for count in words))


def _log_softmax(model: Model, op: Op, _cmsis_nn: bool) -> OpRequests:
    quantized = model.tensor(op.inputs[0]).dtype is DType.INT8
    return OpRequests(prepare_bytes=(28,) if quantized else ())


def _count(tensor: Tensor) -> int:
    return prod(tensor.shape)


def _some(bytes_: int) -> tuple[int, ...]:
    """Kernels request no empty buffer."""
    return (bytes_,) if bytes_ > 0 else ()


def _always(requests: OpRequests) -> Callable[[Model, Op, bool], OpRequests]:
    return lambda _model, _op, _cmsis_nn: requests


_REQUESTS: dict[str, Callable[[Model, Op, bool], OpRequests]] = {
    "ABS": _always(OpRequests(None, 28)),
    "ADD": _always(OpRequests(Chunk(2, 1), 60)),
    "AVERAGE_POOL_2D": _average_pool,
    "BATCH_TO_SPACE_ND": _always(OpRequests()),
    "BROADCAST_TO": _always(OpRequests()),
    "CONCATENATION": _always(OpRequests(Chunk(8), 24)),
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "DEPTH_TO_SPACE": _with_own_shape(Chunk(4)),
    "DEQUANTIZE": _always(OpRequests(None, 32)),
    "ELU": _always(OpRequests(None, 256)),
    "FULLY_CONNECTED": _fully_connected,
    "GATHER": _with_own_shape(Chunk(8)),
    "HARD_SWISH": _always(OpRequests(None, 20)),
    "L2_NORMALIZATION": _always(OpRequests(Chunk(1, 1), 4)),
    "LEAKY_RELU": _always(OpRequests(Chunk(4), 24)),
    "LOGISTIC": _always(OpRequests(None, 16)),
    "LOG_SOFTMAX": _log_softmax,
    "MAXIMUM": _always(OpRequests()),
    "MAX_POOL_2D": _max_pool,
    "MEAN": _mean,
    "MINIMUM": _always(OpRequests()),
    "MIRROR_PAD": _mirror_pad,
    "MUL": _always(OpRequests(Chunk(1, 1), 36)),
    "PACK": _always(OpRequests(Chunk(8))),
    "PAD": _always(OpRequests(None, 56)),
    "PADV2": _always(OpRequests(None, 56)),
    "PRELU": _always(OpRequests(None, 28)),
    "QUANTIZE": _always(OpRequests(None, 32)),
    "REDUCE_MAX": _least_or_greatest,
    "REDUCE_MIN": _least_or_greatest,
    "RELU": _always(OpRequests(None, 28)),
    "RELU6": _always(OpRequests(None, 8)),
    "RESHAPE": _always(OpRequests(Chunk(36))),
    "RESIZE_BILINEAR": _always(OpRequests(Chunk(2, 1))),
    "RESIZE_NEAREST_NEIGHBOR": _always(OpRequests(Chunk(2, 1))),
    "REVERSE_V2": _always(OpRequests()),
    "SLICE": _always(OpRequests()),
    "SOFTMAX": _softmax,
    "SPACE_TO_BATCH_ND": _always(OpRequests(None, 4)),
    "SPACE_TO_DEPTH": _with_own_shape(Chunk(4)),
    "SPLIT": _always(OpRequests(Chunk(4))),
    "SPLIT_V": _always(OpRequests(Chunk(4))),
    "RSQRT": _always(OpRequests(None, 28)),
    "SQUARED_DIFFERENCE": _always(OpRequests(None, 112)),
    "STRIDED_SLICE": _always(OpRequests(Chunk(24), 84)),
    "SUB": _always(OpRequests(Chunk(2, 1), 52)),
    "SUM": _mean,
    "TANH": _always(OpRequests(None, 16)),
    "TRANSPOSE": _always(OpRequests()),
    "TRANSPOSE_CONV": _transpose_conv,
    "UNPACK": _always(OpRequests(Chunk(8))),
}

TFLM_KERNELS = tuple(sorted(_REQUESTS))
"""The ops whose kernels are known: those that a project of the runtime tflm may have."""
