"""The table of model files: every kind of row, and when it fails."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.compilers import needs_compiler
from helpers.small_net import small_net

MODELS = Path(__file__).resolve().parents[2] / "benchmarks" / "models.py"


def table(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(MODELS), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=280)


@needs_compiler
def test_files_that_run_and_files_that_do_not(tmp_path: Path) -> None:
    pytest.importorskip("unicorn")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "small.tflite").write_bytes(small_net())
    (tmp_path / "garbage.tflite").write_bytes(b"\x1c\0\0\0TFL3" + bytes(100))
    found = tmp_path / "found.json"
    done = table(tmp_path, "--boards", "rt1050", "--inputs", "3", "--json", found)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["file", "board", "inspect", "fit", "aot", "tflm", "wheel"]
    assert lines[2].split() == ["garbage", "rt1050", "none", "-", "-", "-", "-"]
    assert lines[3].strip().startswith("read: ")
    small = next(line for line in lines if line.startswith("small"))
    assert "aot tflm" in small and "3/3" in small
    garbage, trial = json.loads(found.read_text())
    assert not garbage["stages"]["read"]["ok"] and garbage["ended"] is None
    on_board = trial["stages"]["aot rt1050"]
    assert (on_board["equal"], on_board["of"]) == (3, 3)
    assert trial["stages"]["fit aot rt1050"]["arena_bytes"] == on_board["arena_bytes"]


def test_a_file_that_takes_too_long_is_ended_and_named(tmp_path: Path) -> None:
    path = tmp_path / "small.tflite"
    path.write_bytes(small_net())
    done = table(path, "--timeout", "0.01")
    assert done.returncode == 1
    assert "not finished after 0.01 s" in done.stdout and "faults: 1" in done.stdout


def test_no_files_at_all_is_a_mistake_of_the_user(tmp_path: Path) -> None:
    done = table(tmp_path)
    assert done.returncode == 2 and "no .tflite file" in done.stderr


def test_a_file_that_is_not_there_is_no_refused_model(tmp_path: Path) -> None:
    done = table(tmp_path / "absent.tflite")
    assert done.returncode == 2 and "there is no" in done.stderr and not done.stdout
