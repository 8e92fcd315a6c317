"""An application for the MCUXpresso SDK: the user's SDK, and the files that a stand-alone
project has not.

The SDK's linker script for an image in flash places everything in flash and DTCM and has no section
for other memories (devices-rt/*/gcc/*_flexspi_nor.ld); what it lacks is added to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.board.memory import Region, RegionKind, symbol_of
from mcuzoo.board.model import Board
from mcuzoo.board.mpu import mpu_regions
from mcuzoo.codegen.aot.sources import hot_sources
from mcuzoo.codegen.board_files import (
    C_WORDS,
    STANDALONE,
    CopiedSection,
    Sections,
    copied_sections,
    id_files,
    own_section,
    step_rows,
    uses_sdram,
)
from mcuzoo.codegen.project_files import region_contents
from mcuzoo.codegen.project_part import ProjectPart
from mcuzoo.codegen.sources import SDK_SOURCES
from mcuzoo.codegen.templates import render
from mcuzoo.errors import BoardError, InputError
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.plan.place.placement import Placement
from mcuzoo.plan.place.reserved import STACK_GUARD_BYTES, sdk_of
from mcuzoo.project.kinds import COMPUTING, CXX_FLAGS, OPTIMIZATION, SIZE, source_optimization
from mcuzoo.project.manifest import Manifest, SdkEntry
from mcuzoo.quoting import file_stem

MINIMUM_VERSION = "24.12"
"""The first release that is built with west, CMake and Kconfig. Applications are tested with it."""

CONFIGURATIONS = ("flexspi_nor_release", "flexspi_nor_debug")
"""The SDK's build configurations that make an image which runs from flash."""

SDK_VARIABLE = "MCUXSDK_ROOT"

_NOT_IN_PATHS = re.compile(r"[\s\[\]\"'#$&()*;<>?^`{|}!\\]")
"""As sdk.cmake of an application has it."""
_MARKS = ("cmake/extension/mcux.cmake", "Kconfig.mcuxpresso", "MCUX_VERSION")
_HINT = (
    "It is the folder mcuxsdk of the workspace that NXP's instructions make: "
    "west init -m https://github.com/nxp-mcuxpresso/mcuxsdk-manifests.git WORKSPACE, west update."
)


@dataclass(frozen=True)
class SdkTree:
    """version: year and month of the release, 24.12 for example."""

    path: Path
    version: str


def require_plain_path(path: Path, what: str) -> None:
    """Raise InputError where the SDK's build cannot take the path of `what`: it writes paths into
    commands without quoting them."""
    found = _NOT_IN_PATHS.search(path.as_posix())
    if found is not None:
        name = "a blank" if found[0] == " " else repr(found[0])
        raise InputError(
            f"{what} is in {path}: the SDK's build cannot take a path with {name} in it.",
            "Move it to a path of letters, digits, and _ . - + between the slashes.",
        )


def open_sdk(path: Path, sdk_board: str) -> SdkTree:
    """Check that `path` is an SDK that applications for `sdk_board` can be built in.

    Raises InputError naming what was looked for.
    """
    path = path.resolve()
    if not path.is_dir():
        raise InputError(f"There is no folder {path}.", _HINT)
    require_plain_path(path, "The MCUXpresso SDK")
    missing = [mark for mark in _MARKS if not (path / mark).is_file()]
    if missing:
        inside = path / "mcuxsdk"
        if (inside / _MARKS[0]).is_file():
            raise InputError(f"{path} is the workspace, not the SDK in it.", f"Use --sdk {inside}.")
        raise InputError(
            f"{path} is no MCUXpresso SDK of version {MINIMUM_VERSION} or newer: looked for "
            f"{', '.join(missing)}.",
            _HINT,
        )
    version = _version((path / "MCUX_VERSION").read_text(encoding="utf-8", errors="replace"))
    if _numbers(version) < _numbers(MINIMUM_VERSION):
        raise InputError(
            f"The MCUXpresso SDK in {path} is version {version} (MCUX_VERSION); "
            f"{MINIMUM_VERSION} or newer is needed.",
            "west update to a newer release.",
        )
    board = f"examples/_boards/{sdk_board}/board.c"
    if not (path / board).is_file():
        raise InputError(
            f"The MCUXpresso SDK in {path} does not have the board {sdk_board}: looked for "
            f"{board}.",
            "west update --group-filter +examples.",
        )
    return SdkTree(path, version)


