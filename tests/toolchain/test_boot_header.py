"""The boot header of real images, as the boot ROM and NXP's own tool read it."""

from __future__ import annotations

import struct
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from helpers.bare_image import DATA_IN_DTCM, MAIN_C, BareImage, build_bare_image, link_bare_image
from helpers.compilers import RIGS

from mcuzoo.board.boot import IvtEntry
from mcuzoo.board.load import load_board
from mcuzoo.board.model import Board
from mcuzoo.plan.place.placement import Placement
from mcuzoo.toolchain.sizes import read_sections, read_symbols

pytestmark = pytest.mark.slow

FCB_BYTES = 512
SDK_FCB_SHA256 = {
    # What these files of NXP's public MCUXpresso SDK compile to (section .boot_hdr.conf).
    # evkbimxrt1050_flexspi_nor_config.c
    "rt1050": "1d18d7754d290fb58d694f0543497f139d520b2426891edae30867663f5bff2a",
    # evkbmimxrt1060_flexspi_nor_config.c
    "rt1060": "7dfbd0296742c2883b398eeca8a6eaabb40692ad4bcec689d7a94907c0e88c5d",
    # evkmimxrt1064_flexspi_nor_config.c
    "rt1064": "3bdcab20a09f0228e30cec303f010bf70fefc8f69fbafc69eeb8e434c3d63abd",
    # evkmimxrt1160_flexspi_nor_config.c
    "rt1160": "21ab6224a4e18590abc4c84f9f86c7a87d61eeb05a04697e4c15c00dd47d5163",
    # evkbmimxrt1170_flexspi_nor_config.c
    "rt1170": "e44370982a27966b47e87b2b6b41bc62a8a2c5f863b3d9e49d4db2793b1edced",
}


