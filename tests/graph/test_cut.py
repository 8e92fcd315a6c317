"""The model that TFLM gets: int8 to int8, the same function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers.mutations import packed
from helpers.small_net import small_net
from helpers.tflite_builder import O, T, build_model

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.cut import cut_ends
from mcuzoo.graph.metadata import add_metadata, read_metadata
from mcuzoo.graph.model import DType
from mcuzoo.graph.read import parse_model
from mcuzoo.graph.schema import PLAN_METADATA
from mcuzoo.graph.write import DATA_ALIGNMENT


def _quantized_both_ends() -> bytes:
    tensors = [
        T("real", (1, 8), "float32"),
        T("inner", (1, 8), scale=0.5, zero_point=3),
        T("relu", (1, 8), scale=0.5, zero_point=3),
        T("out", (1, 8), "float32"),
    ]
    ops = [O("QUANTIZE", (0,), (1,)), O("RELU", (1,), (2,)), O("DEQUANTIZE", (2,), (3,))]
    return build_model(tensors, ops, [0], [3])


def test_a_trailing_dequantize_goes_and_takes_its_tensor_along() -> None:
    whole = parse_model(small_net(), "net")
    cut = cut_ends(whole)
    assert [op.name for op in cut.model.ops] == [op.name for op in whole.ops[:-1]]
    assert cut.op_indices == tuple(range(len(whole.ops) - 1))
    assert cut.model.tensor(cut.model.outputs[0]).dtype is DType.INT8
    assert all(tensor.dtype is not DType.FLOAT32 for tensor in cut.model.tensors)
    random = np.random.default_rng(0)
    one, other = ReferenceEngine(whole), ReferenceEngine(cut.model)
    for _ in range(5):
        image = random.integers(-128, 128, 32, dtype=np.int8)
        np.testing.assert_array_equal(one.run(image), other.run(image))


def test_both_ends_go_and_the_ops_keep_their_numbers() -> None:
    cut = cut_ends(parse_model(_quantized_both_ends(), "ends"))
    assert [op.name for op in cut.model.ops] == ["RELU"]
    assert cut.op_indices == (1,)
    assert [tensor.name for tensor in cut.model.tensors] == ["inner", "relu"]
    assert (cut.model.inputs, cut.model.outputs) == ((0,), (1,))


def test_what_is_cut_stays_as_it_is() -> None:
    once = cut_ends(parse_model(small_net(), "net"))
    twice = cut_ends(once.model)
    assert twice.model.raw == once.model.raw
    start = np.frombuffer(once.model.raw, np.uint8).ctypes.data
    for tensor in once.model.tensors:
        if tensor.data is not None:
            assert (tensor.data.ctypes.data - start) % DATA_ALIGNMENT == 0


def test_activations_that_no_op_touches_are_left_out() -> None:
    """TFLM would find room for each of them."""
    idle = [T(f"idle {number}", (1, 64), scale=0.1) for number in range(20)]
    ends = [T("in", (1, 8), scale=0.5), T("out", (1, 8), scale=0.5)]
    model = parse_model(build_model([*idle, *ends], [O("RELU", (20,), (21,))], [20], [21]), "idle")
    cut = cut_ends(model)
    assert [tensor.name for tensor in cut.model.tensors] == ["in", "out"]
    assert cut.op_indices == (0,)


def test_what_tflm_would_read_otherwise_is_written_anew() -> None:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    ends = [T("in", (1, 8), scale=0.5), T("out", (1, 8), scale=0.5)]
    raw = build_model(ends, [O("RELU", (0,), (1,))], [0], [1])
    assert cut_ends(parse_model(raw, "plain")).model.raw == raw

    def without_zero_point(graph: Any) -> None:
        graph.tensors[1].quantization.zeroPoint = None

    def custom_options(graph: Any) -> None:
        graph.operators[0].customOptions = np.zeros(4, np.uint8)

    for change in (without_zero_point, custom_options):
        edited = schema.ModelT.InitFromPackedBuf(raw)
        change(edited.subgraphs[0])
        model = parse_model(packed(edited), "edited")
        assert not model.plain
        cut = cut_ends(model).model
        assert cut.plain and cut.raw != model.raw


def test_a_memory_plan_of_the_file_is_not_followed() -> None:
    raw = add_metadata(small_net(), {PLAN_METADATA: bytes(8)})
    model = parse_model(raw, "planned")
    assert not model.plain
    assert PLAN_METADATA not in read_metadata(cut_ends(model).model.raw)
