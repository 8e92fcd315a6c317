"""Models of one operator, compiled by Vela and computed by the interpreter of command streams,
beside TFLM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from helpers import move_cases, op_cases
from helpers.engines import random_inputs, wheel
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcuzoo.board.linux import VelaConfig
from mcuzoo.errors import McuzooError, ToolchainError
from mcuzoo.graph.model import DType, Model, Quantization, Tensor
from mcuzoo.graph.read import parse_model
from mcuzoo.graph.write import write_model
from mcuzoo.npu.compiled import CompiledModel
from mcuzoo.npu.file import parse_vela
from mcuzoo.npu.findings import TO_MCUZOO
from mcuzoo.npu.options import VelaOptions
from mcuzoo.npu.vela import compile_words

KINDS: Mapping[str, st.SearchStrategy[bytes]] = {
    "conv": op_cases.convolutions(),
    "pointwise": op_cases.pointwise_convolutions(),
    "depthwise": op_cases.depthwise_convolutions(),
    "dense": op_cases.fully_connected(),
    "pool": op_cases.pools(),
    "reduction": op_cases.reductions(),
    "add": op_cases.binaries(("ADD", "SUB")),
    "mul": op_cases.binaries(("MUL",)),
    "extremum": op_cases.binaries(("MAXIMUM", "MINIMUM")),
    "prelu": op_cases.binaries(("PRELU",), constant=True),
    "difference": op_cases.binaries(("SQUARED_DIFFERENCE",)),
    "pad": op_cases.pads(),
    "softmax": op_cases.softmaxes(),
    "concatenation": op_cases.concatenations(),
    "saturating": op_cases.saturating(),
    "log_softmax": op_cases.log_softmaxes(),
    "activation": op_cases.activations(),
    "elementwise": op_cases.elementwise(),
    "transpose": move_cases.transposes(),
    "strided_slice": move_cases.strided_slices(),
    "slice": move_cases.slices(),
    "split": move_cases.splits(),
    "pack": move_cases.packs(),
    "mirror_pad": move_cases.mirror_pads(),
    "bilinear": move_cases.resizes("RESIZE_BILINEAR"),
    "nearest": move_cases.resizes("RESIZE_NEAREST_NEIGHBOR"),
    "transpose_conv": move_cases.transpose_convolutions(),
    "rename": move_cases.renames(),
}
"""Strategies of models, by what they are called here."""

Outcome = Literal["equal", "unequal", "cpu", "refused", "broken", "unknown", "failed"]


@dataclass(frozen=True)
class Trial:
    """One model by one Vela.

    outcome: equal, unequal: its outputs are TFLM's, or not. cpu: Vela leaves it to the CPU.
    refused: Vela does not compile it. broken: the stream does what no NPU can. unknown: the
    interpreter says that it does not know it. failed: the interpreter raised what it must not.
    operators: of the model. detail: the first difference, or what was said.
    """

    outcome: Outcome
    operators: str
    detail: str = ""


def drawn(kind: str, count: int, seed_: int) -> list[bytes]:
    """Models of a kind; the same for the same seed."""
    found: list[bytes] = []

    @seed(seed_)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(KINDS[kind])
    def draw(raw: bytes) -> None:
        found.append(raw)

    draw()
    return list(dict.fromkeys(found))


def operators_of(model: Model) -> str:
    return "+".join(dict.fromkeys(op.name for op in model.ops))


_KEEPING = frozenset(("PACK", "UNPACK", "CONCATENATION", "RELU6", "SPLIT", "SPLIT_V"))
"""Operators whose tensors have one quantization in every file of a converter."""


def is_ordinary(model: Model) -> bool:
    """Whether a converter writes such a model. What TFLM makes of others is an accident: it looks
    at no scale of an operator that moves bytes, and at one of RELU6's two."""
    for op in model.ops:
        tensors = [model.tensor(index) for index in (*op.inputs, *op.outputs) if index != -1]
        if op.name in _KEEPING and len({_steps(t) for t in tensors} - {None}) > 1:
            return False
        if op.name in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"):
            axes, rank = model.tensor(op.inputs[1]).data, len(tensors[0].shape)
            if axes is not None and len(set(axes.reshape(-1) % rank)) < axes.size:
                return False
        if op.name in ("LOGISTIC", "TANH"):
            kept = tensors[0].quantization
            if kept is not None and kept.scale > 1:
                return False  # TFLM's limits of the input are then 0 steps
        if op.name == "STRIDED_SLICE" and op.options["shrink_axis_mask"] & op.options["begin_mask"]:
            return False
    return True


