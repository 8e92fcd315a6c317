"""The validation of the cycle model: its data, and the points that need nothing of others."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mcuzoo.untrusted import parse_toml

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_every_point_says_what_is_known_of_it() -> None:
    table = parse_toml((BENCHMARKS / "silicon.toml").read_text(encoding="utf-8"))
    points = table["points"]
    assert len({point["id"] for point in points}) == len(points)
    for point in points:
        assert point["from"] in table["sources"] and point["known"]
        assert point["kind"] == "loop" or point["unknown"]
        assert point.get("chip", "h743") in table["chips"]
        assert point.get("copy", "slothy") in table["copies"]
    assert len({point["from"] for point in points if not point.get("rules")}) >= 3


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc")
def test_loops_take_what_was_measured(tmp_path: Path) -> None:
    """Points that need code of others have a reason, and how to get it."""
    pytest.importorskip("capstone")
    found = tmp_path / "found.json"
    command = [sys.executable, str(BENCHMARKS / "validate.py"), "--json", str(found)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    document = json.loads(found.read_text())
    loops = [point for point in document["points"] if point["ratio"] is not None]
    assert len(loops) >= 8 and all(point["ratio"] == pytest.approx(1) for point in loops)
    others = [point for point in document["points"] if point["ratio"] is None]
    assert others and all("--" in point["reason"] for point in others)
    assert any("git clone https://" in point["reason"] for point in others)
    assert document["spread"]["whole"] is None
