"""The pytest plugin with a board that runs Linux: the Python agent at a TCP port."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.linux_agent import listening_agent

from mcuzoo.codegen.export import export
from mcuzoo.codegen.options import ExportOptions

pytest.importorskip("PIL")
pytest.importorskip("cv2")  # before an inner pytest would load it, and forget it again
pytest.importorskip("ai_edge_litert")
pytest_plugins = ["pytester"]
pytestmark = pytest.mark.full

TEST = """
def test_signs(board, project, reference):
    assert project.board.soc == "i.MX 8M Plus"
    picture = project.folder / "samples" / "0000_stop.png"
    assert board.classify(picture) == reference(picture)
"""


def test_a_board_is_a_fixture(pytester: pytest.Pytester, tmp_path: Path) -> None:
    project = export("signs", "imx8mp", ExportOptions(output=tmp_path / "p")).folder
    pytester.makepyfile(TEST)
    with listening_agent("--model", str(project / "model" / "model.tflite")) as port:
        done = pytester.runpytest_subprocess(
            *("-p", "no:mcuzoo", "-p", "no:labgrid", "-p", "mcuzoo.pytest_plugin"),
            *("--mcuzoo-port", port, "--mcuzoo-project", str(project)),
        )
    done.assert_outcomes(passed=1)
