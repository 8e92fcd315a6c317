"""mcuzoo fit --measure from model to project, on the emulated board."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.compilers import needs_compiler
from helpers.exported import plan_memory
from helpers.fake_tflm import fake_tree
from helpers.mobilenet import mobilenet_v1
from helpers.small_source import small_source

from mcuzoo.board.load import load_board
from mcuzoo.errors import WrongFirmwareError
from mcuzoo.measure.fit import measure, predicted_figures
from mcuzoo.plan.options import MeasureOptions
from mcuzoo.project.manifest import load_manifest


def test_an_arena_in_two_memories_is_predicted_as_it_is_cut() -> None:
    """As a board measures both parts together."""
    model = mobilenet_v1(0.5, 224, classes=10)
    plan = plan_memory(model, load_board("rt1050"))
    assert plan.placement.rest_region == "ocram"
    figures = predicted_figures(plan)
    assert figures.smallest_bytes == figures.head_bytes == plan.placement.arena_bytes


@needs_compiler
def test_the_measured_arena_is_that_of_the_project(tmp_path: Path) -> None:
    source = small_source(tmp_path / "source")
    project = tmp_path / "p"
    # The measuring firmware is there before the port is opened: like a board it was flashed to.
    done = invoke(
        ["fit", source.path, "--board", "rt1050", "--runtime", "aot", "--measure", "-o", project,
         "--port", f"emulator://{tmp_path}/p-measure?count=0", "--json"],
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    manifest = load_manifest(project)
    reserved = manifest.plan.arena_bytes
    assert said["reserved_bytes"] == said["measured"]["smallest_bytes"] == reserved
    assert [row["difference"] for row in said["rows"]] == [0, 0, 0, 0]
    assert said["recorded"] == []
    assert 0 < said["stack_used_bytes"] < said["stack_bytes"] == manifest.plan.stack_bytes
    assert manifest.measured is not None and manifest.measured.emulated
    assert manifest.measured.measured.smallest_bytes == reserved

    port = f"emulator://{project}?count=0"
    options = MeasureOptions(runtime="aot", output=tmp_path / "q", port=port)
    with pytest.raises(WrongFirmwareError, match="is a rt1050") as caught:
        measure(source.path, "rt1170", options)
    assert "q-measure" in caught.value.hint


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tflm", "TREE"], "--tflm is for measuring"),
        (["--port", "/dev/null"], "--port is for measuring"),
        (["--measure", "--runtime", "tflm"], "--tflm DIR is missing"),
        (["--measure", "--runtime", "aot", "--tflm", "TREE"], "does not use it"),
        (["--measure", "--runtime", "tflm", "--tflm", "."], "no TFLM tree: looked for"),
        (["--measure", "--runtime", "tflm", "--tflm", "TREE", "--plan", "best"], "--plan offline"),
    ],
)
def test_wrong_options(tmp_path: Path, options: list[str], said: str) -> None:
    model = small_source(tmp_path / "source").path
    tree = fake_tree(tmp_path / "tree", "cmsis-nn")
    words = [str(tree) if word == "TREE" else word for word in options]
    words += ["-o", str(tmp_path / "p")] if "--measure" in options else []
    done = invoke(["fit", str(model), "--board", "rt1050", *words])
    assert done.exit_code == 2, done.stdout
    assert said in " ".join(done.stderr.split())