def _version(text: str) -> str:
    """`CURRENT_YEAR = 24`, `VERSION_MAJOR = 12`: 24.12; 0.0 where a line is missing."""
    found = (re.search(rf"{name} *= *(\d+)", text) for name in ("CURRENT_YEAR", "VERSION_MAJOR"))
    return ".".join(match[1] if match else "0" for match in found)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


_ARENA_AS_DATA = ".bss.mz_arena"
"""The script's .bss takes this section: start-up clears it, which an arena does not need."""
_WEIGHTS_IN_FLASH = ".rodata.mz_weights"
_WEIGHTS_AS_DATA = "DataQuickAccess"
"""The SDK's name for read-only data that its start-up code copies to DTCM."""


def sdk_sections(board: Board, placement: Placement) -> Sections:
    """Sections of the SDK's script where it has one, else our own, see added_regions."""
    arena, weights = STANDALONE.arena, STANDALONE.weights
    if placement.arena_region == placement.data_region:
        arena = _ARENA_AS_DATA
    if placement.weights_region == board.flash.region:
        weights = _WEIGHTS_IN_FLASH
    elif placement.weights_region == placement.data_region:
        weights = _WEIGHTS_AS_DATA
    constants = tuple(
        (
            symbol,
            _WEIGHTS_AS_DATA if region == placement.data_region else own_section(region),
        )
        for symbol, region in placement.constant_regions
    )
    return Sections(arena, weights, constants)


def own_copies(board: Board, placement: Placement) -> tuple[CopiedSection, ...]:
    """Sections that the SDK's start-up code does not copy."""
    return tuple(
        copy for copy in copied_sections(board, placement) if copy.region != placement.data_region
    )


def added_regions(board: Board, placement: Placement) -> tuple[Region, ...]:
    """Memories that hold one of our own sections, in the board's order."""
    sections = sdk_sections(board, placement)
    names = set()
    if sections.arena == STANDALONE.arena:
        names.add(placement.arena_region)
    if placement.rest_region is not None:
        names.add(placement.rest_region)
    if placement.ring_region is not None:
        names.add(placement.ring_region)
    names |= {copy.region for copy in own_copies(board, placement)}
    return tuple(region for region in board.apart(names).memories if region.name in names)


RETAINED_BYTES = 256
"""Data that survives a reset. The SDK's script has no place for it beside .data and .bss."""

LINKER_SCRIPT = "linker/mz_sections.ld"
SDRAM_FILE = "board/mz_sdram.c"
_STEPS_SOURCE = "port/imxrt/mz_steps.c"
"""For an application that starts the SDRAM, which the SDK leaves to a debugger or the boot ROM."""


def _retained_region(board: Board) -> Region:
    itcm = board.regions_of(RegionKind.ITCM)
    if not itcm:
        raise BoardError(
            f"{board.name} has no region of kind itcm, in which an SDK application keeps what "
            "outlives a reset.",
            "Use --project cmake.",
        )
    return itcm[0]


