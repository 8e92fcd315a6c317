"""A compiler for Linux on AArch64 that takes no minutes, for tests."""

from __future__ import annotations

import pytest

from mcuzoo.errors import ToolchainError
from mcuzoo.toolchain.find import Compiler, find_linux_compiler


def quick_linux_compiler() -> Compiler:
    """GCC, whose C library is there; else Zig, which builds one first. Skips without any."""
    for name in ("gcc", "zig"):
        try:
            return find_linux_compiler(name)
        except ToolchainError:
            continue
    pytest.skip("no compiler for Linux on AArch64")
