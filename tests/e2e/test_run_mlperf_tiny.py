"""MLPerf Tiny's two image models, which the zoo lists for one other microcontroller, on boards."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.boards import ONE_BOARD_FIRST
from helpers.commands import finished, mcuzoo

PICTURES = [4, pytest.param(200, marks=pytest.mark.full)]

BuiltProject = Callable[..., Path]


def ran(project: Path, images: Path, count: int, out: Path) -> tuple[int, Path]:
    """The outputs that were equal to the host's, and the folder of the run."""
    done = finished(
        mcuzoo("run-serial", "--port", f"emulator://{project}", "--project", project,
               "--images", images, "--limit", count, "--out", out, "--json"),
        timeout_s=1000,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["reference"]["equal"], out


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("board", ONE_BOARD_FIRST)
@pytest.mark.parametrize("count", PICTURES)
def test_tiny_resnet(
    built_project: BuiltProject, test_data: Path, tmp_path: Path, board: str, count: int
) -> None:
    """Byte-equal to TFLM on CIFAR-10's pictures."""
    project = built_project(board, str(test_data / "models" / "pretrainedResnet_quant.tflite"))
    equal, run = ran(project, test_data / "manifest_cifar10.csv", count, tmp_path / "run")
    assert equal == count

    table, outputs = tmp_path / "run.csv", tmp_path / "outputs.npy"
    reported = finished(mcuzoo("report", run, "--csv", table, "--outputs", outputs))
    assert reported.returncode == 0, reported.stderr
    with table.open(newline="") as file:
        indices = [int(row["index"]) for row in csv.DictReader(file)]
    golden = np.load(test_data / "golden" / "resnet8_int8_tflm_softmax.npy")[indices]
    np.testing.assert_array_equal(np.load(outputs), golden)
