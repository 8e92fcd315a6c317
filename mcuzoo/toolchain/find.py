"""Find a compiler: Arm's GCC, else Zig's C compiler."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mcuzoo.errors import ToolchainError, UsageError, did_you_mean
from mcuzoo.extras import install_command
from mcuzoo.project.flags import TOOLCHAINS

GCC_VARIABLE = "MCUZOO_GCC"
ZIG_VARIABLE = "MCUZOO_ZIG"
_ZIG_PACKAGE = "ziglang"
_VERSION_TIMEOUT_S = 60
_SPECS = "nosys.specs"


@dataclass(frozen=True)
class Compiler:
    """`command` starts the C compiler: its program and the arguments that come before ours."""

    kind: str
    command: tuple[str, ...]
    version: str

    @property
    def cxx_command(self) -> tuple[str, ...]:
        """Starts the C++ compiler that belongs to Arm's GCC."""
        program = Path(self.command[0])
        return (str(program.with_name(re.sub(r"gcc(?=[^/]*$)", "g++", program.name))),)


def find_compiler(name: str | None = None) -> Compiler:
    """The compiler called `name` ("gcc" or "zig"); without a name, the first there is.

    MCUZOO_GCC and MCUZOO_ZIG name a program to be used instead of arm-none-eabi-gcc and zig.
    Raises ToolchainError when there is none, UsageError for another name.
    """
    if name is not None and name not in TOOLCHAINS:
        raise UsageError(
            f"There is no compiler {name!r}; mcuzoo knows {' and '.join(TOOLCHAINS)}.",
            f"{did_you_mean(name, TOOLCHAINS)}--compiler gcc or --compiler zig.",
        )
    for kind in TOOLCHAINS if name is None else (name,):
        program = _gcc_program() if kind == "gcc" else _zig_program()
        if program is not None:
            return _compiler(kind, program)
    what = {"gcc": "no arm-none-eabi-gcc", "zig": "no zig"}
    missing = "neither arm-none-eabi-gcc nor zig" if name is None else what[name]
    raise ToolchainError(f"There is no C compiler for the board: {missing} was found.", _hint())


def compiler_packages() -> tuple[str, ...]:
    """What must be installed for `find_compiler` to find any: nothing where there is one."""
    return () if _gcc_program() or _zig_program() else (_ZIG_PACKAGE,)


def _hint() -> str:
    return f"{install_command([_ZIG_PACKAGE])} brings one that needs no root (Zig's C compiler)."


def require_newlib(gcc: str) -> None:
    """Raise ToolchainError when the program `gcc` comes without newlib, its C library."""
    if _answer(gcc, f"-print-file-name={_SPECS}") == _SPECS:
        raise ToolchainError(
            f"{gcc} has no C library for the board: it finds no {_SPECS} of newlib's.",
            "apt install libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib (Debian, Ubuntu); "
            "Arm's own GNU toolchain has it.",
        )


def _gcc_program() -> str | None:
    return os.environ.get(GCC_VARIABLE) or shutil.which("arm-none-eabi-gcc")


def _zig_program() -> str | None:
    """By variable, then the program that the ziglang package carries, then on the PATH."""
    return os.environ.get(ZIG_VARIABLE) or _packaged_zig() or shutil.which("zig")


def _packaged_zig() -> str | None:
    try:
        spec = find_spec("ziglang")
    except ImportError:
        return None
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    found = (folder / name for name in ("zig", "zig.exe"))
    return next((str(path) for path in found if path.is_file()), None)


def _compiler(kind: str, program: str) -> Compiler:
    if kind == "gcc":
        return Compiler("gcc", (program,), _answer(program, "-dumpfullversion"))
    return Compiler("zig", (program, "cc"), _answer(program, "version"))


def _answer(program: str, *arguments: str) -> str:
    try:
        answer = subprocess.run(
            [program, *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=True,
            timeout=_VERSION_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolchainError(f"{program} does not run: {error}", _hint()) from error
    return answer.stdout.strip()
