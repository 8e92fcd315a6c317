"""The proof says which outputs are not the golden ones, and fails for them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.compilers import needs_compiler

PROOF = Path(__file__).resolve().parents[2] / "benchmarks" / "proof.py"


@pytest.mark.full
@needs_compiler
def test_one_wrong_byte_in_the_golden_fails_the_proof(tmp_path: Path, test_data: Path) -> None:
    pytest.importorskip("unicorn")
    compiler = "gcc" if shutil.which("arm-none-eabi-gcc") else "zig"
    for name in ("models", "imagenet", "manifest_imagenet.csv", "labels_imagenet_1001.txt"):
        (tmp_path / name).symlink_to(test_data / name)
    golden = np.load(test_data / "golden" / "mb_nxp_int8_ref_softmax.npy")
    golden[100:, 7] ^= 1
    (tmp_path / "golden").mkdir()
    np.save(tmp_path / "golden" / "mb_nxp_int8_ref_softmax.npy", golden)
    found = tmp_path / "proof.json"
    done = subprocess.run(
        [sys.executable, PROOF, "--data", tmp_path, "--boards", "rt1050", "--limit", "2",
         "--compilers", compiler, "--json", found],
        capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "1 of 2 outputs byte-equal" in done.stdout
    (proof,) = json.loads(found.read_text())
    assert (proof["images"], proof["equal"], len(proof["different"])) == (2, 1, 1)
    assert proof["different"][0] in done.stdout
