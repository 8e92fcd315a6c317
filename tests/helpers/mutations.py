"""Spoil .tflite files: by the fields of their structure, and byte by byte.

What comes out is a FlatBuffer whose content may be anything: the schema's own object API writes it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 16, 255, 4096, 65536, 2**20, 2**31 - 1, -1, -2, -(2**31)]
SMALL = [-2, -1, 0, 1, 2, 3, 4, 5, 100]
INTEGERS = [*SMALL, 255, 32767, 32768, 2**30, 2**31 - 1, -(2**31)]
SCALES = [0.0, 1e-45, 1e-12, 1e-8, 1e-7, 1e-4, 0.0039, 1 / 256, 1 / 128, 0.02, 0.1, 0.5, 1.0, 3.0,
          1e3, 1e8, 1e10, 3e38, -0.1, float("inf"), float("nan")]  # fmt: skip
ZERO_POINTS = [0, 0, -128, 127, 1, -129, 128, 255, 2**31 - 1, 2**40, -(2**63)]
TYPES = [0, 1, 2, 3, 4, 6, 7, 9, 9, 9, 17, 77]
WORDS = [0, 1, 2, 4, 0x7F, 0x80, 0xFFFF, 0x10000, 1 << 20, 1 << 28, 0x7FFFFFFF, 0x80000000,
         0xFFFFFFFE, 0xFFFFFFFF]  # fmt: skip
CODES = [0, 1, 2, 3, 4, 6, 9, 14, 17, 18, 19, 21, 22, 23, 25, 28, 32, 34, 39, 40, 41, 45, 54, 55,
         57, 60, 77, 83, 97, 98, 114, 117, 205, 500]  # fmt: skip


def spoiled(raw: bytes, random: Random) -> bytes:
    """`raw` with one to three faults, most of them in its structure."""
    if random.random() < 0.2:
        return spoiled_bytes(raw, random)
    model = schema.ModelT.InitFromPackedBuf(raw)
    try:
        for _ in range(random.choice((1, 1, 1, 2, 2, 3))):
            random.choice(FAULTS)(model, random)
        return packed(model)
    except (struct.error, TypeError, ValueError, AttributeError, LookupError, OverflowError):
        # One fault left nothing for the next, or the object API cannot write it.
        return spoiled_bytes(raw, random)


def spoiled_bytes(raw: bytes, random: Random) -> bytes:
    """Flipped bits, overwritten words or a lost end."""
    changed = bytearray(raw)
    kind = random.random()
    for _ in range(random.randint(1, 4)):
        if kind < 0.5:
            changed[random.randrange(len(raw))] ^= 1 << random.randrange(8)
        else:
            place = random.randrange(len(raw) // 4) * 4
            struct.pack_into("<I", changed, place, random.choice(WORDS))
    return bytes(changed[: random.randrange(len(raw))]) if kind > 0.97 else bytes(changed)


def packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _graph(model: Any) -> Any:
    return model.subgraphs[0]


def _tensor(model: Any, random: Random) -> Any:
    return random.choice(_graph(model).tensors)


def _op(model: Any, random: Random) -> Any | None:
    operators = _graph(model).operators
    return random.choice(operators) if operators else None


def _numbers(values: Any) -> list[Any]:
    return [] if values is None else list(values)


def _changed(values: Sequence[Any], pool: Sequence[Any], random: Random) -> list[Any]:
    """One value replaced, dropped, doubled or added."""
    found = list(values)
    kind = random.randrange(5)
    if not found or kind == 0:
        found.insert(random.randint(0, len(found)), random.choice(pool))
    elif kind == 1:
        found.pop(random.randrange(len(found)))
    elif kind == 2:
        found.append(random.choice(found))
    else:
        found[random.randrange(len(found))] = random.choice(pool)
    return found


def _shape(model: Any, random: Random) -> None:
    tensor = _tensor(model, random)
    if random.random() < 0.3:
        tensor.shape = _numbers(_tensor(model, random).shape)
    elif random.random() < 0.1:
        tensor.shape = None
    else:
        tensor.shape = _changed(_numbers(tensor.shape), SIZES, random)


def _type(model: Any, random: Random) -> None:
    _tensor(model, random).type = random.choice(TYPES)


def _buffer(model: Any, random: Random) -> None:
    _tensor(model, random).buffer = random.choice([0, 1, len(model.buffers) - 1, 10**6])


def _data(model: Any, random: Random) -> None:
    constant = [buffer for buffer in model.buffers if buffer.data is not None and len(buffer.data)]
    if not constant:
        return
    buffer = random.choice(constant)
    data: NDArray[np.uint8] = np.array(buffer.data, np.uint8)
    kind = random.randrange(4)
    if kind == 0:
        data = data[: random.randrange(len(data))]
    elif kind == 1:
        data = np.concatenate([data, data])
    elif len(data) % 4 == 0:
        words = data.view("<i4").copy()
        words[random.randrange(len(words))] = random.choice(INTEGERS)
        data = words.view(np.uint8)
    buffer.data = data


def _quantization(model: Any, random: Random) -> None:
    tensor = _tensor(model, random)
    kind = random.randrange(8)
    if tensor.quantization is None or kind == 0:
        tensor.quantization = schema.QuantizationParametersT() if kind else None
        if tensor.quantization is not None:
            tensor.quantization.scale, tensor.quantization.zeroPoint = [0.1], [0]
        return
    quantization = tensor.quantization
    if kind < 3:
        quantization.scale = _changed(_numbers(quantization.scale), SCALES, random)
    elif kind == 3:
        quantization.scale = [random.choice(SCALES)]
    elif kind < 6:
        quantization.zeroPoint = _changed(_numbers(quantization.zeroPoint), ZERO_POINTS, random)
    elif kind == 6:
        quantization.zeroPoint = None
    else:
        quantization.quantizedDimension = random.choice(INTEGERS)


def _variable(model: Any, random: Random) -> None:
    _tensor(model, random).isVariable = True


def _operands(model: Any, random: Random) -> None:
    op = _op(model, random)
    if op is None:
        return
    count = len(_graph(model).tensors)
    pool = [-1, *range(count), count, -2, 2**31 - 1]
    if random.random() < 0.6:
        op.inputs = _changed(_numbers(op.inputs), pool, random)
    else:
        op.outputs = _changed(_numbers(op.outputs), pool, random)


def _missing(model: Any, random: Random) -> None:
    op = _op(model, random)
    if op is not None:
        name = random.choice(["inputs", "outputs", "builtinOptions"])
        setattr(op, name, None)
        if name == "builtinOptions" and random.random() < 0.7:
            op.builtinOptionsType = 0


def _option(model: Any, random: Random) -> None:
    op = _op(model, random)
    if op is None or op.builtinOptions is None:
        return
    options = op.builtinOptions
    names = [name for name, value in vars(options).items() if isinstance(value, int | float)]
    if not names:
        return
    name = random.choice(names)
    value = getattr(options, name)
    if isinstance(value, bool):
        setattr(options, name, not value)
    elif isinstance(value, float):
        setattr(options, name, random.choice([*SCALES, -1.0]))
    elif name in ("padding", "fusedActivationFunction", "weightsFormat"):
        setattr(options, name, random.choice([0, 1, 2, 3, 4, 5, 6, 127, -1]))
    else:
        setattr(options, name, random.choice(INTEGERS))


def _option_kind(model: Any, random: Random) -> None:
    op = _op(model, random)
    if op is not None:
        op.builtinOptionsType = random.choice([0, 1, 2, 5, 8, 9, 11, 27, 126])


def _code(model: Any, random: Random) -> None:
    code = random.choice(model.operatorCodes)
    if random.random() < 0.3:
        code.version = random.choice(INTEGERS)
    else:
        code.builtinCode = random.choice(CODES)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)


def _code_index(model: Any, random: Random) -> None:
    op = _op(model, random)
    if op is not None:
        op.opcodeIndex = random.choice([*range(len(model.operatorCodes)), 10**6])


def _order(model: Any, random: Random) -> None:
    operators = _graph(model).operators
    kind = random.randrange(3)
    if not operators:
        return
    if kind == 0:
        random.shuffle(operators)
    elif kind == 1:
        operators.pop(random.randrange(len(operators)))
    else:
        operators.append(random.choice(operators))


def _ends(model: Any, random: Random) -> None:
    graph = _graph(model)
    pool = [-1, *range(len(graph.tensors)), len(graph.tensors)]
    if random.random() < 0.5:
        graph.inputs = _changed(_numbers(graph.inputs), pool, random)
    else:
        graph.outputs = _changed(_numbers(graph.outputs), pool, random)


def _custom_options(model: Any, random: Random) -> None:
    op = _op(model, random)
    if op is not None:
        if random.random() < 0.5:
            op.customOptions = np.zeros(random.choice([0, 4]), np.uint8)
        else:
            op.intermediates = [random.choice([-1, 0, 1, 10**6])]


def _metadata(model: Any, random: Random) -> None:
    """A memory plan that nobody asked for, or a name that points nowhere."""
    count = len(_graph(model).tensors)
    offsets = [random.choice([-1, 0, 0, 16, 3, 2**30]) for _ in range(count)]
    buffer = schema.BufferT()
    buffer.data = np.array([1, 0, count, *offsets], "<i4").view(np.uint8)
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name = random.choice(["OfflineMemoryAllocation", "min_runtime_version", ""])
    entry.buffer = random.choice([len(model.buffers) - 1, len(model.buffers) - 1, 10**6])
    model.metadata = [*(model.metadata or []), entry]


def _signature(model: Any, random: Random) -> None:
    signature = schema.SignatureDefT()
    signature.signatureKey = random.choice(["", "serving_default"])
    signature.subgraphIndex = random.choice([0, 1, 10**6])
    model.signatureDefs = [signature]


def _whole(model: Any, random: Random) -> None:
    kind = random.randrange(5)
    if kind == 0:
        model.version = random.choice([0, 2, 4, 2**32 - 1])
    elif kind == 1:
        model.subgraphs = model.subgraphs * random.choice([0, 2])
    elif kind == 2:
        model.buffers = model.buffers[: random.randrange(len(model.buffers) + 1)]
    elif kind == 3:
        model.operatorCodes = model.operatorCodes[:-1]
    else:
        _graph(model).tensors = _graph(model).tensors[:-1]


FAULTS: list[Callable[[Any, Random], None]] = [
    *[_shape, _quantization, _operands, _option] * 3,
    *[_type, _data, _code, _order] * 2,
    *[_buffer, _variable, _missing, _option_kind, _code_index, _ends],
    *[_custom_options, _metadata, _signature, _whole],
]
