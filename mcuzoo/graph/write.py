"""Write a Model as a .tflite file: the other direction of read.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import ModelError, UnsupportedOpError
from mcuzoo.graph.flatbuffer_writer import (
    Bytes,
    Node,
    Nodes,
    Scalar,
    TableNode,
    Text,
    build_flatbuffer,
)
from mcuzoo.graph.model import Model, Op, Tensor
from mcuzoo.graph.schema import (
    FILE_IDENTIFIER,
    OPERATORS,
    OPTIONS,
    SCHEMA_VERSION,
    TENSOR_TYPES,
    BufferSlot,
    MetadataSlot,
    ModelSlot,
    OperatorCodeSlot,
    OperatorSlot,
    OptionField,
    QuantizationSlot,
    SubGraphSlot,
    TensorSlot,
)

DATA_ALIGNMENT = 16
"""Alignment of every constant from the start of the file; several published files lack it."""

SUBGRAPH_NAME_SLOT = 4

_MAX_DEPRECATED_CODE = 127
_TYPE_CODES = {dtype: code for code, dtype in TENSOR_TYPES.items()}
# Ops without options, beside those of OPTIONS: a Model describes them completely.
_WITHOUT_OPTIONS = frozenset(
    (
        *("ABS", "BATCH_TO_SPACE_ND", "BROADCAST_TO", "DEQUANTIZE", "ELU", "EXPAND_DIMS"),
        *("HARD_SWISH", "LOGISTIC", "LOG_SOFTMAX", "MAXIMUM", "MINIMUM", "PAD", "PADV2", "PRELU"),
        *("QUANTIZE", "RELU", "RELU6", "RELU_N1_TO_1", "REVERSE_V2", "RSQRT", "SLICE"),
        *("SPACE_TO_BATCH_ND", "SQUARED_DIFFERENCE", "TANH", "TRANSPOSE"),
    )
)


def write_model(model: Model, metadata: Mapping[str, bytes] | None = None) -> bytes:
    """A .tflite file of `model`'s graph; `model.raw` is not looked at, so an edited Model counts.

    Every constant is aligned to 16 bytes and equal constants are stored once. metadata: named
    byte strings, aligned like constants. What a Model does not hold is not written: signatures,
    shape signatures and recorded minima and maxima. Reading the result back gives the same
    description, tensors, ops, inputs and outputs.

    Raises UnsupportedOpError for an op whose options a Model does not hold and ModelError for a
    tensor that is read without ever being written (a state between runs).
    """
    _require_no_state(model)
    constants = _Constants()
    codes: dict[tuple[str, int], int] = {}
    for op in model.ops:
        codes.setdefault((op.name, op.version), len(codes))
    graph = TableNode(
        {
            SubGraphSlot.TENSORS: Nodes([_tensor(item, constants) for item in model.tensors]),
            SubGraphSlot.INPUTS: _integers(model.inputs),
            SubGraphSlot.OUTPUTS: _integers(model.outputs),
            SubGraphSlot.OPERATORS: Nodes(
                [_operator(op, codes[op.name, op.version]) for op in model.ops]
            ),
            SUBGRAPH_NAME_SLOT: Text("main"),
        }
    )
    root: dict[int, Scalar | Node] = {
        ModelSlot.VERSION: Scalar("I", SCHEMA_VERSION),
        ModelSlot.OPERATOR_CODES: Nodes([_operator_code(*code) for code in codes]),
        ModelSlot.SUBGRAPHS: Nodes([graph]),
        ModelSlot.DESCRIPTION: Text(model.description),
    }
    if metadata:
        root[ModelSlot.METADATA] = Nodes(
            [metadata_node(name, constants.index_of(data)) for name, data in metadata.items()]
        )
    root[ModelSlot.BUFFERS] = Nodes([buffer_node(content) for content in constants.contents])
    return build_flatbuffer(TableNode(root), FILE_IDENTIFIER)


def metadata_node(name: str, buffer: int) -> TableNode:
    """A Metadata table: the name of buffer number `buffer`."""
    return TableNode({MetadataSlot.NAME: Text(name), MetadataSlot.BUFFER: Scalar("I", buffer)})


def buffer_node(content: bytes) -> TableNode:
    """A Buffer table; an empty one stands for what is not constant."""
    if not content:
        return TableNode({})
    return TableNode({BufferSlot.DATA: Bytes(content, len(content), DATA_ALIGNMENT)})


class _Constants:
    """The file's buffers; number 0 is the empty one, as the schema wants it."""

    def __init__(self) -> None:
        self.contents: list[bytes] = [b""]
        self._known: dict[bytes, int] = {b"": 0}

    def index_of(self, content: bytes) -> int:
        if content not in self._known:
            self._known[content] = len(self.contents)
            self.contents.append(content)
        return self._known[content]


