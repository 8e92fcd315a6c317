"""The executable view of a model: steps over storage, from one int8 tensor to another.

The planner, the code generator and the host's reference engine all run this same view.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.errors import ModelError, UnsupportedOpError
from mcuzoo.graph.model import DType, Model, Op, Tensor

QUANTIZE_HINT = (
    "Quantize the float network to INT8 (int8 activations and weights, int32 bias): "
    "mcuzoo quantize FLOAT OUT.tflite --calibration IMAGES"
)
UINT8_HINT = (
    "Both the aot and the tflm runtime want INT8: `mcuzoo convert IN.tflite OUT.tflite` rewrites "
    "the file from UINT8 to INT8."
)


@dataclass(frozen=True)
class Buffer:
    """One storage of `bytes` bytes; `tensors` are the activations that live in it."""

    index: int
    tensors: tuple[int, ...]
    bytes: int


@dataclass(frozen=True)
class Step:
    """One op that computes. `reads` and `writes` are buffer indices, each named once."""

    op: Op
    reads: tuple[int, ...]
    writes: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """A model without RESHAPEs and without the conversions at its ends.

    Steps are in the order of the file. input_buffer, output_buffer: indices in `buffers`.
    `dequantize` says that a trailing DEQUANTIZE was cut: the model's own output is
    scale * (output_tensor - zero_point).
    """

    model: Model
    steps: tuple[Step, ...]
    buffers: tuple[Buffer, ...]
    input_buffer: int
    output_buffer: int
    input_tensor: Tensor
    output_tensor: Tensor
    dequantize: bool

    def buffer_of(self, tensor: int) -> Buffer:
        """The storage of an activation. Raises KeyError for a constant or a cut tensor."""
        for buffer in self.buffers:
            if tensor in buffer.tensors:
                return buffer
        raise KeyError(tensor)


def build_program(model: Model) -> Program:
    """Cut the conversions at the ends, merge what RESHAPE only renames, order the steps.

    Raises ModelError when the model has not exactly one int8 input and one int8 output then.
    """
    ops = list(model.ops)
    source = _input(model, ops)
    target, dequantize = _output(model, ops)

    owner: dict[int, int] = {source.index: 0}
    groups: list[list[int]] = [[source.index]]
    steps: list[Step] = []
    for op in ops:
        if op.name == "RESHAPE" and op.inputs[:1] and op.inputs[0] in owner:
            buffer = owner[op.inputs[0]]
            for tensor in op.outputs:
                _require_same_storage(op, model.tensor(op.inputs[0]), model.tensor(tensor))
                owner[tensor] = buffer
                groups[buffer].append(tensor)
            continue
        reads = [owner[index] for index in op.inputs if _is_activation(model, index, owner, op)]
        for tensor in op.outputs:
            owner[tensor] = len(groups)
            groups.append([tensor])
        writes = [owner[tensor] for tensor in op.outputs]
        steps.append(Step(op, tuple(dict.fromkeys(reads)), tuple(writes)))
    if target.index not in owner:
        raise ModelError(
            f"The model's output, tensor {target.index}, does not depend on its input.",
            "Convert the model again.",
        )
    buffers = tuple(
        Buffer(index, tuple(tensors), model.tensor(tensors[0]).bytes)
        for index, tensors in enumerate(groups)
    )
    return Program(
        model=model,
        steps=tuple(steps),
        buffers=buffers,
        input_buffer=0,
        output_buffer=owner[target.index],
        input_tensor=source,
        output_tensor=target,
        dequantize=dequantize,
    )


def _is_activation(model: Model, index: int, owner: dict[int, int], op: Op) -> bool:
    if index == -1 or model.tensor(index).data is not None:
        return False
    if index not in owner:
        raise UnsupportedOpError(
            f"Op {op.index} {op.name} reads tensor {index} {model.tensor(index).name!r}, which "
            "keeps its value from one run to the next.",
            "Models with state are not supported; convert the model without it.",
        )
    return True


def _require_same_storage(op: Op, source: Tensor, target: Tensor) -> None:
    if (source.dtype, source.elements) != (target.dtype, target.elements):
        raise ModelError(
            f"Op {op.index} RESHAPE changes the size or type of tensor {source.index}.",
            "Convert the model again; a reshape keeps both.",
        )


def _input(model: Model, ops: list[Op]) -> Tensor:
    """The int8 input; a leading QUANTIZE that only converts it is removed from `ops`."""
    if len(model.inputs) != 1:
        raise ModelError(
            f"The model has {len(model.inputs)} inputs; mcuzoo runs models of one.",
            "Export a model that takes one image.",
        )
    tensor = model.tensor(model.inputs[0])
    readers = [op for op in ops if tensor.index in op.inputs]
    if len(readers) == 1 and tensor.index not in model.outputs:
        op = readers[0]
        inner = model.tensor(op.outputs[0]) if len(op.outputs) == 1 else tensor
        if op.name == "QUANTIZE" and _only_converts(tensor, inner):
            ops.remove(op)
            _require_int8(model, inner, "input")
            return inner
    _require_int8(model, tensor, "input")
    return tensor


def _only_converts(outer: Tensor, inner: Tensor) -> bool:
    """Is `inner` the int8 form of `outer`: of floats, or of bytes shifted by 128?"""
    if inner.dtype is not DType.INT8 or inner.quantization is None or inner.shape != outer.shape:
        return False
    if outer.dtype is DType.FLOAT32:
        return True
    if outer.dtype is not DType.UINT8 or outer.quantization is None:
        return False
    same_scale = outer.quantization.scale == inner.quantization.scale
    return same_scale and outer.quantization.zero_point - inner.quantization.zero_point == 128


def _output(model: Model, ops: list[Op]) -> tuple[Tensor, bool]:
    """The int8 output, and whether a trailing DEQUANTIZE was removed from `ops`."""
    if len(model.outputs) != 1:
        raise ModelError(
            f"The model has {len(model.outputs)} outputs; mcuzoo runs models of one.",
            "Export a model that gives one vector of scores.",
        )
    tensor = model.tensor(model.outputs[0])
    for op in ops:
        if op.name == "DEQUANTIZE" and op.outputs == (tensor.index,) and len(op.inputs) == 1:
            if any(tensor.index in other.inputs for other in ops):
                break
            inner = model.tensor(op.inputs[0])
            if inner.dtype is DType.INT8 and inner.shape == tensor.shape:
                ops.remove(op)
                _require_int8(model, inner, "output")
                return inner, True
    _require_int8(model, tensor, "output")
    return tensor, False


def _require_int8(model: Model, tensor: Tensor, role: str) -> None:
    quantization = tensor.quantization
    if tensor.dtype is DType.INT8 and quantization is not None:
        if quantization.per_channel or quantization.scale <= 0:
            raise ModelError(
                f"The model's {role}, tensor {tensor.index} {tensor.name!r}, has not one scale "
                "above 0.",
                "Convert the model again.",
            )
        return
    where = f"its {role}, tensor {tensor.index} {tensor.name!r}, is {tensor.dtype.value}"
    if any(_is_uint8_weight(model, op) for op in model.ops):
        raise ModelError(f"The model is UINT8: {where}.", UINT8_HINT)
    if tensor.dtype is DType.FLOAT32:
        raise ModelError(f"The model is not quantized: {where}.", QUANTIZE_HINT)
    raise ModelError(f"The model's ends are not INT8: {where}.", QUANTIZE_HINT)


def _is_uint8_weight(model: Model, op: Op) -> bool:
    return any(
        model.tensor(index).dtype is DType.UINT8 and model.tensor(index).data is not None
        for index in op.inputs
        if index != -1
    )
