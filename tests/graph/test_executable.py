"""Files as converters write them: what boards compute of them, against TFLM on the file itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.engines import random_inputs
from numpy.typing import NDArray

from mcuzoo.engines.engine import model_input
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.engines.tflm import TflmEngine
from mcuzoo.graph.affine import dequantize
from mcuzoo.graph.cut import cut_ends
from mcuzoo.graph.executable import executable
from mcuzoo.graph.program import build_program, picture_shape
from mcuzoo.graph.read import parse_model

SCALE = {"scale": 0.05, "zero_point": 3}


def ints(name: str, *values: int) -> build.T:
    return build.T(name, (len(values),), "int32", data=np.array(values, np.int32))


def tflm_on_the_file(raw: bytes) -> Any:
    """The wheel's interpreter on the file as it is."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    return runtime.Interpreter.from_bytes(raw, arena_size=1 << 20)


def own_output(raw: bytes, values: NDArray[Any]) -> NDArray[Any]:
    interpreter = tflm_on_the_file(raw)
    interpreter.set_input(values, 0)
    interpreter.invoke()
    return np.array(interpreter.get_output(0))


def assert_both_equal_the_file(raw: bytes) -> None:
    """Reference and TFLM on what boards compute, against TFLM on the file with its own ends."""
    model = parse_model(raw, "case")
    ours, theirs = ReferenceEngine(model), TflmEngine(model)
    program = ours.program
    for values in random_inputs(program.model.tensor(program.model.inputs[0]).shape, 1):
        expected = own_output(raw, model_input(program, values)).reshape(-1)
        found = ours.run(values)
        np.testing.assert_array_equal(theirs.run(values), found)
        quantization = program.output_tensor.quantization
        assert quantization is not None
        if expected.dtype == np.float32:
            np.testing.assert_array_equal(expected, dequantize(found, quantization))
        else:
            shift = 128 if expected.dtype == np.uint8 else 0
            np.testing.assert_array_equal(expected.astype(np.int32) - shift, found)


def chain(first: build.T, *links: tuple[str, build.T]) -> bytes:
    """Ops one after the other, each with its output."""
    tensors, ops = [first, *(tensor for _, tensor in links)], []
    for place, (name, output) in enumerate(links):
        operand = {
            "TRANSPOSE": (0, 2, 3, 1),
            "RESHAPE": output.shape,
            "EXPAND_DIMS": (len(output.shape) - 1,),
        }.get(name)
        inputs: tuple[int, ...] = (place,)
        if operand is not None:
            tensors.append(ints(f"operand {place}", *operand))
            inputs = (place, len(tensors) - 1)
        ops.append(build.O(name, inputs, (place + 1,)))
    return build.build_model(tensors, ops, [0], [len(links)])


def end(dtype: str, shape: tuple[int, ...], scale: float = 0.05, zero_point: int = 131) -> build.T:
    """A tensor of the body's scale, if nothing else is said: zero point 3, or 131 in uint8."""
    if dtype == "float32":
        return build.T(dtype, shape, dtype)
    return build.T(dtype, shape, dtype, scale, zero_point - 128 * (dtype == "int8"))


SHAPE, PLANES = (1, 4, 4, 3), (1, 3, 4, 4)
BODY = ("RELU6", end("int8", SHAPE))


@pytest.mark.parametrize("first", ["uint8", "float32"])
@pytest.mark.parametrize("last", ["uint8", "float32"])
def test_ends_of_another_type(first: str, last: str) -> None:
    after = "DEQUANTIZE" if last == "float32" else "QUANTIZE"
    into, out = ("QUANTIZE", end("int8", SHAPE)), (after, end(last, SHAPE))
    raw = chain(end(first, SHAPE), into, BODY, out)
    found = executable(parse_model(raw, "case"))
    assert [op.name for op in found.model.ops] == ["RELU6"]
    assert [op.index for op in (*found.entry, *found.exit)] == [0, 2]
    assert_both_equal_the_file(raw)


@pytest.mark.parametrize(
    ("scale", "zero_point"), [(0.02, 131), (0.05, 130), (0.11, 0), (0.05, 255)]
)
def test_bytes_of_another_scale(scale: float, zero_point: int) -> None:
    outer = end("uint8", SHAPE, scale, zero_point)
    raw = chain(outer, ("QUANTIZE", end("int8", SHAPE)), BODY, ("QUANTIZE", outer))
    ops = executable(parse_model(raw, "case")).model.ops
    assert [op.name for op in ops] == ["QUANTIZE", "RELU6", "QUANTIZE"]
    assert_both_equal_the_file(raw)


