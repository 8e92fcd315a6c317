"""The benchmark with TFLM measured in the same run: TFLM_DIR names a tree made with CMSIS-NN."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.small_net import small_net

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(900)]

BENCH = Path(__file__).resolve().parents[2] / "benchmarks" / "bench.py"


@pytest.fixture
def tree() -> str:
    named = os.environ.get("TFLM_DIR")
    if not named:
        pytest.skip("TFLM_DIR names no tree")
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("no arm-none-eabi-gcc")
    return named


def run(*words: object) -> str:
    command = [sys.executable, BENCH, "--compilers", "gcc", "--levels=-O2", "--no-estimate", *words]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_both_runtimes_are_counted_and_stand_side_by_side(tree: str, tmp_path: Path) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(small_net())
    said = run("--model", model, "--tflm", tree, "--out", tmp_path)
    ours = json.loads((tmp_path / "net-rt1050-aot-gcc-O2.json").read_text())
    theirs = json.loads((tmp_path / "net-rt1050-tflm-cmsis-nn-gcc-O2.json").read_text())
    assert (ours["runtime"], theirs["runtime"]) == ("aot", "tflm")
    for found in (ours, theirs):
        if shutil.which("qemu-system-arm"):
            assert found["witness_instructions"] == found["instructions_per_inference"]
        assert sum(kind["macs"] for kind in found["kinds"]) == found["macs"]
    assert ours["macs"] == theirs["macs"]
    # Not the arena: beside so small a network, a kernel's scratch is large.
    for figure in ("instructions_per_inference", "code_bytes", "stack_bytes"):
        assert ours[figure] < theirs[figure], figure
    assert "tflm cmsis-nn gcc -O2" in said and "(quoted)" not in said


def test_deepface_is_no_worse_than_tflm_on_any_figure(
    tree: str, tmp_path: Path, test_data: Path
) -> None:
    model = test_data / "models" / "derived_deepface_emotion_int8io.tflite"
    said = run("--model", model, "--tflm", tree, "--out", tmp_path)
    ours = json.loads((tmp_path / f"{model.stem}-rt1050-aot-gcc-O2.json").read_text())
    theirs = json.loads((tmp_path / f"{model.stem}-rt1050-tflm-cmsis-nn-gcc-O2.json").read_text())
    for figure in (
        "instructions_per_inference",
        "arena_bytes",
        "code_bytes",
        "constant_bytes",
        "stack_bytes",
    ):
        assert ours[figure] <= theirs[figure], figure
    for kind, rate in ours["per_mac"].items():
        assert rate <= theirs["per_mac"][kind], kind
    assert "MISSED" not in said and "must: no worse than TFLite-Micro" in said
