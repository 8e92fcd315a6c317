"""A float file made plain float32 with constant shapes computes what it computed before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.forks import run_forked

# TensorFlow stays out of the test process.
_REWORK = r"""
import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from mcuzoo.quantize.onnx import _outputs
from mcuzoo.quantize.refused import RefusedError
from mcuzoo.quantize.rework import plain_float, tidied_int8
from mcuzoo.quantize.tflite_graph import Graph
from mcuzoo.quantize.worker import _quantize

folder = Path(sys.argv[1])


def run(raw, image):
    interpreter = tf.lite.Interpreter(model_content=raw)
    source = interpreter.get_input_details()[0]
    interpreter.resize_tensor_input(source["index"], image.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(source["index"], image)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).ravel()


found = {}
image = np.random.default_rng(3).random((1, 12, 12, 3), dtype=np.float32)
for name in ("flat", "float16", "dynamic", "gray", "first"):
    raw = (folder / f"{name}.tflite").read_bytes()
    plain = plain_float(raw)
    graph = Graph(plain.raw)
    before = image[..., 0] if name == "gray" else image
    before = image.transpose(0, 3, 1, 2) if name == "first" else before
    after = image[..., :1] if name == "gray" else image
    found[name] = {
        "stored": plain.stored,
        "ops": [graph._name(op) for op in graph._graph.operators],
        "input": [int(size) for size in graph._tensor(graph._graph.inputs[0]).shape],
        "off": float(np.abs(run(raw, before) - run(plain.raw, after)).max()),
        "again": plain_float(plain.raw).raw == plain_float(plain.raw).raw,
    }

any_size = (folder / "any.tflite").read_bytes()
plain = plain_float(any_size, (12, 12, 3))
graph = Graph(plain.raw)
found["any"] = {
    "input": [int(size) for size in graph._tensor(graph._graph.inputs[0]).shape],
    "off": float(np.abs(run(any_size, image) - run(plain.raw, image)).max()),
}
try:
    plain_float(any_size)
except RefusedError as error:
    found["open"] = [str(error), error.hint]

# A channel of zero weights: what the converter makes of it, and the same without its overflow.
plain = plain_float((folder / "empty.tflite").read_bytes()).raw
images = np.random.default_rng(5).random((6, 12, 12, 3), dtype=np.float32)
raw = _quantize(plain, images)
tidy = tidied_int8(raw)


def biases(raw):
    graph = Graph(raw)
    (first, *_) = graph._graph.operators
    return [int(value) for value in graph._value(first.inputs[2])]


found["empty"] = {
    "before": biases(raw),
    "after": biases(tidy),
    "off": float(np.abs(_outputs(raw, images) - _outputs(tidy, images)).max()),
}
try:
    plain_float((folder / "small.tflite").read_bytes(), (9, 9, 1))
except RefusedError as error:
    found["wrong_size"] = [str(error), error.hint]
try:
    plain_float(raw)
except RefusedError as error:
    found["int8"] = [str(error), error.hint]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def reworked(float_networks: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done = run_forked(tmp_path_factory, ["-c", _REWORK, str(float_networks)])
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    ("name", "stored", "tolerance"),
    [
        ("flat", [], 1e-6),
        ("float16", ["float16"], 1e-6),
        # Kernels with int8 weights round their activations, too.
        ("dynamic", ["int8"], 0.05),
        ("gray", [], 1e-6),
        ("first", [], 1e-6),
    ],
)
def test_the_same_in_float32_with_constant_shapes(
    name: str, stored: list[str], tolerance: float, reworked: dict[str, Any]
) -> None:
    made = reworked[name]
    assert made["stored"] == stored and made["again"]
    assert made["off"] <= tolerance
    assert made["input"] == [1, 12, 12, 1 if name == "gray" else 3]
    assert [op for op in made["ops"] if op != "RESHAPE"] == [
        "CONV_2D", "CONV_2D", "FULLY_CONNECTED", "SOFTMAX"
    ]  # fmt: skip


def test_an_open_size_is_said_by_input(reworked: dict[str, Any]) -> None:
    made = reworked["any"]
    assert made["input"] == [1, 12, 12, 3] and made["off"] <= 1e-6
    message, hint = reworked["open"]
    assert "leaves the image's size open" in message and "--input 96x96x3" in hint


def test_a_channel_without_weights_gets_a_bias_of_sensible_size(reworked: dict[str, Any]) -> None:
    made = reworked["empty"]
    assert max(map(abs, made["before"])) > 1 << 29
    assert max(map(abs, made["after"])) <= 1 << 24
    assert made["off"] == 0.0
    changed = [
        channel
        for channel, pair in enumerate(zip(made["before"], made["after"], strict=True))
        if pair[0] != pair[1]
    ]
    assert changed == [2]


def test_refusals_say_what_to_do(reworked: dict[str, Any]) -> None:
    message, hint = reworked["wrong_size"]
    assert "does not take one image of [9, 9, 1]" in message and hint
    message, hint = reworked["int8"]
    assert "int8, not float32" in message and "mcuzoo inspect" in hint
