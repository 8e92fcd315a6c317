"""Damaged and hostile files: always a ModelError, never a crash, a hang or a flood of memory."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.examples import examples
from helpers.small_net import small_net
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import ModelError
from mcuzoo.graph.read import parse_model
from mcuzoo.ops.inspect import inspect_model

schema = pytest.importorskip("ai_edge_litert.schema_py_generated")

SMALL = small_net()
WORDS = [0, 1, 2, 4, 0x7F, 0x80, 0xFFFF, 0x10000, 1 << 20, 1 << 28, 0x7FFFFFFF, 0x80000000,
         0xFFFFFFFE, 0xFFFFFFFF]  # fmt: skip
LENIENT = settings(max_examples=examples(400), deadline=None)


def use(raw: bytes) -> None:
    """Do with a file what the commands do; only ModelError may stop it."""
    try:
        model = parse_model(raw, "hostile")
    except ModelError:
        return
    inspect_model(model)
    try:
        engine = ReferenceEngine(model)
    except ModelError:
        return
    output = engine.run(np.zeros(engine.program.input_tensor.shape, np.int8))
    assert output.size == engine.program.output_tensor.elements


def refused(raw: bytes, match: str) -> None:
    with pytest.raises(ModelError, match=match):
        parse_model(raw, "hostile")


def test_the_small_network_itself_is_sound() -> None:
    use(SMALL)
    ReferenceEngine(parse_model(SMALL, "small"))


def test_truncated() -> None:
    for length in range(len(SMALL)):
        use(SMALL[:length])


def test_truncated_published_model(test_data: Path) -> None:
    name = "mobilenet_v1_0.25_128_quant_int8.tflite"
    raw = (test_data / "models" / name).read_bytes()
    for length in [*range(0, 400, 37), *range(400, len(raw), 26_111), len(raw) - 1]:
        use(raw[:length])


@LENIENT
@given(st.lists(st.integers(0, len(SMALL) * 8 - 1), min_size=1, max_size=6))
def test_flipped_bits(places: list[int]) -> None:
    raw = bytearray(SMALL)
    for place in places:
        raw[place // 8] ^= 1 << place % 8
    use(bytes(raw))


@pytest.mark.slow
@LENIENT
@given(
    st.lists(
        st.tuples(st.integers(0, len(SMALL) // 4 - 1), st.sampled_from(WORDS)),
        min_size=1,
        max_size=4,
    )
)
def test_overwritten_words(edits: list[tuple[int, int]]) -> None:
    raw = bytearray(SMALL)
    for place, word in edits:
        struct.pack_into("<I", raw, 4 * place, word)
    use(bytes(raw))


@pytest.mark.slow
@LENIENT
@given(st.lists(st.tuples(*[st.integers(0, len(SMALL) // 4 - 1)] * 2), min_size=1, max_size=6))
def test_swapped_words(pairs: list[tuple[int, int]]) -> None:
    raw = bytearray(SMALL)
    for first, second in pairs:
        a, b = raw[4 * first : 4 * first + 4], raw[4 * second : 4 * second + 4]
        raw[4 * first : 4 * first + 4], raw[4 * second : 4 * second + 4] = b, a
    use(bytes(raw))


@given(st.binary(max_size=200), st.integers(0, 2**32 - 1))
def test_noise_behind_the_mark(noise: bytes, root: int) -> None:
    use(struct.pack("<I", root) + b"TFL3" + noise)


def test_flipped_bits_of_a_published_model(test_data: Path) -> None:
    name = "derived_deepface_emotion_int8io.tflite"
    original = (test_data / "models" / name).read_bytes()
    rng = np.random.default_rng(7)
    tail = len(original) - 12_000  # tables lie at both ends, weights between
    for _ in range(60):
        raw = bytearray(original)
        for place in (rng.integers(0, 4000), tail + rng.integers(0, 12_000)):
            raw[place] ^= 1 << rng.integers(0, 8)
        try:
            inspect_model(parse_model(bytes(raw), "flipped"))
        except ModelError:
            continue


@pytest.mark.parametrize("raw", [b"", b"TFL3", b"\0\0\0\0TFL2" + bytes(90), b"\x89HDF\r\n\x1a\n"])
def test_not_a_model(raw: bytes) -> None:
    refused(raw, "no TFLite model")


def test_root_offset_outside_the_file() -> None:
    refused(struct.pack("<I", 0x7FFFFFF0) + SMALL[4:], "outside the file")


def relu(
    shape: tuple[int, ...] = (1, 4), inputs: tuple[int, ...] = (0,), outputs: tuple[int, ...] = (1,)
) -> bytes:
    tensors = [build.T(name, shape, scale=0.1) for name in "abc"]
    return build.build_model(tensors, [build.O("RELU", inputs, outputs)], [0], [1])


@pytest.mark.parametrize(
    ("shape", "match"),
    [
        ((65536, 65536, 65536), "larger than 2 GiB"),
        ((2**31 - 1, 2), "larger than 2 GiB"),
        ((1, -1, 4), r"shape \[1, -1, 4\]"),
        ((1,) * 9, "9 dimensions"),
        ((1, 0, 4), "empty"),
        ((0, 2**31 - 1, 2**31 - 1, 2**31 - 1), "larger than 2 GiB"),
    ],
)
def test_absurd_shapes(shape: tuple[int, ...], match: str) -> None:
    refused(relu(shape), match)


@pytest.mark.parametrize(
    ("inputs", "outputs", "match"),
    [
        ((9,), (1,), "names tensor 9"),
        ((-2,), (1,), "names tensor -2"),
        ((0,), (99,), "names tensor 99"),
        ((0,), (-1,), "names tensor -1"),
        ((1,), (1,), "before anything writes it"),
        ((0,), (0,), "already has a value"),
        ((0,), (2,), "nothing writes the graph's output"),
        ((0,), (1, 1), "already has a value"),
    ],
)
def test_wrong_tensor_numbers(
    inputs: tuple[int, ...], outputs: tuple[int, ...], match: str
) -> None:
    refused(relu(inputs=inputs, outputs=outputs), match)


def chain(order: list[tuple[int, int]], inputs: list[int], outputs: list[int]) -> bytes:
    tensors = [build.T(name, (1, 4), scale=0.1) for name in "abcd"]
    ops = [build.O("RELU", (source,), (target,)) for source, target in order]
    return build.build_model(tensors, ops, inputs, outputs)


def test_graphs_that_do_not_hang_together() -> None:
    use(chain([(0, 1), (1, 2)], [0], [2]))
    refused(chain([(1, 2), (0, 1)], [0], [2]), "before anything writes it")  # out of order
    refused(chain([(2, 1), (1, 2)], [0], [2]), "before anything writes it")  # a cycle
    refused(chain([(0, 1), (0, 1)], [0], [1]), "already has a value")  # two writers
    refused(chain([(0, 1)], [0], []), "no inputs or no outputs")
    refused(chain([(0, 1)], [0, 0], [1]), "input twice")
    refused(chain([(0, 1)], [7], [1]), "names tensor 7")
    refused(chain([(0, 1)], [0], [3]), "nothing writes")


def constant_model(**changes: object) -> bytes:
    """ADD of a constant whose tensor is changed after the fact."""
    raw = build.add_model((1, 4), np.zeros((1, 4), np.int8))
    model = schema.ModelT.InitFromPackedBuf(raw)
    tensor = model.subgraphs[0].tensors[2]
    for name, value in changes.items():
        setattr(tensor.quantization if hasattr(tensor.quantization, name) else tensor, name, value)
    builder = flatbuffers.Builder(256)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"buffer": 7}, "buffer 7 of 2"),
        ({"shape": [1, 5]}, "needs 5 bytes of data and has 4"),
        ({"type": 77}, "unknown type 77"),
        ({"scale": [float("nan")]}, "negative or not a number"),
        ({"scale": [float("inf")]}, "negative or not a number"),
        ({"scale": [-0.5]}, "negative or not a number"),
        ({"scale": [0.1, 0.2, 0.3], "zeroPoint": [0, 0, 0]}, "3 scales along axis 0"),
        ({"scale": [0.1] * 4, "zeroPoint": [0, 0]}, "4 scales and 2 zero points"),
        ({"zeroPoint": [300]}, "outside -128..127"),
    ],
)
def test_damaged_constants(changes: dict[str, object], match: str) -> None:
    use(constant_model())
    refused(constant_model(**changes), match)


def overlapping_model(operators: int, values: int) -> bytes:
    """`operators` entries that all point to one op, whose input list is `values` long."""
    builder = flatbuffers.Builder(1024)
    data = np.zeros(values, np.int32)
    inputs = builder.CreateNumpyVector(data)
    schema.OperatorStart(builder)
    schema.OperatorAddInputs(builder, inputs)
    op = schema.OperatorEnd(builder)
    schema.OperatorCodeStart(builder)
    code = schema.OperatorCodeEnd(builder)

    def vector(entry: int, count: int) -> int:
        builder.StartVector(4, count, 4)
        for _ in range(count):
            builder.PrependUOffsetTRelative(entry)
        return int(builder.EndVector())

    ops = vector(op, operators)
    schema.SubGraphStart(builder)
    schema.SubGraphAddOperators(builder, ops)
    graphs = vector(schema.SubGraphEnd(builder), 1)
    codes = vector(code, 1)
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, 3)
    schema.ModelAddSubgraphs(builder, graphs)
    schema.ModelAddOperatorCodes(builder, codes)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def test_shared_tables_do_not_multiply_the_work() -> None:
    raw = overlapping_model(operators=4000, values=100_000)
    tracemalloc.start()
    refused(raw, "tables overlap")
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 100 * len(raw)


def test_more_ops_than_make_sense() -> None:
    refused(overlapping_model(operators=100_000, values=1), "more than 4096")


def test_two_subgraphs() -> None:
    model = schema.ModelT.InitFromPackedBuf(relu())
    model.subgraphs = model.subgraphs * 2
    builder = flatbuffers.Builder(256)
    builder.Finish(model.Pack(builder), b"TFL3")
    refused(bytes(builder.Output()), "2 subgraphs")


def test_huge_dilation_is_refused_by_the_engine_not_by_memory() -> None:
    raw = build.conv_model(
        (1, 4, 4, 1),
        np.ones((1, 3, 3, 1), np.int8),
        None,
        dilation=(2**30, 2**30),
        padding="SAME",
    )
    with pytest.raises(ModelError, match="its window is"):
        ReferenceEngine(parse_model(raw, "dilated"))


def test_activations_beyond_any_board_are_refused() -> None:
    raw = build.unary_model("RELU", (1, 2**15, 2**14), (1, 2**15, 2**14))
    with pytest.raises(ModelError, match="activations take"):
        ReferenceEngine(parse_model(raw, "huge"))
