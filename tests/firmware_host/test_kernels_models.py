"""Whole models as generated C, compiled for this machine, against golden outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.examples import examples
from helpers.generated_model import build_model, exported_plan, tight_plan
from helpers.kernel_library import oracle
from helpers.small_net import small_net

import mcuzoo
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import load_model, parse_model

SIGNS = Path(mcuzoo.__file__).parent / "zoo" / "signs"

GOLDEN = [
    ("mobilenet_v1_0.25_128_quant_int8", "imagenet_inputs_u8", "mb_nxp_int8_ref_softmax"),
    pytest.param(
        *("derived_mobilenet_u8toi8", "imagenet_inputs_u8", "mb_u8toi8_ref_softmax"),
        marks=pytest.mark.full,
    ),
    pytest.param(
        *("derived_deepface_emotion_int8io", "fer_inputs_u8", "fer_derived_int8io_tflm_softmax"),
        marks=pytest.mark.full,
    ),
    pytest.param(
        *("emotion_uint8_float32", "fer_inputs_u8", "fer_zoo_int8_tflm_softmax"),
        marks=pytest.mark.full,
    ),
]


@pytest.mark.parametrize(("name", "inputs", "golden"), GOLDEN)
def test_every_golden_output(
    test_data: Path, tmp_path: Path, name: str, inputs: str, golden: str
) -> None:
    count = examples(100)
    program = build_program(load_model(test_data / "models" / f"{name}.tflite"))
    pixels = np.load(test_data / "golden" / f"{inputs}.npy")[:count]
    images = list((pixels.astype(np.int16) - 128).astype(np.int8))
    expected = np.load(test_data / "golden" / f"{golden}.npy")[: len(images)]
    calls, plan = exported_plan(program)
    outputs = build_model(program, plan, tmp_path, calls=calls).run(images)
    assert len(outputs) == count
    np.testing.assert_array_equal(outputs, expected.reshape(outputs.shape))


def test_mobilenet_fits_the_out_of_place_optimum(test_data: Path) -> None:
    model = load_model(test_data / "models" / "mobilenet_v1_0.25_128_quant_int8.tflite")
    assert tight_plan(build_program(model)).arena_bytes <= 98_304


def test_hook_sees_every_op(tmp_path: Path) -> None:
    model = parse_model(small_net(), "small")
    program = build_program(model)
    values = np.random.default_rng(8).integers(-128, 128, (1, 4, 4, 2), dtype=np.int8)
    expected = b"".join(
        op.index.to_bytes(2, "little") + output.tobytes()
        for op, output in ReferenceEngine(model).run_layers(values)
    )
    assert build_model(program, tight_plan(program), tmp_path).run_layers(values) == expected


def test_signs(tmp_path: Path) -> None:
    (path,) = SIGNS.glob("*.tflite")
    model = load_model(path)
    program = build_program(model)
    rng = np.random.default_rng(21)
    images = [rng.integers(-128, 128, program.input_tensor.shape, dtype=np.int8) for _ in range(4)]
    outputs = build_model(program, tight_plan(program), tmp_path).run(images)
    np.testing.assert_array_equal(outputs, [oracle(model).run(image) for image in images])
