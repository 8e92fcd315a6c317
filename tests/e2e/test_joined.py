"""LOGISTIC and CONCATENATION on the emulated boards, by every compiler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.compilers import ONE_COMPILER_FIRST
from helpers.engines import random_inputs
from helpers.exported import export_project
from helpers.kernel_library import oracle

from mcuzoo.board.load import load_board
from mcuzoo.graph.read import load_model
from mcuzoo.link.session import Session
from mcuzoo.project.recipe import Recipe
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.zoo.registry import ModelSource


def joined_net() -> bytes:
    """Two sigmoids, made one behind the other, and twice of that side by side, copied."""
    half: dict[str, Any] = {"scale": 1 / 256, "zero_point": -128}
    tensors = [
        build.T("image", (1, 8, 4, 4), scale=0.03, zero_point=-7),
        build.T("wider", (1, 8, 4, 4), scale=0.06, zero_point=20),
        build.T("first", (1, 8, 4, 4), **half),
        build.T("second", (1, 8, 4, 4), **half),
        build.T("stacked", (1, 16, 4, 4), **half),
        build.T("joined", (1, 16, 4, 8), **half),
    ]
    ops = [
        build.O("QUANTIZE", (0,), (1,)),
        build.O("LOGISTIC", (0,), (2,)),
        build.O("LOGISTIC", (1,), (3,)),
        build.O("CONCATENATION", (2, 3), (4,), _along(1)),
        build.O("CONCATENATION", (4, 4), (5,), _along(-1)),
    ]
    return build.build_model(tensors, ops, [0], [5])


def _along(axis: int) -> dict[str, object]:
    return {"axis": axis, "fused_activation_function": "NONE"}


@pytest.mark.parametrize("compiler", ONE_COMPILER_FIRST)
@pytest.mark.parametrize("board", ["rt1050"])
def test_the_board_gives_what_tflm_gives(board: str, compiler: str, tmp_path: Path) -> None:
    pytest.importorskip("unicorn")
    file, project = tmp_path / "joined.tflite", tmp_path / "project"
    file.write_bytes(joined_net())
    export_project(ModelSource("joined", file, Recipe(crop=0.875)), load_board(board), project)
    build_project(project, BuildOptions(compiler))
    engine = oracle(load_model(file))
    with Session.open(f"emulator://{project}") as session:
        for number, values in enumerate(random_inputs((1, 8, 4, 4), 11)):
            output = session.infer(number, values.reshape(-1)).output
            np.testing.assert_array_equal(output, engine.run(values).reshape(-1))
