"""Quantization by the real TensorFlow: every kind of source, and what is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.forks import forks, run_forked
from helpers.schemas import complaints
from PIL import Image

from mcuzoo.errors import (
    DataSetError,
    InputError,
    ModelError,
    ToolchainError,
    UnsupportedOpError,
    UsageError,
)
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.coverage import Uncovered, check_aot
from mcuzoo.quantize import job, process
from mcuzoo.quantize.job import Quantized, score
from mcuzoo.quantize.options import QuantizeOptions
from mcuzoo.quantize.quantize import quantize
from mcuzoo.report.evaluation import evaluation_document
from mcuzoo.report.models import quantization_document, quantization_text
from mcuzoo.report.schemas import labelled
from mcuzoo.zoo.registry import resolve_model

WORKER = process._WORKER
SMALL_OPS = ["CONV_2D", "DEPTHWISE_CONV_2D", "MEAN", "FULLY_CONNECTED", "SOFTMAX"]


def quantize_model(
    source: Path,
    output: Path,
    pictures: Path,
    options: QuantizeOptions = QuantizeOptions(),
    say: Callable[[str], None] = lambda text: None,
) -> Quantized:
    """Without a score."""
    return quantize(source, output, pictures, replace(options, limit=0), say).quantized


@pytest.fixture(autouse=True)
def forked_worker(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """TensorFlow is imported once for all workers; `started_worker` is one as users have it."""
    if sys.platform == "linux":
        for name, value in forks(tmp_path_factory).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(process, "_WORKER", "helpers.forked")


@pytest.fixture
def started_worker(forked_worker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_WORKER", WORKER)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five folders of three dull pictures: no pixel is near black or white."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(3)
    for label in range(5):
        (folder / str(label)).mkdir()
        for number in range(3):
            pixels = random.integers(60, 180, (20, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / str(label) / f"{number}.png")
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "small.tflite",
        *(pytest.param(name, marks=pytest.mark.full) for name in ("saved_model", "small.keras")),
    ],
)
def test_every_form_of_a_network_becomes_int8(
    name: str, float_networks: Path, pictures: Path, tmp_path: Path
) -> None:
    stages: list[str] = []
    output, options = tmp_path / "out.tflite", QuantizeOptions(samples=10)
    done = quantize_model(float_networks / name, output, pictures, options, stages.append)
    assert [op.name for op in done.int8_model.ops] == SMALL_OPS
    assert check_aot(done.int8_model) == []
    assert done.int8_model.raw == (tmp_path / "out.tflite").read_bytes()
    assert len(done.calibration.images) == 10
    assert "quantize with 10 images" in stages
    assert done.run.report.peak_bytes > 100_000_000
    # Dull pictures, and still the whole range of pixels.
    assert done.warnings == ()
    (weights,) = (
        done.int8_model.tensor(op.inputs[1])
        for op in done.int8_model.ops
        if op.name == "FULLY_CONNECTED"
    )
    assert len(quantization_of(weights).scales) == 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.full)
        for name in ("dynamic.tflite", "gray.keras", "first.keras")
    ],
)
def test_weights_and_shapes_as_people_have_them(
    name: str, float_networks: Path, pictures: Path, tmp_path: Path
) -> None:
    done = quantize_model(float_networks / name, tmp_path / "out.tflite", pictures)
    names = [op.name for op in done.int8_model.ops]
    assert names == ["CONV_2D", "CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]
    assert check_aot(done.int8_model) == [] and done.warnings == ()
    shape = done.program.input_tensor.shape
    assert shape == ((1, 12, 12, 1) if name == "gray.keras" else (1, 12, 12, 3))
    stored = ("int8",) if name == "dynamic.tflite" else ()
    assert done.run.report.stored == stored
    assert ("weights    int8" in quantization_text(tmp_path / "x", done, None)) == bool(stored)


@pytest.mark.full
def test_an_operator_without_a_reference_is_scored_too(
    float_networks: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the host has no arithmetic of its own for it, another engine gives the outputs."""
    monkeypatch.setattr(job, "check_aot", lambda model: [Uncovered(model.ops[1], None, "none")])
    done = quantize(float_networks / "tanh.keras", tmp_path / "out.tflite", pictures)
    assert "TANH" in [op.name for op in done.quantized.int8_model.ops]
    assert done.scored is not None and done.scored.n == 15
    assert done.scored.against is not None
    assert done.scored.against.engine in ("tflm", "litert-ref")