@pytest.fixture(scope="module", params=RIGS)
def rig(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Board and compiler."""
    name, compiler = request.param
    return str(name), str(compiler)


@pytest.fixture(scope="module")
def compiler(rig: tuple[str, str]) -> str:
    return rig[1]


@pytest.fixture(scope="module")
def board(rig: tuple[str, str]) -> Board:
    return load_board(rig[0])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, board: Board, compiler: str) -> BareImage:
    return build_bare_image(tmp_path_factory.mktemp("bare"), board, compiler)


def words(built: BareImage, board: Board, offset: int, count: int) -> tuple[int, ...]:
    """`count` words at `offset` from the start of the flash."""
    return struct.unpack_from(f"<{count}I", built.image, offset - board.boot.image_offset)


def test_fcb_is_the_one_of_the_sdk(built: BareImage, board: Board) -> None:
    at = board.boot.fcb_offset - board.boot.image_offset
    assert sha256(built.image[at : at + FCB_BYTES]).hexdigest() == SDK_FCB_SHA256[board.id]


def test_ivt_leads_to_the_image(built: BareImage, board: Board) -> None:
    base = board.flash_region.base
    header, entry, _, dcd, boot_data, own, csf, _ = words(built, board, board.boot.ivt_offset, 8)
    assert header == 0x412000D1
    assert (dcd, csf) == (0, 0)
    assert own == base + board.boot.ivt_offset
    assert boot_data == base + board.boot.boot_data_offset
    symbols = read_symbols(built.elf, ("mz_vectors", "mz_reset_handler"))
    if board.boot.ivt_entry is IvtEntry.VECTOR_TABLE:
        assert entry == symbols["mz_vectors"] == base + board.boot.vector_table_offset
    else:
        assert entry & 1 and entry | 1 == symbols["mz_reset_handler"] | 1


def test_boot_data_names_the_flash(built: BareImage, board: Board) -> None:
    start, size, plugin, _ = words(built, board, board.boot.boot_data_offset, 4)
    assert (start, plugin) == (board.flash_region.base, 0)
    assert len(built.image) <= size == board.flash.used_limit


def test_vector_table_is_complete(built: BareImage, board: Board) -> None:
    vectors = list(words(built, board, board.boot.vector_table_offset, 256))
    names = ("mz_stack_top", "mz_reset_handler", "mz_fault_entry", "mz_interrupt_console")
    symbols = read_symbols(built.elf, names)
    assert vectors[0] == symbols["mz_stack_top"]
    assert vectors[1] == symbols["mz_reset_handler"] | 1
    assert vectors.pop(16 + board.console.irq) == symbols["mz_interrupt_console"] | 1
    assert set(vectors[2:]) == {symbols["mz_fault_entry"] | 1}


def test_stack_is_lowest_in_its_memory(built: BareImage, board: Board) -> None:
    symbols = read_symbols(built.elf, ("mz_stack_bottom", "mz_stack_top"))
    assert symbols["mz_stack_bottom"] == board.region("dtcm").base
    assert symbols["mz_stack_top"] - symbols["mz_stack_bottom"] == DATA_IN_DTCM.stack_bytes


def test_nxpimage_finds_no_error(built: BareImage, board: Board) -> None:
    pytest.importorskip("spsdk", reason="no spsdk (mcuzoo[flash])")
    from spsdk.image.bootable_image.bimg import BootableImage
    from spsdk.image.mem_type import MemoryType
    from spsdk.utils.family import FamilyRevision

    parsed = BootableImage.parse(
        built.image,
        family=FamilyRevision(board.spsdk_family),
        mem_type=MemoryType.FLEXSPI_NOR,
    )
    report = parsed.verify()
    assert not report.has_errors, report.draw(colorize=False)
    assert {segment.NAME.label for segment in parsed.segments} >= {"fcb", "hab_container"}


def test_nxpimage_would_find_an_error(built: BareImage, board: Board) -> None:
    pytest.importorskip("spsdk", reason="no spsdk (mcuzoo[flash])")
    from spsdk.exceptions import SPSDKError
    from spsdk.image.bootable_image.bimg import BootableImage
    from spsdk.image.mem_type import MemoryType
    from spsdk.utils.family import FamilyRevision

    ivt = board.boot.ivt_offset - board.boot.image_offset
    damaged = built.image[:ivt] + b"\0" + built.image[ivt + 1 :]
    with pytest.raises(SPSDKError):
        BootableImage.parse(
            damaged,
            family=FamilyRevision(board.spsdk_family),
            mem_type=MemoryType.FLEXSPI_NOR,
        )


def test_spsdk_reads_the_fcb_as_the_board_file_says(built: BareImage, board: Board) -> None:
    pytest.importorskip("spsdk", reason="no spsdk (mcuzoo[flash])")
    from spsdk.image.fcb.fcb import FCB
    from spsdk.image.mem_type import MemoryType
    from spsdk.utils.family import FamilyRevision

    parsed = FCB.parse(
        built.image[:FCB_BYTES],
        family=FamilyRevision(board.spsdk_family),
        mem_type=MemoryType.FLEXSPI_NOR,
    )
    fields = {item.name: item.get_value() for item in parsed.registers.get_registers()}
    fcb = board.boot.fcb
    assert fields["tag"] == 0x42464346
    assert fields["readSampleClkSrc"] == fcb.read_sample_clk_src
    assert fields["sflashPadType"] == fcb.sflash_pad_type
    assert fields["serialClkFreq"] == fcb.serial_clk_freq
    assert fields["sflashA1Size"] == fcb.sflash_a1_size
    assert fields["controllerMiscOption"] == fcb.controller_misc_option


COPIED_MAIN_C = MAIN_C.replace(
    "int main(void) {",
    """\
__attribute__((section(".mz_weights"))) const volatile uint8_t weights[4096] = {1, 2, 3};
__attribute__((section(".mz_arena"))) volatile uint8_t arena[8192];
__attribute__((section(".mz_ramcode"), noinline)) static void fast(void) {
    arena[weights[0]] = weights[1];
}
volatile uint32_t initialized = 5;
int main(void) {
    fast();
    initialized += 1;""",
)


def test_sections_land_where_the_placement_says(
    tmp_path: Path, board: Board, compiler: str
) -> None:
    ocram = "ocram" if board.id == "rt1050" else "ocram2"
    placement = replace(DATA_IN_DTCM, weights_region=ocram, arena_region=ocram, arena_bytes=8192)
    built = build_bare_image(tmp_path, board, compiler, COPIED_MAIN_C, placement)
    sections = {section.name: section for section in read_sections(built.elf)}
    homes = {
        ".mz_weights": ocram,
        ".mz_arena": ocram,
        ".data": "dtcm",
        ".bss": "dtcm",
        ".mz_ramcode": "itcm",
    }
    for name, home in homes.items():
        region = board.region(home)
        assert region.base <= sections[name].address < sections[name].end <= region.end, name
    for name in (".mz_weights", ".data", ".mz_ramcode"):
        offset = sections[name].load_address - board.flash_region.base - board.boot.image_offset
        assert built.image[offset:].startswith(sections[name].content), name
    assert not sections[".mz_arena"].content


def overflow(
    tmp_path: Path, board: Board, compiler: str, main_c: str, placement: Placement = DATA_IN_DTCM
) -> str:
    done = link_bare_image(tmp_path, board, compiler, main_c, placement)
    assert done.returncode != 0
    return done.stderr.replace("`", "'")


def with_flash_limit(board: Board, used_limit: int) -> Board:
    flash = board.flash.model_copy(update={"used_limit": used_limit})
    return board.model_copy(update={"flash": flash})


def test_too_large_arena_is_named_by_region(tmp_path: Path, board: Board, compiler: str) -> None:
    main_c = COPIED_MAIN_C.replace("arena[8192]", "arena[900 * 1024]")
    assert "region 'DTCM'" in overflow(tmp_path, board, compiler, main_c)


def test_too_large_stack_is_named_by_region(tmp_path: Path, board: Board, compiler: str) -> None:
    placement = replace(DATA_IN_DTCM, stack_bytes=1 << 20)
    assert "region 'DTCM'" in overflow(tmp_path, board, compiler, MAIN_C, placement)


def test_too_much_code_is_named_by_region(tmp_path: Path, board: Board, compiler: str) -> None:
    small = with_flash_limit(board, 0x2800)
    assert "region 'FLASH'" in overflow(tmp_path, small, compiler, MAIN_C)


def test_too_much_initialized_data_for_the_flash(
    tmp_path: Path, board: Board, compiler: str
) -> None:
    main_c = COPIED_MAIN_C.replace("initialized = 5", "filler[10000] = {1}, initialized = 5")
    main_c = main_c.replace("initialized += 1", "initialized += filler[initialized]")
    small = with_flash_limit(board, 0xA000)
    assert "the image is larger than the 40960 bytes" in overflow(tmp_path, small, compiler, main_c)
