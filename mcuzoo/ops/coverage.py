"""Which runtime runs which op: one answer for inspect, the code generator and the host engine."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mcuzoo.errors import ModelError, UnsupportedOpError
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.program import Program, build_program
from mcuzoo.ops.common.rules import Refusal, Rule
from mcuzoo.ops.operator import NOT_AOT, Aot, Folded, Tflm, Without
from mcuzoo.ops.table import OPERATORS


@dataclass(frozen=True)
class Uncovered:
    """An op that a runtime cannot run, and why; `tensor` is the index of the one at fault."""

    op: Op
    tensor: int | None
    reason: str


AOT_OPS: dict[str, Aot | Folded] = {
    name: operator.aot
    for name, operator in OPERATORS.items()
    if not isinstance(operator.aot, Without)
}
TFLM_OPS: dict[str, Tflm] = {
    name: operator.tflm
    for name, operator in OPERATORS.items()
    if not isinstance(operator.tflm, Without)
}
"""The ops that a TFLM project may have."""

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

    These are ops that mcuzoo does not link, and ops whose kernel would refuse, abort or give wrong
    results. Conversions that `build_program` cuts count as run.
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
    """All ops but the conversions that `build_program` cuts."""
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
    return _refused(TFLM_OPS[op.name].rule, model, op)


def _is_uint8(model: Model, index: int) -> bool:
    return index != -1 and model.tensor(index).dtype is DType.UINT8


def _uncovered_by_aot(model: Model, op: Op) -> Uncovered | None:
    aot = OPERATORS[op.name].aot if op.name in OPERATORS else NOT_AOT
    if isinstance(aot, Without):
        return Uncovered(op, None, aot.reason)
    return _refused(aot.rule, model, op)


def _refused(rule: Rule, model: Model, op: Op) -> Uncovered | None:
    try:
        rule(model, op)
    except Refusal as refusal:
        return Uncovered(op, refusal.tensor, refusal.reason)
    return None
