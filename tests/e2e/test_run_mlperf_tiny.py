"""MLPerf Tiny's two image models, which the zoo lists for one other microcontroller, on boards."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.boards import ONE_BOARD_FIRST
from helpers.commands import invoke

from mcuzoo.data.dataset import open_data_set
from mcuzoo.data.labels import Classes
from mcuzoo.data.preprocess import input_of
from mcuzoo.project.manifest import load_manifest

JOBS = [
    ("rt1170", 4),
    pytest.param("rt1050", 24, marks=pytest.mark.full),
]

BuiltProject = Callable[..., Path]


def ran(project: Path, images: Path, count: int, out: Path) -> tuple[int, Path]:
    """The outputs that were equal to the host's, and the folder of the run."""
    done = invoke((
        "run-serial", "--port", f"emulator://{project}", "--project", project,
               "--images", images, "--limit", count, "--out", out, "--json",
    ))  # fmt: skip
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)["reference"]["equal"], out


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("board", "count"), JOBS)
def test_tiny_resnet(
    built_project: BuiltProject, test_data: Path, tmp_path: Path, board: str, count: int
) -> None:
    """Byte-equal to TFLM on CIFAR-10's pictures."""
    project = built_project(board, str(test_data / "models" / "pretrainedResnet_quant.tflite"))
    equal, run = ran(project, test_data / "manifest_cifar10.csv", count, tmp_path / "run")
    assert equal == count

    table, outputs = tmp_path / "run.csv", tmp_path / "outputs.npy"
    reported = invoke(("report", run, "--csv", table, "--outputs", outputs))
    assert reported.exit_code == 0, reported.stderr
    with table.open(newline="") as file:
        indices = [int(row["index"]) for row in csv.DictReader(file)]
    golden = np.load(test_data / "golden" / "resnet8_int8_tflm_softmax.npy")[indices]
    np.testing.assert_array_equal(np.load(outputs), golden)


@pytest.mark.full
@pytest.mark.parametrize("board", ONE_BOARD_FIRST)
def test_visual_wake_word(
    built_project: BuiltProject, test_data: Path, tmp_path: Path, board: str
) -> None:
    """Byte-equal to the host's reference on photographs, and that to TFLM on what it made of them.

    Channels of it have no weights, but a bias of 2^30.
    """
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    model = test_data / "models" / "vww_96_int8.tflite"
    project = built_project(board, str(model))
    equal, run = ran(project, test_data / "imagenet", 3, tmp_path / "run")
    assert equal == 3

    outputs = tmp_path / "outputs.npy"
    done = invoke(("report", run, "--outputs", outputs))
    assert done.exit_code == 0, done.stderr
    sees = input_of(load_manifest(project))
    tflm = runtime.Interpreter.from_bytes(model.read_bytes(), arena_size=1 << 20)
    items = open_data_set(test_data / "imagenet", Classes(2), limit=3).items
    for item, output in zip(items, np.load(outputs), strict=True):
        picture = sees.decoded(item.picture, item.picture.read())
        tflm.set_input(sees.tensor(picture.pixels)[np.newaxis], 0)
        tflm.invoke()
        np.testing.assert_array_equal(output, tflm.get_output(0).reshape(-1))
