"""The C agent of a project: firmware, model and build files, as a program for Linux."""

from __future__ import annotations

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.codegen.aot.emit import render_model
from mcuzoo.codegen.aot.sources import kernel_sources
from mcuzoo.codegen.board_files import Sections
from mcuzoo.codegen.project_part import NO_UPLOAD_SOURCE, WHOLE_IMAGE_SOURCE
from mcuzoo.codegen.sources import source_files
from mcuzoo.codegen.templates import render
from mcuzoo.plan.linux_agent import LinuxPlan
from mcuzoo.project.kinds import (
    LINUX_TOOLCHAINS,
    OPTIMIZATION,
    linux_compile_flags,
    linux_link_flags,
    linux_machine_flags,
)
from mcuzoo.project.manifest import LinuxTargetEntry, Manifest, PlanEntry
from mcuzoo.quoting import file_stem

_SOURCES = ("app/mz_*.c", "link/*.c", "port/posix/*.c", "port/linux/*.c")
_SECTIONS = Sections(arena=".bss.mz_arena", weights=".rodata.mz_weights")
_TITLES = {"gcc": "GCC for Linux on AArch64", "zig": "Zig's C compiler"}
DRAM = "dram"
"""The one memory that a program of Linux has, in the plan of a project."""


def target_entry(board: LinuxBoard) -> LinuxTargetEntry:
    return LinuxTargetEntry(board.cores.name.lower(), board.arch, board.dram.size)


def plan_entry(plan: LinuxPlan) -> PlanEntry:
    return PlanEntry(
        arena_bytes=plan.arena.arena_bytes,
        arena_region=DRAM,
        weights_region=DRAM,
        stack_bytes=0,
        constant_bytes=plan.constant_bytes,
        peak_op=plan.peak_op,
    )


def agent_sources(board: LinuxBoard, plan: LinuxPlan) -> dict[str, bytes]:
    """The C files by path in the project, without the build id's header."""
    rendered = {
        **render_model(plan.program, plan.arena, _SECTIONS, plan.calls),
        "board/mz_board.h": render("linux/mz_board.h.j2", board=board),
    }
    others = (*kernel_sources(plan.calls), NO_UPLOAD_SOURCE, WHOLE_IMAGE_SOURCE)
    return source_files(rendered, _SOURCES, others)


def build_files(manifest: Manifest) -> dict[str, str]:
    """CMakeLists.txt, CMakePresets.json and cmake/*.cmake by path in the project."""
    target = manifest.target
    assert isinstance(target, LinuxTargetEntry)
    return {
        "CMakeLists.txt": render(
            "linux/CMakeLists.txt.j2",
            manifest=manifest,
            cmake_name=file_stem(manifest.name),
            optimization=OPTIMIZATION,
        ),
        "CMakePresets.json": render(
            "cmake/CMakePresets.json.j2",
            toolchains=[(toolchain, _TITLES[toolchain]) for toolchain in LINUX_TOOLCHAINS],
        ),
        "cmake/build_id.cmake": render("shared/build_id.cmake.j2"),
        **{
            f"cmake/{toolchain}.cmake": render(
                "linux/toolchain.cmake.j2",
                toolchain=toolchain,
                arch=target.arch,
                machine_flags=linux_machine_flags(toolchain, target.core),
                compile_flags=linux_compile_flags(toolchain),
                link_flags=linux_link_flags(toolchain),
            )
            for toolchain in LINUX_TOOLCHAINS
        },
    }
