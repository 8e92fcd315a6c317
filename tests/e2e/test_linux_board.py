"""A board that runs Linux, from the model to the verdict: its C agent on the emulated board."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import invoke
from helpers.linux_compiler import quick_linux_compiler
from helpers.shared import built_once
from helpers.spoiled import spoil_layer

from mcuzoo.codegen.export import export
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.emulator.emulate import emulate
from mcuzoo.emulator.linux.elf import Program
from mcuzoo.emulator.options import EmulateOptions
from mcuzoo.link.session import Session
from mcuzoo.project.manifest import load_manifest
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions

pytest.importorskip("unicorn")
IMAGES = 4
BuiltProject = Callable[..., Path]


@pytest.fixture(scope="session")
def linux_project(tmp_path_factory: pytest.TempPathFactory) -> BuiltProject:
    """`linux_project(board, model="signs", compiler=None)`: the folder of a built project."""

    def build(board: str, model: str = "signs", compiler: str | None = None) -> Path:
        chosen = compiler or quick_linux_compiler().kind

        def fill(folder: Path) -> None:
            export(model, board, ExportOptions(output=folder / "project"))
            build_project(folder / "project", BuildOptions(chosen))

        name = f"{Path(model).stem}-{board}-{chosen}"
        return built_once(tmp_path_factory, name, fill) / "project"

    return build


def _run(project: Path, *arguments: object, status: int = 0) -> dict[str, object]:
    done = invoke(("run-serial", "--project", project, "--json", *arguments))
    assert done.exit_code == status, done.stderr
    document: dict[str, object] = json.loads(done.stdout)
    return document


def test_signs_are_byte_equal(linux_project: BuiltProject, tmp_path: Path) -> None:
    project = linux_project("imx93")
    found = _run(
        project, "--port", f"emulator://{project}", "--limit", IMAGES, "--out", tmp_path / "run"
    )
    assert found["reference"] == {"compared": IMAGES, "equal": IMAGES, "largest_difference": 0}
    board = found["board"]
    assert isinstance(board, dict)
    assert (board["board"], board["agent"], board["count_unit"]) == (
        "imx93", "emulator", "instructions",
    )  # fmt: skip


@pytest.mark.full
def test_a_damaged_line_and_resets_change_no_result(
    linux_project: BuiltProject, tmp_path: Path
) -> None:
    project = linux_project("imx93")
    faults = "flip=0.0002,drop=0.00005,duplicate=0.0001,seed=11"
    port = f"emulator://{project}?faults={faults}"
    found = _run(project, "--port", port, "--limit", IMAGES, "--out", tmp_path / "run")
    assert found["reference"] == {"compared": IMAGES, "equal": IMAGES, "largest_difference": 0}


def test_a_reset_forgets_the_image_and_keeps_the_line(linux_project: BuiltProject) -> None:
    project = linux_project("imx93")
    manifest = load_manifest(project)
    image = np.zeros(manifest.input.bytes, np.int8)
    with emulate(project, EmulateOptions(count="0")) as board, Session.open(board.port) as session:
        before = session.infer(1, image)
        assert before.cycles is None  # nothing was counted
        assert session.reset().build_id == manifest.newest_build_id
        assert board.reset()
        np.testing.assert_array_equal(session.infer(2, image).output, before.output)


@pytest.mark.full
def test_a_wrong_kernel_is_named(linux_project: BuiltProject, tmp_path: Path) -> None:
    compiler = quick_linux_compiler().kind
    project = tmp_path / "project"
    export("signs", "imx93", ExportOptions(output=project))
    spoil_layer(project, op=6)
    assert build_project(project, BuildOptions(compiler)).changed.keys() == {"model/mz_model.c"}
    done = invoke(("profile", project, "--json"))
    assert done.exit_code == 1, done.stderr
    document = json.loads(done.stdout)
    wrong = [layer for layer in document["layers"] if layer["equal"] is False]
    assert wrong[0]["first_op"] == 6
    assert document["unit"] == "instructions"


def test_the_program_has_names(linux_project: BuiltProject) -> None:
    project = linux_project("imx93")
    build = load_manifest(project).build
    assert build is not None
    program = Program((project / build.elf).read_bytes(), "firmware.elf")
    assert program.name_of(program.entry).startswith("_start+0x")


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("board", "model", "images"),
    [
        ("imx93", "mobilenet_v1_0.25_128_quant_int8.tflite", "manifest_imagenet.csv"),
        ("imx8mp", "derived_deepface_emotion_int8io.tflite", "manifest_fer.csv"),
    ],
)
def test_models_of_the_zoo(
    linux_project: BuiltProject, test_data: Path, tmp_path: Path, board: str, model: str,
    images: str,
) -> None:  # fmt: skip
    """By Zig: every byte as the host has it."""
    project = linux_project(board, str(test_data / "models" / model), "zig")
    found = _run(
        project, "--port", f"emulator://{project}", "--images", test_data / images,
        "--limit", 16, "--out", tmp_path / "run",
    )  # fmt: skip
    assert found["reference"] == {"compared": 16, "equal": 16, "largest_difference": 0}
