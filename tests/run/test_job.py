"""From options to a job: defaults from the project, on resume from the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fake_board import HELLO, MANIFEST, write_images
from helpers.journals import create_journal
from helpers.tflite_builder import conv_model

from mcuzoo.errors import DataSetError, InputError, ProjectError, UsageError
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.options import FromEnvironment
from mcuzoo.project.manifest import ModelEntry, load_manifest, write_manifest
from mcuzoo.project.recipe import Recipe
from mcuzoo.run.connected_board import board_facts
from mcuzoo.run.job import Job, make_job
from mcuzoo.run.many.stop import Stop
from mcuzoo.run.options import RunOptions
from mcuzoo.run.record import RunMeta

NAMES = "a\nb\nc\nd\ne\nf\n"


def model_of(classes: int) -> bytes:
    weights = np.ones((classes, 4, 4, 3), np.int8)
    return conv_model((1, 4, 4, 3), weights, None, padding="VALID")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with labels, samples and a real model of six outputs."""
    folder = tmp_path / "project"
    (folder / "model").mkdir(parents=True)
    raw = model_of(6)
    (folder / "model" / "model.tflite").write_bytes(raw)
    (folder / "model" / "labels.txt").write_text(NAMES)
    write_images(folder / "samples", 6)
    model = parse_model(raw, "toy")
    manifest = replace(
        MANIFEST,
        model=ModelEntry("toy", "model/model.tflite", model.sha256, len(raw)),
        labels="model/labels.txt",
        samples="samples/manifest.csv",
    )
    assert build_program(model).output_tensor.bytes == manifest.output.bytes
    write_manifest(manifest, folder)
    return folder


def test_project_brings_samples_labels_and_reference(project: Path) -> None:
    job = make_job(RunOptions(port="/dev/x", project=project, out=Path("r")))
    assert [item.label for item in job.data_set.items] == [0, 1, 2, 3, 4, 5]
    assert job.classes.names == ("a", "b", "c", "d", "e", "f")
    assert job.engine is not None
    assert job.engine.run(np.zeros((4, 4, 3), np.int8)).shape == (6,)
    assert job.settings.baud == 115200 and job.out == Path("r") and not job.resume


def test_an_emulator_port_names_the_project(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = make_job(RunOptions(port=f"emulator://{project}?count=all", out=Path("r")))
    assert job.settings.project == str(project)
    with pytest.raises(ProjectError, match="no project folder"):
        make_job(RunOptions(port="emulator://nowhere", out=Path("r")))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    (tmp_path / "other" / "firmware.bin").touch()
    with pytest.raises(UsageError, match="--project was not given"):
        make_job(RunOptions(port="emulator://firmware.bin?board=rt1050", out=Path("r")))


def test_options_override_the_project(project: Path, tmp_path: Path) -> None:
    images = write_images(tmp_path / "other", 4, classes=2)
    labels = tmp_path / "labels.txt"
    labels.write_text(NAMES.upper())
    request = RunOptions(
        port="/dev/x", project=project, images=images, labels=labels, limit=2, baud=9600,
        min_top1=0.5, no_reference=True, strict=True,
    )  # fmt: skip
    job = make_job(request)
    assert [item.index for item in job.data_set.items] == [0, 1]
    assert job.classes.names == ("A", "B", "C", "D", "E", "F")
    assert job.engine is None
    assert (job.settings.baud, job.settings.min_top1, job.settings.strict) == (9600, 0.5, True)


def test_current_folder_is_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    job = make_job(RunOptions(port="/dev/x"))
    assert job.settings.project == str(project)
    assert job.out.parent == Path("runs") and job.out.name.endswith("-rt1050")
    job.out.mkdir(parents=True)
    assert make_job(RunOptions(port="/dev/x")).out != job.out


def test_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        make_job(RunOptions(port="/dev/x"))
    assert "--project" in caught.value.hint and "mcuzoo export" in caught.value.hint
    with pytest.raises(ProjectError):
        make_job(RunOptions(port="/dev/x", project=tmp_path))


def test_no_port(project: Path) -> None:
    with pytest.raises(UsageError, match="MCUZOO_PORT") as caught:
        make_job(RunOptions(project=project))
    assert f"emulator://{project}" in caught.value.hint


def test_no_samples(project: Path) -> None:
    write_manifest(replace(MANIFEST, samples=None), project)
    with pytest.raises(UsageError, match="no samples"):
        make_job(RunOptions(port="/dev/x", project=project))


def test_min_top1(project: Path, tmp_path: Path) -> None:
    write_images(tmp_path / "flat", 2).unlink()
    request = RunOptions(port="/dev/x", project=project, images=tmp_path / "flat", min_top1=0.5)
    with pytest.raises(UsageError, match="needs labels"):
        make_job(request)
    for rate in (-0.1, 39.0, float("nan")):
        with pytest.raises(UsageError, match=r"is no (rate|number)"):
            make_job(replace(request, min_top1=rate))


def test_model_that_was_exchanged(project: Path) -> None:
    (project / "model" / "model.tflite").write_bytes(model_of(5))
    with pytest.raises(ProjectError, match="is not the model"):
        make_job(RunOptions(port="/dev/x", project=project))
    make_job(RunOptions(port="/dev/x", project=project, no_reference=True))


def test_labels_of_another_number(project: Path, tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_text("one\ntwo\n")
    with pytest.raises(DataSetError, match="names 2 classes, the model has 6"):
        make_job(RunOptions(port="/dev/x", project=project, labels=tmp_path / "l.txt"))


def meta_of(job: Job) -> RunMeta:
    return RunMeta(
        "1", "now", "toy", 6, None, 1.0, 0, MANIFEST.preprocessing, job.data_set.digest,
        board_facts(HELLO), job.settings,
    )  # fmt: skip


def test_resume_takes_over_what_is_not_given(project: Path, tmp_path: Path) -> None:
    first = make_job(
        RunOptions(
            port="/dev/x", project=project, baud=9600, limit=3, no_reference=True, strict=True
        )
    )
    run = tmp_path / "run"
    create_journal(run, meta_of(first), first.data_set.items)
    again = make_job(RunOptions(resume=run))
    assert again.resume and again.out == run
    assert again.settings == first.settings
    assert again.data_set.digest == first.data_set.digest
    assert again.engine is None
    with pytest.raises(UsageError, match="holds a run already"):
        make_job(RunOptions(port="/dev/x", project=project, out=run))
    moved = make_job(RunOptions(resume=run, port="/dev/y", min_top1=0.25))
    assert moved.settings == replace(first.settings, port="/dev/y", min_top1=0.25)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"baud": 9600}, (9600, 0, True)),
        ({"max_baud": 921600, "no_compress": True}, (115200, 921600, False)),
    ],
)
def test_resume_keeps_the_lines_of_several_boards(
    project: Path, tmp_path: Path, given: dict[str, Any], expected: tuple[int, int, bool]
) -> None:
    first = make_job(RunOptions(port=("/dev/x", "/dev/y"), project=project, **given))
    create_journal(tmp_path / "run", meta_of(first), first.data_set.items)
    for job in (first, make_job(RunOptions(resume=tmp_path / "run"))):
        lines = [board.source.acquire(Stop()) for board in job.boards]
        assert [line.port for line in lines] == ["/dev/x", "/dev/y"]
        assert {(line.baud, line.max_baud, line.compress) for line in lines} == {expected}


