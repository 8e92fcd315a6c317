"""Which runtime runs which op: one answer for inspect, the code generator and the host engine."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mcuzoo.errors import ModelError, UnsupportedOpError
from mcuzoo.graph import (
    rules_other,
    rules_weighted,
    tflm_elementwise,
    tflm_moving,
    tflm_weighted,
)
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.program import Program, build_program
from mcuzoo.graph.rules import Refusal, Rule


@dataclass(frozen=True)
class AotOp:
    """An op of the ahead-of-time runtime: what it asks for, in words and as a check."""

    constraint: str
    rule: Rule


@dataclass(frozen=True)
class Uncovered:
    """An op that a runtime cannot run, and why; `tensor` is the index of the one at fault."""

    op: Op
    tensor: int | None
    reason: str


AOT_OPS: dict[str, AotOp] = {
    "ADD": AotOp("int8, rank <= 4, broadcasting", rules_other.add),
    "AVERAGE_POOL_2D": AotOp("int8, batch 1", rules_weighted.pool),
    "CONV_2D": AotOp("int8, batch 1, one group, constant weights", rules_weighted.convolution),
    "DEPTHWISE_CONV_2D": AotOp("int8, batch 1, constant weights", rules_weighted.depthwise),
    "DEQUANTIZE": AotOp("int8, as the last op", rules_other.only_at_the_ends),
    "FULLY_CONNECTED": AotOp("int8, constant weights", rules_weighted.fully_connected),
    "MAX_POOL_2D": AotOp("int8, batch 1", rules_weighted.pool),
    "MEAN": AotOp("int8, rank <= 4, constant axes", rules_other.mean),
    "PAD": AotOp("int8, rank <= 4, constant paddings", rules_other.pad),
    "PADV2": AotOp("int8, rank <= 4, constant paddings and value", rules_other.pad),
    "QUANTIZE": AotOp("int8 to int8, or as the first op", rules_other.elementwise),
    "RELU": AotOp("int8", rules_other.elementwise),
    "RELU6": AotOp("int8", rules_other.elementwise),
    "RESHAPE": AotOp("int8", rules_other.reshape),
    "SOFTMAX": AotOp("int8, rows <= 4095", rules_other.softmax),
}

TFLM_OPS: dict[str, str] = {
    "ADD": "AddAdd",
    "AVERAGE_POOL_2D": "AddAveragePool2D",
    "CONCATENATION": "AddConcatenation",
    "CONV_2D": "AddConv2D",
    "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
    "DEQUANTIZE": "AddDequantize",
    "FULLY_CONNECTED": "AddFullyConnected",
    "HARD_SWISH": "AddHardSwish",
    "LEAKY_RELU": "AddLeakyRelu",
    "LOGISTIC": "AddLogistic",
    "MAXIMUM": "AddMaximum",
    "MAX_POOL_2D": "AddMaxPool2D",
    "MEAN": "AddMean",
    "MINIMUM": "AddMinimum",
    "MUL": "AddMul",
    "PAD": "AddPad",
    "PADV2": "AddPadV2",
    "PRELU": "AddPrelu",
    "QUANTIZE": "AddQuantize",
    "RELU": "AddRelu",
    "RELU6": "AddRelu6",
    "RESHAPE": "AddReshape",
    "RESIZE_BILINEAR": "AddResizeBilinear",
    "RESIZE_NEAREST_NEIGHBOR": "AddResizeNearestNeighbor",
    "SOFTMAX": "AddSoftmax",
    "STRIDED_SLICE": "AddStridedSlice",
    "SUB": "AddSub",
    "TANH": "AddTanh",
    "TRANSPOSE": "AddTranspose",
}
"""The ops that a TFLM project may have: MicroMutableOpResolver's method for each."""

TFLM_RULES: dict[str, Rule] = {
    "ADD": tflm_elementwise.add,
    "AVERAGE_POOL_2D": tflm_weighted.pool,
    "CONCATENATION": tflm_moving.concatenation,
    "CONV_2D": tflm_weighted.convolution,
    "DEPTHWISE_CONV_2D": tflm_weighted.depthwise,
    "DEQUANTIZE": tflm_elementwise.dequantize,
    "FULLY_CONNECTED": tflm_weighted.fully_connected,
    "HARD_SWISH": tflm_elementwise.hard_swish,
    "LEAKY_RELU": tflm_elementwise.leaky_relu,
    "LOGISTIC": tflm_elementwise.logistic,
    "MAXIMUM": tflm_elementwise.compared,
    "MAX_POOL_2D": tflm_weighted.pool,
    "MEAN": tflm_moving.mean,
    "MINIMUM": tflm_elementwise.compared,
    "MUL": tflm_elementwise.multiply,
    "PAD": tflm_moving.pad,
    "PADV2": tflm_moving.pad,
    "PRELU": tflm_elementwise.prelu,
    "QUANTIZE": tflm_elementwise.quantize,
    "RELU": tflm_elementwise.rectified,
    "RELU6": tflm_elementwise.rectified,
    "RESHAPE": tflm_moving.reshape,
    "RESIZE_BILINEAR": tflm_moving.resize_bilinear,
    "RESIZE_NEAREST_NEIGHBOR": tflm_moving.resize_nearest,
    "SOFTMAX": tflm_elementwise.softmax,
    "STRIDED_SLICE": tflm_moving.strided_slice,
    "SUB": tflm_elementwise.subtract,
    "TANH": tflm_elementwise.tanh,
    "TRANSPOSE": tflm_moving.transpose,
}
"""What each of them demands."""

