"""Images of one column, which kernels take as images of one row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.engines import random_inputs
from helpers.kernel_library import KernelRunner, build_kernel_library
from helpers.padded import padded

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.model import Model
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.lowering.params import KernelParams
from mcuzoo.lowering.rows import rows_of
from mcuzoo.ops.lower import lower

RNG = np.random.default_rng(3)


def weights(*shape: int) -> np.ndarray:
    return RNG.integers(-127, 128, shape, dtype=np.int8)


def conv(taps: int, **options: Any) -> bytes:
    return build.conv_model(
        (1, 21, 1, 6), weights(8, taps, 1, 6), None, output_scale=0.5, **options
    )


def depthwise(taps: int, height: int = 21, channels: int = 8, **options: Any) -> bytes:
    return build.depthwise_model(
        (1, height, 1, channels), weights(1, taps, 1, channels), None, output_scale=0.4, **options
    )


def pool(name: str, taps: int, stride: int, padding: str) -> bytes:
    return build.pool_model(
        name, (1, 21, 1, 8), filter_size=(taps, 1), stride=(stride, 1), padding=padding
    )


LAID = {
    "convolution": conv(3),
    "convolution with a stride": conv(5, stride=(2, 2), padding="VALID"),
    "convolution of a pixel with a stride": conv(1, stride=(2, 1)),
    "dilated convolution": conv(4, dilation=(3, 1), input_zero_point=9),
    "depthwise": depthwise(3),
    "depthwise with a stride": depthwise(4, stride=(2, 2), input_zero_point=-7),
    "dilated depthwise": depthwise(3, dilation=(2, 1)),
    "depthwise to one pixel": depthwise(21, padding="VALID"),
    "depthwise of two channels": depthwise(5, channels=2),
    "average pool": pool("AVERAGE_POOL_2D", 3, 2, "SAME"),
    "largest of a few": pool("MAX_POOL_2D", 2, 2, "VALID"),
}


def params_of(model: Model) -> KernelParams:
    (call,) = lower(build_program(model))
    return call.params


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("name", LAID)
def test_it_gives_the_same_bytes(
    name: str, portable: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = parse_model(LAID[name], name)
    program = build_program(model)
    library = build_kernel_library(tmp_path_factory.mktemp("columns"))
    runner = KernelRunner(library, program, lower(program, portable))
    (source,) = (model.tensor(index).shape for index in model.inputs)
    for values in random_inputs(source, 5, count=3):
        np.testing.assert_array_equal(runner.run(values), ReferenceEngine(model).run(values))


@pytest.mark.parametrize("name", LAID)
def test_the_kernel_sees_a_row(name: str) -> None:
    params = params_of(parse_model(LAID[name], name))
    image = getattr(params, "input", None)
    assert image is None or (image.height, image.width) == (1, 21)


def wide(columns: int, taps: int) -> bytes:
    return build.conv_model(
        (1, 9, columns, 6), weights(8, 3, taps, 6), None, padding="VALID" if taps == 1 else "SAME"
    )


@pytest.mark.parametrize(
    "model",
    [
        parse_model(conv(1), "of single pixels"),
        parse_model(wide(1, 3), "over the sides"),
        parse_model(wide(2, 1), "of two columns"),
    ],
    ids=["of single pixels", "over the sides", "of two columns"],
)
def test_others_stay_as_they_are(model: Model) -> None:
    params = params_of(model)
    image = getattr(params, "input", None)
    assert image is None or image.height > 1


def test_a_pad_goes_along() -> None:
    raw = conv(3, padding="VALID", input_zero_point=0)
    window = params_of(padded(raw, [(0, 0), (2, 1), (0, 0), (0, 0)])).window  # type: ignore[attr-defined]
    assert (window.width, window.pad_left, window.pad_top) == (3, 2, 0)


def test_its_rows_are_the_pixels() -> None:
    """For an input that is consumed as it arrives."""
    model = parse_model(conv(5, stride=(2, 2)), "column")
    (call,) = lower(build_program(model))
    rows = rows_of(model, call)
    assert rows is not None
    assert (rows.input_rows, rows.input_row_bytes, rows.output_rows) == (21, 6, 11)
    assert (rows.window, rows.stride, rows.pad_top) == (5, 2, 2)
