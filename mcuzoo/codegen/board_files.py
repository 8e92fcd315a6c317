"""A board file as C, as a linker script, and as CMake files: list, presets, a toolchain file per
compiler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mcuzoo.board.boot import IvtEntry
from mcuzoo.board.memory import RegionKind, symbol_of
from mcuzoo.board.model import Board
from mcuzoo.board.mpu import Access, MpuRegion, guard_regions, mpu_regions
from mcuzoo.board.startup import (
    BitsStep,
    Condition,
    DelayStep,
    FillStep,
    MaskedStep,
    Stage,
    Watchdog,
    WriteStep,
)
from mcuzoo.codegen.templates import render
from mcuzoo.errors import BoardError
from mcuzoo.plan.place.placement import Placement
from mcuzoo.plan.universal import Room
from mcuzoo.project.build_id import TFLM_DIR_FILE
from mcuzoo.project.kinds import (
    LINK_FLAGS,
    OPTIMIZATION,
    SIZE,
    TFLM_TOOLCHAINS,
    TOOLCHAINS,
    compile_flags,
    cxx_flags,
    link_libraries,
    machine_flags,
    source_optimization,
    tflm_flags,
)
from mcuzoo.project.manifest import ProjectManifest
from mcuzoo.quoting import file_stem


@dataclass(frozen=True)
class Sections:
    """Names of linker sections; the defaults are those of a stand-alone project.

    rest: the part of the arena that is in another region. weights: all constants, except those in
    `constants`, which has (symbol, section).
    """

    arena: str = ".mz_arena"
    weights: str = ".mz_weights"
    constants: tuple[tuple[str, str], ...] = ()
    rest: str = ".mz_arena_rest"

    def section_of(self, symbol: str) -> str:
        """The section of the constant called `symbol`."""
        return dict(self.constants).get(symbol, self.weights)


STANDALONE = Sections()


@dataclass(frozen=True)
class CopiedSection:
    """`.NAME` in `region`, which start-up copies: the linker script has NAME_load, _start, _end.
    name: without its dot."""

    name: str
    region: str


def own_section(region: str) -> str:
    """The section of constants that are placed one by one in `region`."""
    return f".mz_weights_{symbol_of(region)}"


def standalone_sections(placement: Placement) -> Sections:
    return Sections(
        constants=tuple(
            (symbol, own_section(region)) for symbol, region in placement.constant_regions
        )
    )


def copied_sections(board: Board, placement: Placement) -> tuple[CopiedSection, ...]:
    """The sections of copied weights, in the order of the board's regions."""
    found = []
    flash = board.flash.region
    if placement.weights_region != flash:
        found.append(CopiedSection(STANDALONE.weights[1:], placement.weights_region))
    names = {region for _, region in placement.constant_regions}
    return (
        *found,
        *(
            CopiedSection(own_section(region.name)[1:], region.name)
            for region in board.apart(names).memories
            if region.name in names
        ),
    )


_TITLES = {"gcc": "Arm GNU toolchain", "zig": "Zig's C compiler"}


def render_build_files(manifest: ProjectManifest) -> dict[str, str]:
    """CMakeLists.txt, CMakePresets.json and cmake/*.cmake by relative path."""
    tflm = manifest.tflm is not None
    toolchains = TFLM_TOOLCHAINS if tflm else TOOLCHAINS
    files = {
        "CMakeLists.txt": render(
            "cmake/CMakeLists.txt.j2",
            manifest=manifest,
            cmake_name=file_stem(manifest.name),
            optimization=OPTIMIZATION,
            size=SIZE,
            small=[
                source
                for source in manifest.sources
                if source_optimization(source, OPTIMIZATION) == SIZE
            ],
            assembly=any(source.endswith(".S") for source in manifest.sources),
        ),
        **id_files(manifest),
        "CMakePresets.json": render(
            "cmake/CMakePresets.json.j2",
            toolchains=[(toolchain, _TITLES[toolchain]) for toolchain in toolchains],
        ),
    }
    for toolchain in toolchains:
        files[f"cmake/{toolchain}.cmake"] = render(
            f"cmake/{toolchain}.cmake.j2",
            machine_flags=machine_flags(toolchain, manifest.chip.core, manifest.chip.fpu),
            compile_flags=compile_flags(toolchain),
            link_flags=LINK_FLAGS,
            link_libraries=link_libraries(toolchain, tflm),
            tflm=tflm,
            cxx_flags=cxx_flags(),
            tflm_cxx_flags=tflm_flags(".cc"),
            tflm_c_flags=tflm_flags(".c"),
        )
    return files


