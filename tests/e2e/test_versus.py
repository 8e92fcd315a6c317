"""Runs of real firmware on emulated boards, beside each other: what changed, and where first."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import Said, invoke
from helpers.exported import export_project
from helpers.fake_board import write_images
from helpers.small_source import small_source
from helpers.spoiled import spoil_layer
from helpers.tflite_builder import conv_model

from mcuzoo.board.load import load_board
from mcuzoo.history.bisect import bisect
from mcuzoo.history.options import BisectOptions
from mcuzoo.history.trend import history
from mcuzoo.project.manifest import load_manifest
from mcuzoo.run.journal import read_run
from mcuzoo.run.options import RunOptions
from mcuzoo.run.run import run
from mcuzoo.toolchain.build import build_project
from mcuzoo.zoo.registry import ModelSource


def retrained(folder: Path) -> ModelSource:
    """The network of small_source with other weights."""
    folder.mkdir()
    source = small_source(folder, with_assets=False)
    weights = np.random.default_rng(8).integers(-127, 128, (4, 3, 3, 3), dtype=np.int8)
    bias = np.random.default_rng(9).integers(-500, 500, 4, dtype=np.int32)
    source.path.write_bytes(conv_model((1, 8, 8, 3), weights, bias, stride=(2, 2)))
    return source


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Projects good, spoiled, retrained and cropped (another recipe), images, and a run of each."""
    pytest.importorskip("unicorn")
    folder = tmp_path_factory.mktemp("versus")
    write_images(folder / "images", 6, 4)
    small = small_source(folder / "small", with_assets=False)
    sources = {
        "good": small,
        "retrained": retrained(folder / "again"),
        "cropped": replace(small, preprocessing=replace(small.preprocessing, crop=0.5)),
    }
    for name, source in sources.items():
        export_project(source, load_board("rt1050"), folder / name)
        build_project(folder / name)
    shutil.copytree(folder / "good", folder / "spoiled")
    spoil_layer(folder / "spoiled", op=0)
    build_project(folder / "spoiled")
    for name in (*sources, "spoiled"):
        ran(folder, name)
    return folder


def ran(lab: Path, project: str, out: str | None = None) -> Path:
    folder = lab / "runs" / (out or project)
    # Every image is counted: ports of emulated boards say how many.
    options = RunOptions(images=lab / "images", out=folder)
    run(f"emulator://{lab / project}?count=all", options)
    return folder


def said(words: Sequence[object]) -> Said:
    done = invoke(words)
    assert done.exit_code == 0, done.stderr
    return done


def test_a_run_records_what_a_history_needs(lab: Path) -> None:
    meta, rows = read_run(lab / "runs" / "good")
    manifest = load_manifest(lab / "good")
    assert manifest.build is not None and meta.build is not None and meta.input is not None
    assert meta.input.shape == (1, 8, 8, 3) and meta.input.scale == manifest.input.scale
    assert meta.build.code_bytes == manifest.build.code_bytes
    assert meta.build.constant_bytes == manifest.plan.constant_bytes
    assert meta.build.arena_bytes == manifest.plan.arena_bytes
    assert (meta.build.flash_bytes or 0) > 0 and meta.build.optimization == "-O2"
    assert meta.build.compiler and meta.build.compiler.startswith("gcc ")
    assert all(row.host_top1 == row.top1 for row in rows)
    spoiled = read_run(lab / "runs" / "spoiled")[1]
    assert [row.host_top1 for row in spoiled] == [row.top1 for row in rows]


def test_report_against_names_the_firmware(lab: Path) -> None:
    words = ("report", lab / "runs/spoiled", "--against", lab / "runs/good", "--json")
    found = json.loads(said(words).stdout)["against"]
    assert found["paired"] == 6 and found["changed_parts"] == ["firmware"]
    assert len(found["outputs"]["changed"]) == 6 and found["outputs"]["inputs_changed"] == 0
    sizes = {one["name"]: one for one in found["deltas"]}
    assert sizes["arena"]["change"] == sizes["constants"]["change"] == 0
    assert sizes["latency"]["unit"] == "instructions" and sizes["latency"]["change"] > 0
    assert any(text.startswith("Outputs unlike the host's: 6") for text in found["regressions"])


