"""unicorn's own count of executed instructions, read while it runs.

Given an instruction limit, unicorn counts in compiled code, an order of magnitude faster than a
Python hook could, but its interface does not tell the count. It stands in the engine's structure
right before the limit, so the place is found by running a known number of instructions with a
conspicuous limit, and trusted only after a second number has been found there as well.
"""

from __future__ import annotations

import ctypes
from typing import Any

NO_LIMIT = 0x7A31_C0DE_5EED_1234
_SCRATCH = 0x1000_0000
_SCRATCH_BYTES = 0x1000
_NOP = b"\x00\xbf"
_WORD = 8
# The structure is larger than this, and the counter lies well within.
_SEARCHED_BYTES = 2048
_TRIALS = (37, 23)


def find_counter(uc: Any) -> ctypes.c_uint64 | None:
    """The live count of the present `emu_start` of `uc`, or None where it cannot be found.

    It includes the instruction being executed. Changes the program counter of `uc`.
    """
    uc.mem_map(_SCRATCH, _SCRATCH_BYTES)
    try:
        uc.mem_write(_SCRATCH, _NOP * max(_TRIALS))
        return _search(uc)
    finally:
        uc.mem_unmap(_SCRATCH, _SCRATCH_BYTES)


def _search(uc: Any) -> ctypes.c_uint64 | None:
    handle = ctypes.cast(uc._uch, ctypes.c_void_p).value
    if handle is None:
        return None
    candidates = set(range(0, _SEARCHED_BYTES - _WORD, _WORD))
    for instructions in _TRIALS:
        uc.emu_start(_SCRATCH | 1, _SCRATCH + len(_NOP) * instructions, count=NO_LIMIT)
        words = (ctypes.c_uint64 * (_SEARCHED_BYTES // _WORD)).from_address(handle)
        candidates = {
            offset
            for offset in candidates
            if words[offset // _WORD] == instructions and words[offset // _WORD + 1] == NO_LIMIT
        }
    if len(candidates) != 1:
        return None
    return ctypes.c_uint64.from_address(handle + candidates.pop())
