"""Small UINT8 models, their INT8 rewrites, and LiteRT's reference kernels as the judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers.engines import random_inputs
from helpers.examples import examples
from helpers.same_model import misaligned
from helpers.tflite_file import O, T, build_model
from helpers.uint8_models import dense_model, uint8_net, weighted_model
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcuzoo.engines.litert import LitertEngine
from mcuzoo.engines.litert_uint8 import LitertUint8Engine
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.engines.tflm import TflmEngine
from mcuzoo.errors import McuzooError, ModelError, UnsupportedOpError, UsageError
from mcuzoo.graph.model import DType, Model
from mcuzoo.graph.read import parse_model
from mcuzoo.zoo.convert.convert import check_ends, convert_model
from mcuzoo.zoo.convert.report import Conversion

pytest.importorskip("ai_edge_litert")


def distances(source: Model, conversion: Conversion, seed: int = 0) -> list[int]:
    """Per input, the largest distance of the rewrite's output to the source's, on LiteRT."""
    before, after = LitertUint8Engine(source), LitertEngine(conversion.model)
    reference = ReferenceEngine(conversion.model)
    found = []
    for values in random_inputs(after.program.input_tensor.shape, seed):
        outputs = before.run(values), after.run(values)
        if not any(op.name == "FULLY_CONNECTED" for op in source.ops):
            np.testing.assert_array_equal(outputs[1], reference.run(values))
        found.append(int(np.abs(outputs[0].astype(int) - outputs[1]).max()))
    return found


@st.composite
def lossless_weights(draw: st.DrawFn) -> tuple[NDArray[np.uint8], int]:
    """Convolution weights (out, h, w, in) within 127 of the zero point."""
    zero_point = draw(st.integers(0, 255))
    shape = tuple(draw(st.integers(1, 4)) for _ in range(4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low, high = max(0, zero_point - 127), min(255, zero_point + 127)
    return rng.integers(low, high + 1, shape, dtype=np.uint8), zero_point


@given(
    lossless_weights(),
    st.sampled_from(["CONV_2D", "DEPTHWISE_CONV_2D"]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.sampled_from(["NONE", "RELU", "RELU6"]),
    st.integers(0, 99),
)
@settings(deadline=None, max_examples=examples(40))
def test_weights_within_127_are_rewritten_without_loss(
    weights: tuple[NDArray[np.uint8], int],
    name: str,
    input_zero: int,
    output_zero: int,
    activation: str,
    seed: int,
) -> None:
    # Scales are powers of two, so that both kernels arrive at the same multiplier exactly.
    raw = weighted_model(
        name, *weights, input_zero=input_zero, output_zero=output_zero, activation=activation
    )
    source = parse_model(raw, "small")
    conversion = convert_model(source)
    report = conversion.report
    assert report.lossless_channels == report.channels
    assert (report.weights_changed, report.source_dtype) == (0, "uint8")
    assert distances(source, conversion, seed) == [0] * 5


@given(st.integers(0, 255), st.integers(0, 2**32 - 1), st.sampled_from([0, 3]))
@settings(deadline=None, max_examples=examples(30))
def test_rescaled_channels_keep_their_real_values(zero_point: int, seed: int, axis: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 256, (3, 3, 3, 4), dtype=np.uint8)
    name = "CONV_2D" if axis == 0 else "DEPTHWISE_CONV_2D"
    source = parse_model(weighted_model(name, weights, zero_point), "small")
    conversion = convert_model(source)
    before, after = (model.tensor(1) for model in (source, conversion.model))
    assert before.quantization is not None and after.quantization is not None
    assert after.data is not None and before.data is not None
    centred = np.moveaxis(before.data.astype(int) - zero_point, axis, -1)
    quantized = np.moveaxis(after.data.astype(int), axis, -1)
    scales = after.quantization.scales.astype(np.float64)
    assert after.quantization.axis == axis and len(scales) == centred.shape[-1]
    assert not after.quantization.zero_points.any() and np.abs(quantized).max() <= 127
    real = centred * before.quantization.scale
    assert np.all(np.abs(quantized * scales - real) <= 0.5001 * scales)
    peaks = np.abs(centred).reshape(-1, centred.shape[-1]).max(axis=0)
    kept = peaks <= 127
    assert conversion.report.lossless_channels == np.count_nonzero(kept)
    np.testing.assert_array_equal(scales[kept], before.quantization.scale)
    np.testing.assert_array_equal(quantized[..., kept], centred[..., kept])
    changed = quantized * np.maximum(peaks, 127) != centred * 127
    assert conversion.report.weights_changed == np.count_nonzero(changed)


def test_the_bias_of_a_rescaled_channel_is_divided_alike() -> None:
    weights = np.array([[[[254]]], [[[100]]]], dtype=np.uint8)
    bias = np.array([1000, 1000], dtype=np.int32)
    source = parse_model(weighted_model("CONV_2D", weights, 0, bias=bias), "small")
    converted = convert_model(source).model
    weight_tensor, bias_tensor = converted.tensor(1), converted.tensor(2)
    assert weight_tensor.data is not None and bias_tensor.data is not None
    assert weight_tensor.data.ravel().tolist() == [127, 100]
    assert bias_tensor.data.tolist() == [500, 1000]
    source_scales = [item.quantization for item in source.tensors[:2]]
    assert all(item is not None for item in source_scales)
    unit = source_scales[0].scale * source_scales[1].scale  # type: ignore[union-attr]
    assert bias_tensor.quantization is not None
    np.testing.assert_allclose(bias_tensor.quantization.scales, [2 * unit, unit], rtol=1e-6)


@pytest.mark.parametrize("zero_point", [0, 94, 127, 128, 129, 255])
def test_weights_are_never_merely_shifted(zero_point: int) -> None:
    weights = np.arange(256, dtype=np.uint8).reshape(4, 4, 4, 4)
    source = parse_model(weighted_model("CONV_2D", weights, zero_point), "small")
    converted = convert_model(source).model.tensor(1)
    assert converted.data is not None and converted.quantization is not None
    assert not converted.quantization.zero_points.any()
    assert converted.data.dtype == np.int8
    byte_shift = (weights.astype(int) - 128).astype(np.int8)
    alike = np.array_equal(converted.data, byte_shift)
    # Channels of zero point 128 that stay within 127 are the one case where both agree.
    assert alike == (zero_point == 128 and weights.min() > 0)
    signs = np.sign(weights.astype(int) - zero_point)
    np.testing.assert_array_equal(np.sign(converted.data), signs * (np.abs(converted.data) > 0))


def test_fully_connected_has_one_scale() -> None:
    rng = np.random.default_rng(1)
    weights = rng.integers(20, 250, (5, 16), dtype=np.uint8)
    source = parse_model(dense_model(weights, zero_point=130), "dense")
    conversion = convert_model(source)
    tensor = conversion.model.tensor(1)
    assert tensor.quantization is not None and len(tensor.quantization.scales) == 1
    assert conversion.model.ops[0].version == 4
    assert conversion.report.lossless_channels == 5
    assert max(distances(source, conversion)) == 0
    stretched = parse_model(dense_model(weights, zero_point=20), "dense")
    assert convert_model(stretched).report.lossless_channels == 0


def test_a_whole_net_from_uint8() -> None:
    model = convert_model(parse_model(uint8_net(), "net")).model
    assert misaligned(model) == []
    assert {op.name: op.version for op in model.ops} == {
        "ADD": 2, "AVERAGE_POOL_2D": 2, "CONV_2D": 3, "MAX_POOL_2D": 2, "RESHAPE": 1, "SOFTMAX": 2,
    }  # fmt: skip
    assert all(tensor.dtype is not DType.UINT8 for tensor in model.tensors)
    scores = model.tensor(model.outputs[0]).quantization
    assert scores is not None and (scores.scale, scores.zero_point) == (1 / 256, -128)
    ours, theirs = ReferenceEngine(model), TflmEngine(model)
    for values in random_inputs(ours.program.input_tensor.shape, 3):
        np.testing.assert_array_equal(ours.run(values), theirs.run(values))


def test_a_net_without_averages_is_rewritten_exactly() -> None:
    source = parse_model(uint8_net(last_pool="MAX_POOL_2D"), "net")
    conversion = convert_model(source)
    assert conversion.report.weights_changed == 0
    assert distances(source, conversion) == [0] * 5


def test_an_average_differs_by_its_rounding_alone() -> None:
    pool = {"padding": "VALID", "stride_w": 2, "stride_h": 2, "filter_width": 2, "filter_height": 2}
    tensors = [
        T("input", (1, 8, 8, 3), "uint8", 0.1, 60),
        T("output", (1, 4, 4, 3), "uint8", 0.1, 60),
    ]
    raw = build_model(tensors, [O("AVERAGE_POOL_2D", (0,), (1,), pool)], [0], [1])
    source = parse_model(raw, "pool")
    # A half is rounded up in UINT8, away from zero in INT8.
    assert max(distances(source, convert_model(source))) == 1


def test_float_ends_are_kept_or_cut() -> None:
    source = parse_model(uint8_net(float_ends=True, last_pool="MAX_POOL_2D"), "net")
    kept, cut = convert_model(source), convert_model(source, "int8")
    assert kept.model.tensor(kept.model.inputs[0]).dtype is DType.FLOAT32
    assert kept.report.ends_removed == ()
    assert sorted(cut.report.ends_removed) == ["DEQUANTIZE 7", "QUANTIZE 0"]
    assert len(cut.model.tensors) == len(source.tensors) - 2
    assert [op.index for op in cut.model.ops] == list(range(len(source.ops) - 2))
    assert distances(source, kept) == [0] * 5
    first, second = ReferenceEngine(kept.model), ReferenceEngine(cut.model)
    for values in random_inputs(second.program.input_tensor.shape, 3):
        np.testing.assert_array_equal(first.run(values), second.run(values))
        np.testing.assert_array_equal(LitertEngine(kept.model).run(values), first.run(values))


def test_weights_that_two_ops_share() -> None:
    rng = np.random.default_rng(2)
    weights = rng.integers(0, 150, (2, 1, 1, 2), dtype=np.uint8)
    options = {
        "padding": "SAME", "stride_w": 1, "stride_h": 1,
        "dilation_w_factor": 1, "dilation_h_factor": 1,
    }  # fmt: skip
    bias = np.array([70, -90], dtype=np.int32)
    tensors = [
        T("input", (1, 4, 4, 2), "uint8", 0.5, 99),
        T("weights", weights.shape, "uint8", 0.125, 30, data=weights),
        T("bias", (2,), "int32", 0.0625, data=bias),
        T("middle", (1, 4, 4, 2), "uint8", 2.0, 80),
        T("output", (1, 4, 4, 2), "uint8", 16.0, 120),
        T("other bias", (2,), "int32", 0.25, data=-bias),
    ]
    ops = [O("CONV_2D", (0, 1, 2), (3,), options), O("CONV_2D", (3, 1, 5), (4,), options)]
    source = parse_model(build_model(tensors, ops, [0], [4]), "shared")
    conversion = convert_model(source)
    assert distances(source, conversion) == [0] * 5


def test_int8_weights_with_a_zero_point_are_made_symmetric() -> None:
    weights = np.array([[[[-128]]], [[[72]]]], dtype=np.int8)
    raw = weighted_model("CONV_2D", weights, -28, dtype="int8", input_zero=0, output_zero=0)
    conversion = convert_model(parse_model(raw, "shifted"))
    tensor = conversion.model.tensor(1)
    assert tensor.data is not None and tensor.data.ravel().tolist() == [-100, 100]
    assert (conversion.report.source_dtype, conversion.report.tensors_shifted) == ("int8", 0)


def unary(name: str, dtype: str, options: dict[str, Any], scales: tuple[float, float]) -> Model:
    tensors = [
        T("input", (1, 4), dtype, scales[0], 0),
        T("output", (1, 4), dtype, scales[1], 0),
    ]
    return parse_model(build_model(tensors, [O(name, (0,), (1,), options)], [0], [1]), "one")


def test_what_has_no_exact_rewrite_is_refused() -> None:
    with pytest.raises(UnsupportedOpError, match="LOGISTIC"):
        convert_model(unary("LOGISTIC", "uint8", {}, (0.1, 1 / 256)))
    with pytest.raises(UnsupportedOpError, match="1/256"):
        convert_model(unary("SOFTMAX", "uint8", {"beta": 1.0}, (0.1, 1 / 128)))
    with pytest.raises(UnsupportedOpError, match="rescale"):
        convert_model(unary("RELU6", "uint8", {}, (0.1, 0.05)))
    with pytest.raises(ModelError, match="not quantized") as raised:
        tensors = [T("input", (1, 4), "float32"), T("output", (1, 4), "float32")]
        raw = build_model(tensors, [O("RELU", (0,), (1,))], [0], [1])
        convert_model(parse_model(raw, "float"))
    assert "Quantize the float model" in raised.value.hint
    with pytest.raises(UsageError, match="--io"):
        check_ends("float")
    with pytest.raises(ModelError, match="without scale"):
        tensors = [T("input", (1, 4), "uint8"), T("output", (1, 4), "uint8")]
        raw = build_model(tensors, [O("RELU", (0,), (1,))], [0], [1])
        convert_model(parse_model(raw, "bare"))


def test_a_hybrid_is_refused() -> None:
    weights = np.ones((2, 3), dtype=np.uint8)
    tensors = [
        T("input", (1, 3), "float32"),
        T("weights", (2, 3), "uint8", 0.1, 3, data=weights),
        T("output", (1, 2), "float32"),
    ]
    raw = build_model(tensors, [O("FULLY_CONNECTED", (0, 1), (2,))], [0], [2])
    with pytest.raises(ModelError, match="only in part"):
        convert_model(parse_model(raw, "hybrid"))


def test_an_int8_model_is_realigned_or_left_alone() -> None:
    source = parse_model(uint8_net(), "net")
    once = convert_model(source).model
    again = convert_model(once)
    assert again.model.raw == once.raw
    assert again.report.layers == () and again.report.tensors_shifted == 0


@given(st.lists(st.tuples(st.integers(8, 10**6), st.integers(0, 255)), min_size=1, max_size=3))
@settings(deadline=None, max_examples=examples(300))
def test_a_damaged_file_is_converted_or_refused(damage: list[tuple[int, int]]) -> None:
    raw = bytearray(uint8_net(float_ends=True))
    for place, value in damage:
        raw[8 + place % (len(raw) - 8)] = value
    try:
        conversion = convert_model(parse_model(bytes(raw), "damaged"), "int8")
    except McuzooError:
        return
    assert misaligned(conversion.model) == []
