"""ONNX files through the real onnx2tf; skipped where that is not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mcuzoo.errors import InputError, ModelError
from mcuzoo.quantize.options import QuantizeOptions
from mcuzoo.quantize.quantize import quantize
from mcuzoo.quantize.source import Kind, find_source
from mcuzoo.report.models import quantization_document, quantization_text

_MAKE = r"""
import sys
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)


def constant(name, *shape):
    return numpy_helper.from_array((random.standard_normal(shape) * 0.2).astype(np.float32), name)


def value(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


nodes = [
    helper.make_node("Conv", ["x", "w1", "b1"], ["c"], kernel_shape=[3, 3], strides=[2, 2],
                     pads=[1, 1, 1, 1]),
    helper.make_node("Relu", ["c"], ["r"]),
    helper.make_node("Flatten", ["r"], ["f"], axis=1),
    helper.make_node("Gemm", ["f", "w2", "b2"], ["y"], transB=1),
]
weights = [constant("w1", 8, 3, 3, 3), constant("b1", 8), constant("w2", 5, 8 * 8 * 6),
           constant("b2", 5)]
graph = helper.make_graph(
    nodes, "net", [value("x", "batch", 3, 16, 12)], [value("y", "batch", 5)], weights
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
model.ir_version = 8
onnx.checker.check_model(model)
onnx.save(model, sys.argv[1])
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Channels first, an open batch, an image of 16 x 12: Conv, Relu, Flatten, Gemm."""
    pytest.importorskip("onnx2tf")
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    subprocess.run([sys.executable, "-c", _MAKE, str(path)], check=True)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(3)
    for number in range(6):
        pixels = random.integers(0, 256, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_an_onnx_file_becomes_int8(network: Path, pictures: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.tflite"
    done = quantize(network, target, pictures, QuantizeOptions(limit=6))
    assert done.quantized.int8_model.raw == target.read_bytes()
    assert done.quantized.program.input_tensor.shape == (1, 16, 12, 3)
    onnx = done.quantized.run.report.onnx
    assert onnx is not None and onnx.images == onnx.float_same == 6
    assert onnx.float_difference < 1e-4
    assert onnx.int8_same >= 4
    text = quantization_text(target, done.quantized, done.scored)
    assert "same class as it: float 6" in text
    document = quantization_document(target, done.quantized, done.scored)
    assert document["onnx"]["images"] == 6


def test_what_is_no_onnx_file_is_told(network: Path, pictures: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"\x00\x01 not a network")
    with pytest.raises(ModelError, match="no ONNX file"):
        quantize(bad, tmp_path / "out.tflite", pictures)
    assert not (tmp_path / "out.tflite").exists()


def test_the_suffix_names_the_format_and_the_content_what_is_not_it(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"\x08\x08\x12\x07pytorch")
    assert find_source(path).kind is Kind.ONNX
    path.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(InputError, match="Git LFS pointer"):
        find_source(path)
