"""A hand-written project of three files that every compiler builds in a moment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mcuzoo.project.build_id import build_id, firmware_inputs, hash_files
from mcuzoo.project.manifest import (
    Manifest,
    MemoryEntry,
    ModelEntry,
    PlanEntry,
    TargetEntry,
    TensorSpec,
    write_manifest,
)
from mcuzoo.project.recipe import Recipe

MAIN_C = """\
#include <stdint.h>

#include "mz_build_id.h"

extern uint32_t stack_top;
volatile uint32_t counter = 7;
volatile uint8_t scratch[ARRAY_BYTES];
__attribute__((section(".build_id"), used)) const char build_id[] = MZ_BUILD_ID;

__attribute__((noreturn)) void mz_reset_handler(void) {
    for (;;) {
        scratch[counter++ % ARRAY_BYTES] = 1;
    }
}

__attribute__((section(".vectors"), used)) const void *const vectors[2] = {
    &stack_top,
    (const void *)mz_reset_handler,
};
"""

LINKER_LD = """\
ENTRY(mz_reset_handler)
MEMORY {
    flash (rx) : ORIGIN = 0x60000000, LENGTH = 1M
    dtcm (rw) : ORIGIN = 0x20000000, LENGTH = 128K
}
SECTIONS {
    .vectors ORIGIN(flash) + 0x2000 : { KEEP(*(.vectors)) } > flash
    .text : { *(.text*) *(.rodata*) KEEP(*(.build_id)) } > flash
    .data : { *(.data*) } > dtcm AT > flash
    .bss (NOLOAD) : { *(.bss*) } > dtcm
    .stack (NOLOAD) : { . = ALIGN(8); . += 1024; stack_top = .; } > dtcm
    /DISCARD/ : { *(.ARM.exidx*) *(.ARM.extab*) }
}
"""

TARGET = TargetEntry(
    core="cortex-m7",
    fpu="fpv5-d16",
    flash_region="flash",
    image_base=0x6000_0000,
    memory=(
        MemoryEntry("dtcm", "dtcm", 0x2000_0000, 128 * 1024),
        MemoryEntry("flash", "flash", 0x6000_0000, 1024 * 1024),
    ),
)


def tiny_manifest() -> Manifest:
    spec = TensorSpec("x", (1, 4), "int8", 0.5, -3, 4)
    return Manifest(
        tool_version="0",
        name="tiny",
        board="rt1050",
        runtime="aot",
        project="cmake",
        target=TARGET,
        model=ModelEntry("tiny", "model/model.tflite", "0" * 64, 0),
        input=spec,
        output=spec,
        preprocessing=Recipe(crop=0.875),
        plan=PlanEntry(4, "dtcm", "flash", 1024, 0, "0 RELU"),
        build_id="",
        sources=("firmware/main.c",),
        include_dirs=("firmware", "board"),
        linker_script="linker/tiny.ld",
    )


def write_tiny_project(folder: Path, array_bytes: int = 100) -> Path:
    """The project in `folder`; `array_bytes` of .bss may be more than its memory holds."""
    files = {
        "firmware/main.c": MAIN_C.replace("ARRAY_BYTES", f"{array_bytes}u"),
        "linker/tiny.ld": LINKER_LD,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    hashes = hash_files(folder, firmware_inputs(folder))
    identity = build_id(hashes)
    (folder / "board").mkdir(exist_ok=True)
    (folder / "board/mz_build_id.h").write_text(
        f'#ifndef MZ_BUILD_ID\n#define MZ_BUILD_ID "{identity}"\n#endif\n'
    )
    write_manifest(replace(tiny_manifest(), build_id=identity, files=hashes), folder)
    return folder