def _steps(tensor: Tensor) -> tuple[float, int] | None:
    kept = tensor.quantization
    return None if kept is None or tensor.dtype is not DType.INT8 else (kept.scale, kept.zero_point)


def as_uint8(raw: bytes) -> bytes | None:
    """The same arithmetic on uint8: all values and zero points 128 above. None for a model with
    scales per channel, which uint8 does not have, and for an average pool, whose halves go away
    from zero: 128 above they are others."""
    model = parse_model(raw, "case")
    if any(op.name == "AVERAGE_POOL_2D" for op in model.ops):
        return None
    quantized = [t for t in model.tensors if t.dtype is DType.INT8 and t.quantization is not None]
    if any(t.quantization is not None and t.quantization.per_channel for t in quantized):
        return None
    if any(t.dtype is DType.INT8 and t.quantization is None for t in model.tensors):
        return None
    return write_model(replace(model, tensors=tuple(map(_raised, model.tensors))))


def _raised(tensor: Tensor) -> Tensor:
    if tensor.dtype is not DType.INT8 or tensor.quantization is None:
        return tensor
    old = tensor.quantization
    data = tensor.data
    if data is not None:
        data = (data.astype(np.int16) + 128).astype(np.uint8)
    quantization = Quantization(old.scales, old.zero_points + 128, old.axis)
    return replace(tensor, dtype=DType.UINT8, data=data, quantization=quantization)


def tried(
    raw: bytes, config: VelaConfig, options: VelaOptions, uint8: bool = False
) -> Trial | None:
    """Compile and compare. uint8: the model's twin of that type. None where TFLM, too, does not
    run the model, no converter writes it, or it has no such twin."""
    source = as_uint8(raw) if uint8 else raw
    if source is None or not is_ordinary(parse_model(raw, "case")):
        return None
    model = parse_model(source, "case")
    try:
        expected_of = wheel(raw)
    except Exception:
        return None
    operators = operators_of(model)
    try:
        made = compile_words(model, config.options, options)
    except ToolchainError as error:
        return Trial("refused", operators, error.message)
    if not made.on_npu or b"ethos-u" not in made.raw:
        return Trial("cpu", operators, made.on_cpu[0].reason if made.on_cpu else "")
    inputs = random_inputs(model.tensor(model.inputs[0]).shape, seed=1)
    try:
        return _compared(made.raw, inputs, expected_of, uint8, operators)
    except McuzooError as error:
        return Trial("broken", operators, error.message)
    except Exception as error:
        return Trial("failed", operators, f"{type(error).__name__}: {error}")


def _compared(
    raw: bytes, inputs: list[NDArray[np.int8]], expected_of: Any, uint8: bool, operators: str
) -> Trial:
    file = parse_vela(raw, "case")
    faults = [*file.faults, *(fault.what for npu in file.npu_ops for fault in npu.stream.faults)]
    if faults:
        return Trial("unknown", operators, faults[0])
    compiled = CompiledModel(file)
    if compiled.unsupported is not None:
        return Trial("cpu", operators, compiled.unsupported)
    for number, values in enumerate(inputs):
        expected = expected_of(values).reshape(-1)
        given = (values.astype(np.int16) + 128).astype(np.uint8) if uint8 else values
        execution = compiled.run(given)
        if execution.broken is not None:
            broken = execution.broken[1]
            outcome: Outcome = "unknown" if broken.report_to == TO_MCUZOO else "broken"
            return Trial(outcome, operators, f"{broken.kind}: {broken.what}")
        result = execution.values[file.model.outputs[0]].reshape(-1)
        found = result.astype(np.int16) - 128 if uint8 else result.astype(np.int16)
        wrong = np.flatnonzero(found != expected)
        if len(wrong):
            at = int(wrong[0])
            return Trial(
                "unequal",
                operators,
                f"input {number}: {len(wrong)} of {len(found)} values, first at {at}: "
                f"{found[at]} instead of {expected[at]}",
            )
    return Trial("equal", operators)
