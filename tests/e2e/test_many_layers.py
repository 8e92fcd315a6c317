"""A model of more layers than a frame has records: its profile takes several inferences, and each
is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import invoke
from helpers.exported import export_project
from helpers.fake_board import write_images
from helpers.tflite_builder import O, T, build_model

from mcuzoo.board.load import load_board
from mcuzoo.compare.trial import counting_port
from mcuzoo.graph.read import parse_model
from mcuzoo.project.recipe import Recipe
from mcuzoo.toolchain.build import build_project
from mcuzoo.zoo.registry import ModelSource

pytestmark = pytest.mark.slow

LAYERS = 66


def many_layers() -> bytes:
    """A chain of LOGISTIC, and at its end what makes three scores of it."""
    shape, chain = (1, 4, 4, 3), LAYERS - 1
    scores: dict[str, Any] = {"scale": 1 / 256, "zero_point": -128}
    tensors = [T(f"t{at}", shape, **scores) for at in range(chain + 1)]
    tensors += [T("pooled", (1, 1, 1, 3), **scores)]
    ops = [O("LOGISTIC", (at,), (at + 1,)) for at in range(chain)]
    pool = {"padding": "VALID", "stride_w": 4, "stride_h": 4, "filter_width": 4, "filter_height": 4}
    ops.append(O("AVERAGE_POOL_2D", (chain,), (chain + 1,), pool))
    return build_model(tensors, ops, [0], [chain + 1])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("unicorn")
    folder = tmp_path_factory.mktemp("many")
    model = folder / "many.tflite"
    model.write_bytes(many_layers())
    source = ModelSource("many", model, Recipe(crop=1.0))
    export_project(source, load_board("rt1050"), folder / "project")
    build_project(folder / "project")
    write_images(folder / "images", 2, 4)
    return folder / "project"


@pytest.mark.parametrize("port", ["", "emulator://"])
def test_each_layer_of_a_profile_is_counted(project: Path, port: str) -> None:
    done = invoke(("profile", f"{port}{project}", "--json"))
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)["layers"]
    assert len(found) == LAYERS
    assert all(layer["count"] > 0 for layer in found)


def test_each_layer_of_a_comparison_is_counted(project: Path) -> None:
    done = invoke(("compare", project, project, "--images", project.parent / "images", "--json"))
    assert done.exit_code == 0, done.stderr
    for one in json.loads(done.stdout)["projects"]:
        assert len(one["layers"]) == LAYERS
        assert all(layer["count"] > 0 for layer in one["layers"])


def test_inferences_of_a_profile() -> None:
    assert counting_port(Path("p"), parse_model(many_layers(), "many")) == "emulator://p?count=3"
