"""The kernels and the runtime compile without warnings under every compiler that is here."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from helpers.generated_model import tight_plan, write_model
from helpers.host_firmware import WARNINGS, compile_c
from helpers.kernel_library import kernel_files
from helpers.small_net import small_net

from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.resources import firmware_dir

GNU_ARM = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard")
ZIG = (sys.executable, "-m", "ziglang", "cc")
ZIG_ARM = ("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m7", "-fno-sanitize=all")
STRICT = (*WARNINGS, "-pedantic", "-Wconversion", "-Wshadow")
FREESTANDING = ("-ffreestanding", "-fbuiltin")

COMPILERS = {
    "gcc": ("gcc",),
    "clang": ("clang",),
    "arm-none-eabi-gcc": ("arm-none-eabi-gcc", *GNU_ARM, *FREESTANDING),
    "zig": (*ZIG, *ZIG_ARM, *FREESTANDING),
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("model")
    program = build_program(parse_model(small_net(), "small"))
    write_model(program, tight_plan(program), folder)
    runtime = firmware_dir() / "runtime" / "aot" / "mz_runtime_aot.c"
    return [*sorted((folder / "model").glob("*.c")), runtime, *kernel_files()]


@pytest.mark.parametrize("name", COMPILERS)
def test_no_warnings(name: str, sources: list[Path], tmp_path: Path) -> None:
    command = COMPILERS[name]
    if name == "zig":
        pytest.importorskip("ziglang")
    elif not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    includes = (f"-I{firmware_dir()}", f"-I{sources[0].parent}")
    for source in sources:
        target = tmp_path / f"{source.stem}.o"
        compile_c([*command, *STRICT, "-O2", *includes, "-c", str(source), "-o", str(target)])
