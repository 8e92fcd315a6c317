"""Networks built from their layers: the figures are those of the real files."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.errors import ModelError
from mcuzoo.graph.read import load_model
from mcuzoo.ops.inspect import Inspection, inspect_model
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.layers import parse_layer
from mcuzoo.zoo.structure import build_layers, build_structure


def graph(inspection: Inspection) -> list[tuple[object, ...]]:
    return [
        (op.name, op.output_shape, op.macs, op.params, op.weight_scales, op.output_bytes)
        for op in inspection.ops
        if op.name not in ("QUANTIZE", "DEQUANTIZE")
    ]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mobilenet_v1_0.25_128", "mobilenet_v1_0.25_128_quant_int8.tflite"),
        ("deepface_emotion", "emotion_uint8_float32.tflite"),
        ("tiny_resnet", "pretrainedResnet_quant.tflite"),
        ("visual_wake_word", "vww_96_int8.tflite"),
    ],
)
def test_a_structure_is_the_files_graph(name: str, file: str, test_data: Path) -> None:
    real = inspect_model(load_model(test_data / "models" / file))
    built = inspect_model(build_structure(catalog()[name]))
    assert graph(built) == graph(real)
    assert (built.macs, built.params) == (real.macs, real.params)
    assert all(runtime.runs for runtime in built.runtimes)
    assert abs(built.bytes / real.bytes - 1) < 0.12


@pytest.mark.slow
def test_published_operations_are_those_of_the_layers() -> None:
    # Published figures that their own networks contradict: 34 of 30.2 million, 407 of 385, and a
    # table that is a thousandth of its model's README.
    wrong = {"mobilenet_v1_0.25_192", "efficientnet_lite0", "resnet_50"}
    for model in catalog().values():
        published = model.figure("ops")
        if model.structure is None or published is None:
            continue
        built = inspect_model(build_structure(model))
        assert (abs(2 * built.macs / published[0] - 1) < 0.04) == (model.name not in wrong)
        assert built.outputs[0].shape == (1, model.labels.count)


def test_a_structure_is_the_same_every_time() -> None:
    entry = catalog()["mobilenet_v1_0.25_128"]
    assert build_structure(entry).sha256 == build_structure(entry).sha256
    with pytest.raises(ModelError, match="does not say the layers"):
        build_structure(catalog()["signs"])


@pytest.mark.parametrize(
    "text",
    ["conv", "conv 8 3x3", "conv 0 3x3 same", "conv 8 0x3 same", "conv 8 3x3/0 same", "pool all",
     "dense 10 tanh", "flatten ", "add tanh", "keep 2", "pad 1 1", "squeeze 0", "",
     "conv 8 3x3 same relu6 "],
)  # fmt: skip
def test_what_is_no_layer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"layer|size of 0"):
        parse_layer(text)


LAYERS = st.sampled_from(
    ["conv 4 3x3 same relu", "conv 6 3x3/2 valid", "conv classes 1x1 same", "depthwise 5x5 valid",
     "max_pool 2x2/2 valid", "average_pool all", "flatten", "dense 5", "dense classes", "softmax",
     "pad 0 1 0 1", "squeeze 2", "norm relu", "keep", "swap", "add relu", "join 2"]
)  # fmt: skip


@given(st.lists(LAYERS, max_size=6))
@settings(deadline=None, max_examples=examples(80))
def test_any_layers_make_a_sound_model_or_an_error(layers: list[str]) -> None:
    try:
        model = build_layers("net", (9, 7, 3), [parse_layer(text) for text in layers], 4)
    except ModelError:
        return
    assert model.tensor(model.outputs[0]).shape == (1, 4)


def test_a_residual_block_and_its_projection() -> None:
    block = ["keep", "conv 4 3x3/2 same relu", "swap", "conv 4 1x1/2 same", "add relu6"]
    tail = ["average_pool all", "flatten", "dense classes"]
    facts = inspect_model(build_layers("net", (8, 8, 3), list(map(parse_layer, block + tail)), 5))
    assert [op.name for op in facts.ops][:3] == ["CONV_2D", "CONV_2D", "ADD"]
    assert facts.ops[2].input_shapes == ((1, 4, 4, 4), (1, 4, 4, 4))
    assert facts.ops[2].options["fused_activation_function"] == "RELU6"
    with pytest.raises(ModelError, match="add of net takes 1 of 0 tensors kept"):
        build_layers("net", (8, 8, 3), [parse_layer("add")], 5)
    with pytest.raises(ModelError, match=r"add cannot take \[1, 8, 8, 3\], \[1, 4, 4, 4\]"):
        broken = ["keep", "conv 4 3x3/2 same", "add"]
        build_layers("net", (8, 8, 3), list(map(parse_layer, broken)), 5)


def test_branches_are_joined_in_the_order_in_which_they_were_kept() -> None:
    branches = ["keep", "conv 4 1x1 same", "swap", "conv 6 1x1 same", "join 2"]
    tail = ["norm relu", "average_pool all", "flatten", "dense classes"]
    facts = inspect_model(
        build_layers("net", (8, 8, 3), list(map(parse_layer, branches + tail)), 5)
    )
    assert [op.name for op in facts.ops][:5] == [
        "CONV_2D",
        "CONV_2D",
        "CONCATENATION",
        "MUL",
        "ADD",
    ]
    assert facts.ops[2].input_shapes == ((1, 8, 8, 4), (1, 8, 8, 6))
    assert facts.ops[2].output_shape == (1, 8, 8, 10)
    with pytest.raises(ModelError, match="join of net takes 3 of 1 tensors kept"):
        build_layers("net", (8, 8, 3), list(map(parse_layer, ["keep", "join 4"])), 5)


def test_squeeze_and_pad_have_the_shapes_of_the_published_networks() -> None:
    layers = ["pad 0 1 0 1", "depthwise 3x3/2 valid", "squeeze 8"]
    tail = ["average_pool all", "flatten", "dense classes"]
    facts = inspect_model(build_layers("net", (8, 8, 16), list(map(parse_layer, layers + tail)), 5))
    names = [op.name for op in facts.ops]
    assert names[:2] == ["PAD", "DEPTHWISE_CONV_2D"]
    assert names[2:7] == ["AVERAGE_POOL_2D", "CONV_2D", "CONV_2D", "LOGISTIC", "MUL"]
    assert [op.output_shape for op in facts.ops[:4]] == [
        (1, 9, 9, 16), (1, 4, 4, 16), (1, 1, 1, 16), (1, 1, 1, 8),
    ]  # fmt: skip