@pytest.mark.full
def test_what_no_runtime_runs_is_not_written(
    float_networks: Path, pictures: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.tflite"
    with pytest.raises(UnsupportedOpError, match="nothing was written") as caught:
        quantize_model(float_networks / "gelu.keras", target, pictures)
    assert "GELU" in caught.value.message and "HARD_SWISH" in caught.value.hint
    assert not target.exists()


@pytest.mark.full
def test_labels_that_do_not_fit_leave_nothing_behind(
    float_networks: Path, pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "other" / "7").mkdir(parents=True)
    Image.new("RGB", (16, 16)).save(tmp_path / "other" / "7" / "x.png")
    target = tmp_path / "out.tflite"
    with pytest.raises(DataSetError, match="label 7 is out of range"):
        quantize(
            float_networks / "small.tflite",
            target,
            pictures,
            QuantizeOptions(images=tmp_path / "other"),
        )
    assert not target.exists()


@pytest.mark.full
def test_two_inputs_are_refused_in_words(
    float_networks: Path, pictures: Path, tmp_path: Path
) -> None:
    caught = _refused(float_networks / "two.keras", pictures, tmp_path)
    assert "does not take one image" in caught.value.message
    assert "Traceback" not in caught.value.hint and "File " not in caught.value.hint


@pytest.mark.full
def test_the_score_is_of_both_models(float_networks: Path, pictures: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.tflite"
    quantized = quantize_model(float_networks / "small.tflite", output, pictures)
    scored = score(quantized, pictures)
    document = evaluation_document(scored)
    assert not complaints(labelled("quantize", quantization_document(output, quantized, scored)))
    assert document["n"] == 15
    assert document["model"]["kind"] == "float32"
    assert document["against"]["model"]["kind"] == "int8"
    text = quantization_text(tmp_path / "x.tflite", quantized, scored)
    assert "top-1" in text


@pytest.mark.full
def test_weights_alone_go_into_the_network_of_the_zoo(float_networks: Path, tmp_path: Path) -> None:
    gray = tmp_path / "gray.png"
    Image.fromarray(np.arange(48 * 48, dtype=np.uint16).astype(np.uint8).reshape(48, 48)).save(gray)
    options = QuantizeOptions(network="deepface_emotion")
    done = quantize_model(float_networks / "weights.h5", tmp_path / "out.tflite", gray, options)
    assert len(done.int8_model.ops) == 12
    kernel = np.load(float_networks / "kernel.npy")
    weights = done.float_model.tensor(done.float_model.ops[0].inputs[1]).data
    assert weights is not None
    assert np.array_equal(np.transpose(kernel, (3, 0, 1, 2)), weights)


def _refused(
    source: Path, pictures: Path, tmp_path: Path, **options: object
) -> pytest.ExceptionInfo[ModelError]:
    target = tmp_path / "out.tflite"
    with pytest.raises(ModelError) as caught:
        quantize_model(source, target, pictures, QuantizeOptions(**options))  # type: ignore[arg-type]
    assert not target.exists()
    return caught


@pytest.mark.usefixtures("started_worker")
def test_weights_without_a_network_are_refused(
    float_networks: Path, pictures: Path, tmp_path: Path
) -> None:
    caught = _refused(float_networks / "weights.h5", pictures, tmp_path)
    assert "--network" in caught.value.message


_FLOAT = r"""
import json
import sys

from mcuzoo.graph.read import parse_model
from mcuzoo.quantize.process import WorkerSpec
from mcuzoo.quantize.refused import RefusedError
from mcuzoo.quantize.worker import _float_model


class Silent:
    def send(self, **answer):
        pass


said = []
for source, kind, network in json.loads(sys.argv[1]):
    spec = WorkerSpec(source, kind, network, None, "", "")
    try:
        model = parse_model(_float_model(spec, Silent()).raw, source)
        said.append(list(model.tensor(model.inputs[0]).shape))
    except RefusedError as error:
        said.append(str(error))
print(json.dumps(said))
"""


@pytest.mark.full
def test_what_tensorflow_is_asked_about_networks(
    float_networks: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Shapes as people have them become those of one image; what is none is refused."""
    cases = [
        (float_networks / "weights.h5", "hdf5", "mobilenet_v1_0.25_128"),
        (float_networks / "open.keras", "keras", None),
        (resolve_model("signs").path, "tflite", None),
        (float_networks / "two.keras", "keras", None),
        (float_networks / "gray.keras", "keras", None),
        (float_networks / "first.keras", "keras", None),
    ]
    asked = json.dumps([(str(source), kind, network) for source, kind, network in cases])
    done = run_forked(tmp_path_factory, ["-c", _FLOAT, asked])
    assert done.returncode == 0, done.stderr[-3000:]
    other, any_size, int8, two, gray, channels_first = json.loads(done.stdout.splitlines()[-1])
    assert "not the weights of mobilenet_v1_0.25_128" in other
    assert "--input" in any_size
    assert "int8, not float32" in int8
    assert "does not take one image" in two
    assert gray == [1, 12, 12, 1] and channels_first == [1, 12, 12, 3]


def test_a_process_that_dies_is_a_toolchain_error(
    float_networks: Path,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "dies.py").write_text(
        "import os, sys\nsys.stdin.readline()\nprint('too much', file=sys.stderr, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(process, "_WORKER", "dies")
    with pytest.raises(ToolchainError) as caught:
        quantize_model(float_networks / "small.keras", tmp_path / "out.tflite", pictures)
    assert "-9" in caught.value.message
    assert "too much" in caught.value.hint


def test_what_is_no_network_is_told_before_tensorflow_starts(
    float_networks: Path, pictures: Path, tmp_path: Path
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a network")
    target = tmp_path / "out.tflite"
    with pytest.raises(InputError):
        quantize_model(text, target, pictures)
    with pytest.raises(InputError, match=r"saved_model\.pb"):
        quantize_model(pictures, target, pictures)
    with pytest.raises(UsageError, match="layers"):
        quantize_model(text, target, pictures, QuantizeOptions(network="nonet"))


@pytest.mark.full
@pytest.mark.usefixtures("started_worker")
def test_deepface_emotion_loses_less_than_a_point(
    float_networks: Path, test_data: Path, tmp_path: Path
) -> None:
    faces = test_data / "manifest_fer.csv"
    done = quantize_model(
        test_data / "models" / "derived_deepface_emotion_dequant.h5",
        tmp_path / "emotion.tflite",
        faces,
        QuantizeOptions(network="deepface_emotion"),
    )
    assert len(done.int8_model.ops) == 12
    assert done.warnings == ()
    result = score(done, faces)
    before, compared = result.scores, result.comparison
    assert before is not None and compared is not None and compared.scores is not None
    assert before.top1.correct == 192  # 0.5486 of 350
    assert abs(compared.scores.top1.value - before.top1.value) <= 0.01
