"""The zoo's second model, which its page lists for no microcontroller, on both emulated boards."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import invoke

JOBS = [("rt1170", 8), ("rt1050", 3)]

BuiltProject = Callable[..., Path]


@pytest.mark.full
@pytest.mark.parametrize(("board", "faces"), JOBS)
def test_faces(
    built_project: BuiltProject, test_data: Path, tmp_path: Path, board: str, faces: int
) -> None:
    """Byte-equal to TFLM, whose FULLY_CONNECTED rounds twice."""
    project = built_project(board, str(test_data / "models" / "emotion_uint8_float32.tflite"))
    run, table, outputs = tmp_path / "run", tmp_path / "run.csv", tmp_path / "outputs.npy"
    done = invoke((
        "run-serial", "--port", f"emulator://{project}?count=0", "--project", project,
               "--images", test_data / "manifest_fer.csv",
               "--labels", test_data / "labels_fer.txt",
               "--limit", faces, "--out", run, "--json",
    ))  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["reference"]["equal"] == faces

    reported = invoke(("report", run, "--csv", table, "--outputs", outputs))
    assert reported.exit_code == 0, reported.stderr
    with table.open(newline="") as file:
        indices = [int(row["index"]) for row in csv.DictReader(file)]
    golden = np.load(test_data / "golden" / "fer_zoo_int8_tflm_softmax.npy")[indices]
    np.testing.assert_array_equal(np.load(outputs), golden)
