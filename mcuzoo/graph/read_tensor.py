"""One tensor of a .tflite file: shape, type, quantization and constant data, each checked."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import ModelError
from mcuzoo.graph.flatbuffer import Table, damaged
from mcuzoo.graph.model import DType, Quantization, Tensor
from mcuzoo.graph.schema import (
    OTHER_TENSOR_TYPES,
    TENSOR_TYPES,
    BufferSlot,
    QuantizationSlot,
    TensorSlot,
)

MAX_RANK = 8
MAX_TENSOR_BYTES = 2**31 - 1
ZERO_POINT_RANGE = {
    DType.INT8: (-128, 127),
    DType.UINT8: (0, 255),
    DType.INT16: (-32768, 32767),
}


@dataclass(frozen=True)
class ReadTensor:
    """`plain`: TFLM reads the same from the file. It does not if zero points are missing (TFLM then
    takes it as not quantized), if weights name another axis than that of their scales, or if it is
    a variable (TFLM keeps it from run to run).

    is_variable: the file says so.
    """

    tensor: Tensor
    is_variable: bool
    plain: bool


def read_tensor(table: Table, index: int, buffers: list[Table]) -> ReadTensor:
    """The tensor that `table` describes; its data is a read-only view into the file.

    Raises ModelError for anything that cannot be: a type mcuzoo does not read, an impossible
    shape, data that does not fill the shape, scales that are no scales.
    """
    name = table.text(TensorSlot.NAME, "name")
    where = f"tensor {index} {name!r}"
    dtype = _dtype(int(table.scalar(TensorSlot.TYPE, "<b", 0)), where)
    shape = _shape(table.integers(TensorSlot.SHAPE, "shape"), dtype, where)
    if table.table(TensorSlot.SPARSITY, "sparsity") is not None:
        raise ModelError(
            f"{where} is sparse, which mcuzoo does not read.",
            "Convert the model again without sparsity.",
        )
    tensor = Tensor(
        index=index,
        name=name,
        shape=shape,
        dtype=dtype,
        quantization=_quantization(table, shape, dtype, where),
        data=_data(table, shape, dtype, buffers, where),
    )
    is_variable = bool(table.scalar(TensorSlot.IS_VARIABLE, "<?", False))
    plain = not is_variable and (tensor.quantization is None or _is_plain(table, tensor))
    return ReadTensor(tensor, is_variable, plain)


def _dtype(code: int, where: str) -> DType:
    if code in TENSOR_TYPES:
        return TENSOR_TYPES[code]
    if code in OTHER_TENSOR_TYPES:
        raise ModelError(
            f"{where} is of type {OTHER_TENSOR_TYPES[code]}, which mcuzoo does not read.",
            "Quantize the model to INT8 (int8 activations and weights, int32 bias).",
        )
    raise damaged(f"{where} has the unknown type {code}")


def _shape(shape: tuple[int, ...], dtype: DType, where: str) -> tuple[int, ...]:
    if len(shape) > MAX_RANK:
        raise damaged(f"{where} has {len(shape)} dimensions")
    if any(size < 0 for size in shape):
        raise damaged(f"{where} has the shape {list(shape)}")
    # An empty tensor is bounded, too: its other sizes end up in products.
    if prod(max(size, 1) for size in shape) * dtype.bytes > MAX_TENSOR_BYTES:
        raise damaged(f"{where} of shape {list(shape)} would be larger than 2 GiB")
    return shape


def _data(
    table: Table, shape: tuple[int, ...], dtype: DType, buffers: list[Table], where: str
) -> NDArray[Any] | None:
    index = int(table.scalar(TensorSlot.BUFFER, "<I", 0))
    if index >= len(buffers):
        raise damaged(f"{where} refers to buffer {index} of {len(buffers)}")
    buffer = buffers[index]
    if int(buffer.scalar(BufferSlot.OFFSET, "<Q", 0)) > 1:
        raise ModelError(
            f"{where} keeps its data outside the FlatBuffer, as models over 2 GiB do.",
            "Convert the model again with its constants inside.",
        )
    values = buffer.numbers(BufferSlot.DATA, "u1", "data")
    if values is None or values.size == 0:
        return np.zeros(shape, dtype.numpy) if prod(shape) == 0 else None
    if values.size != prod(shape) * dtype.bytes:
        raise damaged(
            f"{where} of shape {list(shape)} needs {prod(shape) * dtype.bytes} bytes of data and "
            f"has {values.size}"
        )
    constant: NDArray[Any] = values.view(dtype.numpy.newbyteorder("<")).reshape(shape)
    return constant


def _quantization(
    table: Table, shape: tuple[int, ...], dtype: DType, where: str
) -> Quantization | None:
    parameters = table.table(TensorSlot.QUANTIZATION, "quantization")
    if parameters is None:
        return None
    if parameters.scalar(QuantizationSlot.DETAILS_TYPE, "<B", 0) != 0:
        raise ModelError(
            f"{where} uses a quantization other than scale and zero point.",
            "Quantize the model to INT8 (int8 activations and weights, int32 bias).",
        )
    scales = parameters.numbers(QuantizationSlot.SCALE, "<f4", "scale")
    if scales is None or scales.size == 0:
        return None
    zeros = parameters.numbers(QuantizationSlot.ZERO_POINT, "<i8", "zero_point")
    axis = int(parameters.scalar(QuantizationSlot.QUANTIZED_DIMENSION, "<i", 0))
    parameters.reader.spend(scales.nbytes, where)
    if not np.all(np.isfinite(scales)) or np.any(scales < 0):
        raise damaged(f"a scale of {where} is negative or not a number")
    axis = _axis(axis, shape, scales.size)
    zero_points = _zero_points(zeros, scales.size, dtype, where)
    if scales.size > 1 and not (0 <= axis < len(shape) and shape[axis] == scales.size):
        raise damaged(f"{where} of shape {list(shape)} has {scales.size} scales along axis {axis}")
    return Quantization(scales=scales, zero_points=zero_points, axis=axis)


def _axis(named: int, shape: tuple[int, ...], scales: int) -> int:
    """The axis of the channels: the one that the file names, or the only one of that size.

    TFLM reads none, and files exist whose biases name the axis of their weights.
    """
    if 0 <= named < len(shape) and shape[named] == scales:
        return named
    fitting = [axis for axis, size in enumerate(shape) if size == scales]
    return fitting[0] if scales > 1 and len(fitting) == 1 else named


def _is_plain(table: Table, tensor: Tensor) -> bool:
    parameters = table.table(TensorSlot.QUANTIZATION, "quantization")
    if parameters is None or tensor.quantization is None:
        return False
    zeros = parameters.numbers(QuantizationSlot.ZERO_POINT, "<i8", "zero_point")
    named = int(parameters.scalar(QuantizationSlot.QUANTIZED_DIMENSION, "<i", 0))
    kept = len(tensor.shape) < 2 or named == tensor.quantization.axis
    return kept and zeros is not None and zeros.size > 0


def _zero_points(
    zeros: NDArray[Any] | None, count: int, dtype: DType, where: str
) -> NDArray[np.int64]:
    if zeros is None or zeros.size == 0:
        return np.zeros(count, np.int64)
    if zeros.size not in (1, count):
        raise damaged(f"{where} has {count} scales and {zeros.size} zero points")
    low, high = ZERO_POINT_RANGE.get(dtype, (-(2**31), 2**31 - 1))
    if int(zeros.min()) < low or int(zeros.max()) > high:
        raise damaged(f"a zero point of {where} is outside {low}..{high}")
    return np.broadcast_to(zeros, (count,))
