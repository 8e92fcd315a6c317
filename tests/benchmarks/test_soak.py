"""A short form of the soak."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).resolve().parents[2] / "benchmarks/soak.py"

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(sys.platform == "win32", reason="needs ptys and SIGKILL"),
]


def test_nothing_is_lost_doubled_or_wrong(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, SOAK, "--images", "120", "--frames", "0.02", "--kill-every", "80",
            "--reset-every", "50", "--out", tmp_path,
        ],
        capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "soak.json").read_text())
    assert (found["done"], found["wrong"], found["missing"]) == (120, 0, 0)
    assert found["kills"] >= 1 and found["resets"] >= 1
    assert sum(found["struck"].values()) > 5
