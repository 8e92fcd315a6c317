"""`mcuzoo try`: from a file to answers in one command, and what each step leaves behind."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import invoke
from helpers.spoiled import spoil_layer
from helpers.tflite_builder import O, T, build_model, pool_model
from PIL import Image

import mcuzoo
from mcuzoo import TryOptions
from mcuzoo.board.load import load_any_board, load_board
from mcuzoo.codegen.export import Project
from mcuzoo.data.patterns import pattern_pictures
from mcuzoo.errors import DataSetError, ModelError, ProjectError, ToolchainError, UnsupportedOpError
from mcuzoo.extras import PACKAGES
from mcuzoo.ops.inspect import Inspection
from mcuzoo.plan.fit import FitReport
from mcuzoo.project.manifest import BuildEntry
from mcuzoo.report.estimate import time_text
from mcuzoo.report.tryout import next_steps, try_document, try_text
from mcuzoo.run.run import FinishedRun
from mcuzoo.tryout.counted import counts
from mcuzoo.tryout.tryout import MARK, StepResult

KEPT = {
    *(f"{step}.{kind}" for step in ("inspect", "fit", "export", "build", "run", "profile", "try")
      for kind in ("txt", "json")),
    "fit.html", "run.csv", "run.html", "project", "run",
}  # fmt: skip


def gray_net(path: Path, side: int = 8, name: str = "FULLY_CONNECTED") -> Path:
    """int8 gray [1, side, side, 1] -> RESHAPE -> FULLY_CONNECTED -> 3 scores."""
    weights = np.random.default_rng(5).integers(-1, 2, (3, side * side), dtype=np.int8)
    shape = np.array([1, side * side], np.int32)
    tensors = [
        T("image", (1, side, side, 1), scale=1 / 255, zero_point=-128),
        T("shape", (2,), "int32", data=shape),
        T("row", (1, side * side), scale=1 / 255, zero_point=-128),
        T("weights", (3, side * side), scale=0.02, data=weights),
        T("scores", (1, 3), scale=0.2, zero_point=4),
    ]
    ops = [O("RESHAPE", (0, 1), (2,), {"new_shape": shape}), O(name, (2, 3), (4,))]
    path.write_bytes(build_model(tensors, ops, [0], [4]))
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    pytest.importorskip("unicorn")
    pytest.importorskip("capstone")
    return gray_net(tmp_path / "gray.tflite")


@pytest.mark.slow
def test_from_a_file_to_answers(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    said = invoke(["try", model, "-o", folder])
    assert said.exit_code == 0, said.output
    steps = ["inspect", "fit", "export", "build", "run", "profile"]
    begun = [line.split(":")[0] for line in said.stderr.splitlines()]
    assert [word for word in begun if word in steps] == steps
    pictures = [name for name, _ in pattern_pictures()]
    lines = said.stdout.splitlines()
    for name in pictures:
        (line,) = (line for line in lines if line.startswith(f"{name}.png "))
        assert line.endswith("equal") and "class " in line
    assert any("no photographs" in line for line in lines)
    assert f"verdict: pass; {len(pictures)} of {len(pictures)} outputs byte-equal" in said.stdout
    flash, real = [line.removeprefix("next: ") for line in lines if line.startswith("next: ")]
    assert flash == f"mcuzoo flash {folder}/project"
    planned = invoke([*flash.split()[1:], "--command", "tool {bin}", "--dry-run"])
    assert planned.exit_code == 0, planned.stderr
    assert Path(planned.stdout.split()[-1]).is_file()
    assert real.startswith("mcuzoo run-serial --port ") and f"--project {folder}/project" in real
    assert {path.name for path in folder.iterdir()} == {*KEPT, "pictures"}

    document = json.loads((folder / MARK).read_text())
    assert document["passed"] and document["exit_code"] == 0 and document["drawn_pictures"]
    cycles = document["counted"]["cycles"]
    assert f"{cycles:,} modelled cycles at 996 MHz, counted in one" in " ".join(said.stdout.split())
    assert json.loads((folder / "profile.json").read_text())["total"] == cycles
    assert [one["file"] for one in document["pictures"]] == [f"{name}.png" for name in pictures]
    assert all(one["equal"] for one in document["pictures"])
    (flash_use,) = (one for one in document["memory"] if one["region"] == "flash")
    assert flash_use["left_bytes"] == flash_use["size_bytes"] - flash_use["used_bytes"] > 0
    rows = list(csv.DictReader((folder / "run.csv").open()))
    assert [row["reference_difference"] for row in rows] == ["0"] * len(pictures)

    # Once more into the same folder: everything is replaced, the runs are kept.
    again = invoke(["try", model, "-o", folder, "--json", "--limit", 2])
    assert again.exit_code == 0, again.output
    assert len(json.loads(again.stdout)["pictures"]) == 2
    assert (folder / "run").is_dir() and (folder / "run-2").is_dir()


@pytest.mark.slow
def test_the_call_gives_what_each_step_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundled model on its own samples: labelled, named, and no picture is drawn. Nothing is
    counted, so that the time is the predicted one."""
    pytest.importorskip("unicorn")
    monkeypatch.setattr("mcuzoo.tryout.counted.MOST_MACS", 0)
    made: list[StepResult] = []
    options = TryOptions(output=tmp_path / "out", limit=2)
    tried = mcuzoo.try_model(
        "signs", "rt1050", options, on_step=lambda folder, one: made.append(one)
    )
    assert tried.passed and tried.exit_code == 0 and not tried.drawn
    assert [type(one) for one in made] == [
        Inspection, FitReport, Project, BuildEntry, FinishedRun
    ]  # fmt: skip
    assert tried.profile is None and isinstance(tried.fit, FitReport)
    assert tried.fit.cycles is not None
    assert time_text(tried.fit.cycles) in " ".join(try_text(tried, 80).split())
    assert tried.run is not None and tried.run.summary.top1 is not None
    assert tried.run.summary.top1.total == 2
    assert not (tmp_path / "out" / "pictures").exists()