def id_files(manifest: ProjectManifest) -> dict[str, str]:
    """Files for the build id, and TFLM's place on this machine, which is not part of the id."""
    files = {"cmake/build_id.cmake": render("shared/build_id.cmake.j2")}
    if manifest.tflm is not None:
        files[TFLM_DIR_FILE] = render(
            "shared/tflm_dir.cmake.j2", tree=manifest.tflm.tree, sdk=manifest.sdk is not None
        )
    return files


_MPU_ATTRIBUTES = {
    Access.NONE: "MZ_MPU_NO_ACCESS | MZ_MPU_NO_EXECUTE",
    Access.CODE: "MZ_MPU_READ_ONLY | MZ_MPU_WRITE_BACK",
    Access.CODE_UNCACHED: "MZ_MPU_READ_ONLY | MZ_MPU_UNCACHED",
    Access.DATA: "MZ_MPU_READ_WRITE | MZ_MPU_NO_EXECUTE | MZ_MPU_WRITE_BACK",
    Access.DATA_UNCACHED: "MZ_MPU_READ_WRITE | MZ_MPU_NO_EXECUTE | MZ_MPU_UNCACHED",
    Access.GUARDED: "MZ_MPU_READ_ONLY | MZ_MPU_NO_EXECUTE | MZ_MPU_WRITE_BACK",
    Access.GUARDED_UNCACHED: "MZ_MPU_READ_ONLY | MZ_MPU_NO_EXECUTE | MZ_MPU_UNCACHED",
    Access.DEVICE: "MZ_MPU_READ_WRITE | MZ_MPU_NO_EXECUTE | MZ_MPU_DEVICE",
}

_IVT_ENTRY = {IvtEntry.VECTOR_TABLE: "mz_vectors", IvtEntry.RESET_HANDLER: "mz_reset_handler"}


@dataclass(frozen=True)
class StepRow:
    """One mz_step of the firmware: `act` is its name without MZ_STEP_. addr: of the register. mask:
    of its bits. value: to write or to wait for. comment: what the step is for."""

    act: str
    addr: int = 0
    mask: int = 0
    value: int = 0
    comment: str = ""


def render_board_files(
    board: Board, placement: Placement, rooms: Sequence[Room] = (), hot: Sequence[str] = ()
) -> dict[str, str]:
    """`board/mz_board.h`, `board/mz_board.c`, `board/mz_boot_header.c`, `linker/<board>.ld`.

    rooms: memory for uploaded models; the n-th is section .mz_room_<n>, from 1. hot: the names of
    the sources whose code start-up copies to the ITCM.
    """
    sdram = uses_sdram(board, placement, rooms)
    started = board.with_sdram() if sdram else board
    mpu = mpu_regions(started.regions, board.peripherals)
    copies = () if rooms else copied_sections(board, placement)
    facts = {
        "board": board,
        "copies": [copy for copy in copies if not _in_sdram(board, copy)],
        "sdram_copies": [copy for copy in copies if _in_sdram(board, copy)],
        "sdram": tuple(step_rows(board.startup.sdram)) if sdram else (),
        "mpu": mpu,
        "guards": _guards(started, rooms, len(mpu)),
        "mpu_without_sdram": len(mpu_regions(board.regions, board.peripherals)),
        "watchdog_kind": _watchdog_kind,
        "clocks": tuple(step_rows(board.startup.clocks)),
        "pins": tuple(step_rows(board.startup.pins)),
        "fcb": board.boot.fcb,
        "ivt_entry": _IVT_ENTRY[board.boot.ivt_entry],
        **C_WORDS,
        "lut_instruction": _lut_instruction,
        "placement": placement,
    }
    return {
        "board/mz_board.h": render("shared/mz_board.h.j2", **facts),
        "board/mz_board.c": render("shared/mz_board.c.j2", **facts),
        "board/mz_boot_header.c": render("shared/mz_boot_header.c.j2", **facts),
        f"linker/{board.id}.ld": _linker_script(started, placement, rooms, copies, hot),
    }


def _in_sdram(board: Board, copy: CopiedSection) -> bool:
    return board.region(copy.region).kind is RegionKind.SDRAM


def uses_sdram(board: Board, placement: Placement, rooms: Sequence[Room] = ()) -> bool:
    """Whether the firmware has to start the SDRAM."""
    weights = () if rooms else [copy.region for copy in copied_sections(board, placement)]
    arena = [region for region, _ in placement.arena_parts]
    used = {*arena, *weights, *(room.region for room in rooms)}
    return any(region.name in used for region in board.regions_of(RegionKind.SDRAM))


