"""The main job: photographs on both emulated boards, every byte as the reference has it."""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import invoke

# Spread over the classes; all of them take minutes.
JOBS = [
    ("rt1170", 4),
    pytest.param("rt1050", 6, marks=pytest.mark.full),
    pytest.param("rt1170", 30, marks=pytest.mark.full),
]
MODEL = "mobilenet_v1_0.25_128_quant_int8.tflite"

BuiltProject = Callable[..., Path]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("board", "images"), JOBS)
def test_photographs(
    built_project: BuiltProject, test_data: Path, tmp_path: Path, board: str, images: int
) -> None:
    project = built_project(board, str(test_data / "models" / MODEL))
    run, table, outputs = tmp_path / "run", tmp_path / "run.csv", tmp_path / "outputs.npy"
    done = invoke((
        "run-serial", "--port", f"emulator://{project}", "--project", project,
               "--images", test_data / "manifest_imagenet.csv",
               "--labels", test_data / "labels_imagenet_1001.txt",
               "--limit", images, "--out", run, "--json",
    ))  # fmt: skip
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["reference"] == {
        "compared": images, "equal": images, "largest_difference": 0,
    }  # fmt: skip

    reported = invoke(("report", run, "--csv", table, "--outputs", outputs))
    assert reported.exit_code == 0, reported.stderr
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    indices = [int(row["index"]) for row in rows]
    golden = np.load(test_data / "golden" / "mb_nxp_int8_ref_softmax.npy")[indices]
    stored = np.load(outputs)
    assert stored.dtype == np.int8
    np.testing.assert_array_equal(stored, golden)
    assert [int(row["top1"]) for row in rows] == golden.argmax(axis=1).tolist()

    inputs = np.load(test_data / "golden" / "imagenet_inputs_u8.npy")
    for index, row in zip(indices, rows, strict=True):
        if index < len(inputs):
            tensor = (inputs[index].astype(np.int16) - 128).astype(np.int8)
            assert int(row["input_crc32"], 16) == zlib.crc32(tensor.tobytes())
