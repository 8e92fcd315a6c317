"""Run a test with every cross compiler that is installed."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

import pytest

_NO_GCC = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc"
)
_NO_ZIG = pytest.mark.skipif(find_spec("ziglang") is None, reason="no ziglang")

COMPILERS = [pytest.param("gcc", marks=_NO_GCC), pytest.param("zig", marks=_NO_ZIG)]
"""Parameters of a fixture that wants each."""

every_compiler = pytest.mark.parametrize("compiler", COMPILERS)
"""Gives the test an argument `compiler`: "gcc", then "zig"."""

needs_compiler = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None and find_spec("ziglang") is None,
    reason="no cross compiler",
)
"""For a test that builds with whichever is found first."""
