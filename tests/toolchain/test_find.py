"""Compilers are found by name, by variable, on the PATH, and by package."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mcuzoo.errors import ToolchainError, UsageError
from mcuzoo.toolchain import find
from mcuzoo.toolchain.find import GCC_VARIABLE, ZIG_VARIABLE, find_compiler


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any compiler; programs put into the returned folder are on its PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(GCC_VARIABLE, raising=False)
    monkeypatch.delenv(ZIG_VARIABLE, raising=False)
    monkeypatch.setattr(find, "find_spec", lambda name: None)
    return tmp_path


def _program(path: Path, says: str) -> Path:
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_none_at_all(bare: Path) -> None:
    with pytest.raises(ToolchainError, match="neither arm-none-eabi-gcc nor zig") as caught:
        find_compiler()
    assert "pip install 'ziglang>=" in caught.value.hint
    assert caught.value.exit_code == 5


def test_the_wanted_one_is_missing(bare: Path) -> None:
    _program(bare / "zig", "0.99")
    with pytest.raises(ToolchainError, match="no arm-none-eabi-gcc"):
        find_compiler("gcc")


def test_gcc_comes_first_and_zig_else(bare: Path) -> None:
    _program(bare / "zig", "0.99")
    assert find_compiler().kind == "zig"
    _program(bare / "arm-none-eabi-gcc", "12.9")
    found = find_compiler()
    assert (found.kind, found.version) == ("gcc", "12.9")
    assert find_compiler("zig").command == (str(bare / "zig"), "cc")


def test_variables_win(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(bare / "arm-none-eabi-gcc", "1")
    monkeypatch.setenv(GCC_VARIABLE, str(_program(bare / "my-gcc", "2")))
    monkeypatch.setenv(ZIG_VARIABLE, str(_program(bare / "my-zig", "3")))
    assert find_compiler("gcc").version == "2"
    assert find_compiler("zig").version == "3"


def test_a_program_that_does_not_run(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(GCC_VARIABLE, str(bare / "nowhere"))
    with pytest.raises(ToolchainError, match="does not run"):
        find_compiler("gcc")


def test_a_compiler_we_do_not_know() -> None:
    with pytest.raises(UsageError) as caught:
        find_compiler("gc")
    assert "Did you mean 'gcc'?" in caught.value.hint


def test_the_packaged_zig_is_found() -> None:
    pytest.importorskip("ziglang")
    assert find_compiler("zig").version[0].isdigit()
