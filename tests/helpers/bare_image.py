"""A bootable image of a few lines of C on the firmware's port, without model or application."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.objects import compiled

from mcuzoo.board.model import Board
from mcuzoo.codegen.board_files import render_board_files
from mcuzoo.codegen.entries import target_entry
from mcuzoo.plan.place.placement import Placement
from mcuzoo.project.kinds import LINK_FLAGS, compile_flags, link_libraries, machine_flags
from mcuzoo.resources import firmware_dir
from mcuzoo.toolchain.build import flash_bytes
from mcuzoo.toolchain.find import find_compiler
from mcuzoo.toolchain.sizes import read_sections

DATA_IN_DTCM = Placement(
    arena_region="dtcm",
    arena_bytes=1024,
    weights_region="flash",
    stack_bytes=4096,
    data_region="dtcm",
)

MAIN_C = """\
#include "app/mz_app.h"
#include "port/mz_port.h"

void mz_app_report_fault(const mz_fault *fault) {
    (void)fault;
}

int main(void) {
    mz_port_init();
    return 0;
}
"""


@dataclass(frozen=True)
class BareImage:
    elf: Path
    image: bytes

    def write_bin(self) -> Path:
        path = self.elf.with_suffix(".bin")
        path.write_bytes(self.image)
        return path


def link_bare_image(
    folder: Path,
    board: Board,
    compiler: str,
    main_c: str = MAIN_C,
    placement: Placement = DATA_IN_DTCM,
    options: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Compile and link into folder/bare.elf; the caller looks at how that went."""
    for name, text in {"main.c": main_c, **render_board_files(board, placement)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    port = firmware_dir() / "port"
    sources = [
        firmware_dir() / "link" / "mz_crc32.c",
        port / "mz_retained.c",
        *sorted((port / "cortex_m7").glob("*.c")),
        *sorted((port / "imxrt").glob("*.c")),
        *sorted((port / "console").glob("*.c")),
        *sorted((folder / "board").glob("*.c")),
        folder / "main.c",
    ]
    found = find_compiler(compiler)
    command = [
        *found.command,
        *machine_flags(found.kind, board.core.name, board.core.fpu),
        *compile_flags(found.kind),
        "-O2",
        f"-I{firmware_dir()}",
        f"-I{folder / 'board'}",
        *options,
        *(str(source) for source in sources),
        "-T",
        str(folder / "linker" / f"{board.id}.ld"),
        *LINK_FLAGS,
        *link_libraries(found.kind),
        "-o",
        str(folder / "bare.elf"),
    ]
    return compiled(command)


def build_bare_image(
    folder: Path,
    board: Board,
    compiler: str,
    main_c: str = MAIN_C,
    placement: Placement = DATA_IN_DTCM,
    options: Sequence[str] = (),
) -> BareImage:
    done = link_bare_image(folder, board, compiler, main_c, placement, options)
    assert done.returncode == 0, done.stderr
    elf = folder / "bare.elf"
    return BareImage(elf, flash_bytes(read_sections(elf), target_entry(board)))
