"""`evaluate` on emulated boards: built for the purpose, and at a port."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.fake_board import write_images
from helpers.tflite_builder import conv_model

from mcuzoo.errors import WrongFirmwareError
from mcuzoo.evaluate.model import evaluate_model
from mcuzoo.evaluate.options import EvaluateOptions
from mcuzoo.evaluate.result import Evaluation

BuiltProject = Callable[..., Path]


def measured(model: str, data: Path, **options: object) -> Evaluation:
    chosen = EvaluateOptions(remember=False, **options)  # type: ignore[arg-type]
    return evaluate_model(model, data, chosen)


def test_built_for_the_purpose(tmp_path: Path) -> None:
    pytest.importorskip("unicorn")
    weights = np.random.default_rng(1).integers(-127, 128, (6, 8, 8, 3), dtype=np.int8)
    model = tmp_path / "six.tflite"
    model.write_bytes(conv_model((1, 8, 8, 3), weights, None, padding="VALID", output_scale=1.0))
    images = write_images(tmp_path / "images", 12)
    found = measured(
        model=str(model),
        data=images,
        engine="emulator",
        against="reference",
        board="rt1050",
        jobs=2,
    )
    assert found.model.engine == "emulator rt1050" and found.n == 12
    assert found.model.board == "rt1050, aot, emulated" and found.against is not None
    assert found.against.board is None
    assert found.comparison is not None and found.comparison.agreement is not None
    assert found.comparison.agreement.equal == 12


def test_at_a_port(built_project: BuiltProject, signs: Path, tmp_path: Path) -> None:
    port = f"emulator://{built_project('rt1170')}?count=0"
    found = measured(model="signs", data=signs, limit=2, engine=port, against="reference")
    assert found.jobs == 1 and found.comparison is not None
    assert found.comparison.agreement is not None and found.comparison.agreement.equal == 2
    weights = np.ones((16, 8, 8, 3), dtype=np.int8)
    other = tmp_path / "other.tflite"
    other.write_bytes(conv_model((1, 8, 8, 3), weights, None, padding="VALID"))
    with pytest.raises(WrongFirmwareError, match="runs the model"):
        measured(model=str(other), data=signs, limit=2, engine=port)
