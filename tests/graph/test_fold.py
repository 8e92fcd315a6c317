"""Constants that a file computes, against LiteRT's reference kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import tflite_builder as build
from numpy.typing import NDArray

from mcuzoo.graph.fold import MAX_COMPUTED_BYTES, fold
from mcuzoo.graph.read import parse_model


def const(values: Any, dtype: str = "int32") -> build.T:
    data = np.array(values, dtype)
    return build.T("constant", data.shape, dtype, data=data)


def computed(name: str, sources: list[build.T], output: build.T, options: dict[str, Any]) -> bytes:
    """One op of constants; its result is the model's second output, by way of a copy."""
    tensors = [
        build.T("in", (1, 4), "float32"),
        build.T("out", (1, 4), "float32"),
        output,
        *sources,
    ]
    ops = [
        build.O(name, tuple(range(3, 3 + len(sources))), (2,), options),
        build.O("RELU", (0,), (1,)),
    ]
    return build.build_model(tensors, ops, [0], [1])


CASES: dict[str, tuple[str, list[build.T], dict[str, Any], Any]] = {
    "pack": ("PACK", [const(3), const(4)], {"values_count": 2, "axis": 0}, [3, 4]),
    "gather": ("GATHER", [const([5, 6, 7]), const([2, 0])], {"axis": 0}, [7, 5]),
    "concatenation": ("CONCATENATION", [const([1]), const([2, 3])], {"axis": 0}, [1, 2, 3]),
    "product": ("REDUCE_PROD", [const([2, 3, 4]), const([0])], {"keep_dims": False}, 24),
    "product kept": ("REDUCE_PROD", [const([2, 3]), const([0])], {"keep_dims": True}, [6]),
    "greatest": ("REDUCE_MAX", [const([2, 9, 4]), const([0])], {"keep_dims": False}, 9),
    "slice": ("SLICE", [const([1, 2, 3, 4]), const([1]), const([-1])], {}, [2, 3, 4]),
    "squeeze": ("SQUEEZE", [const([[5]])], {"squeeze_dims": [0]}, [5]),
    "expand": ("EXPAND_DIMS", [const([5, 6]), const(0)], {}, [[5, 6]]),
    "fill": ("FILL", [const([3]), const(7)], {}, [7, 7, 7]),
    "range": ("RANGE", [const(1), const(8), const(3)], {}, [1, 4, 7]),
    "add": ("ADD", [const([2, 3]), const(4)], {}, [6, 7]),
    "sub": ("SUB", [const([2, 3]), const(4)], {}, [-2, -1]),
    "mul": ("MUL", [const([2, 3]), const([4, 5])], {}, [8, 15]),
    "div": ("DIV", [const([-7, 7]), const([2, -2])], {}, [-3, -3]),
    "floor": ("FLOOR_DIV", [const([-7, 7]), const([2, 2])], {}, [-4, 3]),
    "maximum": ("MAXIMUM", [const([1, 5]), const([3, 2])], {}, [3, 5]),
    "select": ("SELECT_V2", [const([True, False], "bool"), const([1, 2]), const(9)], {}, [1, 9]),
    "broadcast": ("BROADCAST_TO", [const([7]), const([2])], {}, [7, 7]),
    "transpose": ("TRANSPOSE", [const([[1, 2, 3]]), const([1, 0])], {}, [[1], [2], [3]]),
    "strided": (
        "STRIDED_SLICE",
        [const([1, 2, 3, 4]), const([-1]), const([0]), const([-2])],
        {"end_mask": 1},
        [4, 2],
    ),
    "shrunk": (
        "STRIDED_SLICE",
        [const([1, 2, 3, 4]), const([2]), const([3]), const([1])],
        {"shrink_axis_mask": 1},
        3,
    ),
    "ellipsis": (
        "STRIDED_SLICE",
        [const([[1, 2], [3, 4]]), const([0, 1]), const([0, 2]), const([1, 1])],
        {"ellipsis_mask": 1},
        [[2], [4]],
    ),
    "new axis": (
        "STRIDED_SLICE",
        [const([1, 2, 3]), const([0, 1]), const([0, 3]), const([1, 1])],
        {"new_axis_mask": 1},
        [[2, 3]],
    ),
    "unpack": ("UNPACK", [const([[5, 6]])], {"num": 1, "axis": 0}, [5, 6]),
    "split": ("SPLIT", [const(0), const([5, 6])], {"num_splits": 1}, [5, 6]),
    "cast": ("CAST", [const([-1.75, 2.5], "float32")], {}, [-1, 2]),
    "floats": (
        "DIV", [const([7.5, -3.0], "float32"), const([2.0, 2.0], "float32")], {}, [3.75, -1.5]
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_folded_as_litert_computes(case: str) -> None:
    name, sources, options, expected = CASES[case]
    wanted = np.array(expected)
    wanted = wanted.astype(np.float32 if wanted.dtype.kind == "f" else np.int32)
    raw = computed(name, sources, build.T("made", wanted.shape, wanted.dtype.name), options)
    model = parse_model(raw, "case")
    folded = fold(model)
    assert [op.name for op in folded.ops] == ["RELU"]
    np.testing.assert_array_equal(folded.tensor(2).data, wanted)
    np.testing.assert_array_equal(on_litert(raw, 2), wanted)


def on_litert(raw: bytes, tensor: int) -> NDArray[Any]:
    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    runs = interpreter.Interpreter(
        model_content=raw,
        experimental_op_resolver_type=interpreter.OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    runs.allocate_tensors()
    runs.invoke()
    return np.array(runs.get_tensor(tensor))


def test_a_shape_that_the_file_does_not_name_stays() -> None:
    raw = computed("ADD", [const([1, 2]), const([1, 2])], build.T("made", (1,), "int32"), {})
    model = parse_model(raw, "case")
    assert fold(model) is model


@pytest.mark.parametrize(
    ("name", "sources", "shape", "options"),
    [
        ("FILL", [const([MAX_COMPUTED_BYTES]), const(1)], (MAX_COMPUTED_BYTES,), {}),
        ("ADD", [const([[1]] * 9000), const([1] * 7000)], (9000, 7000), {}),
        ("ADD", [const([[1]] * 8000), const([1] * 8000)], (1,), {}),
        ("GATHER", [const([[1] * 4000] * 2), const([0] * 4000)], (1,), {"axis": 0}),
        ("RANGE", [const(0), const(2**31 - 1), const(1)], (1,), {}),
        ("RANGE", [const(0), const(0), const(0)], (1,), {}),
        ("DIV", [const([1]), const([0])], (1,), {}),
        ("SPLIT", [const(5), const([1])], (1,), {"num_splits": 1}),
        ("TRANSPOSE", [const([1]), const([7])], (1,), {}),
        ("ADD", [const([1])], (1,), {}),
        ("ADD", [const([1]), const([2]), const([3])], (1,), {}),
        ("TRANSPOSE", [const([1]), const([0.0], "float32")], (2,), {}),
        ("ADD", [const([1]), const([2])], (2,), {}),
        ("ADD", [const([1]), const([2])], (1,), {"fused_activation_function": "RELU"}),
        ("ADD", [const([1]), const([2.0], "float32")], (1,), {}),
        ("FLOOR_DIV", [const([1]), const([0])], (1,), {}),
        ("FILL", [const([2]), const(1)], (1,), {}),
        ("SLICE", [const([1, 2]), const([0]), const([1])], (2,), {}),
        (
            "STRIDED_SLICE",
            [const([1, 2]), const([0]), const([1]), const([1])],
            (1,),
            {"offset": True},
        ),
    ],
)
def test_hostile_constants_stay_and_cost_nothing(
    name: str, sources: list[build.T], shape: tuple[int, ...], options: dict[str, Any]
) -> None:
    model = parse_model(computed(name, sources, build.T("made", shape, "int32"), options), "case")
    assert fold(model) is model


def test_floats_are_quantized_as_tflm_does() -> None:
    values = np.array([-1e9, -0.15, -0.05, 0.05, 0.149, 0.15, 3e9], np.float32)
    source = build.T("floats", values.shape, "float32", data=values)
    raw = computed("QUANTIZE", [source], build.T("made", values.shape, "int8", 0.1, 2), {})
    np.testing.assert_array_equal(
        fold(parse_model(raw, "case")).tensor(2).data, [-128, 0, 1, 3, 3, 4, 127]
    )


def test_only_floats_are_quantized_and_only_to_int8() -> None:
    sources = [const([1, 2], "int8"), const([1.0, 2.0], "float32")]
    for source, dtype in zip(sources, ("int8", "int16"), strict=True):
        made = build.T("made", (2,), dtype, 0.1)
        model = parse_model(computed("QUANTIZE", [source], made, {}), "case")
        assert fold(model) is model


@pytest.mark.parametrize(
    ("scale", "zero_point", "folded"),
    [(0.1, 3, True), (0.2, 3, False), (0.1, 4, False), ([0.1, 0.1], [3, 3], False)],
)
def test_quantized_values_move_where_they_mean_the_same(
    scale: float | list[float], zero_point: int | list[int], folded: bool
) -> None:
    data = np.array([[5, 6]], np.int8)
    source = build.T("constant", (1, 2), "int8", 0.1, 3, data=data)
    made = build.T("made", (2, 1), "int8", scale, zero_point)
    model = parse_model(computed("TRANSPOSE", [source, const([1, 0])], made, {}), "case")
    assert (fold(model).tensor(2).data is not None) is folded


@pytest.mark.parametrize(
    ("wanted", "shape"),
    [([1, 8], (1, 8)), ([2, -1], (2, 4)), ([1, 9], (1, 1)), ([-1, -1], (1, 1)), ([0, -1], (1, 1))],
)
def test_a_reshape_has_the_shape_that_was_computed(
    wanted: list[int], shape: tuple[int, ...]
) -> None:
    """Converters write 1 where they do not know a size."""
    ends = [build.T("in", (1, 2, 4), scale=0.1), build.T("out", (1, 1), scale=0.1)]
    ops = [build.O("RESHAPE", (0, 2), (1,))]
    model = parse_model(build.build_model([*ends, const(wanted)], ops, [0], [1]), "case")
    assert fold(model).tensor(1).shape == shape
