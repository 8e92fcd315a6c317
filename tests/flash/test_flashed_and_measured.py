"""calibrate --flash: the firmware goes into the board by the only probe, and is measured there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from helpers.fake_tools import FakeTools, add_usb_device

import mcuzoo.extras
from mcuzoo.calibrate.calibrate import calibrate
from mcuzoo.calibrate.options import CalibrateOptions
from mcuzoo.emulator.emulate import emulate
from mcuzoo.emulator.options import EmulateOptions
from mcuzoo.errors import BoardSilentError, ProbeError, ProtocolError

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(sys.platform == "win32", reason="the fake tools are scripts"),
]


def test_flashed_met_and_measured(
    tmp_path: Path, usb: Path, tools: FakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The probe and its tool write into a file; the emulated board runs the same build."""
    pytest.importorskip("capstone")
    monkeypatch.setattr(mcuzoo.extras, "_is_there", lambda module: module != "pyocd")
    firmware, rates = tmp_path / "firmware", tmp_path / "rates.toml"
    options = CalibrateOptions(flash=True, project=firmware, rounds=1, output=rates)
    with pytest.raises(ProbeError, match="no debug probe"):
        calibrate("rt1050", options)
    add_usb_device(usb, "1-1", idVendor="1fc9", idProduct="0143", serial="EB04LLNGMJHMR",
                   product="MCU-LINK CMSIS-DAP")  # fmt: skip
    tools.add("LinkServer")
    with emulate(firmware, EmulateOptions(count="cycles")) as board:
        port = board.port
        done = calibrate("rt1050", CalibrateOptions(**{**vars(options), "port": port}))
    written = [call["words"] for call in tools.calls if call["words"][-2] == "load"]
    assert [words[2] for words in written] == ["EB04LLNGMJHMR"]
    assert done.port == port and done.rates.serial == "EB04LLNGMJHMR"
    assert done.file == rates and 'serial = "EB04LLNGMJHMR"' in rates.read_text()
    assert all(0.98 < row.ratio < 1.02 for row in done.rows)
    with pytest.raises((BoardSilentError, ProtocolError)):  # the board is gone by now
        calibrate("rt1050", CalibrateOptions(**{**vars(options), "port": port}))
