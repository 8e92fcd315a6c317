"""Find a compiler, Arm's GCC or else Zig's, run it, and keep a log of commands and output."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_cache_path

from mcuzoo.errors import ToolchainError, UsageError, did_you_mean
from mcuzoo.extras import install_command
from mcuzoo.project.kinds import LINUX_TOOLCHAINS, TOOLCHAINS

_ERROR_LINES = 5
_ERROR = re.compile(
    r"\berror\b|undefined reference|\bcannot (open|find)\b|overflowed by|overlaps", re.IGNORECASE
)


@dataclass
class BuildLog:
    """The commands and their output. Written to `path` whether the build succeeds or not.

    entries: a command with its output each.
    """

    path: Path
    entries: list[str] = field(default_factory=list)

    def write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("".join(self.entries), encoding="utf-8")


def run_logged(
    command: Sequence[str],
    folder: Path,
    log: BuildLog,
    who: str = "The compiler",
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run `command` in `folder`, with `environment` added to ours.

    Raises ToolchainError with the first error lines when it fails; the log has all of them.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env={**_environment(), **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    said = done.stdout + done.stderr
    log.entries.append(" ".join(command) + "\n" + said)
    if done.returncode != 0:
        raise ToolchainError(_first_errors(said, who), f"The whole log: {log.path}")


def zig_cache() -> Path:
    """Where Zig keeps the C libraries that it has built, unless ZIG_GLOBAL_CACHE_DIR says another
    place."""
    named = os.environ.get("ZIG_GLOBAL_CACHE_DIR")
    return Path(named) if named else user_cache_path("mcuzoo", appauthor=False) / "zig"


def _environment() -> dict[str, str]:
    """Our environment with a place for Zig's caches; Zig itself locks them."""
    cache = str(zig_cache())
    return {
        "ZIG_GLOBAL_CACHE_DIR": cache,
        "ZIG_LOCAL_CACHE_DIR": cache,
        **os.environ,
        "LC_ALL": "C",
    }


def _first_errors(said: str, who: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    first = next((number for number, line in enumerate(lines) if _ERROR.search(line)), 0)
    return f"{who} failed:\n" + "\n".join(lines[first : first + _ERROR_LINES])


GCC_VARIABLE = "MCUZOO_GCC"
LINUX_GCC_VARIABLE = "MCUZOO_LINUX_GCC"
ZIG_VARIABLE = "MCUZOO_ZIG"
_ZIG_PACKAGE = "ziglang"
_VERSION_TIMEOUT_S = 60
_SPECS = "nosys.specs"


@dataclass(frozen=True)
class Compiler:
    """`command` starts the C compiler: its program and its first arguments. kind: "gcc" or "zig".
    version: as it states it."""

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
    _check_name(name)
    for kind in TOOLCHAINS if name is None else (name,):
        program = _gcc_program() if kind == "gcc" else _zig_program()
        if program is not None:
            return _compiler(kind, program)
    what = {"gcc": "no arm-none-eabi-gcc", "zig": "no zig"}
    missing = "neither arm-none-eabi-gcc nor zig" if name is None else what[name]
    raise ToolchainError(f"There is no C compiler for the board: {missing} was found.", _hint())


def find_linux_compiler(name: str | None = None) -> Compiler:
    """The compiler of programs for Linux on AArch64: as find_compiler, but Zig's first.

    MCUZOO_LINUX_GCC names a program to be used instead of aarch64-linux-gnu-gcc.
    """
    _check_name(name)
    for kind in LINUX_TOOLCHAINS if name is None else (name,):
        program = _linux_gcc_program() if kind == "gcc" else _zig_program()
        if program is not None:
            return _compiler(kind, program)
    what = {"gcc": "no aarch64-linux-gnu-gcc", "zig": "no zig"}
    missing = "neither zig nor aarch64-linux-gnu-gcc" if name is None else what[name]
    raise ToolchainError(f"There is no C compiler for Linux on AArch64: {missing} found.", _hint())


def _check_name(name: str | None) -> None:
    if name is not None and name not in TOOLCHAINS:
        raise UsageError(
            f"There is no compiler {name!r}; mcuzoo knows {' and '.join(TOOLCHAINS)}.",
            f"{did_you_mean(name, TOOLCHAINS)}--compiler gcc or --compiler zig.",
        )


def glibc_version(gcc: str) -> str:
    """The version of the C library that the program `gcc` links; empty if it states none."""
    try:
        macros = _answer(gcc, "-E", "-dM", "-include", "features.h", "-x", "c", os.devnull)
    except ToolchainError:
        return ""
    found = dict(re.findall(r"#define (__GLIBC(?:_MINOR)?__) (\d+)", macros))
    return ".".join(found[key] for key in ("__GLIBC__", "__GLIBC_MINOR__") if key in found)


def compiler_packages() -> tuple[str, ...]:
    """Packages that `find_compiler` needs to find a compiler; none if there is one."""
    return () if _gcc_program() or _zig_program() else (_ZIG_PACKAGE,)


def linux_compiler_packages() -> tuple[str, ...]:
    """Packages that `find_linux_compiler` needs to find a compiler; none if there is one."""
    return () if _linux_gcc_program() or _zig_program() else (_ZIG_PACKAGE,)


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


def newlib_version(gcc: str) -> str:
    """The version of the C library that the program `gcc` has; empty if it states none."""
    try:
        macros = _answer(gcc, "-E", "-dM", "-include", "newlib.h", "-x", "c", os.devnull)
    except ToolchainError:
        return ""
    match = re.search(r'#define _NEWLIB_VERSION "([\w.-]+)"', macros)
    return match[1] if match else ""


def _gcc_program() -> str | None:
    return os.environ.get(GCC_VARIABLE) or shutil.which("arm-none-eabi-gcc")


def _linux_gcc_program() -> str | None:
    return os.environ.get(LINUX_GCC_VARIABLE) or shutil.which("aarch64-linux-gnu-gcc")


def _zig_program() -> str | None:
    """Zig's program: from the variable, else in the ziglang package, else on the PATH."""
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
