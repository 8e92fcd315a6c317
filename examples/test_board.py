"""Tests of a board by the pytest plugin: the same file for the emulated board and for yours.

    mcuzoo export signs --board rt1050 --runtime aot --project cmake -o hello
    mcuzoo build hello
    pytest test_board.py --mcuzoo-port=emulator://hello
    pytest test_board.py --mcuzoo-port=/dev/ttyACM0 --mcuzoo-project=hello

docs/pytest.md has every option and fixture.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mcuzoo import Project
from mcuzoo.pytest_plugin.leased import HostReference, LeasedBoard
from mcuzoo.run.summary import RunSummary

# Without a board these tests are skipped; with --mcuzoo-require they fail.
pytestmark = pytest.mark.hil


def test_a_stop_sign(board: LeasedBoard, project: Project) -> None:
    picture = project.folder / "samples" / "0000_stop.png"
    seen = board.classify(picture, label="stop")
    assert seen.best.name == "stop"
    assert seen.best.score > 0.9


def test_every_byte_is_the_hosts(
    board: LeasedBoard, project: Project, reference: HostReference
) -> None:
    for picture in sorted((project.folder / "samples").glob("*.png"))[:2]:
        assert board.classify(picture) == reference(picture)


def test_noise(board: LeasedBoard, reference: HostReference) -> None:
    shape = board.hello.input.shape
    noise = np.random.default_rng(7).integers(-128, 128, shape, dtype=np.int8)
    assert board.infer(noise) == reference(noise)


def test_accuracy(run_images: Callable[..., RunSummary]) -> None:
    summary = run_images(limit=4, min_top1=0.7)
    assert summary.verdict.passed
    assert summary.top1 is not None and summary.top1.value > 0.7
