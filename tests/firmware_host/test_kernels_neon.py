"""The portable kernels give the same bytes with NEON and without it; on the emulated board."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.linux_compiler import quick_linux_compiler
from helpers.memory_console import MemoryConsole
from helpers.objects import compile_c

from mcuzoo.emulator.linux.board import EmulatedLinux
from mcuzoo.emulator.linux.elf import Program
from mcuzoo.errors import EmulatorError
from mcuzoo.project.kinds import linux_compile_flags, linux_link_flags, linux_machine_flags
from mcuzoo.resources import firmware_dir

pytest.importorskip("unicorn")
KERNELS = ("conv_2d_s8", "depthwise_conv_2d_s8", "fully_connected_s8", "requantize_block")


@pytest.mark.parametrize("core", [pytest.param("cortex-a53", marks=pytest.mark.full), "cortex-a55"])
def test_outputs_are_equal(core: str, tmp_path: Path) -> None:
    """The cores multiply by other instructions: only Cortex-A55 has dot products."""
    compiler = quick_linux_compiler()
    flags = (
        *compiler.command,
        *linux_machine_flags(compiler.kind, core),
        *linux_compile_flags(compiler.kind),
        "-O2",
        f"-I{firmware_dir()}",
    )
    renamed = [f"-Dmz_{name}=plain_{name}" for name in KERNELS]
    objects = []
    for name in KERNELS:
        source = str(firmware_dir() / "kernels" / f"mz_{name}.c")
        for kind, more in (("neon", []), ("plain", ["-DMZ_WITHOUT_NEON", *renamed])):
            objects.append(str(tmp_path / f"{name}-{kind}.o"))
            compile_c([*flags, *more, "-c", source, "-o", objects[-1]])
    harness = str(Path(__file__).parent / "neon_harness.c")
    program = tmp_path / "harness"
    compile_c([*flags, "-c", harness, "-o", f"{program}.o"])
    link = linux_link_flags(compiler.kind)
    compile_c([*flags, f"{program}.o", *objects, *link, "-o", str(program)])
    board = EmulatedLinux(Program(program.read_bytes(), "harness"), MemoryConsole())
    with pytest.raises(EmulatorError, match=r"with exit status 0\."):
        board.run()
