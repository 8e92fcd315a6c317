"""Measured rates: the file that anybody may have written, and the board that has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcuzoo.board.load import load_board
from mcuzoo.errors import InputError
from mcuzoo.timing.rates import Rates, RegionRates, rates_text, read_rates, with_rates

BOARD = load_board("rt1050")


def measured(**changes: object) -> Rates:
    facts: dict[str, object] = {
        "rates": 1,
        "board": "rt1050",
        "serial": 'FZ "1"\\',
        "date": "2026-11-29",
        "emulated": False,
        "build_id": "ab" * 16,
        "mcuzoo": "1.0",
        "toolchain": "gcc 12.2",
        "core_clock_hz": BOARD.core.clock_hz,
        "line_bytes": 32,
        "regions": {
            "flash": RegionRates(line_cycles=81.5, wait_cycles=120.25, run_bytes=1024),
            "ocram": RegionRates(line_cycles=0.25),
        },
        "kernels": {"mz_pointwise_s8_dsp": 1.25},
    }
    return Rates.model_validate(facts | changes)


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "rates.toml"
    file.write_text(rates_text(measured(), {"flash": "two patterns"}))
    assert read_rates(file) == measured()


def test_the_board_reads_as_fast_as_was_measured_and_says_so() -> None:
    board = with_rates(BOARD, measured())
    flash = board.flash_region.read
    assert flash is not None
    per_clock = board.core.clock_hz / flash.clock_hz
    assert 32 * 8 / flash.bits_per_clock * per_clock == pytest.approx(81.5, rel=1e-6)
    assert flash.wait_clocks * per_clock == pytest.approx(120.25, rel=0.01)
    assert flash.run_bytes == 1024
    assert board.region("sdram") == BOARD.region("sdram")
    assert board.rates is not None
    assert board.rates.words == 'estimate by rates measured on your board FZ "1"\\ at 2026-11-29'
    assert board.rates.factor("mz_pointwise_s8_dsp") == 1.25
    assert board.rates.factor("another") == 1.0
    assert board.with_sdram().rates == board.rates
    assert BOARD.rates is None


def test_rates_of_an_emulated_board_are_no_measurement() -> None:
    board = with_rates(BOARD, measured(emulated=True))
    assert board.rates is not None
    assert board.rates.origin == "of the emulated board rt1050, 2026-11-29"
    assert "measured" not in board.rates.words


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"board": "rt1170"}, "those of rt1170"),
        ({"core_clock_hz": 528_000_000}, "528,000,000 Hz"),
        ({"regions": {"dtcm": RegionRates(line_cycles=1)}}, "no cached memory"),
    ],
)
def test_rates_of_another_board_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        with_rates(BOARD, measured(**changes))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rates = 2",
        rates_text(measured()) + "code = 'x'\n",
        rates_text(measured()).replace("81.500", "nan"),
        rates_text(measured()).replace("81.500", "1e300"),
        rates_text(measured()).replace("81.500", "true"),
        rates_text(measured()).replace("1.2500", "1000.0"),
        rates_text(measured()).replace('date = "2026', 'date = "\\u001b[31m'),
        rates_text(measured()).replace("FZ", "\\u001b[31m"),
        rates_text(measured()) + "#" * (64 << 10),
        rates_text(measured()) + "x = " + "[" * 10_000,
        rates_text(measured()) + "".join(f"k{n} = 1.0\n" for n in range(70)),
    ],
    ids=range(12),
)
def test_a_file_of_anybody_is_bounded(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rates.toml"
    file.write_text(text)
    with pytest.raises(InputError):
        read_rates(file)
