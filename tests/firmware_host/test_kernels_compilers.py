"""The kernels and the runtime compile without warnings under every compiler that is here."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from helpers.generated_model import tight_plan, write_model
from helpers.host_firmware import WARNINGS
from helpers.kernel_library import kernel_files
from helpers.objects import compile_c
from helpers.small_net import small_net

from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.resources import firmware_dir

GNU_ARM = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard")
STRICT = (*WARNINGS, "-pedantic", "-Wconversion", "-Wshadow")
FREESTANDING = ("-ffreestanding", "-fbuiltin")

ZIG_ARM = ("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m7", "-fno-sanitize=all")
ZIG = (sys.executable, "-m", "ziglang", "cc", *ZIG_ARM, *FREESTANDING)

COMPILERS = {
    "gcc": ("gcc",),
    "clang": ("clang",),
    "arm-none-eabi-gcc": ("arm-none-eabi-gcc", *GNU_ARM, *FREESTANDING),
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("model")
    program = build_program(parse_model(small_net(), "small"))
    write_model(program, tight_plan(program), folder)
    runtime = firmware_dir() / "runtime" / "aot" / "mz_runtime_aot.c"
    return [*sorted((folder / "model").glob("*.c")), runtime, *kernel_files()]


@pytest.mark.parametrize(
    "name", ["gcc", pytest.param("clang", marks=pytest.mark.full), "arm-none-eabi-gcc"]
)
def test_no_warnings(name: str, sources: list[Path]) -> None:
    command = COMPILERS[name]
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    # What only the optimizer sees, builds see: they have -Wall and -O2.
    includes = (f"-I{firmware_dir()}", f"-I{sources[0].parent}")
    compile_c([*command, *STRICT, *includes, "-fsyntax-only", *map(str, sources)])


@pytest.mark.full
def test_no_warnings_by_zig(sources: list[Path], tmp_path: Path) -> None:
    """Its Clang is a newer one; it has to make objects."""
    pytest.importorskip("ziglang")
    includes = (f"-I{firmware_dir()}", f"-I{sources[0].parent}")
    for source in sources:
        target = tmp_path / f"{source.stem}.o"
        compile_c([*ZIG, *STRICT, "-O2", *includes, "-c", str(source), "-o", str(target)])