def test_bisect_finds_the_layer_of_a_spoiled_kernel(lab: Path) -> None:
    found = bisect(lab / "runs/good", lab / "runs/spoiled")
    assert [one.what for one in found.differing] == ["build"]
    assert found.files == ("model/mz_model.c",)
    layer = found.layer
    assert layer is not None and (layer.ops, layer.name) == ("0", "CONV_2D")
    assert layer.unlike_host == ("", "op 0 CONV_2D") and layer.reproduced == (True, True)
    text = said(("bisect", lab / "runs/good", lab / "runs/spoiled")).stdout
    assert "op 0 CONV_2D is the first whose bytes differ" in text
    assert "files that differ  model/mz_model.c" in text
    assert text.splitlines()[-1] == "result   The first difference is the firmware build."


def test_bisect_of_two_trainings(lab: Path) -> None:
    found = bisect(lab / "runs/good", lab / "runs/retrained")
    assert found.first is not None and found.first.value == "model"
    assert found.files is not None and not any(one.startswith("model/") for one in found.files)
    assert found.layer is not None and found.layer.ops == "0"
    assert found.layer.unlike_host == ("", "")


def test_bisect_of_another_recipe(lab: Path) -> None:
    found = bisect(lab / "runs/good", lab / "runs/cropped")
    assert found.first is not None and found.first.value == "recipe"
    assert found.against.outputs.inputs_changed == 6
    assert found.layer is not None and found.layer.inputs_differ
    text = said(("bisect", lab / "runs/good", lab / "runs/cropped")).stdout
    assert re.search(r"recipe +DIFFERS\n  recipe  A  crop 0\.875\n +B  crop 0\.5", text)
    assert "the inputs differ already" in text


def test_the_same_build_twice_is_the_same(lab: Path) -> None:
    again = ran(lab, "good", "again")
    found = bisect(lab / "runs/good", again)
    assert found.identical and found.layer is None and not found.layer_unknown
    shutil.rmtree(again)


def test_projects_that_are_no_longer_the_runs(lab: Path, tmp_path: Path) -> None:
    good, bad = lab / "runs/good", lab / "runs/spoiled"
    swapped = bisect(good, bad, BisectOptions(project_a=lab / "spoiled"))
    assert swapped.layer is None and "the run's was" in swapped.layer_unknown
    other = bisect(good, bad, BisectOptions(project_b=lab / "retrained"))
    assert "another model than the run" in other.layer_unknown
    moved = shutil.copytree(lab / "spoiled", tmp_path / "moved")
    found = bisect(good, bad, BisectOptions(project_b=moved))
    assert found.layer is not None and found.layer.name == "CONV_2D"
    unbuilt = shutil.copytree(lab / "spoiled", tmp_path / "unbuilt")
    shutil.rmtree(unbuilt / "build")
    missing = bisect(good, bad, BisectOptions(project_b=unbuilt))
    assert missing.layer is None and missing.layer_unknown and missing.files is not None
    alone = bisect(good, bad, BisectOptions(no_emulation=True))
    assert alone.layer is None and not alone.layer_unknown and alone.files is None


def test_pictures_that_are_gone(lab: Path, tmp_path: Path) -> None:
    hidden = (lab / "images").rename(lab / "hidden")
    try:
        found = bisect(lab / "runs/good", lab / "runs/spoiled")
    finally:
        hidden.rename(lab / "images")
    assert found.layer is None and found.layer_unknown


def test_the_nights_of_a_lab(lab: Path) -> None:
    found = history([lab / "runs"])
    (series,) = found.series
    assert found.runs == 4 and series.agent == "emulator"
    assert {one.latency.unit for one in series.finished if one.latency} == {"instructions"}
    assert all(one.code and one.faults == 0 for one in series.finished)


def test_the_page_of_a_run_against_another(lab: Path, tmp_path: Path) -> None:
    """The pictures are there without the project: the journal knows its input."""
    page = tmp_path / "run.html"
    words = ("report", lab / "runs/spoiled", "--against", lab / "runs/good", "--html", page)
    hidden = (lab / "spoiled").rename(lab / "elsewhere")
    try:
        said(words)
    finally:
        hidden.rename(lab / "spoiled")
    text = page.read_text(encoding="utf-8")
    assert "Against the baseline" in text and "WORSE. What changed: the firmware." in text
    assert "data:image/png;base64," in text and "Outputs that changed" in text
