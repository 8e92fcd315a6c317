"""A model sent to several universal boards, one of which restarts in the middle."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.boards_at_work import boards_at_work, reset
from helpers.fake_board import write_images
from helpers.fake_tflm import fake_tree
from helpers.host_firmware import SLOT_RUNTIME, build_host_firmware, slot_output
from helpers.one_op_nets import int8, int32, one_op

from mcuzoo.board.load import load_board
from mcuzoo.codegen.universal import UniversalOptions, export_universal
from mcuzoo.data.images import decode_image
from mcuzoo.data.preprocess import input_of
from mcuzoo.project.manifest import UniversalManifest, load_project, write_manifest
from mcuzoo.run.options import RunOptions
from mcuzoo.run.record import Status
from mcuzoo.run.run import run
from mcuzoo.run.upload import prepare_upload
from mcuzoo.zoo.registry import resolve_model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs ptys"),
]
IMAGES = 24


def test_each_board_gets_the_model(tmp_path: Path) -> None:
    project = tmp_path / "project"
    options = UniversalOptions(fake_tree(tmp_path / "tree"), ("RESHAPE", "CONV_2D"), "reference")
    export_universal(load_board("rt1170"), project, options)
    manifest = load_project(project)
    assert isinstance(manifest, UniversalManifest)
    ops = (*manifest.universal.ops, "RESHAPE")
    manifest = replace(
        manifest, board="host", build=None, universal=replace(manifest.universal, ops=ops)
    )
    write_manifest(manifest, project)
    firmware = build_host_firmware(
        tmp_path / "slot", [SLOT_RUNTIME], [f'-DMZ_BUILD_ID="{manifest.build_id}"'], upload="slot"
    )
    model = tmp_path / "net.tflite"
    model.write_bytes(one_op("RESHAPE", [int8(1, 10, 50, 3), int32([1, 1500])], int8(1, 1500)))
    images = write_images(tmp_path / "images", IMAGES, 6)
    said: list[str] = []
    with boards_at_work(tmp_path) as boards:
        boards.add(firmware)
        boards.add(firmware, reset, after_images=1.0)
        found = run(
            None,
            RunOptions(
                port=boards.ports,
                project=project,
                upload=str(model),
                images=images,
                no_reference=True,
                out=tmp_path / "run",
            ),
            said.append,
        )
    assert found.passed, found.summary.verdict
    assert sum("the model has arrived" in text for text in said) >= 2
    sent = prepare_upload(resolve_model(str(model)), manifest)
    picture = input_of(sent.manifest)
    rows = found.summary.rows
    assert {row.status for row in rows} == {Status.DONE} and len(rows) == IMAGES
    for row in rows:
        pixels = decode_image((images.parent / row.file).read_bytes(), "rgb", row.file)
        expected = slot_output(sent.model.raw, picture.tensor(pixels))
        assert row.output is not None
        np.testing.assert_array_equal(row.output, expected)
