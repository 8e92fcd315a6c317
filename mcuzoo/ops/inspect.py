"""What is in a model: the facts behind `mcuzoo inspect`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mcuzoo.graph.count import count_macs, count_params, learnt_tensors
from mcuzoo.graph.executable import executable
from mcuzoo.graph.model import Model, Op, Tensor
from mcuzoo.ops.coverage import RUNTIMES, Uncovered, judge


@dataclass(frozen=True)
class TensorFacts:
    """`scales` and `zero_points` hold one value, or one per channel; none when not quantized.

    index, name: in the file. dtype: numpy's name of it. bytes: of its values. shape: as in the
    file.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    bytes: int


@dataclass(frozen=True)
class OpFacts:
    """One op. `aot` and `tflm`: None when that runtime runs it, else why it does not. computed: on
    the board; what only renames or converts at the ends is not, nor what is known ahead. index: in
    the file. name: of the operator, "CONV_2D". version: of the operator in the schema.
    input_shapes: without omitted inputs. output_shape, output_dtype, output_bytes: of the first
    output; empty, 0 without one. weight_scales: how many scales the weights have, 0 without
    weights. macs: multiply-accumulates. params: learnt numbers, weights and biases. options: the
    operator's, under the schema's names."""

    index: int
    name: str
    version: int
    input_shapes: tuple[tuple[int, ...], ...]
    output_shape: tuple[int, ...]
    output_dtype: str
    output_bytes: int
    weight_scales: int
    macs: int
    params: int
    options: dict[str, Any]
    aot: str | None
    tflm: str | None
    computed: bool


@dataclass(frozen=True)
class RuntimeFacts:
    """Whether a runtime runs the model, and the reason when it does not.

    reason: None when it runs.
    """

    runtime: str
    runs: bool
    reason: str | None


@dataclass(frozen=True)
class Inspection:
    """`constant_bytes` is what weights and other constants take, each stored once.

    name: the file's, without its ending. sha256, bytes: of the file. description: as its converter
    wrote it. macs, params: of all ops, a weight that is shared counted once. runtimes: the verdict
    on each. inputs, outputs: of the model, as in the file.
    """

    name: str
    sha256: str
    bytes: int
    description: str
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    ops: tuple[OpFacts, ...]
    macs: int
    params: int
    constant_bytes: int
    runtimes: tuple[RuntimeFacts, ...]

    def as_dict(self) -> dict[str, Any]:
        """The document that `mcuzoo inspect --json` prints."""
        return asdict(self)


def inspect_model(model: Model) -> Inspection:
    """Everything there is to say about a verified model, whatever its ops and types."""
    verdicts = [judge(model, runtime) for runtime in RUNTIMES]
    aot, tflm = (verdict.uncovered for verdict in verdicts)
    kept = {op.index for op in executable(model).model.ops}
    ops = tuple(_op_facts(model, op, aot, tflm, op.index in kept) for op in model.ops)
    learnt = {tensor.index: tensor for op in model.ops for tensor in learnt_tensors(model, op)}
    constants = [tensor for tensor in model.tensors if tensor.data is not None]
    return Inspection(
        name=model.name,
        sha256=model.sha256,
        bytes=model.bytes,
        description=model.description,
        inputs=tuple(_tensor_facts(model.tensor(index)) for index in model.inputs),
        outputs=tuple(_tensor_facts(model.tensor(index)) for index in model.outputs),
        ops=ops,
        macs=sum(op.macs for op in ops),
        params=sum(tensor.elements for tensor in learnt.values()),
        constant_bytes=sum(tensor.bytes for tensor in constants),
        runtimes=tuple(
            RuntimeFacts(verdict.runtime, verdict.runs, verdict.reason) for verdict in verdicts
        ),
    )


def _op_facts(
    model: Model, op: Op, aot: Sequence[Uncovered], tflm: Sequence[Uncovered], computed: bool
) -> OpFacts:
    output = model.tensor(op.outputs[0]) if op.outputs else None
    weights = learnt_tensors(model, op)[:1]
    scales = [len(tensor.quantization.scales) for tensor in weights if tensor.quantization]
    return OpFacts(
        index=op.index,
        name=op.name,
        version=op.version,
        input_shapes=tuple(model.tensor(index).shape for index in op.inputs if index != -1),
        output_shape=output.shape if output else (),
        output_dtype=output.dtype.value if output else "",
        output_bytes=output.bytes if output else 0,
        weight_scales=scales[0] if scales else 0,
        macs=count_macs(model, op),
        params=count_params(model, op),
        options=op.options,
        aot=_reason(model, op, aot),
        tflm=_reason(model, op, tflm),
        computed=computed,
    )


def _reason(model: Model, op: Op, uncovered: Sequence[Uncovered]) -> str | None:
    for item in uncovered:
        if item.op.index == op.index:
            if item.tensor is None:
                return item.reason
            return f"tensor {item.tensor} {model.tensor(item.tensor).name!r} {item.reason}"
    return None


def _tensor_facts(tensor: Tensor) -> TensorFacts:
    quantization = tensor.quantization
    return TensorFacts(
        index=tensor.index,
        name=tensor.name,
        shape=tensor.shape,
        dtype=tensor.dtype.value,
        scales=() if quantization is None else tuple(quantization.scales.tolist()),
        zero_points=() if quantization is None else tuple(quantization.zero_points.tolist()),
        bytes=tensor.bytes,
    )
