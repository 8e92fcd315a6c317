"""The executable view of a model: steps over storage, from one int8 tensor to another.

The planner, the code generator and the host's reference engine all run this same view.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mcuzoo.errors import ModelError, UnsupportedOpError
from mcuzoo.graph.executable import executable
from mcuzoo.graph.model import DType, Model, Op, Tensor

QUANTIZE_HINT = (
    "Quantize the float network to INT8 (int8 activations and weights, int32 bias): "
    "mcuzoo quantize FLOAT OUT.tflite --calibration IMAGES"
)
UINT8_HINT = (
    "Both the aot and the tflm runtime want INT8: `mcuzoo convert IN.tflite OUT.tflite` rewrites "
    "the file from UINT8 to INT8."
)

_RENAMES = frozenset({"EXPAND_DIMS", "RESHAPE", "SQUEEZE"})
PICTURE_CHANNELS = (1, 3)
"""Gray and RGB."""


@dataclass(frozen=True)
class Buffer:
    """One storage of `bytes` bytes; `tensors` are the activations that live in it.

    index: in Program.buffers.
    """

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
    """A model without ops that only rename, and without the conversions at its ends.

    model: what is computed (executable.py); its tensors and ops have the numbers of `file`, the
    model as it was read. entry, exit: the ops of `file` at its ends that the host does instead.
    input_tensor: in the shape of a picture, (1, H, W, C), if a picture can be seen in it at all.
    Steps are in the order of the file. input_buffer, output_buffer: indices in `buffers`.
    `dequantize` says that a trailing DEQUANTIZE was cut: the model's own output is scale *
    (output_tensor - zero_point). steps: the ops that are computed.
    """

    file: Model
    entry: tuple[Op, ...]
    exit: tuple[Op, ...]
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
    """Cut the conversions at the ends, merge what ops only rename, order the steps.

    Raises ModelError when the model has not exactly one int8 input and one int8 output then.
    """
    file, found = model, executable(model)
    model, ops = found.model, found.model.ops
    ends = ((model.inputs, "input"), (model.outputs, "output"))
    for tensors, role in ends:
        _require_one(tensors, role)
    source, target = (_int8_end(model, tensors[0], role) for tensors, role in ends)

    owner: dict[int, int] = {source.index: 0}
    groups: list[list[int]] = [[source.index]]
    steps: list[Step] = []
    for op in ops:
        if op.inputs[:1] and op.inputs[0] in owner and _only_renames(model, op):
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
    shapes = [model.tensor(tensor).shape for tensor in groups[0]]
    return Program(
        file=file,
        entry=found.entry,
        exit=found.exit,
        model=model,
        steps=tuple(steps),
        buffers=buffers,
        input_buffer=0,
        output_buffer=owner[target.index],
        input_tensor=replace(source, shape=picture_shape(shapes)),
        output_tensor=target,
        dequantize=any(op.name == "DEQUANTIZE" for op in found.exit),
    )


def _only_renames(model: Model, op: Op) -> bool:
    """Whether the output has the bytes of the first input, in the same order."""
    return op.name in _RENAMES or (op.name == "TRANSPOSE" and _keeps_order(model, op))


def _keeps_order(model: Model, op: Op) -> bool:
    """Whether a TRANSPOSE moves axes of size 1 only."""
    if len(op.inputs) != 2 or len(op.outputs) != 1 or op.inputs[1] == -1:
        return False
    order, shape = model.tensor(op.inputs[1]).data, model.tensor(op.inputs[0]).shape
    if order is None or sorted(order.reshape(-1).tolist()) != list(range(len(shape))):
        return False
    turned = order.reshape(-1).tolist()
    moved = [axis for axis in turned if shape[axis] > 1]
    target = model.tensor(op.outputs[0])
    made = tuple(shape[axis] for axis in turned)
    return moved == sorted(moved) and (made, DType.INT8) == (target.shape, target.dtype)


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
            f"Op {op.index} {op.name} changes the size or type of tensor {source.index}.",
            "Convert the model again; such an operator keeps both.",
        )


def input_shape(model: Model) -> tuple[int, ...]:
    """The shape in which the host makes the model's input; the file's own if it cannot be run."""
    try:
        return build_program(model).input_tensor.shape
    except ModelError:
        return picture_shape([model.tensor(model.inputs[0]).shape])


def picture_shape(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape in which a picture lies in an input: (1, H, W, C), (1, C, H, W), or as it is.

    shapes: the input's own, then those that RESHAPEs give it, as Keras' Reshape or Edge Impulse's
    of a flat input do. Without channels, a picture is gray.
    """
    own = shapes[0]
    for shape in shapes:
        if len(shape) == 4 and shape[0] == 1 and shape[3] in PICTURE_CHANNELS:
            return shape
    if len(own) == 4 and own[:2] == (1, 1):
        return (1, *own[2:], 1)
    if len(own) == 4 and own[0] == 1 and own[1] in PICTURE_CHANNELS:
        return own
    if len(own) == 3 and own[2] in PICTURE_CHANNELS and min(own[:2]) > 1:
        return (1, *own)
    if len(own) == 3 and own[0] == 1 and min(own[1:]) > 1:
        return (*own, 1)
    return own


def _require_one(tensors: Sequence[int], role: str) -> None:
    if len(tensors) != 1:
        what = "takes one image" if role == "input" else "gives one vector of scores"
        raise ModelError(
            f"The model has {len(tensors)} {role}s; mcuzoo runs models of one.",
            f"Export a model that {what}.",
        )


def _int8_end(model: Model, index: int, role: str) -> Tensor:
    tensor = model.tensor(index)
    quantization = tensor.quantization
    if tensor.dtype is DType.INT8 and quantization is not None:
        if quantization.per_channel or quantization.scale <= 0:
            raise ModelError(
                f"The model's {role}, tensor {tensor.index} {tensor.name!r}, has not one scale "
                "above 0.",
                "Convert the model again.",
            )
        return tensor
    where = f"its {role}, tensor {tensor.index} {tensor.name!r}, is {tensor.dtype.value}"
    if any(_is_uint8_weight(model, op) for op in model.ops):
        raise ModelError(f"The model is UINT8: {where}.", UINT8_HINT)
    if tensor.dtype is DType.FLOAT32:
        computed = (model.tensor(index) for op in model.ops for index in op.outputs)
        inside = any(one.dtype is DType.INT8 for one in computed)
        what = "is quantized only in part" if inside else "is not quantized"
        raise ModelError(f"The model {what}: {where}.", QUANTIZE_HINT)
    raise ModelError(f"The model's ends are not INT8: {where}.", QUANTIZE_HINT)


def _is_uint8_weight(model: Model, op: Op) -> bool:
    return any(
        model.tensor(index).dtype is DType.UINT8 and model.tensor(index).data is not None
        for index in op.inputs
        if index != -1
    )
