"""Read a .tflite file into a verified Model."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from mcuzoo.errors import InputError, ModelError
from mcuzoo.graph.flatbuffer import Reader, Table, damaged
from mcuzoo.graph.foreign import COMPILED, foreign_model, refuse_compiled
from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.read_tensor import read_tensor
from mcuzoo.graph.schema import (
    BIAS_TYPE_SLOT,
    CUSTOM_OP,
    FILE_IDENTIFIER,
    OPERATORS,
    OPTIONS,
    PLAN_METADATA,
    SCHEMA_VERSION,
    TENSOR_TYPES,
    MetadataSlot,
    ModelSlot,
    OperatorCodeSlot,
    OperatorSlot,
    OptionField,
    SubGraphSlot,
)
from mcuzoo.graph.verify import verify_graph

MAX_FILE_BYTES = 256 * 2**20
# Far above any network for a microcontroller; they bound the work for a hostile file.
MAX_OPS = 4096
MAX_TENSORS = 16384
MAX_METADATA = 4096


def load_model(path: Path) -> Model:
    """Read and verify the .tflite file at `path`; the model is named after the file.

    Raises InputError when the file cannot be read, ModelError when it is no sound model.
    """
    try:
        size_bytes = path.stat().st_size
        _refuse_foreign(path)
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder")
        if size_bytes > MAX_FILE_BYTES:
            raise ModelError(
                f"{path} has {size_bytes} bytes; models over {MAX_FILE_BYTES} are not read.",
                "Is it a .tflite file of a network for a microcontroller?",
            )
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            f"There is no model file {str(path)!r}.", "Give the path of a .tflite file."
        ) from None
    except OSError as error:
        raise InputError(
            f"The model file {str(path)!r} cannot be read: {error}.",
            "Give the path of a .tflite file.",
        ) from error
    try:
        return parse_model(raw, path.stem)
    except ModelError as error:
        raise type(error)(f"{path}: {error.message}", error.hint) from error


def _refuse_foreign(path: Path) -> None:
    """Raise ModelError for a file that is known to be something else than a .tflite."""
    if path.is_file():
        with path.open("rb") as file:
            if file.read(8)[4:] == FILE_IDENTIFIER:
                return
    foreign = foreign_model(path) if path.is_file() or path.is_dir() else None
    if foreign is not None:
        what, hint = foreign
        raise ModelError(f"{path} is no TFLite model but {what}.", hint)


def parse_model(raw: bytes, name: str, compiled: bool = False) -> Model:
    """Parse and verify the bytes of a .tflite file.

    compiled: ops that are programs for another chip are taken, too, and may read tensors that
    nothing writes, their working memory. Time and memory are bounded by a few times the size of
    the file. Raises ModelError.
    """
    if len(raw) < 8 or raw[4:8] != FILE_IDENTIFIER:
        raise ModelError(
            "This is no TFLite model: the mark TFL3 is missing at byte 4.",
            "Give a .tflite file; convert Keras, ONNX or PyTorch models to TFLite first.",
        )
    root = Reader(raw).root()
    version = root.scalar(ModelSlot.VERSION, "<I", 0)
    if version != SCHEMA_VERSION:
        raise damaged(f"its schema version is {version}, not {SCHEMA_VERSION}")
    graphs = root.tables(ModelSlot.SUBGRAPHS, "subgraphs", MAX_OPS)
    if len(graphs) != 1:
        raise ModelError(
            f"The model has {len(graphs)} subgraphs; mcuzoo reads models of exactly one.",
            "Convert the model without control flow (IF, WHILE, CALL_ONCE).",
        )
    graph = graphs[0]
    buffers = root.tables(ModelSlot.BUFFERS, "buffers", 2 * MAX_TENSORS)
    tables = graph.tables(SubGraphSlot.TENSORS, "tensors", MAX_TENSORS)
    read = [read_tensor(table, index, buffers) for index, table in enumerate(tables)]
    codes = [
        _operator_code(table)
        for table in root.tables(ModelSlot.OPERATOR_CODES, "operator_codes", MAX_OPS)
    ]
    operators = graph.tables(SubGraphSlot.OPERATORS, "operators", MAX_OPS)
    ops = [_op(table, index, codes) for index, table in enumerate(operators)]
    if not compiled:
        refuse_compiled(op.name for op in ops)
    plain = (
        all(item.plain for item in read)
        and not any(_says_more(table, op) for table, op in zip(operators, ops, strict=True))
        and PLAN_METADATA not in _metadata_names(root, len(buffers))
    )
    model = Model(
        name=name,
        sha256=hashlib.sha256(raw).hexdigest(),
        raw=raw,
        description=root.text(ModelSlot.DESCRIPTION, "description"),
        tensors=tuple(item.tensor for item in read),
        ops=tuple(ops),
        inputs=graph.integers(SubGraphSlot.INPUTS, "inputs"),
        outputs=graph.integers(SubGraphSlot.OUTPUTS, "outputs"),
        plain=plain and root.reader.aligned,
    )
    variables = {item.tensor.index for item in read if item.is_variable}
    if compiled:
        written = {tensor for op in ops for tensor in op.outputs}
        read_by = {tensor for op in ops if op.name in COMPILED for tensor in op.inputs}
        variables |= read_by - written - {-1}
    verify_graph(model.tensors, frozenset(variables), model.ops, model.inputs, model.outputs)
    return model


def _operator_code(table: Table) -> tuple[str, int]:
    """(name, version). Old writers fill only the 8-bit code, new ones both."""
    code = max(
        int(table.scalar(OperatorCodeSlot.DEPRECATED_BUILTIN_CODE, "<b", 0)),
        int(table.scalar(OperatorCodeSlot.BUILTIN_CODE, "<i", 0)),
    )
    version = int(table.scalar(OperatorCodeSlot.VERSION, "<i", 1))
    if code == CUSTOM_OP:
        return f"CUSTOM:{table.text(OperatorCodeSlot.CUSTOM_CODE, 'custom_code')}", version
    if not 0 <= code < len(OPERATORS):
        return f"OPERATOR_{code}", version
    return OPERATORS[code], version


def _says_more(table: Table, op: Op) -> bool:
    """Whether the op has parts that TFLM reads and an Op does not hold: custom options, which TFLM
    refuses in a builtin op; tensors for a state; an invalid type of the bias."""
    if table.numbers(OperatorSlot.CUSTOM_OPTIONS, "u1", "custom_options") is not None:
        return True
    if table.integers(OperatorSlot.INTERMEDIATES, "intermediates"):
        return True
    if op.name not in BIAS_TYPE_SLOT or not table.scalar(OperatorSlot.OPTIONS_TYPE, "<B", 0):
        return False
    options = table.table(OperatorSlot.OPTIONS, "options")
    kind = 0 if options is None else int(options.scalar(BIAS_TYPE_SLOT[op.name], "<b", 0))
    return kind not in TENSOR_TYPES


def _metadata_names(root: Table, buffers: int) -> list[str]:
    names = []
    for entry in root.tables(ModelSlot.METADATA, "metadata", MAX_METADATA):
        names.append(entry.text(MetadataSlot.NAME, "name"))
        index = int(entry.scalar(MetadataSlot.BUFFER, "<I", 0))
        if index >= buffers:
            raise damaged(f"metadata {names[-1]!r} refers to buffer {index} of {buffers}")
    return names


def _op(table: Table, index: int, codes: list[tuple[str, int]]) -> Op:
    code = int(table.scalar(OperatorSlot.OPCODE_INDEX, "<I", 0))
    if code >= len(codes):
        raise damaged(f"op {index} refers to operator code {code} of {len(codes)}")
    name, version = codes[code]
    return Op(
        index=index,
        name=name,
        version=version,
        inputs=table.integers(OperatorSlot.INPUTS, "inputs"),
        outputs=table.integers(OperatorSlot.OUTPUTS, "outputs"),
        options=_options(table, name, f"op {index} {name}"),
    )


def _options(table: Table, name: str, where: str) -> dict[str, Any]:
    if name not in OPTIONS:
        return {}
    kind, fields = OPTIONS[name]
    written = int(table.scalar(OperatorSlot.OPTIONS_TYPE, "<B", 0))
    if written not in (0, kind):
        raise damaged(f"{where} carries the options of another op (type {written})")
    options = table.table(OperatorSlot.OPTIONS, "options") if written else None
    return {field.name: _option(options, field, where) for field in fields}


def _option(options: Table | None, field: OptionField, where: str) -> Any:
    if options is None:
        return field.default
    if field.kind == "ints":
        return options.integers(field.slot, field.name)
    if isinstance(field.kind, str):
        return options.scalar(field.slot, "<" + field.kind, field.default)
    choice = int(options.scalar(field.slot, "<b", 0))
    if not 0 <= choice < len(field.kind):
        raise damaged(f"{where} has the unknown {field.name} {choice}")
    return field.kind[choice]
