from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.small_net import small_net

from mcuzoo.errors import ModelError, UnsupportedOpError
from mcuzoo.graph.model import DType
from mcuzoo.graph.program import Program, build_program
from mcuzoo.graph.read import load_model, parse_model


def program_of(raw: bytes) -> Program:
    return build_program(parse_model(raw, "case"))


def test_small_network() -> None:
    program = program_of(small_net())
    assert [step.op.name for step in program.steps] == [
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "ADD",
        "AVERAGE_POOL_2D",
        "PAD",
        "MAX_POOL_2D",
        "FULLY_CONNECTED",
        "SOFTMAX",
    ]
    assert program.dequantize
    assert (program.input_tensor.name, program.output_tensor.name) == ("image", "scores")
    assert program.buffers[program.input_buffer].tensors == (program.input_tensor.index,)
    assert program.buffer_of(10) is program.buffer_of(12)  # before and after RESHAPE
    assert program.steps[2].reads == (program.buffer_of(3).index, program.buffer_of(5).index)
    assert [buffer.index for buffer in program.buffers] == list(range(len(program.buffers)))
    with pytest.raises(KeyError):
        program.buffer_of(1)


def test_mobilenet(test_data: Path) -> None:
    name = "mobilenet_v1_0.25_128_quant_int8.tflite"
    program = build_program(load_model(test_data / "models" / name))
    assert len(program.steps) == 30 and program.dequantize
    sizes = [buffer.bytes for buffer in program.buffers]
    # In turn, one buffer read and one written: the best that is possible out of place.
    steps = [sizes[step.reads[0]] + sizes[step.writes[0]] for step in program.steps]
    assert max(steps) == 98_304


def relu_between(
    first: build.T, last: build.T, before: str | None = None, after: str | None = None
) -> bytes:
    tensors = [first, build.T("in", (1, 4), scale=0.1), build.T("out", (1, 4), scale=0.1), last]
    source, target = (1 if before else 0), (2 if after else 3)
    ops = [build.O("RELU", (source,), (target,))]
    if before:
        ops.insert(0, build.O(before, (0,), (1,)))
    if after:
        ops.append(build.O(after, (2,), (3,)))
    return build.build_model(tensors, ops, [0], [3])


INT8 = build.T("int8", (1, 4), scale=0.1)
FLOAT = build.T("float", (1, 4), "float32")
BYTES = build.T("bytes", (1, 4), "uint8", 0.1, 128)


def test_quantize_and_dequantize_at_the_ends_are_cut() -> None:
    for first in (FLOAT, BYTES):
        program = program_of(relu_between(first, FLOAT, "QUANTIZE", "DEQUANTIZE"))
        assert [step.op.name for step in program.steps] == ["RELU"]
        assert (program.input_tensor.index, program.output_tensor.index) == (1, 2)


def test_requantization_at_the_start_stays() -> None:
    other = build.T("int8", (1, 4), scale=0.2)
    program = program_of(relu_between(other, INT8, "QUANTIZE"))
    assert [step.op.name for step in program.steps] == ["QUANTIZE", "RELU"]
    assert not program.dequantize


def test_bytes_of_another_scale_are_rescaled_as_int8() -> None:
    other = build.T("bytes", (1, 4), "uint8", 0.2, 100)
    program = program_of(relu_between(other, other, "QUANTIZE", "QUANTIZE"))
    assert [step.op.name for step in program.steps] == ["QUANTIZE", "RELU", "QUANTIZE"]
    for end in (program.input_tensor, program.output_tensor):
        assert end.dtype is DType.INT8 and end.quantization is not None
        assert (end.quantization.scale, end.quantization.zero_point) == (np.float32(0.2), -28)
    assert program.file.tensor(0).dtype is DType.UINT8


def test_quantize_with_a_second_reader_is_not_cut() -> None:
    tensors = [
        build.T("float", (1, 4), "float32"),
        build.T("a", (1, 4), scale=0.1),
        build.T("b", (1, 4), scale=0.2),
        build.T("sum", (1, 4), scale=0.2),
    ]
    ops = [
        build.O("QUANTIZE", (0,), (1,)),
        build.O("QUANTIZE", (0,), (2,)),
        build.O("ADD", (1, 2), (3,)),
    ]
    with pytest.raises(ModelError, match="quantized only in part: its input"):
        program_of(build.build_model(tensors, ops, [0], [3]))


def test_reshape_alone_is_no_step() -> None:
    program = program_of(build.reshape_model((1, 6), (2, 3)))
    assert program.steps == ()
    assert program.input_buffer == program.output_buffer
    assert program.buffers[0].tensors == (0, 2)


def test_reshape_that_changes_the_size_is_refused() -> None:
    with pytest.raises(ModelError, match="RESHAPE changes the size"):
        program_of(build.reshape_model((1, 6), (2, 4)))


def test_float_model(test_data: Path) -> None:
    model = load_model(test_data / "models" / "derived_deepface_emotion_fp32.tflite")
    with pytest.raises(ModelError, match="not quantized") as raised:
        build_program(model)
    assert "INT8" in raised.value.hint


def test_uint8_model(test_data: Path) -> None:
    model = load_model(test_data / "models" / "mobilenet_v1_0.25_128_quant.tflite")
    with pytest.raises(ModelError, match="The model is UINT8") as raised:
        build_program(model)
    assert "UINT8 to INT8" in raised.value.hint


def test_two_inputs_or_outputs() -> None:
    tensors = [build.T(name, (1, 4), scale=0.1) for name in "abcd"]
    add = build.O("ADD", (0, 1), (2,))
    with pytest.raises(ModelError, match="2 inputs"):
        program_of(build.build_model(tensors, [add], [0, 1], [2]))
    relus = [build.O("RELU", (0,), (1,)), build.O("RELU", (0,), (2,))]
    with pytest.raises(ModelError, match="2 outputs"):
        program_of(build.build_model(tensors, relus, [0], [1, 2]))


def test_detection_heads_with_float_ends() -> None:
    """How many ends there are is said before what type they are of: float ends are then cut."""
    tensors = [
        build.T("float", (1, 4), "float32"),
        *(build.T(name, (1, 4), scale=0.1) for name in "abc"),
        *(build.T(name, (1, 4), "float32") for name in ("boxes", "scores")),
    ]
    ops = [
        build.O("QUANTIZE", (0,), (1,)),
        build.O("RELU", (1,), (2,)),
        build.O("RELU", (1,), (3,)),
        build.O("DEQUANTIZE", (2,), (4,)),
        build.O("DEQUANTIZE", (3,), (5,)),
    ]
    with pytest.raises(ModelError, match="2 outputs"):
        program_of(build.build_model(tensors, ops, [0], [4, 5]))


def test_output_that_is_a_constant() -> None:
    constant = build.T("c", (1, 4), scale=0.1, data=np.zeros((1, 4), np.int8))
    with pytest.raises(ModelError, match="does not depend on its input"):
        program_of(build.build_model([INT8, constant], [], [0], [1]))


def test_state_is_refused() -> None:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    import flatbuffers

    raw = build.add_model((1, 4), np.zeros((1, 4), np.int8))
    model = schema.ModelT.InitFromPackedBuf(raw)
    model.subgraphs[0].tensors[2].isVariable = True
    model.subgraphs[0].tensors[2].buffer = 0
    builder = flatbuffers.Builder(256)
    builder.Finish(model.Pack(builder), b"TFL3")
    with pytest.raises(UnsupportedOpError, match="from one run to the next"):
        program_of(bytes(builder.Output()))
