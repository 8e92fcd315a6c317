"""A profile of a real firmware on the emulated board, whole and with one kernel broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import invoke
from helpers.exported import export_project
from helpers.small_net import small_net
from helpers.spoiled import spoil_layer

from mcuzoo.board.load import load_board
from mcuzoo.link.session import Session
from mcuzoo.project.recipe import Recipe
from mcuzoo.toolchain.build import build_project
from mcuzoo.zoo.registry import ModelSource

BuiltProject = Callable[..., Path]

LAYERS = [
    (0, "CONV_2D"), (1, "DEPTHWISE_CONV_2D+ADD"), (3, "AVERAGE_POOL_2D"), (4, "PAD"),
    (5, "MAX_POOL_2D"), (7, "FULLY_CONNECTED"), (8, "SOFTMAX"),
]  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of every kind of op, for pictures of 4 x 4 pixels."""
    pytest.importorskip("unicorn")
    folder = tmp_path_factory.mktemp("profile")
    model = folder / "small.tflite"
    model.write_bytes(small_net())
    export_project(
        ModelSource("small", model, Recipe(crop=0.875)), load_board("rt1050"), folder / "project"
    )
    build_project(folder / "project")
    return folder / "project"


@pytest.fixture(scope="module")
def broken(project: Path) -> Path:
    """The same project after somebody broke its third layer."""
    copy = project.with_name("broken")
    shutil.copytree(project, copy)
    spoil_layer(copy, op=3)
    build_project(copy)
    return copy


def test_every_layer_is_counted_and_right(project: Path) -> None:
    command = ("profile", project, "--json")
    done = invoke(command)
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(layer["first_op"], layer["name"]) for layer in found["layers"]] == LAYERS
    # Two ops go by bands of rows, in one chain.
    spans = [(layer["first_op"], layer["last_op"]) for layer in found["layers"]]
    assert [span for span in spans if span[0] != span[1]] == [(1, 2)]
    assert all(layer["equal"] for layer in found["layers"])
    assert found["output_equal"] and found["passed"]
    assert (found["unit"], found["emulated"]) == ("instructions", True)
    counts = [layer["count"] for layer in found["layers"]]
    assert all(count > 100 for count in counts)
    # The runtime does next to nothing behind the last kernel.
    assert 0 <= found["total"] - sum(counts) < 50
    assert json.loads(invoke(command).stdout)["layers"] == found["layers"]


def test_profile_and_inference_agree(project: Path) -> None:
    """A profile takes what an inference takes, CRCs excluded, measuring aside."""
    tensor = np.random.default_rng(1).integers(-128, 128, 32, dtype=np.int8)
    with Session.open(f"emulator://{project}?count=all") as session:
        inference = session.infer(0, tensor)
        profile = session.profile(1, tensor)
        again = session.infer(2, tensor)
    assert inference.cycles is not None and profile.inference.cycles is not None
    assert abs(profile.inference.cycles - inference.cycles) < 60 * len(LAYERS)
    assert again.cycles == inference.cycles
    assert np.array_equal(profile.inference.output, inference.output)


def test_a_broken_kernel_is_named(broken: Path) -> None:
    done = invoke(("profile", broken))
    assert done.exit_code == 1
    assert "FAIL: firmware: op 3 AVERAGE_POOL_2D is the first whose output differs" in done.stdout
    found = json.loads(invoke(("profile", broken, "--json")).stdout)
    assert found["layers"][1]["equal"] and not found["layers"][2]["equal"]
    assert not found["passed"] and found["output_equal"] is not None


def test_a_picture_of_ones_own(built_project: BuiltProject, signs: Path) -> None:
    project, picture = built_project("rt1170"), next(signs.parent.glob("*.png"))
    done = invoke(("profile", project, "--image", picture))
    assert done.exit_code == 0, done.stderr
    assert f"input {picture.name}" in done.stdout
    assert "layers compared with the host, all byte-equal" in done.stdout


def test_a_picture_that_is_none(project: Path, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"no picture")
    done = invoke(("profile", project, "--image", tmp_path / "x.png", "--json"))
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"] == "DataSetError"


def test_another_project_than_the_board_runs(project: Path, broken: Path) -> None:
    done = invoke(("profile", f"emulator://{project}", "--project", broken))
    assert done.exit_code == 4
    assert "runs the build" in done.stderr