# All builtin operators of TFLM's MicroMutableOpResolver (micro_mutable_op_resolver.h, 2026-08).
_RESOLVER_WORDS = """
ABS ADD ADD_N ARG_MAX ARG_MIN ASSIGN_VARIABLE AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND
BROADCAST_ARGS BROADCAST_TO CALL_ONCE CAST CEIL CONCATENATION CONV_2D COS CUMSUM DEPTHWISE_CONV_2D
DEPTH_TO_SPACE DEQUANTIZE DIV DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP EQUAL EXP EXPAND_DIMS FILL
FLOOR FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GREATER GREATER_EQUAL HARD_SWISH IF
L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR
LOGISTIC LOG_SOFTMAX MAXIMUM MAX_POOL_2D MEAN MINIMUM MIRROR_PAD MUL NEG NOT_EQUAL PACK PAD PADV2
PRELU QUANTIZE READ_VARIABLE REDUCE_ALL REDUCE_MAX REDUCE_MIN RELU RELU6 RESHAPE RESIZE_BILINEAR
RESIZE_NEAREST_NEIGHBOR REVERSE_V2 ROUND RSQRT SELECT_V2 SHAPE SIN SLICE SOFTMAX SPACE_TO_BATCH_ND
SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE SUB SUM SVDF TANH
TRANSPOSE TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK VAR_HANDLE WHILE ZEROS_LIKE
"""
_RESOLVER_OPS = frozenset(_RESOLVER_WORDS.split())
TFLM_CONVERTS_UINT8 = frozenset({"QUANTIZE", "DEQUANTIZE", "CAST", "RESHAPE"})


def check_aot(model: Model) -> list[Uncovered]:
    """The ops of `model` that the ahead-of-time runtime cannot run; empty when it runs all.

    Conversions that `build_program` cuts count as run. A model may be refused as a whole
    (`build_program` raises) with every op covered, for instance for having two outputs.
    """
    found = [_uncovered_by_aot(model, op) for op in _computing_ops(model)]
    return [item for item in found if item is not None]


def check_tflm(model: Model) -> list[Uncovered]:
    """The ops of `model` that a TFLM project cannot run; empty when it runs all.

    Those that mcuzoo does not link, and those whose kernel would refuse, abort or go astray.
    Conversions that `build_program` cuts count as run.
    """
    found = [_uncovered_by_tflm(model, op) for op in _computing_ops(model)]
    return [item for item in found if item is not None]


def require_aot(program: Program) -> None:
    """Raise UnsupportedOpError for the first op that the ahead-of-time runtime cannot run."""
    _require_all(program.model, check_aot(program.model), AOT_OPS)


def require_tflm(program: Program) -> None:
    """Raise UnsupportedOpError for the first op that a TFLM project cannot run."""
    _require_all(program.model, check_tflm(program.model), TFLM_OPS, " TFLM does not run it.")


def _computing_ops(model: Model) -> list[Op]:
    """All but the conversions that `build_program` cuts."""
    try:
        stay = {step.op.index for step in build_program(model).steps}
    except ModelError:
        return list(model.ops)
    return [op for op in model.ops if op.index in stay or op.name not in ("QUANTIZE", "DEQUANTIZE")]


def _require_all(
    model: Model, uncovered: list[Uncovered], known: Collection[str], who: str = ""
) -> None:
    if not uncovered:
        return
    first = uncovered[0]
    where = f"Op {first.op.index} {first.op.name}"
    if first.tensor is not None:
        where += f", tensor {first.tensor} {model.tensor(first.tensor).name!r}"
    more = f" Ops not covered in all: {len(uncovered)}." if len(uncovered) > 1 else ""
    raise UnsupportedOpError(
        f"{where}: {first.reason}.{who}{more}",
        "`mcuzoo inspect MODEL` shows which runtime covers which op; change the layer or choose "
        "another runtime."
        + ("" if first.op.name in known else f" This one runs {', '.join(sorted(known))}."),
    )


def _uncovered_by_tflm(model: Model, op: Op) -> Uncovered | None:
    if op.name not in TFLM_OPS:
        known = op.name in _RESOLVER_OPS
        reason = "TFLM has it, but mcuzoo does not link it" if known else "TFLM has no such op"
        return Uncovered(op, None, reason)
    if op.name not in TFLM_CONVERTS_UINT8:
        bytes_in = [index for index in (*op.inputs, *op.outputs) if _is_uint8(model, index)]
        if bytes_in:
            return Uncovered(op, bytes_in[0], "is uint8, which TFLM dropped in 2021")
    return _refused(TFLM_RULES[op.name], model, op)


def _is_uint8(model: Model, index: int) -> bool:
    return index != -1 and model.tensor(index).dtype is DType.UINT8


def _uncovered_by_aot(model: Model, op: Op) -> Uncovered | None:
    known = AOT_OPS.get(op.name)
    if known is None:
        return Uncovered(op, None, "the ahead-of-time runtime has no such op")
    return _refused(known.rule, model, op)


def _refused(rule: Rule, model: Model, op: Op) -> Uncovered | None:
    try:
        rule(model, op)
    except Refusal as refusal:
        return Uncovered(op, refusal.tensor, refusal.reason)
    return None