def test_what_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an emulated microcontroller executes of a small model, with the package for it."""
    pytest.importorskip("capstone")
    board, linux = load_board("rt1050"), load_any_board("imx93")
    assert counts(board, 13_000_000) and not counts(board, 300_000_000)
    assert not counts(linux, 1)
    monkeypatch.setitem(PACKAGES, "capstone", ("no_such_module", "timing"))
    assert not counts(board, 1)


@pytest.mark.slow
def test_pictures_of_the_user_with_labels(model: Path, tmp_path: Path) -> None:
    for name in ("cat", "dog", "owl"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        Image.new("L", (20, 20), len(name) * 40).save(tmp_path / "photos" / name / "1.png")
    labels = tmp_path / "labels.txt"
    labels.write_text("cat\ndog\nowl\n")
    words = ["try", model, "-o", tmp_path / "o", "--images", tmp_path / "photos"]
    said = invoke([*words, "--labels", labels])
    assert said.exit_code == 0, said.output
    assert "of 3 labelled pictures" in said.stdout and "photographs" not in said.stdout
    assert "cat" in said.stdout
    assert f"--images {tmp_path / 'photos'}" in said.stdout


@pytest.mark.slow
def test_a_wrong_output_is_a_failed_verdict(model: Path, tmp_path: Path) -> None:
    def spoil(folder: Path, made: StepResult) -> None:
        if isinstance(made, Project):
            spoil_layer(made.folder, 1)

    tried = mcuzoo.try_model(
        model, "rt1170", TryOptions(output=tmp_path / "out", limit=1), on_step=spoil
    )
    assert not tried.passed and tried.exit_code == 1
    text = try_text(tried, 80)
    assert "UNLIKE by " in text and "verdict: FAIL: firmware" in text
    assert next_steps(tried) == (f"mcuzoo profile {tmp_path / 'out' / 'project'}",)
    pictures = json.loads(json.dumps(try_document(tried)))["pictures"]
    assert [one["equal"] for one in pictures] == [False] and pictures[0]["steps_off"] > 0


@pytest.mark.slow
def test_a_model_that_does_not_fit_ends_before_a_project(model: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.tflite"
    large.write_bytes(pool_model("MAX_POOL_2D", (1, 8000, 8000, 1)))
    said = invoke(["try", large, "--board", "rt1050", "-o", tmp_path / "out"])
    assert said.exit_code == 1
    assert "verdict: DOES NOT FIT" in said.stdout
    assert f"next: mcuzoo fit {large} --board rt1050 --runtime aot" in said.stdout.splitlines()
    assert not (tmp_path / "out" / "project").exists()
    assert json.loads((tmp_path / "out" / "fit.json").read_text())["fits"] is False
    document = json.loads((tmp_path / "out" / MARK).read_text())
    assert (document["passed"], document["run"], document["exit_code"]) == (False, None, 1)


def test_foreign_files_are_left_alone(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ProjectError, match="no folder of mcuzoo try") as caught:
        mcuzoo.try_model(model, options=TryOptions(output=folder))
    assert "--force" in caught.value.hint
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    (folder / MARK).write_text("{}")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "ramp.png").write_text("edited")
    with pytest.raises(ProjectError, match="was edited"):
        mcuzoo.try_model(model, options=TryOptions(output=folder))
    assert not (folder / "project").exists()


def test_a_step_that_fails_says_which_it_is(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object, **named: object) -> None:
        raise ToolchainError("The linker said no.", "Read its words.")

    monkeypatch.setattr("mcuzoo.tryout.tryout.build_project", fails)
    said = invoke(["try", model, "-o", tmp_path / "out", "--json"])
    assert said.exit_code == 5
    document = json.loads(said.stdout)
    assert document["message"] == "build: The linker said no."
    assert document["hint"] == "Read its words."
    # What was done before is there.
    assert (tmp_path / "out" / "fit.html").is_file()
    assert (tmp_path / "out" / "project" / "mcuzoo.json").is_file()


def test_what_cannot_be_tried_is_told_before_anything_is_written(
    model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    options = TryOptions(output=folder)
    floats = tmp_path / "floats.tflite"
    tensors = [T("x", (1, 4, 4, 1), "float32"), T("y", (1, 4, 4, 1), "float32")]
    floats.write_bytes(build_model(tensors, [O("RELU", (0,), (1,))], [0], [1]))
    with pytest.raises(ModelError) as refused:
        mcuzoo.try_model(floats, options=options)
    assert "inspect: " in refused.value.message and "mcuzoo quantize" in refused.value.hint
    unknown = gray_net(tmp_path / "unknown.tflite", name="EMBEDDING_LOOKUP")
    with pytest.raises(UnsupportedOpError, match="Op 1 EMBEDDING_LOOKUP") as uncovered:
        mcuzoo.try_model(unknown, options=options)
    assert uncovered.value.message.startswith("inspect: ") and "inspect" in uncovered.value.hint
    vector = tmp_path / "vector.tflite"
    tensors = [T(end, (1, 4, 4, 2), scale=0.1, zero_point=-128) for end in ("x", "y")]
    vector.write_bytes(build_model(tensors, [O("RELU", (0,), (1,))], [0], [1]))
    with pytest.raises(ProjectError, match="no RGB or gray picture") as tensor:
        mcuzoo.try_model(vector, options=options)
    assert "open_board" in tensor.value.hint
    with pytest.raises(ProjectError, match="takes 1"):
        mcuzoo.try_model(model, options=TryOptions(output=folder, color="rgb"))
    with pytest.raises(DataSetError, match="There is no data set"):
        mcuzoo.try_model(model, options=TryOptions(output=folder, images=tmp_path / "none"))
    assert not folder.exists()


def test_the_drawn_pictures_are_always_the_same_and_all_different() -> None:
    first, second = list(pattern_pictures()), list(pattern_pictures())
    assert [name for name, _ in first] == [name for name, _ in second]
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(first, second, strict=True))
    assert len({pixels.tobytes() for _, pixels in first}) == len(first) == 8
    assert all(pixels.dtype == np.uint8 and pixels.shape[2] == 3 for _, pixels in first)
    everything = np.concatenate([pixels.reshape(-1) for _, pixels in first])
    assert (everything.min(), everything.max()) == (0, 255)
