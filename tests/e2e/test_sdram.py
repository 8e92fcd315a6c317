"""Firmware with arena and weights in the SDRAM: built, booted, byte-equal, also after a reset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.boards import ONE_BOARD_FIRST
from helpers.compilers import needs_compiler
from helpers.exported import export_project
from helpers.small_source import small_source

from mcuzoo.board.load import load_board
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import McuzooError
from mcuzoo.graph.read import load_model
from mcuzoo.link.session import Session
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.sizes import read_symbols


@needs_compiler
@pytest.mark.parametrize("board", ONE_BOARD_FIRST)
def test_arena_and_weights_in_the_sdram(tmp_path: Path, board: str) -> None:
    pytest.importorskip("unicorn")
    source, chosen = small_source(tmp_path), load_board(board)
    project = tmp_path / "p"
    manifest = export_project(source, chosen, project, arena_region="sdram", weights="sdram")
    build = build_project(project)
    symbols = ["mz_arena", *(entry.symbol for entry in manifest.plan.constants)]
    sdram = chosen.region("sdram")
    for symbol, address in read_symbols(project / build.elf, symbols).items():
        assert sdram.base <= address < sdram.end, symbol
    model = load_model(source.path)
    shape = model.tensor(model.inputs[0]).shape
    values = np.random.default_rng(4).integers(-128, 128, shape, dtype=np.int8)
    expected = ReferenceEngine(model).run(values).reshape(-1)
    with Session.open(f"emulator://{project}?count=0") as session:
        np.testing.assert_array_equal(session.infer(0, values).output, expected)
        session.reset()
        np.testing.assert_array_equal(session.infer(0, values).output, expected)


@needs_compiler
def test_without_its_start_up_the_sdram_is_not_there(tmp_path: Path) -> None:
    """The emulated board faults where silicon would read nonsense."""
    pytest.importorskip("unicorn")
    source, project = small_source(tmp_path), tmp_path / "p"
    export_project(source, load_board("rt1050"), project, arena_region="sdram")
    port = project / "firmware/port/imxrt/mz_imxrt.c"
    text = port.read_text()
    started = "mz_steps_run(mz_board_sdram, MZ_BOARD_SDRAM_STEPS)"
    assert started in text
    port.write_text(text.replace(started, "0u"))
    build_project(project)
    model = load_model(source.path)
    values = np.zeros(model.tensor(model.inputs[0]).shape, np.int8)
    with (
        pytest.raises(McuzooError),
        Session.open(f"emulator://{project}?count=0") as session,
    ):
        session.infer(0, values)