def test_a_port_of_the_environment_is_not_for_a_rig(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text('[boards.a]\nboard = "rt1050"\nport = "/dev/a"\n')
    monkeypatch.chdir(project)
    idle = FromEnvironment("emulator:///of/another/project")
    job = make_job(RunOptions(port=(idle,), rig=rig))
    assert job.settings.project == str(project)
    assert [board.name for board in job.boards] == ["a"]
    with pytest.raises(UsageError, match="--rig and --port exclude each other"):
        make_job(RunOptions(port=("/dev/x",), project=project, rig=rig))
    create_journal(tmp_path / "run", meta_of(job), job.data_set.items)
    again = make_job(RunOptions(port=(idle,), resume=tmp_path / "run"))
    assert again.settings == job.settings


def test_resume_excludes_out_and_needs_a_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        make_job(RunOptions(resume=tmp_path, out=tmp_path))
    with pytest.raises(InputError, match="holds no run"):
        make_job(RunOptions(resume=tmp_path))


def test_recipe_that_cannot_be_right_is_refused_before_the_port(project: Path) -> None:
    wrong = replace(load_manifest(project), preprocessing=Recipe(pixel_offset=-127))
    write_manifest(wrong, project)
    with pytest.raises(ProjectError, match="pixel_offset -127"):
        make_job(RunOptions(port="/dev/x", project=project))


def test_recipe_unlike_the_declared_one_is_doubted(project: Path) -> None:
    manifest = load_manifest(project)
    renamed = replace(manifest.model, name="mobilenet_v1_0.25_128")
    write_manifest(replace(manifest, model=renamed), project)
    warnings = make_job(RunOptions(port="/dev/x", project=project)).warnings
    assert any("declared to see rgb, central 0.875" in text for text in warnings)


def test_flags_of_a_recipe_and_their_run_that_is_resumed(project: Path, tmp_path: Path) -> None:
    options = RunOptions(port="/dev/x", project=project, crop=0.5, color="bgr")
    first = make_job(options)
    recipe = replace(MANIFEST.preprocessing, crop=0.5, color="bgr")
    assert first.manifest.preprocessing == recipe
    assert first.manifest.recipe_source == "project+flags"
    meta = RunMeta(
        "1", "now", "toy", 6, None, 1.0, 0, recipe, first.data_set.digest, board_facts(HELLO),
        first.settings, recipe_source=first.manifest.recipe_source,
    )  # fmt: skip
    create_journal(tmp_path / "run", meta, first.data_set.items)
    again = make_job(RunOptions(resume=tmp_path / "run"))
    assert again.manifest.preprocessing == recipe
    plain = make_job(RunOptions(port="/dev/x", project=project))
    assert plain.manifest.preprocessing == MANIFEST.preprocessing


def test_a_project_with_the_default_recipe_says_so(project: Path) -> None:
    said: list[str] = []
    make_job(RunOptions(port="/dev/x", project=project), said.append)
    assert said == []
    write_manifest(replace(load_manifest(project), recipe_source="default"), project)
    job = make_job(RunOptions(port="/dev/x", project=project), said.append)
    assert [text[:21] for text in said] == ["note: nothing says ho"]
    assert job.manifest.recipe_source == "project:default"
