"""PADs that the kernel behind them does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.padded import padded

from mcuzoo.graph.model import Model
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.ops.kernels.pointwise_depthwise_dsp import fuse
from mcuzoo.ops.lower import lower

KERAS = [(0, 0), (0, 1), (0, 1), (0, 0)]
PYTORCH = [(0, 0), (1, 1), (1, 1), (0, 0)]
STRIDES: dict[str, Any] = {"stride": (2, 2), "padding": "VALID"}
RNG = np.random.default_rng(5)


def weights(*shape: int) -> np.ndarray:
    return RNG.integers(-127, 128, shape, dtype=np.int8)


def conv(size: int, zero_point: int = -128) -> bytes:
    return build.conv_model(
        (1, size, size, 3), weights(8, 3, 3, 3), None, input_zero_point=zero_point, **STRIDES
    )


def depthwise(size: int, zero_point: int = -128) -> bytes:
    return build.depthwise_model(
        (1, size, size, 4), weights(1, 3, 3, 4), None, input_zero_point=zero_point,
        output_zero_point=-128, activation="RELU", output_scale=0.4, **STRIDES,
    )  # fmt: skip


def pool(name: str, zero_point: int, activation: str = "NONE") -> bytes:
    return build.pool_model(
        name, (1, 18, 18, 4), filter_size=(3, 3), zero_point=zero_point, activation=activation,
        **STRIDES,
    )  # fmt: skip


def calls_of(model: Model) -> tuple[Call, ...]:
    return lower(build_program(model))


@pytest.mark.parametrize(("paddings", "size", "pads"), [(KERAS, 17, (0, 0)), (PYTORCH, 18, (1, 1))])
@pytest.mark.parametrize("layer", [conv, depthwise])
def test_a_convolution_pads_by_itself(
    layer: object, paddings: Sequence[tuple[int, int]], size: int, pads: tuple[int, int]
) -> None:
    """One call reads the image itself; the output's size is what the file says."""
    assert callable(layer)
    (call,) = calls_of(padded(layer(size), paddings))
    assert [op.name for op in call.before] == ["PAD"]
    assert call.inputs == (Activation(0),)
    params: Any = call.params
    view = getattr(params, "window", params)
    assert (view.pad_top, getattr(view, "pad_left", 0)) == pads
    assert (params.input.height, params.output.height) == (16, 8)


def test_a_value_other_than_the_zero_point_stays_a_pad() -> None:
    assert len(calls_of(padded(conv(18, zero_point=3), PYTORCH, value=3))) == 1
    assert len(calls_of(padded(conv(18, zero_point=3), PYTORCH, value=0))) == 2


@pytest.mark.parametrize(
    ("name", "zero_point", "activation", "value", "count"),
    [
        ("MAX_POOL_2D", -128, "NONE", None, 1),
        ("MAX_POOL_2D", 0, "NONE", -128, 1),  # as PyTorch's pools are written
        ("MAX_POOL_2D", 0, "RELU", None, 1),  # no output is below the zero point
        ("MAX_POOL_2D", 0, "NONE", None, 2),
        ("AVERAGE_POOL_2D", -128, "NONE", None, 2),  # it counts the padded pixels
    ],
)
def test_a_pool_pads_only_where_the_border_cannot_win(
    name: str, zero_point: int, activation: str, value: int | None, count: int
) -> None:
    model = padded(pool(name, zero_point, activation), PYTORCH, value)
    assert len(calls_of(model)) == count


@pytest.mark.parametrize(
    ("paddings", "channels"),
    [
        ([(0, 0), (1, 1), (1, 1), (1, 0)], 3),  # channels, too
        ([(0, 0), (3, 0), (0, 0), (0, 0)], 3),  # the first window would lie above the image
        ([(0, 0), (0, 0), (0, 4), (0, 0)], 3),  # the last one behind it
    ],
)
def test_other_padding_stays(paddings: Sequence[tuple[int, int]], channels: int) -> None:
    raw = build.conv_model((1, 17, 17, channels), weights(8, 3, 3, channels), None, **STRIDES)
    assert [call.op.name for call in calls_of(padded(raw, paddings))] == ["PAD", "CONV_2D"]


def test_what_is_read_twice_or_by_the_host_stays() -> None:
    model = padded(depthwise(18), PYTORCH)
    pad, layer = model.ops
    twin = replace(model.tensor(layer.outputs[0]), index=len(model.tensors), name="twin")
    again = replace(layer, index=2, outputs=(twin.index,))
    total = replace(twin, index=twin.index + 1, name="total")
    read = (*layer.outputs, twin.index)
    add = replace(
        layer, index=3, name="ADD", inputs=read, outputs=(total.index,),
        options={"fused_activation_function": "NONE"},
    )  # fmt: skip
    both = replace(
        model,
        tensors=(*model.tensors, twin, total),
        ops=(pad, layer, again, add),
        outputs=(total.index,),
    )
    assert calls_of(both)[0].op.name == "PAD"
    shown = replace(model, outputs=(pad.outputs[0],))
    assert calls_of(shown)[0].op.name == "PAD"


def test_a_pair_is_fused_over_its_pad() -> None:
    """Pointwise, PAD as Keras writes it, depthwise at stride 2: one kernel, three operators."""
    pointwise = build.conv_model(
        (1, 16, 16, 8), weights(4, 1, 1, 8), None, output_zero_point=-128, activation="RELU",
        input_scale=0.0235, output_scale=0.0235,
    )  # fmt: skip
    (first,) = calls_of(parse_model(pointwise, "pointwise"))
    (second,) = calls_of(padded(depthwise(17), KERAS))
    ways = fuse(first, replace(second, inputs=first.outputs))
    assert ways and [op.name for op in ways[0].ops][-2:] == ["PAD", "DEPTHWISE_CONV_2D"]
