"""What TFLM is given to run, and the room that is reserved for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.exported import fit_model
from helpers.mobilenet import mobilenet_v1

from mcuzoo.board.load import load_board
from mcuzoo.errors import UsageError
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import parse_model
from mcuzoo.graph.schema import PLAN_METADATA
from mcuzoo.graph.write import write_model
from mcuzoo.plan.tflm.image import MARGIN_BYTES, check_kernels, check_plan, prepare_image


@pytest.fixture(scope="module")
def mobilenet() -> Model:
    model = mobilenet_v1()
    return parse_model(write_model(replace(model, raw=b"")), model.name)


def test_the_smaller_plan_is_taken(mobilenet: Model) -> None:
    best = prepare_image(mobilenet, "cmsis-nn")
    greedy = prepare_image(mobilenet, "cmsis-nn", "greedy")
    assert (best.plan, greedy.plan) == ("offline", "greedy")
    assert best.arena.head_bytes == 98_304
    assert greedy.arena.head_bytes == 131_072
    assert PLAN_METADATA.encode() in best.model.raw
    assert PLAN_METADATA.encode() not in greedy.model.raw
    assert 0 <= best.arena_bytes - best.arena.arena_bytes - MARGIN_BYTES < 16


def test_fit_counts_the_model_file_and_the_arena(mobilenet: Model) -> None:
    image = prepare_image(mobilenet, "reference")
    report = fit_model(mobilenet, load_board("rt1050"), "tflm", kernels="reference")
    assert report.fits
    assert report.arena_bytes == image.arena_bytes
    assert report.constant_bytes == len(image.model.raw)
    assert report.placement.arena_region == "ocram"
    assert report.uncovered == ()


def test_names_are_checked() -> None:
    assert (check_kernels("reference"), check_plan("greedy")) == ("reference", "greedy")
    with pytest.raises(UsageError, match="no such kernels") as caught:
        check_kernels("cmsis")
    assert "Did you mean 'cmsis-nn'" in caught.value.hint
    with pytest.raises(UsageError, match="no such plan"):
        check_plan("own")
