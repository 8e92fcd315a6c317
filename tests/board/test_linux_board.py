"""Boards that run Linux: what their files say, and what a wrong or hostile one is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.boards import BOARDS, LINUX_BOARDS, board_text

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import (
    list_any_boards,
    load_any_board,
    load_board,
    parse_any_board,
    read_board,
)
from mcuzoo.errors import BoardError


def linux(name: str) -> LinuxBoard:
    board = load_any_board(name)
    assert isinstance(board, LinuxBoard)
    return board


def complaint(text: str) -> str:
    with pytest.raises(BoardError) as caught:
        parse_any_board(text, "board.toml")
    return str(caught.value)


def test_facts_of_the_two_boards() -> None:
    assert {"imx93", "imx8mp"} <= set(LINUX_BOARDS)
    imx93, imx8mp = linux("imx93"), linux("imx8mp")
    assert (imx93.cores.name, imx93.cores.count) == ("Cortex-A55", 2)
    assert (imx8mp.cores.name, imx8mp.cores.count) == ("Cortex-A53", 4)
    assert (imx93.dram.size >> 30, imx8mp.dram.size >> 30) == (2, 6)
    assert imx93.npu and imx93.npu.vela and imx8mp.npu
    assert (imx93.npu.kind, imx93.npu.macs, imx93.npu.sram_bytes) == ("ethos-u65-256", 256, 393216)
    assert " ".join(imx93.npu.vela.options) == (
        "--accelerator-config ethos-u65-256 --system-config Ethos_U65_High_End "
        "--memory-mode Dedicated_Sram --arena-cache-size 393216"
    )
    assert (imx8mp.npu.kind, imx8mp.npu.vela, imx8mp.npu.sram_bytes) == ("vx", None, None)
    assert imx93.npu.delegate.library == "/usr/lib/libethosu_delegate.so"
    assert imx8mp.npu.delegate.library == "/usr/lib/libvx_delegate.so"
    assert (imx93.bsp[0].version, imx93.bsp[0].tflite) == ("LF6.6.36_2.1.0", "2.16.2")
    assert imx93.bsp[0].vela == "3.12.0" and imx8mp.bsp[0].vela is None


@pytest.mark.parametrize("board", LINUX_BOARDS)
def test_releases_stand_newest_first_and_files_are_kept(board: str) -> None:
    loaded = linux(board)
    versions = [
        tuple(int(part) for part in bsp.version[2:].replace("_", ".").split("."))
        for bsp in loaded.bsp
    ]
    assert versions == sorted(versions, reverse=True)
    assert loaded.files == {"board.toml": board_text(board)}


def test_all_boards_are_listed_once_and_answer_to_each_of_their_names() -> None:
    assert [board.id for board in list_any_boards()] == [*BOARDS, *LINUX_BOARDS]
    for board in list_any_boards():
        for name in board.known_as:
            assert load_any_board(name).id == board.id, name
    for name, wanted in (("i.MX 93", "imx93"), ("IMX8MPLUS", "imx8mp"), ("i.MX 8M Plus", "imx8mp")):
        assert load_any_board(name).id == wanted


@pytest.mark.parametrize("board", LINUX_BOARDS)
def test_what_needs_a_microcontroller_says_so(board: str, tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="runs Linux") as caught:
        load_board(board)
    assert "docs/linux.md" in caught.value.hint
    file = tmp_path / "mine.toml"
    file.write_text(board_text(board), encoding="utf-8")
    with pytest.raises(BoardError, match="runs Linux"):
        read_board(file)
    assert load_any_board(str(file)).id == board


def test_an_unknown_board_is_told_all_boards() -> None:
    with pytest.raises(BoardError) as caught:
        load_any_board("imx94")
    assert "rt1050" in str(caught.value) and "imx93" in str(caught.value)
    assert "Did you mean 'imx93'?" in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "linux"', 'kind = "windows"', "kind: 'windows' is no kind of board"),
        ('kind = "linux"', "kind = [1]", "kind: [1] is no kind of board"),
        ('arch = "aarch64"', 'arch = "riscv"', "arch: "),
        ("count = 2", "count = 0", "cores.count: "),
        ("count = 2", 'count = "2"', "cores.count: "),
        ("count = 2", "count = 2\ncolour = 1", "cores.colour: unknown key"),
        ("size = 0x8000_0000", "size = 99_999_999_999_999", "dram.size: "),
        ("/dev/ttyLP0", "/dev/../etc/passwd", "console.device: "),
        ("/dev/ttyLP0", "/dev/tty; reboot", "console.device: "),
        ("/usr/lib/libethosu", "/usr/lib/../../tmp/lib", "npu.delegate.library: has a .. in it"),
        ("/usr/lib/libethosu", "/usr/lib/$(reboot)", "npu.delegate.library: "),
        ('version = "LF6.6.36_2.1.0"', 'version = "--help"', "bsp.0.version: "),
        ('name = "MCIMX93-EVK"', 'name = "x\\n#error"', "name: "),
        ("clock_hz = 1_700_000_000", "", "cores.clock_hz: is missing"),
        ('memory_mode = "Dedicated_Sram"', 'memory_mode = "--config"', "npu.vela.memory_mode: "),
        ("arena_cache_size = 393_216", "arena_cache_size = 524_288", "npu: vela.arena_cache_size"),
        ('config = "ethos-u65-256"', 'config = "ethos-u65-512"', "npu: vela.accelerator_config"),
        ("macs = 256", "macs = 512", "npu: macs is another number"),
        ('kind = "ethos-u65-256"', 'kind = "vx"', "npu: vela is not for an NPU of this kind"),
    ],
)
def test_a_wrong_file_is_told_where(old: str, new: str, said: str) -> None:
    text = board_text("imx93")
    assert old in text
    assert said in complaint(text.replace(old, new, 1))
