"""Applications built in a real MCUXpresso SDK, which MCUXSDK_ROOT names, on the emulated boards;
TFLM is that of its eIQ middleware.

MCUZOO_E2E_IMAGES says how many photographs are run.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from helpers.boards import BOARDS
from helpers.commands import finished, mcuzoo
from helpers.exported import export_project

from mcuzoo.board.load import load_board
from mcuzoo.emulator.url import register_pyserial
from mcuzoo.errors import FirmwareError
from mcuzoo.graph.read import load_model
from mcuzoo.link.session import Session
from mcuzoo.plan.tflm.image import prepare_image
from mcuzoo.project.manifest import load_manifest
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.zoo.registry import resolve_model

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(3000)]

IMAGES = int(os.environ.get("MCUZOO_E2E_IMAGES", "5"))
MODEL = "mobilenet_v1_0.25_128_quant_int8.tflite"

_BUILDS = shutil.ignore_patterns("build")

Build = Callable[[str, str, str], Path]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> Build:
    """`built(board, runtime, config)`: the folder of a built application."""
    root = os.environ.get("MCUXSDK_ROOT")
    if not root:
        pytest.skip("MCUXSDK_ROOT is not set")

    @cache
    def build(board: str, runtime: str, config: str) -> Path:
        folder = tmp_path_factory.mktemp("sdk") / f"{board}-{runtime}-{config}"
        source = resolve_model(str(test_data / "models" / MODEL))
        export_project(source, load_board(board), folder, runtime, "mcuxpresso")
        build_project(folder, BuildOptions(sdk=Path(root), config=config))
        return folder

    return build


@pytest.mark.parametrize(
    ("runtime", "config"), [("aot", "release"), ("aot", "debug"), ("tflm", "release")]
)
@pytest.mark.parametrize("board", BOARDS)
def test_no_warning_from_our_files(built: Build, board: str, runtime: str, config: str) -> None:
    project = built(board, runtime, config)
    log = (project / "build/mcuxpresso/build.log").read_text()
    warnings = [line for line in log.splitlines() if re.search(r"\bwarning: ", line)]
    assert not [line for line in warnings if str(project) in line or line.startswith("/usr")]


@pytest.mark.parametrize("config", ["release", "debug"])
@pytest.mark.parametrize("board", BOARDS)
def test_the_image_that_the_sdk_makes_boots(built: Build, board: str, config: str) -> None:
    """The SDK's own .bin, not the one that mcuzoo makes of the ELF."""
    project = built(board, "aot", config)
    (image,) = (project / f"build/flexspi_nor_{config}").glob("*.bin")
    register_pyserial()
    with Session.open(f"emulator://{image}?board={board}") as session:
        hello = session.hello()
        assert (hello.board, hello.runtime, hello.runtime_error) == (board, "aot", "")
        build = load_manifest(project).build
        assert build is not None and hello.build_id == build.build_id


def test_a_fault_is_reported(built: Build, tmp_path: Path) -> None:
    """The SDK's own handlers would wait for ever."""
    project = tmp_path / "faulty"
    shutil.copytree(built("rt1170", "aot", "release"), project, ignore=_BUILDS)
    runtime = project / "firmware/runtime/aot/mz_runtime_aot.c"
    call = "mz_model_invoke(hook, context);"
    text = runtime.read_text()
    assert call in text
    runtime.write_text(text.replace(call, f"*(volatile int *)0x50000000 = 1; {call}"))
    build_project(project, BuildOptions(sdk=Path(os.environ["MCUXSDK_ROOT"])))
    register_pyserial()
    with Session.open(f"emulator://{project}") as session:
        size = session.hello().input.bytes
        with pytest.raises(FirmwareError, match="The core took exception 4"):
            session.infer(0, np.zeros(size, dtype=np.int8))


def test_tflm_uses_the_arena_that_was_predicted(built: Build) -> None:
    project = built("rt1170", "tflm", "release")
    register_pyserial()
    with Session.open(f"emulator://{project}") as session:
        hello = session.hello()
        assert (hello.runtime, hello.runtime_error) == ("tflm", "")
        manifest = load_manifest(project)
        image = prepare_image(load_model(project / manifest.model.file), "cmsis-nn")
        assert hello.arena_used == image.arena.used_bytes


@pytest.mark.parametrize("runtime", ["aot", "tflm"])
@pytest.mark.parametrize("board", BOARDS)
def test_photographs(
    built: Build, test_data: Path, tmp_path: Path, board: str, runtime: str
) -> None:
    project = built(board, runtime, "release")
    run, table, outputs = tmp_path / "run", tmp_path / "run.csv", tmp_path / "outputs.npy"
    done = finished(
        mcuzoo("run-serial", "--port", f"emulator://{project}", "--project", project,
               "--images", test_data / "manifest_imagenet.csv", "--limit", IMAGES,
               "--out", run, "--json"),
        timeout_s=2500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    equal = {"compared": IMAGES, "equal": IMAGES, "largest_difference": 0}
    assert json.loads(done.stdout)["reference"] == equal
    reported = finished(mcuzoo("report", run, "--csv", table, "--outputs", outputs))
    assert reported.returncode == 0, reported.stderr
    with table.open(newline="") as file:
        indices = [int(row["index"]) for row in csv.DictReader(file)]
    golden = np.load(test_data / "golden" / "mb_nxp_int8_ref_softmax.npy")[indices]
    np.testing.assert_array_equal(np.load(outputs), golden)
