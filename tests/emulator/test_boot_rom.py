"""The boot ROM's way: which images start, and what is said of those that do not."""

from __future__ import annotations

from dataclasses import fields

import pytest
from helpers.boards import REPRESENTATIVES
from helpers.examples import examples
from helpers.guest import Guest, Header, MakeGuest, good_header, running
from helpers.guest_programs import ECHO
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.board.load import load_board
from mcuzoo.board.model import Board
from mcuzoo.emulator.boot_rom import FlashImage, boot, load_image
from mcuzoo.errors import EmulatorError, InputError


@pytest.fixture(scope="module")
def echo(make_guest: MakeGuest, board: Board) -> Guest:
    return make_guest(board, ECHO)


def test_good_image_starts_at_its_reset_handler(echo: Guest) -> None:
    board = echo.board
    start = boot(board, load_image(board, echo.image()))
    reset = int.from_bytes(echo.code[4:8], "little")
    assert start.pc == reset & ~1
    top = int.from_bytes(echo.code[:4], "little")
    assert start.stack == (top if board.boot.ivt_entry.value == "vector_table" else None)


def test_bin_runs(echo: Guest) -> None:
    with running(echo.board, echo.image()) as board:
        assert board.console.read_until(b"\n") == b"ready\n"


def test_elf_is_programmed_at_its_load_addresses(echo: Guest) -> None:
    image = load_image(echo.board, echo.elf)
    assert image.offset == echo.board.boot.vector_table_offset
    assert image.content[: len(echo.code)] == echo.code


def test_tables_of_constructors_are_programmed_too(echo: Guest) -> None:
    """A C library's start-up calls what .init_array holds; its section has a type of its own."""
    elf = bytearray(echo.elf.read_bytes())
    headers, entry_bytes, count = (
        int.from_bytes(elf[at : at + size], "little") for at, size in ((32, 4), (46, 2), (48, 2))
    )
    types = [headers + number * entry_bytes + 4 for number in range(count)]
    loaded = [at for at in types if elf[at] == 1 and elf[at + 4] & 2]
    assert loaded
    for at in loaded:
        elf[at] = 14  # SHT_INIT_ARRAY
    assert load_image(echo.board, bytes(elf)) == load_image(echo.board, echo.elf)


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("fcb_tag", 0xFFFFFFFF, "FCB.tag"),
        ("fcb_version", 0x01040056, "FCB.version"),
        ("ivt_tag", 0xD2, "IVT.header.tag"),
        ("ivt_length", 0x2000, "IVT.header.length"),
        ("ivt_version", 0x50, "IVT.header.version"),
        ("dcd", 0x60001030, "IVT.dcd"),
        ("boot_data", 0x60001040, "IVT.boot_data"),
        ("self_address", 0x60000000, "IVT.self"),
        ("csf", 0x60004000, "IVT.csf"),
        ("start", 0x50000000, "boot_data.start"),
        ("size", 0x2004, "boot_data.size"),
        ("plugin", 1, "boot_data.plugin"),
        ("entry", 0x20000001, "entry"),
    ],
)
def test_wrong_field_is_named(echo: Guest, field: str, value: int, named: str) -> None:
    image = load_image(echo.board, echo.image(**{field: value}))
    if field == "entry" and echo.board.boot.ivt_entry.value == "vector_table":
        named = "vector table"
    with pytest.raises(EmulatorError, match=named.replace(".", r"\.")) as caught:
        boot(echo.board, image)
    assert caught.value.exit_code == 5


def test_every_header_field_is_checked() -> None:
    """The cases above cover the header that the other tests write."""
    checked = {
        *("fcb_tag", "fcb_version", "ivt_tag", "ivt_length", "ivt_version", "dcd", "boot_data"),
        *("self_address", "csf", "start", "size", "plugin", "entry"),
    }
    assert {field.name for field in fields(Header)} == checked


def test_reset_handler_entry_needs_the_thumb_bit(make_guest: MakeGuest) -> None:
    guest = make_guest(load_board("rt1170"), ECHO)
    entry = good_header(guest.board, guest.code).entry
    with pytest.raises(EmulatorError, match="Thumb bit"):
        boot(guest.board, load_image(guest.board, guest.image(entry=entry & ~1)))


@pytest.mark.parametrize(
    ("offset", "word", "named"),
    [(0, 0x60000000, "stack pointer"), (0, 0x20000002, "stack pointer"), (4, 0x60002100, "reset")],
)
def test_vector_table_is_checked(
    make_guest: MakeGuest, rt1050: Board, offset: int, word: int, named: str
) -> None:
    image = bytearray(make_guest(rt1050, ECHO).image())
    at = rt1050.boot.vector_table_offset + offset
    image[at : at + 4] = word.to_bytes(4, "little")
    with pytest.raises(EmulatorError, match=named):
        boot(rt1050, load_image(rt1050, bytes(image)))


def test_application_without_header_does_not_start(echo: Guest) -> None:
    """A program linked to flash + 0, as for a debugger, is no bootable image."""
    with pytest.raises(EmulatorError, match=r"FCB\.tag"):
        boot(echo.board, load_image(echo.board, echo.code))


@pytest.mark.parametrize("end", [0x400, 0x403, 0x1000, 0x1003, 0x1010, 0x1024, 0x2003])
def test_truncated_image_does_not_start(echo: Guest, end: int) -> None:
    """`end`: where in the flash the image ends."""
    kept = end - echo.board.boot.image_offset
    with pytest.raises(EmulatorError, match=r"missing|within the image"):
        boot(echo.board, load_image(echo.board, echo.image()[:kept]))


RT1050 = load_board("rt1050")


@given(st.binary(max_size=64), st.integers(0, 0x2040))
@settings(max_examples=examples(200), deadline=None)
def test_damaged_header_is_an_error_or_boots(noise: bytes, at: int) -> None:
    board = RT1050
    code = (0x20001000).to_bytes(4, "little") + (0x60002041).to_bytes(4, "little") + bytes(64)
    image = bytearray(good_header(board, code).render(board, code))
    image[at : at + len(noise)] = noise
    try:
        start = boot(board, FlashImage(0, bytes(image)))
    except EmulatorError:
        return
    assert start.pc % 2 == 0


def test_image_larger_than_the_flash(rt1050: Board) -> None:
    with pytest.raises(EmulatorError, match="ends 67108865 bytes"):
        load_image(rt1050, bytes(rt1050.flash_region.size + 1))


def test_missing_file(rt1050: Board, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_image(rt1050, tmp_path_factory.mktemp("none") / "firmware.bin")


@pytest.mark.parametrize("kept", [4, 20, 60, 200, 0.5, 0.99])
def test_damaged_elf(echo: Guest, kept: float) -> None:
    """`kept`: bytes, or a part of the file."""
    raw = echo.elf.read_bytes()
    with pytest.raises(EmulatorError):
        load_image(echo.board, raw[: int(kept if kept > 1 else kept * len(raw))])


def test_elf_of_another_machine(echo: Guest) -> None:
    raw = bytearray(echo.elf.read_bytes())
    raw[18:20] = (62).to_bytes(2, "little")
    with pytest.raises(EmulatorError, match="EM_X86_64, not for Arm"):
        load_image(echo.board, bytes(raw))


def test_elf_for_the_other_board(make_guest: MakeGuest, board: Board) -> None:
    others = (load_board(name) for name in REPRESENTATIVES)
    other = next(one for one in others if one.flash_region.base != board.flash_region.base)
    with pytest.raises(EmulatorError, match="nothing for the flash") as caught:
        load_image(board, make_guest(other, ECHO).elf)
    assert board.name in caught.value.hint
