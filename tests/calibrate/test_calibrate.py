"""From the firmware to the file of rates, on the emulated board; a memory of it that is slower than
its board file says has to be found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.exported import export_project
from helpers.schemas import complaints

from mcuzoo.board.load import load_board
from mcuzoo.calibrate.calibrate import Calibration, calibrate
from mcuzoo.calibrate.firmware import export_firmware
from mcuzoo.calibrate.network import calibration_network
from mcuzoo.calibrate.options import CalibrateOptions
from mcuzoo.errors import UsageError, WrongFirmwareError
from mcuzoo.plan.fit import fit
from mcuzoo.plan.options import FitOptions
from mcuzoo.resources import boards_dir
from mcuzoo.run.options import ProfileOptions
from mcuzoo.run.profiling import profile
from mcuzoo.timing.rates import read_rates
from mcuzoo.toolchain.build import build_project
from mcuzoo.zoo.registry import resolve_model

pytest.importorskip("unicorn")
pytest.importorskip("capstone")

CORE_HZ = load_board("rt1050").core.clock_hz
SOME_LINES = 600
"""Cycles of a few lines of flash, which two runs may or may not find in the caches."""
FLASH = "clock_hz = 133_000_000, bits_per_clock = 16, wait_clocks = 15, run_bytes = 1024"
SDRAM = "clock_hz = 163_862_068, bits_per_clock = 16, wait_clocks = 3"


def test_without_a_port_nothing_is_built(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--port is missing"):
        calibrate("rt1050", CalibrateOptions(project=tmp_path / "firmware"))
    with pytest.raises(UsageError, match="no flash that could be written"):
        calibrate("rt1050", CalibrateOptions(port="emulator", flash=True))
    assert not (tmp_path / "firmware").exists()


def test_its_firmware_has_no_profile_of_a_model(tmp_path: Path) -> None:
    firmware = tmp_path / "firmware"
    export_firmware(load_board("rt1050"), firmware, project="cmake", force=False)
    with pytest.raises(UsageError, match="a firmware of micro-benchmarks") as error:
        profile("/dev/nowhere", ProfileOptions(project=firmware))
    assert error.value.hint.startswith("mcuzoo calibrate --board rt1050 --port PORT ")


@pytest.fixture(scope="module")
def slower(tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    """Measured on an emulated board whose flash and SDRAM are slower than those of an rt1050."""
    folder = tmp_path_factory.mktemp("calibrate")
    text = (boards_dir() / "rt1050.toml").read_text(encoding="utf-8")
    for known, slow in (
        (FLASH, "clock_hz = 100_000_000, bits_per_clock = 16, wait_clocks = 31, run_bytes = 1024"),
        (SDRAM, "clock_hz = 163_862_068, bits_per_clock = 16, wait_clocks = 12"),
    ):
        assert text.count(known) == 1
        text = text.replace(known, slow)
    board, firmware = folder / "slower.toml", folder / "firmware"
    board.write_text(text, encoding="utf-8")
    port = f"emulator://{firmware}?count=cycles&board={board}"
    options = CalibrateOptions(
        port=port, project=firmware, output=folder / "rates.toml", rounds=1, serial="A1"
    )
    return calibrate("rt1050", options)


@pytest.mark.full
def test_the_rates_of_slower_memories_are_found(slower: Calibration) -> None:
    flash, sdram = slower.rates.regions["flash"], slower.rates.regions["sdram"]
    assert flash.line_cycles == pytest.approx(16 * CORE_HZ / 100e6, rel=0.01)
    assert flash.wait_cycles == pytest.approx(31 * CORE_HZ / 100e6, rel=0.01)
    assert sdram.line_cycles == pytest.approx((16 + 12) * CORE_HZ / 163_862_068, rel=0.01)
    lines = next(row.benchmark.units for row in slower.rows if row.benchmark.memory == "ocram")
    ocram = slower.rates.regions["ocram"].line_cycles
    # What reads the counter has its constants in flash, where the layout says whether they wait.
    assert ocram == pytest.approx(16, abs=(flash.line_cycles + flash.wait_cycles) / lines)
    assert slower.emulated and slower.rates.serial == "A1"
    assert slower.file is not None and read_rates(slower.file) == slower.rates


@pytest.mark.full
def test_the_model_is_right_by_the_rates_and_was_not_before(slower: Calibration) -> None:
    for row in slower.rows:
        assert row.fitted == pytest.approx(row.measured, rel=0.01, abs=SOME_LINES), row.benchmark
    reads = {
        row.benchmark.what: row
        for row in slower.rows
        if row.benchmark.memory == "flash" and row.benchmark.cold
    }
    assert reads["random"].ratio < 0.6 and reads["straight code"].ratio < 0.8
    assert slower.rates.kernels["mz_conv_2d_s8_dsp"] == pytest.approx(1, abs=0.01)


@pytest.mark.full
def test_fit_and_profile_go_by_the_rates(slower: Calibration, tmp_path: Path) -> None:
    network = tmp_path / "network.tflite"
    network.write_bytes(calibration_network())
    options = FitOptions(runtime="aot", project="cmake", weights="flash")
    before = fit(network, "rt1050", options)
    after = fit(network, "rt1050", replace(options, rates=slower.file))
    waits = [
        sum(entry.flash_wait_s or 0.0 for entry in report.constants) for report in (before, after)
    ]
    assert waits[1] > 1.3 * waits[0]
    project = tmp_path / "project"
    export_project(resolve_model(str(network)), load_board("rt1050"), project)
    build_project(project)
    plain = profile(project, ProfileOptions(cycles=True))
    rated = profile(project, ProfileOptions(cycles=True, rates=slower.file))
    assert plain.rates is None and rated.rates is not None
    assert rated.rates.emulated and "measured" not in rated.rates.words
    assert plain.total is not None and rated.total is not None and rated.total > plain.total


@pytest.mark.full
def test_the_command_says_so_in_one_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = invoke(
        ["calibrate", "--board", "rt1050", "--port", "emulator", "--rounds", "1", "--json"]
    )
    assert said.exit_code == 0, said.stderr
    document = json.loads(said.stdout)
    assert not complaints(document)
    assert document["rates"]["emulated"] and document["file"] is None
    for row in document["rows"]:
        assert row["predicted"] == pytest.approx(row["measured"], rel=0.01, abs=SOME_LINES), row


@pytest.mark.full
def test_a_board_with_another_firmware_is_to_be_flashed(tmp_path: Path) -> None:
    other, firmware = tmp_path / "other", tmp_path / "firmware"
    export_project(resolve_model("signs"), load_board("rt1050"), other)
    build_project(other)
    options = CalibrateOptions(port=f"emulator://{other}?count=cycles", project=firmware, rounds=1)
    with pytest.raises(WrongFirmwareError) as refused:
        calibrate("rt1050", options)
    assert f"mcuzoo flash {firmware}" in refused.value.hint
    assert "mcuzoo calibrate --board rt1050" in refused.value.hint
