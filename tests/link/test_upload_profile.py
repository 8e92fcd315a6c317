"""`mcuzoo profile PORT --upload MODEL`: a universal firmware behind a pty gets its model first."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import invoke
from helpers.fake_tflm import fake_tree
from helpers.fault_proxy import Line
from helpers.host_firmware import SLOT_TENSOR_BYTES, slot_output
from helpers.tflite_builder import O, T, build_model
from helpers.tiny_project import tiny_manifest

from mcuzoo.board.load import load_board
from mcuzoo.codegen.universal import UniversalOptions, export_universal
from mcuzoo.link.session import Session
from mcuzoo.project.manifest import UniversalManifest, load_project, write_manifest
from mcuzoo.run.profiling import NOISE_SEED

pytestmark = pytest.mark.slow


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """One RELU, with the tensors that the firmware of these tests claims for any model."""
    shape = (1, SLOT_TENSOR_BYTES)
    tensors = [T("image", shape, scale=0.5, zero_point=-1), T("scores", shape, scale=0.25)]
    path = tmp_path / "relu.tflite"
    path.write_bytes(build_model(tensors, [O("RELU", (0,), (1,))], [0], [1]))
    return path


@pytest.fixture
def line(plug_in: Callable[..., Line], slot_firmware: Path) -> Line:
    return plug_in(firmware=slot_firmware)


@pytest.fixture
def project(tmp_path: Path, line: Line) -> Path:
    """A universal project whose newest build is what runs on the line."""
    folder = tmp_path / "universal"
    options = UniversalOptions(fake_tree(tmp_path / "tree"), ("CONV_2D", "SOFTMAX"), "reference")
    export_universal(load_board("rt1170"), folder, options)
    manifest = load_project(folder)
    assert isinstance(manifest, UniversalManifest)
    with Session.open(line.url) as session:
        hello = session.hello()
    universal = replace(manifest.universal, ops=("RELU",))
    write_manifest(
        replace(manifest, board=hello.board, build_id=hello.build_id, universal=universal), folder
    )
    return folder


def test_the_model_is_sent_and_each_of_its_layers_profiled(
    line: Line, project: Path, model: Path
) -> None:
    done = invoke(("profile", line.url, "--project", project, "--upload", model, "--no-reference",
               "--json"))  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert line.board.said.count("load ") == 1
    found = json.loads(done.stdout)
    assert (found["model"], found["runtime"]) == ("relu", "slot")
    noise = np.random.default_rng(NOISE_SEED).integers(
        -128, 128, (1, SLOT_TENSOR_BYTES), dtype=np.int8
    )
    (layer,) = found["layers"]
    assert (layer["name"], layer["output_bytes"]) == ("RELU", SLOT_TENSOR_BYTES)
    assert layer["output_crc32"] == zlib.crc32(slot_output(model.read_bytes(), noise).tobytes())


def test_a_layer_of_it_that_is_wrong_is_named(line: Line, project: Path, model: Path) -> None:
    """What these tests' firmware computes is no RELU."""
    done = invoke(("profile", line.url, "--project", project, "--upload", model, "--json"))
    assert done.exit_code == 1, done.stderr
    assert json.loads(done.stdout)["first_wrong"] == {"ops": "0", "name": "RELU"}


def test_a_project_with_its_own_model_takes_no_other(
    line: Line, tmp_path: Path, model: Path
) -> None:
    (tmp_path / "own").mkdir()
    write_manifest(tiny_manifest(), tmp_path / "own")
    done = invoke(("profile", line.url, "--project", tmp_path / "own", "--upload", model))
    assert done.exit_code == 2
    assert "has its model" in done.stderr and "--universal" in done.stderr
    assert "load " not in line.board.said
