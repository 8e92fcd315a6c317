"""What one image gave: its output, and per kernel when it was profiled."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.link.messages import PROFILE_RECORD_BYTES


@dataclass(frozen=True)
class Inference:
    """A result whose input and output are proven by CRC-32.

    output: int8 (output tensor's bytes,). `cycles` is in the board's count_unit, None when it does
    not count; `attempts` is 1 unless the image had to be started again.
    """

    output: NDArray[np.int8]
    cycles: int | None
    input_crc32: int
    attempts: int


@dataclass(frozen=True)
class KernelRecord:
    """One kernel of an inference, which computed the ops `first_op` to `last_op` of the file.

    `cycles` is in the board's count_unit; None when not counted.
    `output_crc32` is over the last op's output of `output_bytes` bytes; None when the board does
    not have it in memory as the model has it.
    """

    first_op: int
    last_op: int
    cycles: int | None
    output_bytes: int
    output_crc32: int | None


@dataclass(frozen=True)
class Profile:
    """An inference and its kernels in the order in which they ran."""

    inference: Inference
    records: tuple[KernelRecord, ...]


_RECORD = struct.Struct("<HHIII")
assert _RECORD.size == PROFILE_RECORD_BYTES


def unpack_records(packed: bytes) -> list[KernelRecord]:
    """The records of a PROFILE_DATA. Raises struct.error when they do not end with a whole one."""
    return [
        KernelRecord(first, last, cycles or None, size, crc32 if size else None)
        for first, last, cycles, size, crc32 in _RECORD.iter_unpack(packed)
    ]
