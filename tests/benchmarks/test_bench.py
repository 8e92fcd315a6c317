"""The benchmark as a command: what its table and its files hold, and that its two counts agree."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.compilers import every_compiler
from helpers.small_net import small_net

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return done


@every_compiler
def test_emulator_and_qemu_count_the_same(tmp_path: Path, compiler: str) -> None:
    pytest.importorskip("unicorn")
    model = tmp_path / "net.tflite"
    model.write_bytes(small_net())
    done = run(
        "bench.py", "--model", model, "--compilers", compiler, "--levels=-O2", "--no-estimate",
        "--out", tmp_path,
    )  # fmt: skip
    found = json.loads((tmp_path / "net-rt1050.json").read_text())
    assert json.loads((tmp_path / f"net-rt1050-aot-{compiler}-O2.json").read_text())
    counts = [layer["count"] for layer in found["layers"]]
    assert len(counts) == 8
    assert abs(found["instructions_per_inference"] - sum(counts)) < 60 * len(counts)
    for size in ("arena_bytes", "code_bytes", "constant_bytes", "stack_bytes"):
        assert 0 < found[size] < 65_536
    assert "instructions per inference" in done.stdout
    if shutil.which("qemu-system-arm") and shutil.which("cc"):
        assert found["witness_instructions"] == found["instructions_per_inference"]
        assert [layer["witness"] for layer in found["layers"]] == counts
    else:
        assert found["witness_instructions"] is None
        assert "no witness" in done.stderr


def test_cycles_are_an_estimate_and_say_so(tmp_path: Path) -> None:
    pytest.importorskip("unicorn")
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm", "cc", "llvm-mca-14", "llvm-objdump-14"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool}")
    model = tmp_path / "net.tflite"
    model.write_bytes(small_net())
    done = run(
        "bench.py", "--model", model, "--compilers", "gcc", "--levels=-Os", "--out", tmp_path
    )
    assert "ESTIMATE, not a count" in done.stdout
    guess = json.loads((tmp_path / "net-rt1050.json").read_text())["estimated_cycles"]
    assert guess["what"] == "a static estimate, not a count"
    assert guess["covered"] > 0.4
    # A Cortex-M7 issues two instructions a cycle at best, and stalls are not in the model.
    assert 0.5 < guess["cycles"] / guess["instructions"] < 3
