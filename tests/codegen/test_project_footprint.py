"""What the planner believes of the firmware's size is what the linker finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.compilers import RIGS, every_compiler
from helpers.small_source import small_source

from mcuzoo.board.load import load_board
from mcuzoo.codegen.project import export_project
from mcuzoo.project.manifest import BuildEntry, Manifest, Preprocessing
from mcuzoo.toolchain.build import build_project
from mcuzoo.zoo.registry import ModelSource

HINT = "measure again: python benchmarks/footprint.py > mcuzoo/plan/footprint.toml"


def _check(manifest: Manifest, entry: BuildEntry) -> None:
    """RAM within 256 bytes; flash not above the estimate by more than 5 % of what is no constant.

    The estimate is the larger compiler's, so it may be twice what the other one needs.
    """
    planned = {use.region: use.used_bytes for use in manifest.plan.regions}
    built = {use.region: use.used_bytes for use in entry.regions}
    assert abs(built["dtcm"] - planned["dtcm"]) <= 256, HINT
    fixed = manifest.plan.constant_bytes + 0x2000
    code, estimate = built["flash"] - fixed, planned["flash"] - fixed
    assert 0.45 * estimate <= code <= 1.05 * estimate, HINT


@pytest.mark.parametrize("rig", RIGS)
def test_one_layer(tmp_path: Path, rig: tuple[str, str]) -> None:
    board, compiler = rig
    source = small_source(tmp_path / "model", with_assets=False)
    manifest = export_project(source, load_board(board), tmp_path / "p")
    _check(manifest, build_project(tmp_path / "p", compiler))


@every_compiler
def test_mobilenet(tmp_path: Path, test_data: Path, compiler: str) -> None:
    file = test_data / "models" / "mobilenet_v1_0.25_128_quant_int8.tflite"
    source = ModelSource("mobilenet", file, Preprocessing())
    manifest = export_project(source, load_board("rt1170"), tmp_path / "p")
    _check(manifest, build_project(tmp_path / "p", compiler))
