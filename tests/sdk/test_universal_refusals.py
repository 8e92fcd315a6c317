"""What the board's check lets through runs in TFLM itself, from the tree that TFLM_DIR names, with
every operator linked, on both emulated boards; the rest is refused in words.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest
from helpers.tflite_file import O, T, build_model
from helpers.upload_cases import SOUND, WINDOW, WRONG, changed

from mcuzoo.board.load import load_board
from mcuzoo.codegen.universal import UniversalOptions, export_universal
from mcuzoo.emulator.url import register_pyserial
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import ModelError, ModelRefusedError
from mcuzoo.graph.read import parse_model
from mcuzoo.link.session import Session
from mcuzoo.toolchain.build import build_project

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(3000)]

GOOD = SOUND["CONV_2D"].raw


@pytest.fixture(scope="module", params=["rt1170", "rt1050"])
def session(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    named = os.environ.get("TFLM_DIR")
    if not named:
        pytest.skip("TFLM_DIR is not set")
    folder = tmp_path_factory.mktemp("refusals") / "project"
    export_universal(load_board(request.param), folder, UniversalOptions(Path(named)))
    build_project(folder)
    register_pyserial()
    with Session.open(f"emulator://{folder}") as session:
        yield session


def answers(session: Session) -> list[bytes]:
    """To one input, then to another, then to both again."""
    count = session.hello().input.bytes
    inputs = [np.random.default_rng(k).integers(-128, 128, count, dtype=np.int8) for k in (1, 2)]
    return [session.infer(0, tensor).output.tobytes() for tensor in inputs * 2]


def run(session: Session, raw: bytes) -> str:
    """Upload and run; what a run gives is checked as far as anybody knows it."""
    try:
        session.upload(raw)
        first, second, *again = answers(session)
    except ModelRefusedError as error:
        assert "faulted" not in error.message, error.message
        return "refused"
    assert again == [first, second]
    try:
        engine = ReferenceEngine(parse_model(raw, "changed"))
    except ModelError:
        return "ran"
    count = session.hello().input.bytes
    for k, answer in ((1, first), (2, second)):
        tensor = np.random.default_rng(k).integers(-128, 128, count, dtype=np.int8)
        assert engine.run(tensor).tobytes() == answer
    return "ran as the reference"


def test_a_sound_model_of_each_operator_runs(session: Session) -> None:
    ran = Counter(run(session, spec.raw) for spec in SOUND.values())
    assert ran["refused"] == 0
    assert ran["ran as the reference"] >= 14


def test_what_is_wrong_is_refused_by_the_check(session: Session) -> None:
    session.upload(GOOD)
    wanted = answers(session)
    for name, spec, _ in WRONG:
        with pytest.raises(ModelRefusedError, match=r"run the model: (op|tensor|input|output|the)"):
            session.upload(spec.raw)
            pytest.fail(name)
    session.upload(GOOD)
    assert answers(session) == wanted


def test_changed_models_are_refused_or_run(session: Session) -> None:
    random = Random(11)
    counted = Counter(run(session, changed(random).raw) for _ in range(300))
    assert counted["ran"] + counted["ran as the reference"] > 20
    session.upload(GOOD)


def test_a_fault_of_tflm_itself_is_the_models(session: Session) -> None:
    """Its own tables do not fit the arena beside so many scales, and it follows a null pointer."""
    options = {**WINDOW, "dilation_w_factor": 1, "dilation_h_factor": 1}
    channels = session.hello().arena_bytes // 12
    weights = np.ones((channels, 1, 1, 1), np.int8)
    tensors = [
        T("in", (1, 1, 1, 1), scale=0.05),
        T("w", weights.shape, scale=[0.01] * channels, data=weights),
        T("out", (1, 1, 1, channels), scale=0.05),
    ]
    raw = build_model(tensors, [O("CONV_2D", (0, 1), (2,), options)], [0], [2])
    session.upload(GOOD)
    wanted = answers(session)
    for _ in range(2):
        with pytest.raises(ModelRefusedError, match="TFLite-Micro faulted in"):
            session.upload(raw)
    session.upload(GOOD)
    assert answers(session) == wanted
