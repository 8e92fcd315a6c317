"""Board files rendered as C and linker script: text level. Real images: test_boot_header."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from helpers.bare_image import DATA_IN_DTCM

from mcuzoo.board.load import list_boards, load_board
from mcuzoo.board.memory import symbol_of
from mcuzoo.board.model import Board
from mcuzoo.board.startup import Stage
from mcuzoo.codegen.board_files import StepRow, render_board_files, step_rows

every_board = pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)


@every_board
def test_files_and_their_names(board: Board) -> None:
    assert set(render_board_files(board, DATA_IN_DTCM)) == {
        "board/mz_board.h",
        "board/mz_board.c",
        "board/mz_boot_header.c",
        f"linker/{board.id}.ld",
    }


@every_board
def test_same_board_same_bytes(board: Board) -> None:
    first = render_board_files(board, DATA_IN_DTCM)
    again = render_board_files(load_board(board.id), DATA_IN_DTCM)
    assert first == again
    assert all(text.endswith("\n") and "\r" not in text for text in first.values())


@every_board
def test_linker_script_has_every_usable_memory(board: Board) -> None:
    script = render_board_files(board, DATA_IN_DTCM)[f"linker/{board.id}.ld"]
    memory = {
        name.lower(): (int(origin, 16), int(length, 16))
        for name, origin, length in re.findall(
            r"^ +(\w+) \(\w+\) : ORIGIN = (\w+), LENGTH = (\w+)$", script, re.MULTILINE
        )
    }
    for region in board.memories:
        if region.writable and region.initialized:
            assert memory.pop(symbol_of(region.name)) == (region.base, region.size)
    origin, length = memory.pop(board.flash.region)
    assert origin == board.flash_region.base + board.boot.image_offset
    assert origin + length == board.flash_region.base + board.flash.used_limit
    assert not memory, "SDRAM is not set up and must not be linked to"


@every_board
def test_copied_weights_are_loaded_from_flash(board: Board) -> None:
    ocram = board.regions_of("ocram")[0].name
    script = render_board_files(board, replace(DATA_IN_DTCM, weights_region=ocram))[
        f"linker/{board.id}.ld"
    ]
    section = script[script.index(".mz_weights : ") :]
    assert "AT(mz_weights_load)" in section.splitlines()[0]
    assert section[: section.index("\n    }") + 40].count(f"> {ocram.upper()}") == 1


def test_stage_becomes_rows_with_its_conditions_first() -> None:
    stage = Stage.model_validate(
        {
            "name": "core clock",
            "source": "test",
            "when": [{"reg": "FUSE", "addr": 0x40, "mask": 0xF, "value": 3}],
            "unless": [{"reg": "CTRL", "addr": 0x44, "mask": 1, "value": 1}],
            "steps": [
                {"do": "write", "reg": "A", "addr": 0x10, "value": 7, "why": "start"},
                {"do": "toggle", "reg": "B", "addr": 0x14, "mask": 2},
                {"do": "modify", "reg": "C", "addr": 0x18, "mask": 0xFF, "value": 5},
                {"do": "delay", "us": 30},
                {"do": "wait", "reg": "D", "addr": 0x1C, "mask": 8, "value": 8},
            ],
        }
    )
    assert list(step_rows([stage])) == [
        StepRow("STAGE", comment="core clock"),
        StepRow("WHEN", 0x40, 0xF, 3, "FUSE"),
        StepRow("UNLESS", 0x44, 1, 1, "CTRL"),
        StepRow("WRITE", 0x10, value=7, comment="A: start"),
        StepRow("TOGGLE", 0x14, mask=2, comment="B"),
        StepRow("MODIFY", 0x18, 0xFF, 5, "C"),
        StepRow("DELAY", value=30, comment="30 us"),
        StepRow("WAIT", 0x1C, 8, 8, "D"),
    ]


@every_board
def test_every_step_of_the_board_is_rendered(board: Board) -> None:
    source = render_board_files(board, DATA_IN_DTCM)["board/mz_board.c"]
    for stages in (board.startup.clocks, board.startup.pins):
        for row in step_rows(stages):
            values = ", ".join(f"0x{value:08X}u" for value in (row.addr, row.mask, row.value))
            assert f"{{ MZ_STEP_{row.act}, {values} }}," in source
