"""Models whose input is consumed as it arrives: byte for byte what the reference gives, however the
input is cut, with their memory fenced off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.examples import examples
from helpers.generated_model import GeneratedModel, build_model, streamed
from helpers.host_firmware import find_host_compiler, sanitizer_flags
from helpers.mobilenet import mobilenet_v1
from helpers.one_op_nets import int8, int32, one_op
from helpers.small_net import small_net
from helpers.tflite_file import O, T
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.model import Model
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.lowering.rows import RowChain

RNG = np.random.default_rng(17)


def noise(*shape: int) -> np.ndarray:
    return RNG.integers(-128, 128, shape, dtype=np.int8)


def bias(channels: int) -> np.ndarray:
    return RNG.integers(-5000, 5000, channels, dtype=np.int32)


def stem(height: int) -> bytes:
    """A first convolution as MobileNet has it; odd heights have padding on top."""
    weights = RNG.integers(-127, 128, (8, 3, 3, 3), dtype=np.int8)
    return build.conv_model(
        (1, height, 12, 3), weights, bias(8), stride=(2, 2), activation="RELU6",
        input_zero_point=-1, output_scale=0.02, output_zero_point=-128,
    )  # fmt: skip


def image_net() -> bytes:
    """PAD, CONV_2D, MAX_POOL_2D, RELU, SOFTMAX of a 26 x 20 image."""
    valid = {
        "padding": "VALID", "stride_h": 1, "stride_w": 1, "dilation_h_factor": 1,
        "dilation_w_factor": 1, "fused_activation_function": "NONE",
    }  # fmt: skip
    pool = {
        "padding": "SAME", "stride_h": 2, "stride_w": 2, "filter_height": 3, "filter_width": 3,
        "fused_activation_function": "NONE",
    }  # fmt: skip
    paddings = np.array([[0, 0], [5, 1], [1, 2], [0, 0]], np.int32)
    tensors = [
        T("image", (1, 26, 20, 3), scale=0.1, zero_point=3),
        T("paddings", (4, 2), "int32", data=paddings),
        T("padded", (1, 32, 23, 3), scale=0.1, zero_point=3),
        T("conv/w", (8, 4, 3, 3), scale=0.01, data=noise(8, 4, 3, 3)),
        T("conv", (1, 29, 21, 8), scale=0.2, zero_point=-10),
        T("largest", (1, 15, 11, 8), scale=0.2, zero_point=-10),
        T("positive", (1, 15, 11, 8), scale=0.2, zero_point=-10),
        T("scores", (1, 15, 11, 8), scale=1 / 256, zero_point=-128),
    ]
    ops = [
        O("PAD", (0, 1), (2,)),
        O("CONV_2D", (2, 3), (4,), valid),
        O("MAX_POOL_2D", (4,), (5,), pool),
        O("RELU", (5,), (6,)),
        O("SOFTMAX", (6,), (7,), {"beta": 1.0}),
    ]
    return build.build_model(tensors, ops, [0], [7])


CASES = {
    "first convolution": stem(16),
    "first convolution, padded on top": stem(15),
    "gathered convolution": build.conv_model(
        (1, 11, 6, 2), noise(6, 5, 5, 2), bias(6), dilation=(2, 1), input_zero_point=7
    ),
    "stride beyond the window": build.conv_model(
        (1, 13, 5, 4), noise(6, 1, 1, 4), bias(6), stride=(3, 2)
    ),
    "pointwise": build.conv_model((1, 9, 5, 8), noise(12, 1, 1, 8), bias(12)),
    "depthwise with a multiplier": build.depthwise_model(
        (1, 9, 5, 5), noise(1, 3, 2, 10), bias(10), stride=(2, 1), input_zero_point=-128
    ),
    "average pool over the edge": build.pool_model(
        "AVERAGE_POOL_2D", (1, 7, 7, 3), filter_size=(3, 4), stride=(2, 3), padding="SAME"
    ),
    "convolution of samples in time": build.conv_model(
        (1, 23, 1, 6), noise(8, 5, 1, 6), bias(8), stride=(2, 1), input_zero_point=7
    ),
    "depthwise of samples, pixel by pixel": build.depthwise_model(
        (1, 15, 1, 9), noise(1, 4, 1, 9), bias(9), stride=(2, 2), input_zero_point=-7
    ),
    "average of samples": build.pool_model(
        "AVERAGE_POOL_2D", (1, 15, 1, 9), filter_size=(3, 1), stride=(2, 1), padding="SAME"
    ),
    "depthwise to four pixels": build.depthwise_model(
        (1, 5, 5, 6), noise(1, 5, 3, 6), bias(6), stride=(3, 3), input_zero_point=-7
    ),
    "blocks to depth": one_op(
        "SPACE_TO_DEPTH", [int8(1, 9, 6, 3)], int8(1, 3, 2, 27), block_size=3
    ),
    "every second row, from the third": one_op(
        "STRIDED_SLICE",
        [int8(1, 9, 6, 3), int32([0, 2, 1, 0]), int32([1, 9, 6, 3]), int32([1, 2, 2, 1])],
        int8(1, 4, 3, 3),
    ),
    "rows of one piece": one_op(
        "SLICE", [int8(1, 9, 6, 3), int32([0, 3, 0, 0]), int32([1, 5, 6, 3])], int8(1, 5, 6, 3)
    ),
    "mirrored from left to right": one_op(
        "REVERSE_V2", [int8(1, 5, 6, 3), int32([2, 3])], int8(1, 5, 6, 3)
    ),
    "blue before red": one_op(
        "GATHER", [int8(1, 5, 6, 3), int32([2, 1, 0])], int8(1, 5, 6, 3), axis=3
    ),
    "padded by a mirror on the left": one_op(
        "MIRROR_PAD",
        [int8(1, 5, 6, 3), int32([[0, 0], [0, 0], [3, 0], [0, 0]])],
        int8(1, 5, 9, 3),
        mode=1,
    ),
    "channels before columns": one_op(
        "TRANSPOSE", [int8(1, 5, 6, 3), int32([0, 1, 3, 2])], int8(1, 5, 3, 6)
    ),
}


def sanitized(model: Model, folder: Path) -> tuple[GeneratedModel, RowChain]:
    program = build_program(model)
    calls, plan = streamed(program)
    assert isinstance(calls[0], RowChain)
    sanitizers = sanitizer_flags(find_host_compiler())
    fence = ("-DWITH_ASAN", "-DMZ_SECTION(name)=") if sanitizers else ()
    return build_model(program, plan, folder, ("-O1", *sanitizers, *fence), calls), calls[0]


def compare(model: Model, built: GeneratedModel, images: int, seed: int) -> None:
    shape = model.tensor(model.inputs[0]).shape
    inputs = [noise(*shape) for _ in range(images)]
    engine = ReferenceEngine(model)
    outputs = built.run(inputs, seed)
    np.testing.assert_array_equal(outputs, [engine.run(values).reshape(-1) for values in inputs])


def test_depthwise_by_rows(tmp_path: Path) -> None:
    """A small MobileNet: its first layers of every kind, at strides 1 and 2."""
    model = mobilenet_v1(resolution=64)
    built, chain = sanitized(model, tmp_path)
    assert {stage.call.kernel for stage in chain.stages} == {
        "mz_conv_2d_stem_s8_dsp", "mz_depthwise_3x3_s8_dsp", "mz_pointwise_s8_dsp",
    }  # fmt: skip
    compare(model, built, images=2, seed=9)


@pytest.mark.parametrize("case", CASES)
def test_a_first_kernel(case: str, tmp_path: Path) -> None:
    model = parse_model(CASES[case], "case")
    built, chain = sanitized(model, tmp_path)
    assert len(chain.stages) == 1
    compare(model, built, images=6, seed=len(case))


@pytest.fixture(scope="module")
def rolled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, GeneratedModel]:
    model = parse_model(image_net(), "image_net")
    built, chain = sanitized(model, tmp_path_factory.mktemp("rolled"))
    assert [stage.call.op.name for stage in chain.stages] == ["PAD", "CONV_2D", "MAX_POOL_2D"]
    return model, built


@settings(deadline=None, max_examples=examples(20))
@given(st.integers(0, 2**32 - 1))
def test_rows_through_several_kernels(rolled: tuple[Model, GeneratedModel], seed: int) -> None:
    compare(*rolled, images=3, seed=seed)


def test_the_hook_sees_every_call(tmp_path: Path) -> None:
    """The chain's last op as if it had run just then, each other op as ever."""
    model = parse_model(small_net(5), "small")
    built, chain = sanitized(model, tmp_path)
    assert [op.name for op in chain.ops] == ["CONV_2D", "DEPTHWISE_CONV_2D", "ADD"]
    values = noise(1, 4, 4, 2)
    expected = b"".join(
        op.index.to_bytes(2, "little") + output.tobytes()
        for op, output in ReferenceEngine(model).run_layers(values)
        if op.index >= chain.op.index
    )
    assert built.run_layers(values) == expected


@pytest.mark.parametrize(
    ("name", "inputs", "golden"),
    [
        ("mobilenet_v1_0.25_128_quant_int8", "imagenet_inputs_u8", "mb_nxp_int8_ref_softmax"),
        pytest.param(
            *("emotion_uint8_float32", "fer_inputs_u8", "fer_zoo_int8_tflm_softmax"),
            marks=pytest.mark.full,
        ),
    ],
)
def test_golden_outputs(
    test_data: Path, tmp_path: Path, name: str, inputs: str, golden: str
) -> None:
    program = build_program(load_model(test_data / "models" / f"{name}.tflite"))
    pixels = np.load(test_data / "golden" / f"{inputs}.npy")[:12]
    images = list((pixels.astype(np.int16) - 128).astype(np.int8))
    expected = np.load(test_data / "golden" / f"{golden}.npy")[: len(images)]
    calls, plan = streamed(program)
    outputs = build_model(program, plan, tmp_path, calls=calls).run(images)
    np.testing.assert_array_equal(outputs, expected.reshape(outputs.shape))
