"""How often TFLM's kernels go through the weights in a model file, layer by layer."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import tflite_builder as models

from mcuzoo.board.load import load_board
from mcuzoo.graph.read import parse_model
from mcuzoo.plan.place.cost import wait_seconds
from mcuzoo.plan.place.tflm_passes import weight_sweeps
from mcuzoo.plan.place.traffic import Sweep, whole_model_use

IMAGE = (1, 8, 6, 4)
FILTER = np.ones((4, 3, 3, 4), dtype=np.int8)
BIAS = np.ones(4, dtype=np.int32)


@pytest.mark.parametrize(
    ("model", "bytes_", "cmsis_nn", "reference"),
    [
        # im2col: all weights for two pixels.
        (models.conv_model(IMAGE, FILTER, BIAS), 144 + 16, 24, 48),
        # Two rows of weights stay for all pixels.
        (models.conv_model(IMAGE, FILTER[:, :1, :1], BIAS), 16 + 16, 1, 48),
        # ... of a row of the image where pixels are left out.
        (models.conv_model(IMAGE, FILTER[:, :1, :1], BIAS, stride=(2, 2)), 16 + 16, 4, 12),
        (models.depthwise_model(IMAGE, FILTER[:1], BIAS), 36 + 16, 48, 48),
        (models.fully_connected_model((2, 16), np.ones((4, 16), np.int8), BIAS), 64 + 16, 2, 2),
    ],
)
def test_each_kind_of_layer(model: bytes, bytes_: int, cmsis_nn: int, reference: int) -> None:
    parsed = parse_model(model, "one layer")
    assert weight_sweeps(parsed, "cmsis-nn") == (Sweep(bytes_, cmsis_nn),)
    assert weight_sweeps(parsed, "reference") == (Sweep(bytes_, reference),)


def test_layers_without_constants_are_no_sweeps() -> None:
    assert weight_sweeps(parse_model(models.softmax_model((1, 16)), "x"), "cmsis-nn") == ()


def test_a_file_waits_for_what_its_layers_do() -> None:
    """What stays in the cache is fetched once, other layers at every pass; the rest of the file is
    not read by an inference."""
    board = load_board("rt1170")
    small, large = Sweep(1024, 100), Sweep(64 * 1024, 10)
    file = whole_model_use(200_000, (small, large))
    parts = [whole_model_use(1024), *[whole_model_use(64 * 1024)] * 10]
    expected = sum(wait_seconds(board.flash_region, part, board, ()) for part in parts)
    assert wait_seconds(board.flash_region, file, board, ()) == pytest.approx(expected)
    assert file.passes == 11  # the mean, by bytes
    assert file.room_bytes == 200_000
