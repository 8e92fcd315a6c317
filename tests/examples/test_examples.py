"""The examples run as they are, each in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.compilers import needs_compiler

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SAID = {
    "fit_a_model": [" on rt1050: fits", " on rt1170: fits"],
    "classify_a_picture": ["0000_stop.png: stop, 0.9", "equal to the host: True"],
    "run_and_judge": ["8 of 8 equal to the host", "pass; the run is judged-signs/run"],
    "compare_boards": ["rt1050: ", "rt1170: ", "outputs equal: True"],
    "own_picture": ["rt1050, build ", "all grey: class ", "equal to the host: True"],
}

# The code blocks of docs/api.md do the same.
IN_TEST = ("fit_a_model",)

SOME_IN_PAGES = [
    pytest.param(name, marks=() if name in IN_TEST else (pytest.mark.full, pytest.mark.pages))
    for name in SAID
]


def test_each_example_is_known_here() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} - {"test_board"} == set(SAID)


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("name", SOME_IN_PAGES)
def test_example(name: str, tmp_path: Path) -> None:
    pytest.importorskip("unicorn")
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for words in SAID[name]:
        assert words in done.stdout
