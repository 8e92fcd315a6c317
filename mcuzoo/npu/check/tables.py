"""Look-up tables and constant operands, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Op
from mcuzoo.npu.check.constants import Difference
from mcuzoo.npu.check.values import Values
from mcuzoo.ops.softmax import exponential_table, softmax_parameters

PADDING = frozenset(("MIRROR_PAD", "PAD", "PADV2", "SPACE_TO_BATCH_ND"))
_BYTES = 256
_WORDS = 1024


def table_differences(table: bytes, values: Values, chain: Iterable[Op]) -> Iterator[Difference]:
    """`chain`: operators that the operation may belong to. A table of another kind gives none."""
    for op in chain:
        if op.name == "SOFTMAX" and len(table) == _WORDS:
            exponentials = exponential_table(softmax_parameters(values.model, op))[::-1]
            found = np.frombuffer(table, "<i4").astype(np.int64)
            wrong = np.flatnonzero(exponentials != found)
            if len(wrong):
                at = int(wrong[0])
                yield Difference(
                    "arithmetic",
                    f"entry {at} of the table of exponentials",
                    str(int(exponentials[at])),
                    f"{int(found[at])}; {len(wrong)} of {len(found)} entries differ",
                )
            return
        expected = values.table(op) if len(table) == _BYTES else None
        if expected is not None:
            held = np.frombuffer(table, np.uint8)
            wrong = np.flatnonzero(expected != held)
            if len(wrong):
                at = int(wrong[0])
                yield Difference(
                    "arithmetic",
                    f"entry {at} of the look-up table",
                    str(int(expected[at])),
                    f"{int(held[at])}; {len(wrong)} of {len(held)} entries differ (as bytes)",
                )
            return


_OF_SOFTMAX = frozenset((0, 1, 2, 4, 12, 35, 1 << 29, 1 << 30, 2**31 - 1, 1515870810, -1010580540))
"""Constants of TFLM's SOFTMAX (gemmlowp's fixedpoint.h: 48/17 and -32/17 in Q2.29, ones in Q0.31,
Q1.30 and Q2.29) and of how Vela counts its shifts."""


def operand_differences(
    operands: Sequence[NDArray[Any]], values: Values, chain: Sequence[Op]
) -> Iterator[Difference]:
    """`operands`: inputs of an operation that are constants."""
    own = [
        tensor.data
        for op in chain
        for index in op.inputs
        if index != -1
        for tensor in [values.source.tensor(index)]
        if tensor.data is not None and tensor.quantization is not None
    ]
    softmax = any(op.name == "SOFTMAX" for op in chain)
    for operand in operands:
        if any(_same(operand, data) for data in own):
            continue
        if softmax and operand.dtype.itemsize == 4:
            wrong = sorted(set(np.unique(operand).tolist()) - _OF_SOFTMAX)
            if wrong:
                yield Difference(
                    "arithmetic", "constant operand", "a constant of SOFTMAX", str(wrong[0])
                )
            continue
        size = operand.size, operand.dtype.itemsize
        alike = [data for data in own if (data.size, data.dtype.itemsize) == size]
        for data in alike[:1]:
            differ = np.flatnonzero(data.reshape(-1) != operand.reshape(-1))
            yield Difference(
                "arithmetic",
                f"constant operand, element {int(differ[0])}",
                str(data.reshape(-1)[differ[0]]),
                f"{operand.reshape(-1)[differ[0]]}; {len(differ)} of {data.size} differ",
            )


def fill_differences(operands: Sequence[NDArray[Any]], values: Values) -> Iterator[Difference]:
    """`operands`: all that an operation reads, which then fills the border that a PAD makes, or
    brings constants of the source model into place."""
    model = values.source
    pads = [model.tensor(op.inputs[0]) for op in model.ops if op.name in PADDING]
    fills = {one.quantization.zero_point & 0xFF for one in pads if one.quantization is not None}
    fills |= {
        int(value) & 0xFF
        for op in model.ops
        if op.name == "PADV2"
        for data in [model.tensor(op.inputs[2]).data]
        if data is not None
        for value in data.reshape(-1)[:1]
    }
    constants = [tensor.data for tensor in model.tensors if tensor.data is not None]
    for operand in operands:
        held = {int(value) & 0xFF for value in np.unique(operand)}
        known = any(_same(operand, data) for data in constants)
        filled = len(held) == 1 and held <= fills
        if operand.dtype.itemsize == 1 and fills and not known and not filled:
            yield Difference(
                "arithmetic",
                "constant input",
                f"a zero point of what is padded, {sorted(fills)} as bytes",
                f"{sorted(held)[:4]}",
            )


def _same(operand: NDArray[Any], data: NDArray[Any]) -> bool:
    return operand.size == data.size and np.array_equal(operand.reshape(-1), data.reshape(-1))
