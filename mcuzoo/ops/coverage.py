"""Which runtime runs which op: one answer for inspect, the code generator and the host engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mcuzoo.errors import ModelError, UnsupportedOpError
from mcuzoo.graph.executable import executable
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


MAX_END_RANK = 4
MAX_END_DIMENSION = 2**16 - 1
"""Limits of the model's input and output: mz_tensor_spec in mz_runtime.h."""

Runtime = Literal["aot", "tflm"]
RUNTIMES: tuple[Runtime, ...] = ("aot", "tflm")


@dataclass(frozen=True)
class Verdict:
    """Whether `runtime` runs a model: what inspect, fit, export and every engine go by.

    program: None if the model as a whole cannot be run. uncovered: the ops that the runtime does
    not run. error: why the model does not run, with the next command to type; None if it does.
    """

    runtime: Runtime
    program: Program | None
    uncovered: tuple[Uncovered, ...]
    error: ModelError | None

    @property
    def runs(self) -> bool:
        return self.error is None

    @property
    def reason(self) -> str | None:
        """Why the model does not run, None if it does."""
        return None if self.error is None else self.error.message

    def require(self) -> Program:
        """The program. Raises `error` for a model that does not run."""
        if self.error is not None:
            raise type(self.error)(self.error.message, self.error.hint)
        assert self.program is not None
        return self.program


def judge(model: Model, runtime: Runtime) -> Verdict:
    """Whether `runtime` runs `model`. Whether a board has the memory for it is another question."""
    try:
        program = build_program(model)
        _check_ends(program)
    except ModelError as error:
        return Verdict(runtime, None, _uncovered(executable(model).model, runtime), error)
    found = _uncovered(program.model, runtime)
    refusal = _refusal(program.model, runtime, found) if found else _idle(program, runtime)
    return Verdict(runtime, program, found, refusal)


def check_aot(model: Model) -> list[Uncovered]:
    """The ops of `model` that the ahead-of-time runtime cannot run; empty when it runs all.

    Ops that `executable` takes off count as run. A model may be refused as a whole (see `judge`)
    with every op covered, for instance for having two outputs.
    """
    return list(_uncovered(executable(model).model, "aot"))


def check_tflm(model: Model) -> list[Uncovered]:
    """The ops of `model` that a TFLM project cannot run; empty when it runs all.

    These are ops that mcuzoo does not link, and ops whose kernel would refuse, abort or give wrong
    results. Ops that `executable` takes off count as run.
    """
    return list(_uncovered(executable(model).model, "tflm"))


def _check_ends(program: Program) -> None:
    for tensor in (program.input_tensor, program.output_tensor):
        if len(tensor.shape) > MAX_END_RANK or max(tensor.shape, default=0) > MAX_END_DIMENSION:
            raise ModelError(
                f"Tensor {tensor.index} {tensor.name!r} of shape {list(tensor.shape)} cannot be "
                f"the model's input or output: {MAX_END_RANK} dimensions of {MAX_END_DIMENSION} "
                "are the limit.",
                "Reshape it to fewer dimensions before converting the model.",
            )


def _idle(program: Program, runtime: Runtime) -> UnsupportedOpError | None:
    """For TFLM a RESHAPE is an op, too."""
    if program.steps or (runtime == "tflm" and program.model.ops):
        return None
    return UnsupportedOpError(
        "The model computes nothing.", "Export a model with at least one layer."
    )


def _uncovered(model: Model, runtime: Runtime) -> tuple[Uncovered, ...]:
    """model: without what `executable` takes off."""
    check = _uncovered_by_aot if runtime == "aot" else _uncovered_by_tflm
    found = (check(model, op) for op in model.ops)
    return tuple(item for item in found if item is not None)


def _refusal(model: Model, runtime: Runtime, uncovered: Sequence[Uncovered]) -> UnsupportedOpError:
    first = uncovered[0]
    where = f"Op {first.op.index} {first.op.name}"
    if first.tensor is not None:
        where += f", tensor {first.tensor} {model.tensor(first.tensor).name!r}"
    who = " TFLM does not run it." if runtime == "tflm" and first.op.name in TFLM_OPS else ""
    more = f" Ops not covered in all: {len(uncovered)}." if len(uncovered) > 1 else ""
    return UnsupportedOpError(
        f"{where}: {first.reason}.{who}{more}",
        "`mcuzoo inspect MODEL` shows which runtime covers which op; change the layer or choose "
        "another runtime.",
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
