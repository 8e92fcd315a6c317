"""Fit verdicts: by region, with the peak and with what to do next."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from helpers.boards import BOARDS, without_sdram
from helpers.exported import fit_model
from helpers.mobilenet import mobilenet_v1

from mcuzoo.board.load import list_boards, load_board
from mcuzoo.graph.model import Model
from mcuzoo.report.fit import fit_document


@pytest.fixture(scope="module")
def small() -> Model:
    return mobilenet_v1()


@pytest.fixture(scope="module")
def large() -> Model:
    """Ten times the activations of the small one."""
    return mobilenet_v1(resolution=416)


@pytest.mark.parametrize("board", BOARDS)
def test_mobilenet_fits_every_board(board: str, small: Model) -> None:
    report = fit_model(small, load_board(board))
    assert report.fits
    assert report.placement.arena_region == "dtcm"
    assert (report.peak.index, report.peak.name) == (0, "CONV_2D")
    assert report.peak.live_bytes <= report.arena_bytes <= 98_304
    assert report.next_step is None


def test_ten_times_too_large_is_told_by_region(large: Model) -> None:
    report = fit_model(large, without_sdram("rt1050"))
    assert not report.fits
    over = [region for region in report.regions if not region.fits]
    assert [region.region for region in over] == ["ocram"]
    assert over[0].over_bytes == report.arena_bytes - 262_144
    assert report.next_step is not None
    assert "arena must shrink to 262,144 bytes" in report.next_step
    assert "instead of 416 x 416" in report.next_step


@pytest.mark.slow
def test_the_proposed_input_really_fits(large: Model) -> None:
    report = fit_model(large, without_sdram("rt1050"))
    assert report.next_step is not None
    side = int(report.next_step.split("input of about ")[1].split(" x ")[0])
    assert fit_model(mobilenet_v1(resolution=side - side % 32), without_sdram("rt1050")).fits


@pytest.mark.slow
def test_a_roomier_board_is_proposed() -> None:
    model = mobilenet_v1(resolution=352)
    report = fit_model(model, without_sdram("rt1050"), others=list_boards())
    assert not report.fits
    assert report.next_step is not None
    assert report.next_step.endswith("Take a board with more memory: --board rt1060 fits.")
    assert fit_model(model, load_board("rt1060")).fits


@pytest.mark.slow
def test_consuming_the_input_as_it_arrives_is_proposed() -> None:
    model, board = mobilenet_v1(resolution=352), without_sdram("rt1050")
    report = fit_model(model, board)
    assert report.next_step is not None
    found = re.match(r"Add --stream-input: an arena of ([\d,]+) bytes ", report.next_step)
    assert found
    streamed = fit_model(model, board, stream_input=True)
    assert streamed.fits
    assert f"{streamed.arena_bytes:,}" == found[1]


@pytest.mark.slow
def test_weights_back_to_flash_are_proposed(small: Model) -> None:
    report = fit_model(small, without_sdram("rt1050"), weights="ram")
    assert not report.fits
    assert report.next_step == "Leave the weights in flash: --weights flash fits."


@pytest.mark.parametrize("weights", ["flash", "auto"])
def test_to_leave_out_pins_is_proposed(weights: str, small: Model) -> None:
    report = fit_model(small, without_sdram("rt1050"), weights=weights, pin=("28=dtcm",))
    assert not report.fits
    assert report.next_step == "Leave out --pin: without it everything fits."


def test_another_arena_region_is_proposed() -> None:
    model = mobilenet_v1(resolution=224)
    report = fit_model(model, without_sdram("rt1050"), arena_region="dtcm")
    assert not report.fits
    assert report.next_step == "Leave out --arena-region: the arena fits in ocram."


def test_too_many_constants_for_the_flash(small: Model) -> None:
    board = without_sdram("rt1050")
    tiny = board.model_copy(
        update={"flash": board.flash.model_copy(update={"used_limit": 256 * 1024})}
    )
    report = fit_model(small, tiny)
    assert not report.fits
    assert report.next_step is not None
    assert "constants must shrink to" in report.next_step


def test_an_uncovered_op_fits_no_runtime(small: Model) -> None:
    ops = tuple(replace(op, name="FLOOR") if op.name == "SOFTMAX" else op for op in small.ops)
    report = fit_model(replace(small, ops=ops), without_sdram("rt1050"))
    assert not report.fits
    assert [gap.op.name for gap in report.uncovered] == ["FLOOR"]
    assert report.next_step is not None


def test_sdram_is_used_last_and_with_a_warning(large: Model) -> None:
    report = fit_model(large, load_board("rt1050"))
    assert report.fits
    assert (report.placement.arena_region, report.placement.rest_region) == ("sdram", None)
    (warning, *_) = report.warnings
    assert re.search(r"SDRAM holds the arena.*waits [\d.]+ ms per inference", warning)


@pytest.mark.parametrize("runtime", ["aot", "tflm"])
def test_sdram_is_used_where_it_is_asked_for(runtime: str, small: Model) -> None:
    board = load_board("rt1170")
    report = fit_model(small, board, runtime, arena_region="sdram", weights="sdram")
    placement = report.placement
    places = (placement.arena_region, placement.weights_region, placement.data_region)
    assert report.fits and places == ("sdram", "sdram", "dtcm")
    assert [warning.split(":")[0] for warning in report.warnings] == [
        "SDRAM holds the arena", "SDRAM holds the weights",
    ]  # fmt: skip
    assert all(entry.region == "sdram" for entry in report.constants)


def test_what_fits_on_the_chip_leaves_the_sdram_off(small: Model) -> None:
    report = fit_model(small, load_board("rt1170"))
    assert report.warnings == ()
    assert [region.initialized for region in report.regions if region.region == "sdram"] == [False]


def test_the_json_is_complete_and_plain(large: Model) -> None:
    report = fit_model(large, without_sdram("rt1050"))
    read_back = json.loads(json.dumps(fit_document(report)))
    assert read_back["fits"] is False
    used = {region["region"]: region["used_bytes"] for region in read_back["regions"]}
    assert used["ocram"] == report.arena_bytes
    assert read_back["peak"]["name"] == "CONV_2D"


def test_tflms_arena_is_told_apart(small: Model) -> None:
    told = fit_document(fit_model(small, load_board("rt1050"), "tflm"))["tflm"]
    assert isinstance(told, dict)
    assert told["head_bytes"] + told["tail_bytes"] == told["used_bytes"] <= told["arena_bytes"]
    assert told["plan"] in ("offline", "greedy")
    assert fit_document(fit_model(small, load_board("rt1050"), "aot"))["tflm"] is None
