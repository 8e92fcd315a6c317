"""Firmware in several memories, weights and tensors: built, booted, byte-equal."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from helpers.boards import written
from helpers.compilers import RIGS, needs_compiler
from helpers.exported import export_project

from mcuzoo.board.load import load_board
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.read import load_model
from mcuzoo.link.session import Session
from mcuzoo.profile import profile_model
from mcuzoo.project.manifest import load_manifest
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.toolchain.sizes import linked_constant_bytes, read_symbols
from mcuzoo.zoo.registry import resolve_model

# One compiler a board: which of them links says nothing of the other boards' memories.
ONE_OF_EACH = [rig for number, rig in enumerate(RIGS) if number % 2 == number // 2 % 2]


@pytest.mark.parametrize("rig", ONE_OF_EACH)
def test_weights_by_estimate_are_where_the_plan_says(tmp_path: Path, rig: tuple[str, str]) -> None:
    board, compiler = rig
    source, chosen = resolve_model("signs"), load_board(board)
    pins = (("28", chosen.regions_of("ocram")[0].name), ("0", "flash"))
    export_project(source, chosen, tmp_path / "p", weights="auto", pin=tuple(map("=".join, pins)))
    build = build_project(tmp_path / "p", BuildOptions(compiler))
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


@needs_compiler
def test_an_arena_in_two_memories(tmp_path: Path) -> None:
    """On a board neither of whose memories holds the arena; the layers' CRCs are right as well."""
    files = load_board("rt1050").files
    for name, smaller in (("dtcm", "0x0001_0000"), ("ocram", "0x0000_D000")):
        (file,) = [one for one, text in files.items() if f'name = "{name}"' in text]
        head, sign, rest = files[file].partition(f'name = "{name}"')
        rest, changed = re.subn(r"(?m)^size = 0x\w+", f"size = {smaller}", rest, count=1)
        assert changed
        files = {**files, file: head + sign + rest}
    board = load_board(str(written(files, tmp_path / "mine")))
    source = resolve_model("signs")
    export_project(source, board, tmp_path / "p", weights="auto")
    build = build_project(tmp_path / "p")
    manifest = load_manifest(tmp_path / "p")
    assert (manifest.plan.arena_region, manifest.plan.rest_region) == ("dtcm", "ocram")
    addresses = read_symbols(tmp_path / "p" / build.elf, ["mz_arena", "mz_arena_rest"])
    for name, home in (("mz_arena", "dtcm"), ("mz_arena_rest", "ocram")):
        assert board.region(home).base <= addresses[name] < board.region(home).end

    values = np.random.default_rng(12).integers(-128, 128, (128, 128, 3), dtype=np.int8)
    model = load_model(source.path)
    engine = ReferenceEngine(model)
    with Session.open(f"emulator://{tmp_path / 'p'}?count=0") as session:
        assert session.measure_arena().used_bytes == manifest.plan.arena_bytes
        output = session.infer(0, values).output
        profile = profile_model(session, model, values, engine, name="signs", input_name="noise")
    np.testing.assert_array_equal(output, engine.run(values).reshape(-1))
    assert profile.passed
