"""PAD and PADV2."""

from __future__ import annotations

import numpy as np

from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.ops.direct import Direct, DirectWork, direct_work
from mcuzoo.lowering.ops.rank import rank_four
from mcuzoo.lowering.params import PadParams


def prepare(program: Program, step: Step) -> DirectWork:
    model, op = program.model, step.op
    source = model.tensor(op.inputs[0])
    before, after = np.asarray(model.tensor(op.inputs[1]).data).T.tolist()
    params = PadParams(
        sizes=rank_four(source.shape, 1),
        before=rank_four(before, 0),
        after=rank_four(after, 0),
        value=_value(model, op),
    )
    return direct_work(program, step, params, op.inputs[:1])


def _value(model: Model, op: Op) -> int:
    """PADV2 names it; PAD means the real 0."""
    if op.name == "PADV2":
        return int(np.asarray(model.tensor(op.inputs[2]).data).reshape(-1)[0])
    return quantization_of(model.tensor(op.outputs[0])).zero_point


VARIANTS = (Direct("mz_pad_s8"),)
