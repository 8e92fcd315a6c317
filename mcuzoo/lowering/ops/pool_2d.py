"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

from mcuzoo.graph.fixedpoint import activation_range
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.ops.direct import Direct, DirectWork, direct_work
from mcuzoo.lowering.ops.image import extent, window
from mcuzoo.lowering.params import AveragePool2dParams, MaxPool2dParams


def prepare(program: Program, step: Step) -> DirectWork:
    op = step.op
    source, target = program.model.tensor(op.inputs[0]), program.model.tensor(op.outputs[0])
    taps = int(op.options["filter_height"]), int(op.options["filter_width"])
    quantization = quantization_of(target)
    activation = str(op.options["fused_activation_function"])
    minimum, maximum = activation_range(activation, quantization.scale, quantization.zero_point)
    struct = AveragePool2dParams if op.name == "AVERAGE_POOL_2D" else MaxPool2dParams
    params = struct(extent(source), extent(target), window(op, source, taps), minimum, maximum)
    return direct_work(program, step, params, op.inputs)


AVERAGE_VARIANTS = (Direct("mz_average_pool_2d_s8"),)
MAX_VARIANTS = (Direct("mz_max_pool_2d_s8"),)
