"""What a FAULT says in words: the stack's overflow is one that needs no program counter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcuzoo.link.failures import fault_error
from mcuzoo.link.messages import Fault

BOTTOM = 0x2003_E000
WILD_WRITE = Fault(
    kind=4, pc=0x3000_2468, lr=0x3000_2001, sp=BOTTOM + 512, psr=1 << 24, cfsr=0x82, hfsr=0,
    mmfar=0x5000_0000, bfar=0, stack_bottom=BOTTOM,
)  # fmt: skip


def test_any_other_fault_names_its_line() -> None:
    error = fault_error("image 3", WILD_WRITE)
    assert "The core took exception 4 (image 3): pc 0x30002468" in error.message
    assert "addr2line" in error.hint and "0x30002468" in error.hint


@pytest.mark.parametrize(
    "changes",
    [
        {"cfsr": 0x92, "pc": 0},  # the frame could not be pushed
        {"cfsr": 0x1000, "kind": 5},
        {"sp": BOTTOM - 4000, "cfsr": 0x82},  # far below
        {"mmfar": BOTTOM - 4},  # the guard was touched
    ],
)
def test_an_overflow_is_called_so(changes: dict[str, Any]) -> None:
    error = fault_error("image 3", replace(WILD_WRITE, **changes))
    assert error.message.startswith("The stack overflowed, and the core took exception")
    assert "image 3" in error.message


@pytest.mark.parametrize(
    "changes",
    [
        {"mmfar": BOTTOM - 1025},
        {"mmfar": BOTTOM},
        {"mmfar": BOTTOM - 4, "cfsr": 0x02},  # MMFAR says nothing
        {"sp": 0x2000_0000, "stack_bottom": 0},  # a firmware that does not tell
    ],
)
def test_what_is_none_is_not(changes: dict[str, Any]) -> None:
    assert "overflowed" not in fault_error("x", replace(WILD_WRITE, **changes)).message