def _require_no_state(model: Model) -> None:
    known = {*model.inputs, -1} | {item.index for item in model.tensors if item.data is not None}
    for op in model.ops:
        for index in op.inputs:
            if index not in known:
                name = model.tensor(index).name
                raise ModelError(
                    f"Op {op.index} {op.name} reads tensor {index} {name!r}, which keeps its "
                    "value from one run to the next.",
                    "Models with state are not supported; convert the model without it.",
                )
        known.update(op.outputs)


def _tensor(tensor: Tensor, constants: _Constants) -> TableNode:
    content = b"" if tensor.data is None else _little_endian(tensor.data)
    fields: dict[int, Scalar | Node] = {
        TensorSlot.SHAPE: _integers(tensor.shape),
        TensorSlot.TYPE: Scalar("b", _TYPE_CODES[tensor.dtype]),
        TensorSlot.BUFFER: Scalar("I", constants.index_of(content)),
        TensorSlot.NAME: Text(tensor.name),
    }
    if tensor.quantization is not None:
        scales = tensor.quantization.scales.astype("<f4")
        zero_points = tensor.quantization.zero_points.astype("<i8")
        fields[TensorSlot.QUANTIZATION] = TableNode(
            {
                QuantizationSlot.SCALE: Bytes(scales.tobytes(), scales.size),
                QuantizationSlot.ZERO_POINT: Bytes(zero_points.tobytes(), zero_points.size, 8),
                QuantizationSlot.QUANTIZED_DIMENSION: Scalar("i", tensor.quantization.axis),
            }
        )
    return TableNode(fields)


def _operator_code(name: str, version: int) -> TableNode:
    code = OPERATORS.index(name)
    return TableNode(
        {
            # Old readers know only the 8-bit field, which 127 marks as full.
            OperatorCodeSlot.DEPRECATED_BUILTIN_CODE: Scalar("b", min(code, _MAX_DEPRECATED_CODE)),
            OperatorCodeSlot.VERSION: Scalar("i", version),
            OperatorCodeSlot.BUILTIN_CODE: Scalar("i", code),
        }
    )


def _operator(op: Op, code: int) -> TableNode:
    fields: dict[int, Scalar | Node] = {
        OperatorSlot.OPCODE_INDEX: Scalar("I", code),
        OperatorSlot.INPUTS: _integers(op.inputs),
        OperatorSlot.OUTPUTS: _integers(op.outputs),
    }
    if op.name in OPTIONS:
        kind, options = OPTIONS[op.name]
        fields[OperatorSlot.OPTIONS_TYPE] = Scalar("B", kind)
        fields[OperatorSlot.OPTIONS] = TableNode(
            {item.slot: _option(item, op.options.get(item.name, item.default)) for item in options}
        )
    elif op.name not in _WITHOUT_OPTIONS:
        raise UnsupportedOpError(
            f"Op {op.index} {op.name} cannot be written: mcuzoo does not keep its options.",
            "Use the model as it is, or replace the op before converting it.",
        )
    return TableNode(fields)


def _option(item: OptionField, value: Any) -> Scalar | Node:
    if item.kind == "ints":
        return _integers(value)
    if isinstance(item.kind, str):
        return Scalar(item.kind, value)
    return Scalar("b", item.kind.index(value))


def _integers(values: Sequence[int]) -> Bytes:
    return Bytes(np.asarray(values, "<i4").tobytes(), len(values))


def _little_endian(data: NDArray[Any]) -> bytes:
    return data.astype(data.dtype.newbyteorder("<"), copy=False).tobytes()
