"""Projects of one model on the same pictures: they agree, and one that does not is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.exported import export_project
from helpers.fake_board import write_images
from helpers.small_source import small_source
from helpers.spoiled import spoil_layer

from mcuzoo.board.load import load_board
from mcuzoo.toolchain.build import build_project


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the projects a (rt1050), b (rt1170) and c (rt1050, spoiled), and images."""
    pytest.importorskip("unicorn")
    folder = tmp_path_factory.mktemp("compare")
    source = small_source(folder / "source", with_assets=False)
    for name, board in (("a", "rt1050"), ("b", "rt1170")):
        export_project(source, load_board(board), folder / name)
        build_project(folder / name)
    shutil.copytree(folder / "a", folder / "c")
    spoil_layer(folder / "c", op=0)
    build_project(folder / "c")
    write_images(folder / "images", 4, 8)
    return folder


def test_two_boards_agree(projects: Path) -> None:
    done = invoke(
        ("compare", projects / "a", projects / "b", "--images", projects / "images", "--json")
    )
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["images"] == 4 and found["equal"]
    a, b = found["projects"]
    assert (a["name"], a["board"], b["name"], b["board"]) == ("a", "rt1050", "b", "rt1170")
    for column in (a, b):
        agreement = column["agreement"]
        assert (agreement["baseline"], agreement["compared"], agreement["equal"]) == ("host", 4, 4)
        assert agreement["layers"] == {"0": 0} and agreement["exact"]
        assert agreement["flips"]["count"] == 0
        assert column["unit"] == "instructions"
        assert column["total"] > column["layers"][0]["count"] > column["layers"][0]["macs"]
        assert 0 < column["arena_bytes"] < 2048 and column["code_bytes"] > 5000
        assert column["constant_bytes"] >= 4 * 27 and 0 < column["stack_bytes"] < 8192
        assert column["top1"] is not None
    assert a["total"] == b["total"]


def test_a_project_that_differs_is_named(projects: Path) -> None:
    command = ("compare", projects / "a", projects / "c", "--images", projects / "images")
    done = invoke(command)
    assert done.exit_code == 1
    assert (
        "c differs from host: op 0 CONV_2D is the first whose output differs, on 4 of 4 images"
        in done.stdout
    )
    assert "differs on 4" in done.stdout and "DIFFERENT" in done.stdout
    among_themselves = invoke((*command, "--no-reference"))
    assert among_themselves.exit_code == 1
    assert "c differs from a: op 0 CONV_2D" in among_themselves.stdout


def test_what_cannot_be_compared(projects: Path) -> None:
    alone = invoke(("compare", projects / "a"))
    assert alone.exit_code == 2 and "Name two or more" in alone.stderr
    bare = invoke(("compare", projects / "a", projects / "b"))
    assert bare.exit_code == 2 and "has no samples" in bare.stderr
    ports = invoke(("compare", projects / "a", projects / "b", "-p", "-", "-p", "-", "-p", "-"))
    assert ports.exit_code == 2 and "3 ports for 2 projects" in ports.stderr


def test_a_port_of_another_project(projects: Path) -> None:
    done = invoke(("compare", projects / "a", projects / "b", "--images", projects / "images",
               "--port", f"emulator://{projects / 'c'}"))  # fmt: skip
    assert done.exit_code == 4 and "runs the build" in done.stderr
