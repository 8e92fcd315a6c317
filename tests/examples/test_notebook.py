"""The notebook runs from its first cell to its last, in an empty folder."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest
from helpers.compilers import needs_compiler

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "keras_to_board.ipynb"
PACKAGES = ("tensorflow", "nbclient", "ipykernel", "unicorn")


def test_it_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) >= 8
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def executed(folder: Path) -> Any:
    """The notebook with its outputs, run in `folder`. nbformat has no types."""
    nbformat: Any = importlib.import_module("nbformat")
    nbclient: Any = importlib.import_module("nbclient")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    place = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(notebook, timeout=600, resources=place).execute()
    return notebook


@needs_compiler
@pytest.mark.full
@pytest.mark.pages
@pytest.mark.timeout(900)
def test_it_goes_from_keras_to_the_answers_of_a_board(tmp_path: Path) -> None:
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        message = f"not installed: {', '.join(missing)} (requirements/tensorflow.txt)"
        if os.environ.get("MCUZOO_REQUIRE_TENSORFLOW") == "1":
            pytest.fail(message)
        pytest.skip(message)
    notebook = executed(tmp_path)
    said = "".join(
        output.get("text", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("name") == "stdout"
    )
    assert "rt1050: fits" in said
    assert "96 of 96 byte-equal; passed: True" in said
    assert said.count("equal: True") == 6
    assert (tmp_path / "run.html").is_file()