def render_sdk_board_files(
    board: Board, placement: Placement, hot: Sequence[str] = ()
) -> dict[str, str]:
    """By project path. hot: the names of the sources whose code is copied to the ITCM.

    Raises BoardError when the board file has no table [sdk].
    """
    sdk_of(board)
    copies = own_copies(board, placement)
    port = f"boards/{board.sdk_board}"
    sdram = uses_sdram(board, placement)
    rows = tuple(step_rows(board.startup.sdram)) if sdram else ()
    on = [region for region in board.with_sdram().regions if region.kind is RegionKind.SDRAM]
    mpu = mpu_regions(on, ())[1:] if sdram else ()
    facts = {"board": board, "rows": rows, "sdram_mpu": mpu}
    files = {
        f"{port}/{name}": render(f"mcuxpresso/{name}.j2", board=board)
        for name in ("app.h", "hardware_init.c", "pin_mux.c", "pin_mux.h")
    }
    return {
        **files,
        "board/mz_board.h": render(
            "mcuxpresso/mz_board.h.j2",
            copies=copies,
            guard_bytes=STACK_GUARD_BYTES,
            placement=placement,
            sdram_steps=len(rows),
            **facts,
        ),
        **({SDRAM_FILE: render("mcuxpresso/mz_sdram.c.j2", **facts, **C_WORDS)} if sdram else {}),
        LINKER_SCRIPT: render(
            "mcuxpresso/mz_sections.ld.j2",
            board=board,
            sdk_board=board.sdk_board,
            placement=placement,
            sections=sdk_sections(board, placement),
            regions=added_regions(board, placement),
            copies=copies,
            hot=hot,
            retained=_retained_region(board),
            guard_bytes=STACK_GUARD_BYTES,
            retained_bytes=RETAINED_BYTES,
            flash_end=board.flash_region.base + board.flash.used_limit,
            symbol_of=symbol_of,
            hex32=lambda value: f"0x{value:08X}",
        ),
    }


_PORT = ("boards/", "firmware/port/mcuxsdk/")
"""Files that include the SDK's headers, which cause warnings of -Wextra."""


def render_sdk_build_files(manifest: Manifest, board: Board, plan: MemoryPlan) -> dict[str, str]:
    """CMakeLists.txt, its parts, Kconfig, prj.conf, CMakePresets.json and README.md."""
    assert manifest.sdk is not None
    sources = manifest.sources
    computing = [path for path in sources if path.startswith(COMPUTING)]
    compiled = [path for path in computing if path.endswith(".c")]
    small = [path for path in compiled if source_optimization(path, OPTIMIZATION) == SIZE]
    facts = {
        "manifest": manifest,
        "board": board,
        "sdk_board": manifest.sdk.board,
        "core_id": manifest.sdk.core_id,
        "cmake_name": file_stem(manifest.name),
        "minimum": manifest.sdk.minimum_version,
        "configs": CONFIGURATIONS,
        "optimization": OPTIMIZATION,
        "size": SIZE,
        "kernels": [path for path in compiled if path not in small],
        "small": small,
        "adapters": [path for path in computing if path.endswith(".cc")],
        "cmsis_nn": manifest.tflm is not None and manifest.tflm.kernels == "cmsis-nn",
        "cxx_flags": CXX_FLAGS,
        "port": [path for path in sources if path.startswith(_PORT)],
        "others": [
            path
            for path in sources
            if not path.startswith((*COMPUTING, *_PORT)) or path.endswith(".S")
        ],
        "contents": region_contents(plan),
    }
    names = ("CMakeLists.txt", "CMakePresets.json", "Kconfig", "prj.conf", "README.md")
    parts = ("sdk.cmake", "tflm.cmake") if manifest.tflm else ("sdk.cmake",)
    return {
        **id_files(manifest),
        **{name: render(f"mcuxpresso/{name}.j2", **facts) for name in names},
        **{f"cmake/{name}": render(f"mcuxpresso/{name}.j2", **facts) for name in parts},
    }


def sdk_part(board: Board, plan: MemoryPlan) -> ProjectPart:
    """Raises BoardError when the board file says nothing of the SDK."""
    core_id = board.sdk_core_id if sdk_of(board).multicore else None
    return ProjectPart(
        sections=sdk_sections(board, plan.placement),
        rendered=render_sdk_board_files(board, plan.placement, hot_sources(plan)),
        firmware=(*SDK_SOURCES, _STEPS_SOURCE)
        if uses_sdram(board, plan.placement)
        else SDK_SOURCES,
        linker_script=LINKER_SCRIPT,
        documents=lambda manifest: render_sdk_build_files(manifest, board, plan),
        sdk=SdkEntry(board.sdk_board, core_id, MINIMUM_VERSION),
    )
