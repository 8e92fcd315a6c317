"""SOFTMAX over the last axis, its exponentials as a table."""

from __future__ import annotations

import numpy as np

from mcuzoo.engines.kernels.softmax import exponential_table
from mcuzoo.graph.parameters import quantization_of, softmax_parameters
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.ops.direct import ELEMENT_BY_ELEMENT, Direct, DirectWork, direct_work
from mcuzoo.lowering.ops.operands import symbol
from mcuzoo.lowering.params import SoftmaxParams


def prepare(program: Program, step: Step) -> DirectWork:
    model, op = program.model, step.op
    source = model.tensor(op.inputs[0])
    factor = float(op.options["beta"]) * quantization_of(source).scale
    exponentials = Constant(
        symbol(op, "exponentials"),
        exponential_table(softmax_parameters(model, op)).astype(np.int32),
        (f"exp(-{factor:.9g} x d) in Q0.31 for d = 0..255 below the row's maximum.",),
    )
    depth = source.shape[-1]
    params = SoftmaxParams(source.elements // depth, depth, exponentials)
    return direct_work(program, step, params, op.inputs, (ELEMENT_BY_ELEMENT,))


VARIANTS = (Direct("mz_softmax_s8"),)