@pytest.mark.parametrize(
    ("first", "entry"),
    [
        ("int8", [("TRANSPOSE", "int8", SHAPE)]),
        ("float32", [("TRANSPOSE", "float32", SHAPE), ("QUANTIZE", "int8", SHAPE)]),
        ("float32", [("QUANTIZE", "int8", PLANES), ("TRANSPOSE", "int8", SHAPE)]),
        ("uint8", [("QUANTIZE", "int8", PLANES), ("TRANSPOSE", "int8", SHAPE)]),
    ],
    ids=["int8", "float turned", "float quantized", "uint8"],
)
def test_channels_first(first: str, entry: list[tuple[str, str, tuple[int, ...]]]) -> None:
    links = [(name, end(dtype, shape)) for name, dtype, shape in entry]
    raw = chain(end(first, PLANES), *links, BODY)
    program = build_program(parse_model(raw, "case"))
    assert [step.op.name for step in program.steps] == ["RELU6"]
    assert program.input_tensor.shape == SHAPE
    given = model_input(program, np.zeros(SHAPE, np.int8))
    assert given.shape == PLANES
    if first != "uint8" or len(entry) == 1:  # TFLM's TRANSPOSE takes no uint8
        assert_both_equal_the_file(raw)


def test_a_turned_input_with_another_reader_stays() -> None:
    order = ints("order", 0, 2, 3, 1)
    tensors = [end("int8", PLANES), order, *[end("int8", SHAPE)] * 2, end("int8", PLANES)]
    ops = [
        build.O("TRANSPOSE", (0, 1), (2,)),
        build.O("RELU6", (2,), (3,)),
        build.O("RELU6", (0,), (4,)),
    ]
    model = parse_model(build.build_model(tensors, ops, [0], [3, 4]), "case")
    assert executable(model).entry == ()


def test_shapes_at_the_ends_of_floats() -> None:
    raw = chain(
        end("float32", (1, 4, 4)),
        ("EXPAND_DIMS", end("float32", (1, 4, 4, 1))),
        ("QUANTIZE", end("int8", (1, 4, 4, 1))),
        ("RELU6", end("int8", (1, 4, 4, 1))),
        ("DEQUANTIZE", end("float32", (1, 4, 4, 1))),
        ("RESHAPE", end("float32", (16,))),
    )
    found = executable(parse_model(raw, "case"))
    assert [op.name for op in found.model.ops] == ["RELU6"]
    assert [op.name for op in found.exit] == ["DEQUANTIZE", "RESHAPE"]


@pytest.mark.parametrize(
    ("shapes", "picture"),
    [
        ([(1, 28, 28)], (1, 28, 28, 1)),
        ([(1, 784), (1, 28, 28, 1)], (1, 28, 28, 1)),
        ([(96, 96, 3)], (1, 96, 96, 3)),
        ([(1, 3, 32, 32)], (1, 3, 32, 32)),
        ([(1, 1, 28, 24)], (1, 28, 24, 1)),
        ([(1, 8, 8, 2)], (1, 8, 8, 2)),
        ([(1, 784)], (1, 784)),
        ([()], ()),
    ],
)
def test_the_shape_of_a_picture(shapes: list[tuple[int, ...]], picture: tuple[int, ...]) -> None:
    assert picture_shape(shapes) == picture


def keras_flatten(packed: bool = True) -> bytes:
    """Flatten of an open batch, as TensorFlow's converter writes it: the shape is computed."""
    tensors = [
        end("int8", SHAPE),
        end("int8", SHAPE),
        build.T("shape", (4,), "int32"),
        ints("begin", 0),
        ints("end", 1),
        ints("strides", 1),
        build.T("batch", (), "int32"),
        build.T("rest", (), "int32", data=np.array(48, np.int32)),
        build.T("packed", (2,), "int32"),
        end("int8", (1, 48)),
        end("int8", (1, 48)),
    ]
    slice_options = {"shrink_axis_mask": 1}
    ops = [
        build.O("RELU6", (0,), (1,)),
        build.O("SHAPE", (1,), (2,), {"out_type": 2}),
        build.O("STRIDED_SLICE", (2, 3, 4, 5), (6,), slice_options),
        build.O("PACK", (6, 7), (8,), {"values_count": 2, "axis": 0}),
        build.O("RESHAPE", (1, 8), (9,)),
        build.O("RELU6", (9,), (10,)),
    ]
    return build.build_model(tensors, ops, [0], [10])


