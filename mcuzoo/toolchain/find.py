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


@dataclass(frozen=True)
class _Wanted:
    """Compilers for `whom`. order: which is taken first. gcc: the name of its GCC's program, unless
    `variable` names another."""

    whom: str
    order: tuple[str, ...]
    gcc: str
    variable: str

    def program(self, kind: str) -> str | None:
        """The program of the compiler `kind`; None if it is not installed."""
        if kind == "gcc":
            return os.environ.get(self.variable) or shutil.which(self.gcc)
        return _zig_program()

    def find(self, name: str | None) -> Compiler:
        """See find_compiler."""
        if name is not None and name not in TOOLCHAINS:
            raise UsageError(
                f"There is no compiler {name!r}; mcuzoo knows {' and '.join(TOOLCHAINS)}.",
                f"{did_you_mean(name, TOOLCHAINS)}--compiler gcc or --compiler zig.",
            )
        for kind in self.order if name is None else (name,):
            program = self.program(kind)
            if program is not None:
                return _compiler(kind, program)
        names = {"gcc": self.gcc, "zig": "zig"}
        first, second = (names[kind] for kind in self.order)
        missing = f"neither {first} nor {second}" if name is None else f"no {names[name]}"
        raise ToolchainError(
            f"There is no C compiler for {self.whom}: {missing} was found.", _hint()
        )

    def packages(self) -> tuple[str, ...]:
        """Packages that it takes to find one; none if there is one."""
        return () if any(self.program(kind) for kind in self.order) else (_ZIG_PACKAGE,)


_CHIP = _Wanted("the board", TOOLCHAINS, "arm-none-eabi-gcc", GCC_VARIABLE)
_LINUX = _Wanted("Linux on AArch64", LINUX_TOOLCHAINS, "aarch64-linux-gnu-gcc", LINUX_GCC_VARIABLE)


def find_compiler(name: str | None = None) -> Compiler:
    """The compiler called `name` ("gcc" or "zig"); without a name, the first there is.

    MCUZOO_GCC and MCUZOO_ZIG name a program to be used instead of arm-none-eabi-gcc and zig.
    Raises ToolchainError when there is none, UsageError for another name.
    """
    return _CHIP.find(name)


def find_linux_compiler(name: str | None = None) -> Compiler:
    """The compiler of programs for Linux on AArch64: as find_compiler, but Zig's first.

    MCUZOO_LINUX_GCC names a program to be used instead of aarch64-linux-gnu-gcc.
    """
    return _LINUX.find(name)


def compiler_packages() -> tuple[str, ...]:
    """Packages that `find_compiler` needs to find a compiler; none if there is one."""
    return _CHIP.packages()


def linux_compiler_packages() -> tuple[str, ...]:
    """Packages that `find_linux_compiler` needs to find a compiler; none if there is one."""
    return _LINUX.packages()


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
    match = re.search(r'#define _NEWLIB_VERSION "([\w.-]+)"', _macros(gcc, "newlib.h"))
    return match[1] if match else ""


def glibc_version(gcc: str) -> str:
    """The version of the C library that the program `gcc` links; empty if it states none."""
    defined = _macros(gcc, "features.h")
    found = dict(re.findall(r"#define (__GLIBC(?:_MINOR)?__) (\d+)", defined))
    return ".".join(found[key] for key in ("__GLIBC__", "__GLIBC_MINOR__") if key in found)


def _macros(gcc: str, header: str) -> str:
    """The #defines of a header and of the program `gcc` itself; empty if it has no such header."""
    try:
        return _answer(gcc, "-E", "-dM", "-include", header, "-x", "c", os.devnull)
    except ToolchainError:
        return ""


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
