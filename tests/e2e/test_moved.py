"""Operators that move bytes, in a firmware on the emulated board: each layer and the output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from helpers.compilers import needs_compiler
from helpers.engines import assert_equals_tflm
from helpers.exported import export_project
from helpers.moving_net import moving_net

from mcuzoo.board.load import load_board
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.read import parse_model
from mcuzoo.link.session import Session
from mcuzoo.profile import profile_model
from mcuzoo.project.recipe import Recipe
from mcuzoo.toolchain.build import build_project
from mcuzoo.zoo.registry import ModelSource


def test_the_reference_equals_tflm() -> None:
    assert_equals_tflm(moving_net(), seed=4)


@needs_compiler
def test_every_layer_on_a_board(tmp_path: Path) -> None:
    file = tmp_path / "moving.tflite"
    file.write_bytes(moving_net())
    source = ModelSource("moving", file, Recipe())
    export_project(source, load_board("rt1170"), tmp_path / "project")
    build_project(tmp_path / "project")
    model = parse_model(file.read_bytes(), "moving")
    engine = ReferenceEngine(model)
    values = np.random.default_rng(12).integers(-128, 128, (12, 12, 3), dtype=np.int8)
    with Session.open(f"emulator://{tmp_path / 'project'}?count=0") as session:
        output = session.infer(0, values).output
        profile = profile_model(session, model, values, engine, name="moving", input_name="noise")
    np.testing.assert_array_equal(output, engine.run(values))
    assert profile.passed
    renamed = {"SQUEEZE", "EXPAND_DIMS", "RESHAPE"}
    assert {layer.name for layer in profile.layers} == {op.name for op in model.ops} - renamed
    assert all(layer.expected_crc32 == layer.output_crc32 for layer in profile.layers)
