"""Arrays of numbers that the generated C holds in flash (or in RAM, copied at reset)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

C_TYPES: dict[np.dtype[Any], str] = {
    np.dtype(name): f"{name}_t" for name in ("int8", "int16", "int32")
}


@dataclass(frozen=True, eq=False)
class Constant:
    """A const array: one-dimensional int8, int16 or int32 `values` in the order the kernel reads
    them.

    `meaning` are the lines of the comment above it.
    """

    symbol: str
    values: NDArray[np.int8] | NDArray[np.int16] | NDArray[np.int32]
    meaning: tuple[str, ...]

    @property
    def c_type(self) -> str:
        return C_TYPES[self.values.dtype]

    @property
    def bytes(self) -> int:
        return int(self.values.nbytes)
