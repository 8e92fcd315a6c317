"""Firmware whose weights start-up copies to several memories: built, booted, byte-equal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.compilers import COMPILERS

from mcuzoo.board.load import load_board
from mcuzoo.codegen.project import export_project
from mcuzoo.graph.read import load_model
from mcuzoo.link.session import Session
from mcuzoo.project.manifest import load_manifest
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.sections import read_symbols
from mcuzoo.toolchain.sizes import linked_constant_bytes
from mcuzoo.zoo.engines.reference import ReferenceEngine
from mcuzoo.zoo.registry import resolve_model


@pytest.mark.parametrize(
    ("board", "compiler"),
    [
        pytest.param(board, *one.values, marks=one.marks)
        for board, one in zip(("rt1050", "rt1170"), COMPILERS, strict=True)
    ],
)
def test_weights_by_estimate_are_where_the_plan_says(
    tmp_path: Path, board: str, compiler: str
) -> None:
    source, chosen = resolve_model("signs"), load_board(board)
    pins = (("28", chosen.regions_of("ocram")[0].name), ("0", "flash"))
    export_project(source, chosen, tmp_path / "p", weights="auto", pins=pins)
    build = build_project(tmp_path / "p", compiler)
    plan = load_manifest(tmp_path / "p").plan

    homes = {entry.symbol: entry.region for entry in plan.constants}
    assert {"dtcm", "flash", pins[0][1]} <= set(homes.values())
    addresses = read_symbols(tmp_path / "p" / build.elf, homes)
    for symbol, address in addresses.items():
        region = chosen.region(homes[symbol])
        assert region.base <= address < region.end, symbol
    planned = {use.region: use.used_bytes for use in plan.regions}
    for use in build.regions:
        assert use.used_bytes <= use.size_bytes
        if use.region.startswith("ocram"):
            assert use.used_bytes == planned[use.region], "no estimate is in it"
    linked = linked_constant_bytes(tmp_path / "p" / build.elf, plan)
    assert 0 <= linked - plan.constant_bytes < 16 * len(homes) + 3 * 32

    model = load_model(source.path)
    values = np.random.default_rng(11).integers(-128, 128, (1, 128, 128, 3), dtype=np.int8)
    expected = ReferenceEngine(model).run(values[0])
    with Session.open(f"emulator://{tmp_path / 'p'}?count=0") as session:
        first = session.infer(0, values[0]).output
        session.reset()
        again = session.infer(0, values[0]).output
    np.testing.assert_array_equal(first, expected.reshape(-1))
    np.testing.assert_array_equal(again, first)