def test_shape_arithmetic_is_folded() -> None:
    model = parse_model(keras_flatten(), "case")
    found = executable(model).model
    assert [(op.index, op.name) for op in found.ops] == [(0, "RELU6"), (4, "RESHAPE"), (5, "RELU6")]
    np.testing.assert_array_equal(found.tensor(8).data, [1, 48])
    cut = cut_ends(model)
    assert [op.name for op in cut.model.ops] == ["RELU6", "RESHAPE", "RELU6"]
    assert cut.op_indices == (0, 4, 5)
    assert_both_equal_the_file(keras_flatten())


def test_a_plain_model_is_returned_as_it_is() -> None:
    model = parse_model(build.pool_model("MAX_POOL_2D", (1, 4, 4, 3)), "case")
    assert executable(model).model is model


@pytest.mark.parametrize(
    ("name", "operands", "options", "moves"),
    [
        ("TRANSPOSE", [ints("order", 0, 3, 1, 2)], {}, True),
        ("TRANSPOSE", [ints("order", 0, 1, 2, 3)], {}, False),
        ("PAD", [build.T("pads", (4, 2), "int32", data=np.zeros((4, 2), np.int32))], {}, False),
        (
            "STRIDED_SLICE",
            [ints("begin", 0, 0, 0, 0), ints("end", 1, 4, 4, 3), ints("strides", 1, 1, 1, 1)],
            {},
            False,
        ),
        (
            "STRIDED_SLICE",
            [ints("begin", 0, 3, 0, 0), ints("end", 1, -5, 4, 3), ints("strides", 1, -1, 1, 1)],
            {},
            True,
        ),
        ("CONCATENATION", [], {"axis": 3}, False),
    ],
)
def test_ops_that_give_their_input(
    name: str, operands: list[build.T], options: dict[str, Any], moves: bool
) -> None:
    shape = (1, 3, 4, 4) if moves and name == "TRANSPOSE" else SHAPE
    tensors = [end("int8", SHAPE), end("int8", shape), end("int8", shape), *operands]
    inputs = (0, *range(3, 3 + len(operands)))
    ops = [build.O(name, inputs, (1,), options), build.O("RELU6", (1,), (2,))]
    model = parse_model(build.build_model(tensors, ops, [0], [2]), "case")
    names = [op.name for op in executable(model).model.ops]
    assert names == ([name, "RELU6"] if moves else ["RELU6"])


def test_ops_that_nothing_reads_are_dropped() -> None:
    tensors = [end("int8", SHAPE)] * 3
    ops = [build.O("RELU6", (0,), (1,)), build.O("TANH", (0,), (2,))]
    model = parse_model(build.build_model(tensors, ops, [0], [1]), "case")
    assert [op.name for op in executable(model).model.ops] == ["RELU6"]


@pytest.mark.parametrize("name", ["SOFTMAX", "LOG_SOFTMAX"])
def test_a_softmax_in_floats_is_the_hosts(name: str) -> None:
    scores = (1, 10)
    links = [("RELU6", end("int8", scores)), ("DEQUANTIZE", end("float32", scores))]
    raw = chain(end("int8", scores), *links, (name, end("float32", scores)))
    found = executable(parse_model(raw, "case"))
    assert [op.name for op in found.exit] == ["DEQUANTIZE", name]
    assert build_program(parse_model(raw, "case")).output_tensor.index == 1


@pytest.mark.parametrize(("axis", "cut"), [(1, True), (-1, True), (0, False)])
def test_an_argmax_over_the_classes_is_the_hosts(axis: int, cut: bool) -> None:
    shape = (1, 10)
    made = build.T("index", (1,) if cut else (10,), "int64")
    tensors = [end("int8", shape), end("int8", shape), made, ints("axis", axis)]
    ops = [build.O("RELU6", (0,), (1,)), build.O("ARG_MAX", (1, 3), (2,))]
    model = parse_model(build.build_model(tensors, ops, [0], [2]), "case")
    assert [op.name for op in executable(model).exit] == (["ARG_MAX"] if cut else [])


def test_a_transposition_by_floats_is_none() -> None:
    order = build.T("order", (4,), "float32", data=np.array([0, 1, 2, 3], np.float32))
    tensors = [end("int8", SHAPE), end("int8", SHAPE), order]
    ops = [build.O("TRANSPOSE", (0, 2), (1,))]
    model = parse_model(build.build_model(tensors, ops, [0], [1]), "case")
    assert executable(model).model is model


def test_long_chains_cost_little() -> None:
    """A file may have thousands of ops at its ends."""
    links = [("RESHAPE", end("float32", (1, 4 + at % 2, 4))) for at in range(0, 3000, 2)]
    raw = chain(end("float32", (1, 4, 4)), *links)
    model = parse_model(raw, "case")
    found = executable(model)
    assert found.entry == found.exit == () and not found.model.ops[:-1]
