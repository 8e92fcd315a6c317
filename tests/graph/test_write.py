"""A model that is written and read again is the same model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.mobilenet import mobilenet_v1
from helpers.same_model import assert_same_graph, misaligned
from helpers.small_net import small_net
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo import zoo
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import ModelError, UnsupportedOpError
from mcuzoo.graph.model import DType, Model, Op, Quantization, Tensor
from mcuzoo.graph.read import parse_model
from mcuzoo.graph.schema import OPTIONS, OptionField
from mcuzoo.graph.write import write_model

schema = pytest.importorskip("ai_edge_litert.schema_py_generated")

SIGNS = Path(zoo.__file__).parent / "signs" / "signs_mobilenet_v1_0.25_128_int8.tflite"
PUBLISHED = (
    "derived_deepface_emotion_int8io.tflite",
    "mobilenet_v1_0.25_128_quant.tflite",
    "mobilenet_v1_0.25_128_quant_int8.tflite",
)
INT32 = st.integers(-(2**31), 2**31 - 1)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def again(model: Model) -> Model:
    """`model` written and read; both must hold the same, every constant aligned."""
    written = parse_model(write_model(model), model.name)
    assert_same_graph(model, written)
    assert misaligned(written) == []
    return written


@st.composite
def options(draw: st.DrawFn, field: OptionField) -> Any:
    if field.kind == "ints":
        return tuple(draw(st.lists(INT32, max_size=4)))
    if isinstance(field.kind, tuple):
        return draw(st.sampled_from(field.kind))
    drawn = {
        "i": INT32,
        "b": st.integers(-(1 << 7), (1 << 7) - 1),
        "?": st.booleans(),
        "f": st.floats(width=32, allow_nan=False),
    }
    return draw(drawn[field.kind])


@st.composite
def tensors(draw: st.DrawFn, index: int, constant: bool) -> Tensor:
    dtype = draw(st.sampled_from(list(DType)))
    smallest = 0 if constant else 1
    shape = tuple(draw(st.lists(st.integers(smallest, 3), max_size=4)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    quantization = None
    if draw(st.booleans()):
        axis = draw(st.integers(0, max(len(shape) - 1, 0)))
        count = draw(st.sampled_from([1, shape[axis]])) if shape and shape[axis] else 1
        scales = rng.random(count, dtype=np.float32)
        quantization = Quantization(scales, rng.integers(0, 128, count), axis)
    data = rng.integers(0, 2, shape).astype(dtype.numpy) if constant else None
    return Tensor(index, draw(NAMES), shape, dtype, quantization, data)


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Any graph that hangs together, whatever its ops would make of it."""
    found = [draw(tensors(0, constant=False))]
    for index in range(1, draw(st.integers(1, 4))):
        found.append(draw(tensors(index, constant=True)))
    ops: list[Op] = []
    for number in range(draw(st.integers(0, 5))):
        name = draw(st.sampled_from([*OPTIONS, "PAD", "QUANTIZE", "DEQUANTIZE", "RELU6"]))
        readable = [-1, *(tensor.index for tensor in found)]
        inputs = tuple(draw(st.lists(st.sampled_from(readable), max_size=3)))
        outputs = tuple(range(len(found), len(found) + draw(st.integers(1, 2))))
        found += [draw(tensors(index, constant=False)) for index in outputs]
        fields = OPTIONS[name][1] if name in OPTIONS else ()
        values = {field.name: draw(options(field)) for field in fields}
        ops.append(Op(number, name, draw(st.integers(1, 9)), inputs, outputs, values))
    outputs = ops[-1].outputs if ops else (0,)
    return Model("drawn", "", b"", draw(NAMES), tuple(found), tuple(ops), (0,), outputs)


@given(models())
@settings(deadline=None)
def test_any_graph(model: Model) -> None:
    again(model)


def test_small_net_computes_the_same() -> None:
    model = parse_model(small_net(), "small")
    engines = ReferenceEngine(model), ReferenceEngine(again(model))
    image = np.random.default_rng(3).integers(-128, 128, (1, 4, 4, 2), dtype=np.int8)
    one, other = (engine.run(image) for engine in engines)
    np.testing.assert_array_equal(one, other)
    assert len(set(one.tolist())) > 1


def test_a_model_made_in_memory() -> None:
    again(mobilenet_v1(resolution=32, classes=10))


def test_the_bundled_model() -> None:
    again(parse_model(SIGNS.read_bytes(), "signs"))


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_models_are_realigned(test_data: Path, name: str) -> None:
    again(parse_model((test_data / "models" / name).read_bytes(), name))


def test_another_reader_understands_it() -> None:
    model = parse_model(small_net(), "small")
    read = schema.ModelT.InitFromPackedBuf(write_model(model), 0)
    graph = read.subgraphs[0]
    assert (read.version, len(read.subgraphs)) == (3, 1)
    assert [tensor.name.decode() for tensor in graph.tensors] == [t.name for t in model.tensors]
    assert [list(op.outputs) for op in graph.operators] == [list(op.outputs) for op in model.ops]
    convolution = graph.operators[0].builtinOptions
    assert isinstance(convolution, schema.Conv2DOptionsT)
    assert convolution.fusedActivationFunction == schema.ActivationFunctionType.RELU6
    scores = graph.tensors[model.ops[8].outputs[0]].quantization
    assert (scores.scale.tolist(), scores.zeroPoint.tolist()) == ([1 / 256], [-128])


def test_equal_constants_are_stored_once() -> None:
    model = parse_model(small_net(), "small")
    weights = model.tensor(1)
    assert weights.data is not None
    copy = replace(weights, index=len(model.tensors), name="copy", data=weights.data.copy())
    larger = replace(model, tensors=(*model.tensors, copy))
    assert len(write_model(larger)) - len(write_model(model)) < weights.data.nbytes + 128
    again(larger)


def test_an_op_whose_options_are_not_kept_is_refused() -> None:
    model = parse_model(small_net(), "small")
    strange = replace(model.ops[0], name="CUSTOM:Detect")
    with pytest.raises(UnsupportedOpError, match="CUSTOM:Detect"):
        write_model(replace(model, ops=(strange, *model.ops[1:])))


def test_a_state_between_runs_is_refused() -> None:
    model = parse_model(small_net(), "small")
    with pytest.raises(ModelError, match="Op 1 DEPTHWISE_CONV_2D reads tensor 3"):
        write_model(replace(model, ops=model.ops[1:]))
