"""Run a test with every cross compiler that is installed."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from importlib.util import find_spec

import pytest
from _pytest.mark.structures import ParameterSet
from helpers.boards import BOARDS, REPRESENTATIVES

_NO_GCC = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc"
)
_NO_ZIG = pytest.mark.skipif(find_spec("ziglang") is None, reason="no ziglang")

GCC = pytest.param("gcc", marks=_NO_GCC)
ZIG = pytest.param("zig", marks=_NO_ZIG)
COMPILERS = [GCC, ZIG]
"""Parameters of a fixture that wants each."""

ONE_COMPILER_FIRST = [GCC, pytest.param("zig", marks=(_NO_ZIG, pytest.mark.full))]
"""The same, of which `make test` takes one."""

every_compiler = pytest.mark.parametrize("compiler", COMPILERS)
"""Gives the test an argument `compiler`: "gcc", then "zig"."""

_SKIPS = {"gcc": _NO_GCC, "zig": _NO_ZIG}
_GCC_IF_ANY = "gcc" if shutil.which("arm-none-eabi-gcc") else "zig"


def _rigs(representatives: tuple[str, ...]) -> list[ParameterSet]:
    """(board, compiler): `representatives` with each compiler, of which `make test` takes one, by
    turns zig and gcc; the other boards of their families with one of the two, by turns."""
    rigs, turns = [], {True: 0, False: 0}
    for board in BOARDS:
        representative = board in representatives
        chosen = ("zig", _GCC_IF_ANY)[turns[representative] % 2]
        turns[representative] += 1
        for compiler, skip in _SKIPS.items():
            if not (representative or compiler == chosen):
                continue
            quick = representative and compiler == chosen
            marks = (skip,) if quick else (skip, pytest.mark.full)
            rigs.append(pytest.param((board, compiler), id=f"{board}-{compiler}", marks=marks))
    return rigs


RIGS = _rigs(REPRESENTATIVES)
"""(board, compiler): every board and every compiler, of which `make test` takes one per family of
chips."""

needs_compiler = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None and find_spec("ziglang") is None,
    reason="no cross compiler",
)
"""For a test that builds with whichever is found first."""


@cache
def has_newlib() -> bool:
    """Whether arm-none-eabi-gcc has a C library, which Debian keeps in another package."""
    gcc = shutil.which("arm-none-eabi-gcc")
    if gcc is None:
        return False
    asked = [gcc, "-print-file-name=nosys.specs"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return "/" in said


needs_newlib = pytest.mark.skipif(not has_newlib(), reason="no newlib beside arm-none-eabi-gcc")
"""For a test that builds an application of the SDK."""
