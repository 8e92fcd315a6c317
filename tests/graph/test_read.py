"""The reader against the schema's own object API, on built and on published models."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.small_net import small_net
from helpers.tflite_file import OPTIONS_OF

from mcuzoo.errors import InputError, ModelError
from mcuzoo.graph.model import DType, Model
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.graph.schema import OPERATORS, OPTIONS

schema = pytest.importorskip("ai_edge_litert.schema_py_generated")


def by_value(enum: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}


def assert_equals_schema(model: Model, raw: bytes) -> None:
    """Every tensor and op as the generated schema code reads it."""
    expected = schema.ModelT.InitFromPackedBuf(raw)
    graph = expected.subgraphs[0]
    types = by_value(schema.TensorType)
    assert model.inputs == tuple(graph.inputs) and model.outputs == tuple(graph.outputs)
    assert len(model.tensors) == len(graph.tensors)
    for ours, theirs in zip(model.tensors, graph.tensors, strict=True):
        shape = () if theirs.shape is None else tuple(theirs.shape)
        assert (ours.name, ours.shape) == (theirs.name.decode(), shape)
        assert ours.dtype.name == types[theirs.type]
        data = expected.buffers[theirs.buffer].data
        if data is None or len(data) == 0:
            assert ours.data is None or ours.data.size == 0
        else:
            assert ours.data is not None and ours.data.tobytes() == bytes(data)
            assert ours.data.dtype == ours.dtype.numpy and ours.data.shape == ours.shape
        if theirs.quantization is None or theirs.quantization.scale is None:
            assert ours.quantization is None
        else:
            assert ours.quantization is not None
            np.testing.assert_array_equal(ours.quantization.scales, theirs.quantization.scale)
            np.testing.assert_array_equal(
                ours.quantization.zero_points, theirs.quantization.zeroPoint
            )
            assert ours.quantization.axis == theirs.quantization.quantizedDimension
    assert len(model.ops) == len(graph.operators)
    for op, operator in zip(model.ops, graph.operators, strict=True):
        code = expected.operatorCodes[operator.opcodeIndex]
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        assert op.name == by_value(schema.BuiltinOperator)[number]
        assert op.version == code.version
        assert op.inputs == tuple(operator.inputs) and op.outputs == tuple(operator.outputs)
        assert_options_equal(op.options, operator.builtinOptions)


def assert_options_equal(options: dict[str, Any], expected: Any) -> None:
    words = {
        "padding": by_value(schema.Padding),
        "fused_activation_function": by_value(schema.ActivationFunctionType),
        "weights_format": by_value(schema.FullyConnectedOptionsWeightsFormat),
    }
    if expected is None:
        return
    for name, value in options.items():
        first, *rest = name.split("_")
        theirs = getattr(expected, first + "".join(word.capitalize() for word in rest))
        if name in words:
            assert value == words[name][theirs]
        elif name == "new_shape":
            assert value == tuple(theirs)
        else:
            assert value == theirs


PUBLISHED = [
    "derived_deepface_emotion_fp32",
    "derived_deepface_emotion_int8io",
    "derived_mobilenet_u8toi8",
    "emotion_uint8_float32",
    "mobilenet_v1_0.25_128_quant",
    "mobilenet_v1_0.25_128_quant_int8",
]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_models(test_data: Path, name: str) -> None:
    path = test_data / "models" / f"{name}.tflite"
    raw = path.read_bytes()
    model = load_model(path)
    assert_equals_schema(model, raw)
    assert model.name == name and model.bytes == len(raw)
    assert model.sha256 == hashlib.sha256(raw).hexdigest()


def test_built_model() -> None:
    raw = small_net()
    model = parse_model(raw, "small")
    assert_equals_schema(model, raw)
    assert model.description == "built for a test"
    assert model.tensor(0).quantization is not None


def test_constants_are_views_into_the_file() -> None:
    model = parse_model(small_net(), "small")
    weights = model.tensor(1).data
    assert weights is not None and not weights.flags.owndata and not weights.flags.writeable


def test_operator_codes_of_old_writers() -> None:
    tensors = [build.T("a", (1, 4), scale=0.1), build.T("b", (1, 4), scale=0.1)]
    raw = build.build_model(tensors, [build.O("RELU", (0,), (1,))], [0], [1], old_codes=True)
    assert parse_model(raw, "old").ops[0].name == "RELU"


def test_schema_tables_equal_the_generated_ones() -> None:
    names = by_value(schema.BuiltinOperator)
    assert list(OPERATORS) == [names[number] for number in range(len(names))]
    types = by_value(schema.TensorType)
    assert set(types.values()) >= {dtype.name for dtype in DType}
    options = by_value(schema.BuiltinOptions)
    for name, (number, _) in OPTIONS.items():
        assert options[number] == OPTIONS_OF[name]


def test_scalar_and_empty_tensors() -> None:
    tensors = [
        build.T("a", (), scale=0.1),
        build.T("b", (), scale=0.1),
        build.T("nothing", (0,), "int32"),
    ]
    ops = [build.O("RESHAPE", (0, 2), (1,))]
    model = parse_model(build.build_model(tensors, ops, [0], [1]), "scalar")
    assert model.tensor(0).elements == 1
    nothing = model.tensor(2).data
    assert nothing is not None and nothing.shape == (0,)


@pytest.mark.parametrize("dtype", ["float64", "int4", "string"])
def test_types_that_are_not_read(dtype: str) -> None:
    raw = build.build_model([build.T("a", (1,), dtype)], [], [0], [0])
    with pytest.raises(ModelError, match=f"of type {dtype.upper()}"):
        parse_model(raw, "typed")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model file"):
        load_model(tmp_path / "absent.tflite")
    with pytest.raises(InputError, match="cannot be read"):
        load_model(tmp_path)


def test_damage_is_reported_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "cut.tflite"
    path.write_bytes(small_net()[:200])
    with pytest.raises(ModelError, match=r"cut\.tflite: The model file is damaged"):
        load_model(path)


@pytest.mark.parametrize(
    ("shape", "named", "axis"),
    [((4,), 3, 0), ((4,), -1, 0), ((1, 3, 3, 4), 0, 3), ((4, 2), 0, 0), ((4, 4), 1, 1)],
)
def test_the_axis_of_scales(shape: tuple[int, ...], named: int, axis: int) -> None:
    data = np.zeros(shape, np.int8)
    tensors = [
        build.T("in", (1, 4), scale=0.1),
        build.T("scaled", shape, "int8", [0.1, 0.2, 0.3, 0.4], 0, axis=named, data=data),
        build.T("out", (1, 4), scale=0.1),
    ]
    raw = build.build_model(tensors, [build.O("RELU", (0,), (2,))], [0], [2])
    quantization = parse_model(raw, "case").tensor(1).quantization
    assert quantization is not None and quantization.axis == axis


def test_scales_that_fit_no_axis_are_damage() -> None:
    data = np.zeros((4, 4), np.int8)
    tensors = [
        build.T("in", (1, 4), scale=0.1),
        build.T("scaled", (4, 4), "int8", [0.1, 0.2, 0.3], 0, data=data),
    ]
    with pytest.raises(ModelError, match="3 scales along axis 0"):
        parse_model(build.build_model(tensors, [], [0], [0]), "case")
