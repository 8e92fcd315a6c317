"""Look-up tables, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from mcuzoo.graph.model import Op
from mcuzoo.npu.check.constants import Difference
from mcuzoo.npu.check.values import Values
from mcuzoo.ops.softmax import exponential_table, softmax_parameters

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
