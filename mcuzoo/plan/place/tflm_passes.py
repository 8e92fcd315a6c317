"""How often TFLite-Micro's kernels go through each layer's weights in the model file.

Read off tensorflow/lite/micro/kernels, the reference kernels of tensorflow/lite/kernels/internal,
and CMSIS-NN for a core with the DSP extension and without MVE: arm_nn_mat_mult_nt_t_s8 keeps two
rows of weights for all pixels, arm_nn_mat_mult_kernel_s8_s16 goes through all of them for two
pixels, the depthwise kernels for every pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.window import window_of
from mcuzoo.plan.place.traffic import Sweep
from mcuzoo.plan.tflm.requests import Kernels

_COLUMNS = 2
"""Columns of im2col for which CMSIS-NN's convolution reads its weights once."""


def weight_sweeps(model: Model, kernels: Kernels) -> tuple[Sweep, ...]:
    """Every operator's constants, in the order of the model. One pass is assumed for a kernel that
    is not known to read them again."""
    return tuple(sweep for op in model.ops for sweep in _of_op(model, op, kernels == "cmsis-nn"))


def _of_op(model: Model, op: Op, cmsis_nn: bool) -> Iterator[Sweep]:
    constants = [model.tensor(index) for index in op.inputs if index >= 0]
    bytes_ = sum(tensor.bytes for tensor in constants if tensor.data is not None)
    if bytes_:
        yield Sweep(bytes_, _passes(model, op, cmsis_nn))


def _passes(model: Model, op: Op, cmsis_nn: bool) -> int:
    output = model.tensor(op.outputs[0]).shape
    match op.name:
        case "CONV_2D":
            pixels = prod(output[:3])
            return _convolution_passes(model, op, output, pixels) if cmsis_nn else pixels
        case "DEPTHWISE_CONV_2D":
            return prod(output[:3])
        case "TRANSPOSE_CONV":
            return prod(model.tensor(op.inputs[2]).shape[:3])
        case "FULLY_CONNECTED":
            return prod(output[:-1])
        case _:
            return 1


def _convolution_passes(model: Model, op: Op, output: tuple[int, ...], pixels: int) -> int:
    """arm_convolve_wrapper_s8."""
    image, weights = model.tensor(op.inputs[0]), model.tensor(op.inputs[1])
    window = window_of(op, (image.shape[1], image.shape[2]), (weights.shape[1], weights.shape[2]))
    if (window.height, window.width) != (1, 1):
        return -(-pixels // _COLUMNS)
    if (window.stride_h, window.stride_w) == (1, 1):
        return 1
    return prod(output[:2])
