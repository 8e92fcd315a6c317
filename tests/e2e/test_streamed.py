"""Firmware that consumes its input as it arrives, on the emulated boards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.boards import ONE_BOARD_FIRST
from helpers.commands import invoke
from helpers.emulated_board import EmulatedBoard
from helpers.exported import export_project
from helpers.fault_proxy import Line, faults_of
from helpers.shared import built_once

from mcuzoo.board.load import load_board
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.read import load_model
from mcuzoo.link.session import Session, Timing
from mcuzoo.project.manifest import load_manifest
from mcuzoo.toolchain.build import build_project
from mcuzoo.zoo.registry import resolve_model

BuiltProject = Callable[..., Path]


@pytest.fixture(scope="module")
def streamed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`streamed(board)`: the folder of a built project of the bundled model."""
    pytest.importorskip("unicorn")

    def build(board: str) -> Path:
        def fill(folder: Path) -> None:
            source, chosen = resolve_model("signs"), load_board(board)
            export_project(source, chosen, folder / "project", "aot", stream_input=True)
            build_project(folder / "project")

        return built_once(tmp_path_factory, f"streamed-{board}", fill) / "project"

    return build


@pytest.mark.parametrize("board", ONE_BOARD_FIRST)
def test_a_run(
    streamed: Callable[[str], Path],
    built_project: BuiltProject,
    signs: Path,
    tmp_path: Path,
    board: str,
) -> None:
    """Every output is the reference's; the count is of the whole inference."""
    project = streamed(board)
    done = invoke(("run-serial", "--port", f"emulator://{project}", "--project", project,
               "--images", signs, "--limit", 3, "--out", tmp_path / "run", "--json"))  # fmt: skip
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["reference"] == {"compared": 3, "equal": 3, "largest_difference": 0}
    assert document["latency"]["counted"] == 1
    # As in test_run_boards.py: less cannot be, and a part of an inference would be much less.
    assert document["latency"]["median"] > 6_600_000
    plans = [load_manifest(folder).plan for folder in (project, built_project(board))]
    assert [plan.stream_input for plan in plans] == [True, False]
    assert plans[0].arena_bytes < plans[1].arena_bytes * 2 / 3


@pytest.mark.full
def test_profile_and_inference_agree(streamed: Callable[[str], Path]) -> None:
    """The first record is of what ran while the input came, waiting and copying aside."""
    project = streamed("rt1050")
    tensor = np.random.default_rng(1).integers(-128, 128, 128 * 128 * 3, dtype=np.int8)
    with Session.open(f"emulator://{project}?count=all") as session:
        inference = session.infer(0, tensor)
        profile = session.profile(1, tensor)
        again = session.infer(2, tensor)
    assert inference.cycles is not None
    first = profile.records[0]
    assert first.first_op == 0 < first.last_op < 12
    # From 884,736 products of the first layer on, by SMLADs of two.
    assert first.cycles is not None and 450_000 < first.cycles < inference.cycles
    assert profile.inference.cycles is not None
    assert abs(profile.inference.cycles - inference.cycles) < 60 * len(profile.records)
    assert again.cycles == inference.cycles
    assert np.array_equal(profile.inference.output, inference.output)


def test_every_layer_is_compared(streamed: Callable[[str], Path]) -> None:
    done = invoke(("profile", streamed("rt1050"), "--json"))
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert all(layer["equal"] for layer in found["layers"])
    assert found["output_equal"] and found["passed"]


def test_faults_on_the_line_and_resets_bring_nothing_wrong(
    streamed: Callable[[str], Path],
) -> None:
    """Damaged, lost and repeated pieces; images that are begun and never ended."""
    project = streamed("rt1050")
    engine = ReferenceEngine(load_model(resolve_model("signs").path))
    source = np.random.default_rng(4)
    board = EmulatedBoard(project)
    faults = faults_of(2, mean_bytes=30_000)
    with Line(board, faults) as line:
        timing = Timing(latency_s=0.5, attempts=8)
        with Session.open(line.url, timing=timing) as session:
            for index in range(3):
                image = source.integers(-128, 128, (128, 128, 3), dtype=np.int8)
                output = session.infer(index, image).output
                assert np.array_equal(output, engine.run(image).reshape(-1))
        assert line.struck