def _guards(board: Board, rooms: Sequence[Room], used: int) -> tuple[tuple[MpuRegion, ...], ...]:
    """MPU regions that make each room read-only; `used` regions of the MPU are taken already.

    Raises BoardError when the MPU has too few.
    """
    guards = tuple(
        guard_regions(board.regions, room.base, room.base + room.bytes) for room in rooms
    )
    most = max((len(guard) for guard in guards), default=0)
    if used + most > board.core.mpu_regions:
        raise BoardError(
            f"{board.name}: its MPU has {board.core.mpu_regions} regions; memory takes {used} and "
            f"to guard a model takes {most} more.",
            "Name a --model-region that is larger or better aligned.",
        )
    return guards


def _linker_script(
    board: Board,
    placement: Placement,
    rooms: Sequence[Room],
    copies: Sequence[CopiedSection],
    hot: Sequence[str],
) -> str:
    flash = board.flash_region
    itcm = board.regions_of(RegionKind.ITCM)
    named = (*placement.regions, *(room.region for room in rooms))
    return render(
        "shared/linker.ld.j2",
        hex32=_hex32,
        board=board,
        placement=placement,
        flash=flash,
        flash_name=flash.name.upper(),
        flash_start=flash.base + board.boot.image_offset,
        flash_end=flash.base + board.flash.used_limit,
        data=board.region(placement.data_region),
        data_name=placement.data_region.upper(),
        ramcode_name=itcm[0].name.upper() if itcm else flash.name.upper(),
        ram_regions=[
            region
            for region in board.apart(named).memories
            if region.writable and region.initialized
        ],
        ld_name=lambda region: symbol_of(region).upper(),
        rooms=rooms,
        weights_in_flash=bool(rooms) or placement.weights_region == flash.name,
        copies=copies,
        hot=hot,
    )


def step_rows(stages: Iterable[Stage]) -> Iterator[StepRow]:
    """The stages flattened to what the firmware's step interpreter takes."""
    for stage in stages:
        yield StepRow("STAGE", comment=stage.name)
        for act, conditions in (("WHEN", stage.when), ("UNLESS", stage.unless)):
            yield from (_condition_row(act, condition) for condition in conditions)
        for step in stage.steps:
            if isinstance(step, FillStep):
                yield from _fill_rows(step)
            else:
                yield _step_row(step)


def _condition_row(act: str, condition: Condition) -> StepRow:
    return StepRow(act, condition.addr, condition.mask, condition.value, condition.reg)


def _fill_rows(step: FillStep) -> Iterator[StepRow]:
    for index in range(step.count):
        comment = f"{step.reg} and {step.count - 1} more: {step.why}" if index == 0 else ""
        yield StepRow("WRITE", step.addr + 4 * index, value=step.value, comment=comment)


def _step_row(step: WriteStep | BitsStep | MaskedStep | DelayStep) -> StepRow:
    act = step.do.upper()
    match step:
        case WriteStep():
            return StepRow(act, step.addr, value=step.value, comment=_comment(step))
        case BitsStep():
            return StepRow(act, step.addr, mask=step.mask, comment=_comment(step))
        case MaskedStep():
            return StepRow(act, step.addr, step.mask, step.value, _comment(step))
        case DelayStep():
            return StepRow(act, value=step.us, comment=f"{step.us} us")


def _comment(step: WriteStep | BitsStep | MaskedStep) -> str:
    return f"{step.reg}: {step.why}" if step.why else step.reg


def _watchdog_kind(watchdog: Watchdog) -> str:
    if watchdog.kind == "rtwdog":
        return "MZ_RTWDOG"
    return "MZ_WDOG_POWER_DOWN" if watchdog.power_down else "MZ_WDOG"


def _lut_instruction(op: str) -> str:
    """`READ_SDR 4 0x04` as the firmware's macro."""
    if op == "STOP":
        return "MZ_LUT_STOP"
    name, pads, operand = op.split()
    opcode, rate = name.rsplit("_", 1)
    return f"MZ_LUT_{rate}({opcode}, {pads}, {operand})"


def _hex8(value: int) -> str:
    return f"0x{value:02X}u"


def _hex32(value: int) -> str:
    return f"0x{value:08X}"


C_WORDS = {"mpu_attributes": _MPU_ATTRIBUTES, "hex8": _hex8, "hex32": _hex32}
"""What templates of MPU regions and steps write numbers with."""
