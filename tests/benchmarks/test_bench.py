"""The benchmark as a command: what its table and its files hold, and that its two counts agree."""

from __future__ import annotations

import importlib
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.compilers import ONE_COMPILER_FIRST
from helpers.mobilenet import mobilenet_v1
from helpers.small_net import small_net

from mcuzoo.graph.count import count_macs
from mcuzoo.graph.read import load_model
from mcuzoo.graph.write import write_model

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def run(script: str, *arguments: object, ends: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == ends, done.stderr
    return done


@pytest.mark.parametrize("compiler", ONE_COMPILER_FIRST)
def test_emulator_and_qemu_count_the_same(tmp_path: Path, compiler: str) -> None:
    """Beside a peer that cannot be built: its row has the reason, and the rest is there."""
    pytest.importorskip("unicorn")
    model = tmp_path / "net.tflite"
    model.write_bytes(small_net())
    (tmp_path / "tflm").mkdir()
    done = run(
        "bench.py", "--model", model, "--compilers", compiler, "--levels=-O2", "--no-estimate",
        "--out", tmp_path, "--tflm", tmp_path / "tflm", ends=5,
    )  # fmt: skip
    (peer,) = (line for line in done.stdout.splitlines() if line.startswith("tflm cmsis-nn"))
    assert str(tmp_path / "tflm") in peer
    found = json.loads((tmp_path / "net-rt1050.json").read_text())
    assert json.loads((tmp_path / f"net-rt1050-aot-{compiler}-O2.json").read_text())
    assert ["missing" in other for other in found["others"]] == [True]
    cycles = found["modelled_cycles"]
    if importlib.util.find_spec("capstone") is None:
        assert cycles is None and "timing" in found["uncounted_why"]
    else:
        spent = sum(cycles[part] for part in ("core", "branches", "code", "data"))
        assert 0 < spent <= cycles["total"] + 100
    counts = [layer["count"] for layer in found["layers"]]
    assert len(counts) == 7  # two ops are one chain
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


def test_a_row_without_figures_has_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    tables = importlib.import_module("tables")
    missing = {"model": "net", "model_sha256": "", "firmware": "aot gcc -O2", "missing": "no room"}
    uncounted = {
        "model": "net", "firmware": "tflm", "runtime": "tflm", "instructions_per_inference": 7,
        "witness_instructions": None, "modelled_cycles": None, "arena_bytes": 1, "code_bytes": 2,
        "constant_bytes": 3, "weights_ram_bytes": 0,
    }  # fmt: skip
    assert tables.summary_rows([missing, uncounted]) == [
        ("net", "aot gcc -O2", "no room"),
        ("net", "tflm", "7", "not counted", *["-"] * 5, "1", "2", "3", "0"),
    ]
    lines = tables.summary_markdown([[missing, uncounted]]).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert tables.ratio_rows([[missing, uncounted]]) == []
    assert "no room" in tables.page_text([[missing, uncounted]])
    peer = {"firmware": "tflm", "layers": [
        {"last_op": 0, "count": None, "modelled_cycles": None},
        {"last_op": 1, "count": 5, "modelled_cycles": 4},
    ]}  # fmt: skip
    layer = {"first_op": 0, "last_op": 1, "name": "PAD+CONV_2D", "count": 6, "modelled_cycles": 3}
    assert tables.of_peer(layer, peer) == (5, 4)
    (slower,) = tables.slower_layers({"model": "net", "layers": [layer]}, [peer])
    assert slower == "net: op 1 PAD+CONV_2D takes 6 instructions, 5 in tflm"


@pytest.mark.full
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
    assert 0.5 < guess["cycles"] / guess["instructions"] < 4


@pytest.fixture
def fused_net(tmp_path: Path) -> Path:
    """It has pointwise and depthwise convolutions that are one kernel."""
    file = tmp_path / "fused.tflite"
    file.write_bytes(write_model(mobilenet_v1(0.25, 64, 10, blocks=6)))
    return file


@pytest.mark.full
def test_every_mac_is_in_a_row_and_fused_kernels_are_counted_apart(
    fused_net: Path, tmp_path: Path
) -> None:
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm", "cc"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool}")
    pytest.importorskip("unicorn")
    done = run(
        "bench.py", "--model", fused_net, "--compilers", "gcc", "--levels=-O2", "--no-estimate",
        "--out", tmp_path,
    )  # fmt: skip
    found = json.loads((tmp_path / "fused-rt1050.json").read_text())
    kinds = {kind["name"]: kind for kind in found["kinds"]}
    assert "fused" not in kinds and found["incomplete"] == []
    model = load_model(fused_net)
    depthwise = [op for op in model.ops if op.name == "DEPTHWISE_CONV_2D"]
    own = [kind for name, kind in kinds.items() if name.startswith("depthwise")]
    assert sum(kind["layers"] for kind in own) == len(depthwise)
    assert sum(kind["macs"] for kind in own) == sum(count_macs(model, op) for op in depthwise)
    assert sum(kind["macs"] for kind in kinds.values()) == found["macs"]
    counted = sum(kind["instructions"] for kind in kinds.values())
    assert 0 <= found["instructions_per_inference"] - counted < 1000
    fused = [layer for layer in found["layers"] if "parts" in layer]
    assert fused
    for layer in fused:
        parts = layer["parts"]
        assert sum(part["count"] for part in parts) == layer["count"]
        assert [part["op"] for part in parts] == [layer["first_op"], layer["last_op"]]
        assert 0 < parts[-1]["around"] < 0.3 * parts[-1]["count"]
        # No kernel for the DSP extension takes less than half an instruction for a product.
        assert all(0.5 < part["per_mac"] < 4 for part in parts)
    for words in ("kinds of layers", "counted apart by QEMU", "- op 3 DEPTHWISE_CONV_2D"):
        assert words in done.stdout


@pytest.mark.full
def test_without_a_witness_a_fused_kernel_leaves_rows_incomplete(
    fused_net: Path, tmp_path: Path
) -> None:
    pytest.importorskip("unicorn")
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("no arm-none-eabi-gcc")
    done = run(
        "bench.py", "--model", fused_net, "--compilers", "gcc", "--levels=-O2", "--no-witness",
        "--out", tmp_path,
    )  # fmt: skip
    found = json.loads((tmp_path / "fused-rt1050.json").read_text())
    assert "fused" in {kind["name"] for kind in found["kinds"]}
    assert {"pointwise", "depthwise stride 2"} <= set(found["incomplete"])
    assert "Not counted apart" in done.stdout
