"""`mcuzoo.open_board` on the emulated board: tensors, pictures, and what they are compared with."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mcuzoo
from mcuzoo import BoardOptions
from mcuzoo.errors import DataSetError, UsageError
from mcuzoo.project.manifest import load_manifest

BuiltProject = Callable[..., Path]


def test_a_picture_is_the_same_as_a_file_and_as_an_array(
    built_project: BuiltProject, signs: Path, tmp_path: Path
) -> None:
    first = next(csv.DictReader(signs.open(encoding="utf-8")))
    picture = signs.parent / first["file"]
    trace = tmp_path / "traffic.txt"
    with mcuzoo.open_board(built_project("rt1170"), BoardOptions(trace=trace)) as board:
        assert board.hello.board == "rt1170" and board.hello.emulated
        seen = board.classify(picture)
        again = board.classify(np.asarray(Image.open(picture).convert("RGB")))
        gray = board.classify(np.zeros((40, 30), dtype=np.uint8))
    assert seen.best.label == int(first["label"]) and seen.best.name == "stop"
    assert [guess.score for guess in seen.top] == sorted(
        (guess.score for guess in seen.top), reverse=True
    )
    assert len(seen.top) == 5
    assert np.array_equal(seen.answer.output, again.answer.output)
    assert seen.answer.equal and again.answer.equal and gray.answer.equal
    assert (seen.answer.unit, seen.answer.latency_ms) == ("instructions", None)
    assert seen.answer.count is not None and seen.answer.count > 1_000_000
    assert trace.read_text(encoding="utf-8")


def test_tensors_and_what_is_none(built_project: BuiltProject, tmp_path: Path) -> None:
    project = built_project("rt1170")
    spec = load_manifest(project).input
    labels = tmp_path / "labels.txt"
    labels.write_text("".join(f"sign {number}\n" for number in range(16)), encoding="utf-8")
    options = BoardOptions(labels=labels, no_reference=True)
    noise = np.random.default_rng(7).integers(-128, 128, spec.shape, dtype=np.int8)
    with mcuzoo.open_board(f"emulator://{project}?count=0", options) as board:
        answer = board.infer(noise)
        assert answer.output.dtype == np.int8 and answer.output.shape == (16,)
        assert (answer.expected, answer.equal, answer.count) == (None, None, None)
        assert np.array_equal(board.infer(noise.ravel()).output, answer.output)
        for wrong in (noise[..., :1], noise.astype(np.float32)):
            with pytest.raises(UsageError, match="The model takes int8 of shape"):
                board.infer(wrong)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="is no picture"):
            board.classify(np.zeros((3, 8, 8), dtype=np.uint8))
        with pytest.raises(DataSetError):
            board.classify(tmp_path / "none.png")
        named = board.classify(np.zeros((8, 8, 3), dtype=np.uint8))
        assert named.best.name == f"sign {named.best.label}"


def test_a_board_that_runs_beside_the_caller(built_project: BuiltProject) -> None:
    project = built_project("rt1170")
    with mcuzoo.emulate(project) as emulated:
        assert emulated.port.startswith("socket://")
        options = BoardOptions(project=project)
        with mcuzoo.open_board(emulated.port, options) as board:
            answer = board.infer(np.zeros(load_manifest(project).input.shape, dtype=np.int8))
            assert answer.equal and answer.count
        assert not emulated.ended(0.0)
        assert emulated.reset()
        emulated.stop()
        assert emulated.ended(5.0)
