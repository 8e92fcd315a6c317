"""The model in memory: what a .tflite file says, typed and immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray


class DType(Enum):
    """Tensor element types that mcuzoo knows; `value` is numpy's name for it."""

    FLOAT32 = "float32"
    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    BOOL = "bool"
    FLOAT16 = "float16"

    @property
    def numpy(self) -> np.dtype[Any]:
        return np.dtype(self.value)

    @property
    def bytes(self) -> int:
        return int(self.numpy.itemsize)


@dataclass(frozen=True)
class Quantization:
    """Affine quantization: real = scale * (q - zero_point).

    scales: float32 (n,), zero_points: int64 (n,); n is 1 (per-tensor) or the size of
    dimension `axis` (per-channel).
    """

    scales: NDArray[np.float32]
    zero_points: NDArray[np.int64]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return len(self.scales) > 1

    @property
    def scale(self) -> float:
        """The per-tensor scale (the first one)."""
        return float(self.scales[0])

    @property
    def zero_point(self) -> int:
        return int(self.zero_points[0])


@dataclass(frozen=True)
class Tensor:
    """One tensor. `data` is the constant's value in `shape`, or None for an activation.

    index, name: in the file. dtype: of its values. quantization: None where the file states none.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: DType
    quantization: Quantization | None
    data: NDArray[Any] | None

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.elements * self.dtype.bytes


@dataclass(frozen=True)
class Op:
    """One operator. `inputs` holds tensor indices, -1 for an omitted optional input.

    `options` are the builtin options under the schema's own snake_case names, e.g. `padding`
    ("SAME" | "VALID"), `stride_w`, `stride_h`, `dilation_w_factor`, `depth_multiplier`,
    `fused_activation_function` ("NONE" | "RELU" | "RELU_N1_TO_1" | "RELU6"), `filter_width`,
    `filter_height`, `beta`, `keep_dims`, `new_shape`. index: in the file. name: of the operator,
    "CONV_2D". version: of the operator in the schema. `outputs` holds tensor indices.
    """

    index: int
    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A verified model of one subgraph.

    name: the file's, without its ending. raw: the file. description: as its converter wrote it.
    inputs, outputs: tensor indices. `plain` is False if TFLM would read `raw` differently from this
    description, or if a core could fault on it: misaligned numbers, custom options of a builtin op,
    a memory plan. sha256: of `raw`, in hex. tensors, ops: by index, in the file's order.
    """

    name: str
    sha256: str
    raw: bytes
    description: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    plain: bool = True

    @property
    def bytes(self) -> int:
        """Size of the file."""
        return len(self.raw)

    def tensor(self, index: int) -> Tensor:
        return self.tensors[index]
