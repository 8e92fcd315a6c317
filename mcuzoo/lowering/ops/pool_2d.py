"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

import numpy as np

from mcuzoo.graph.fixedpoint import activation_range
from mcuzoo.graph.model import Tensor
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.call import Overlap
from mcuzoo.lowering.ops.direct import Direct, DirectWork, direct_work
from mcuzoo.lowering.ops.image import extent, window
from mcuzoo.lowering.params import AveragePool2dParams, MaxPool2dParams, WindowStruct


def prepare(program: Program, step: Step) -> DirectWork:
    op = step.op
    source, target = program.model.tensor(op.inputs[0]), program.model.tensor(op.outputs[0])
    taps = int(op.options["filter_height"]), int(op.options["filter_width"])
    quantization = quantization_of(target)
    activation = str(op.options["fused_activation_function"])
    minimum, maximum = activation_range(activation, quantization.scale, quantization.zero_point)
    struct = AveragePool2dParams if op.name == "AVERAGE_POOL_2D" else MaxPool2dParams
    view = window(op, source, taps)
    params = struct(extent(source), extent(target), view, minimum, maximum)
    overlap = Overlap(distance(source, target, view))
    return direct_work(program, step, params, op.inputs, (overlap,))


def distance(source: Tensor, target: Tensor, view: WindowStruct) -> int:
    """Least input offset - output offset at which no output is written over what is still read.

    While output pixel p is written, channel by channel, the same channels and later ones of its
    own window and all of the later windows are still to be read. They begin at the first pixel of
    one of these windows; it must not lie before pixel p of the output.
    """
    _, height, width, channels = source.shape
    _, rows, columns, _ = target.shape
    top = np.maximum(np.arange(rows) * view.stride_h - view.pad_top, 0)
    left = np.maximum(np.arange(columns) * view.stride_w - view.pad_left, 0)
    first = (np.minimum(top, height - 1)[:, None] * width + np.minimum(left, width - 1)).reshape(-1)
    still_read = np.minimum.accumulate(first[::-1])[::-1]
    return int(np.max(np.arange(rows * columns) - still_read)) * channels


AVERAGE_VARIANTS = (Direct("mz_average_pool_2d_s8"),)
MAX_VARIANTS = (Direct("mz_max_pool_2d_s8"),)
