"""The [emulator] tables of a board file: what they may not say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers.boards import changed_files, complaint

from mcuzoo.board.emulation import Follow, Need, Raise, Register
from mcuzoo.board.load import list_boards, load_board

FAMILY = "chips/imxrt105x_106x.toml"
DCDC = 'name = "DCDC"\nbase = 0x4008_0000\nsize = 0x1000\n'
REG3 = '{ name = "REG3", offset = 0xC, '


def wrong(old: str, new: str, folder: Path) -> str:
    return complaint(changed_files("rt1050", old, new), folder)


def test_every_window_and_need_has_a_source() -> None:
    for board in list_boards():
        assert board.emulator.windows
        assert all(window.source for window in board.emulator.windows)
        assert all(need.source for need in board.emulator.console_needs)


def test_every_startup_step_meets_a_declared_register() -> None:
    from mcuzoo.emulator.peripherals import Peripheral

    for board in list_boards():
        windows = board.emulator.windows
        for stage in (*board.startup.clocks, *board.startup.pins):
            for step in stage.steps:
                if step.do == "delay":
                    continue
                window = next(w for w in windows if w.base <= step.addr < w.end)
                Peripheral(window).read(step.addr - window.base, 4)


def test_every_key_of_a_register_is_explained() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "emulator.md").read_text("utf-8")
    for table in (Register, Follow, Raise, Need):
        for name, field in table.model_fields.items():
            assert re.search(rf"\b{field.alias or name}\b", text), name


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (DCDC, DCDC.replace("0x4008_0000", "0x4008_0800"), "not 4096-byte aligned"),
        (DCDC, DCDC.replace("0x4008_0000", "0x400A_C000"), "DCDC and IOMUXC_GPR overlap"),
        (REG3, '{ name = "REG3", offset = 0x9, ', "REG2 and REG3 of DCDC overlap"),
        (REG3, '{ name = "REG3", offset = 0x1000, ', "REG3 lies outside window DCDC"),
        (REG3, '{ name = "REG3", offset = 0xC, bits = 24, ', "Input should be 8, 16 or 32"),
        (REG3, '{ name = "REG3", offset = 0xC, count = 2, ', "REG3: a name has # exactly when"),
        (REG3, '{ name = "REG#", offset = 0xC, ', "REG#: a name has # exactly when"),
        (REG3, '{ name = "REG3", offset = 0xC, colour = 1, ', "colour: unknown key"),
        (
            REG3,
            REG3 + 'follows = [{ mask = 1, register = "REG9", of = 1 }], ',
            "REG3 refers to 'REG9', which is no register of DCDC",
        ),
        ('register = "CCM.CCGR5"', 'register = "CCM.CCGR7"', "'CCM.CCGR7' is no register"),
    ],
)
def test_wrong_tables(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert said in wrong(old, new, tmp_path)


def test_the_line_of_a_wrong_key_is_named(tmp_path: Path) -> None:
    message = wrong(REG3, '{ name = "REG3", offset = 0xC, bits = 24, ', tmp_path)
    text = load_board("rt1050").files[FAMILY]
    line = text[: text.index(REG3)].count("\n") + 1
    assert message.startswith(f"{FAMILY}:{line}: emulator.windows.0.registers.3.bits")
