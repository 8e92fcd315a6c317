"""A stand-in for TFLite-Micro that faults, on both emulated boards: the uploaded model is refused,
and the next one runs.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from helpers.boards import ONE_BOARD_FIRST
from helpers.fake_tflm import fake_tree
from helpers.tflite_file import O, T, build_model

from mcuzoo.board.load import load_board
from mcuzoo.codegen.universal import UniversalOptions, export_universal
from mcuzoo.emulator.url import register_pyserial
from mcuzoo.errors import ModelRefusedError
from mcuzoo.link.session import Session
from mcuzoo.toolchain.build import build_project

pytestmark = pytest.mark.timeout(120)

IMAGE = np.arange(8, dtype=np.int8)


def model(description: str) -> bytes:
    """Two operators; the stand-in copies the input to the output, and does what is described."""
    tensors = [T(name, (1, 8), scale=0.05) for name in ("in", "out", "between")]
    ops = [O("RELU", (0,), (2,)), O("RELU", (2,), (1,))]
    return build_model(tensors, ops, [0], [1], description)


@pytest.fixture(scope="module", params=ONE_BOARD_FIRST)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults")
    chosen = UniversalOptions(fake_tree(folder / "tree"), ("CONV_2D", "SOFTMAX"), "reference")
    export_universal(load_board(request.param), folder / "project", chosen)
    build_project(folder / "project")
    register_pyserial()
    return folder / "project"


TRAP = "an instruction that stops it"
DENIED = "an access to memory that it must not touch"
FAULTS = {
    "trap in set-up": f"faulted in the set-up of op 1 RELU: {TRAP}",
    "trap in run": f"faulted in op 1 RELU: {TRAP}",
    "null in run": f"faulted in op 1 RELU: {DENIED}",
    "write in run": f"faulted in op 1 RELU: {DENIED}",
}


def test_a_fault_is_the_models_and_the_next_one_runs(project: Path) -> None:
    good = model("good")
    with Session.open(f"emulator://{project}") as session:
        for what, says in FAULTS.items():
            with pytest.raises(ModelRefusedError, match=says) as refused:
                session.upload(model(what))
                session.infer(1, IMAGE)
            assert refused.value.exit_code == 1
            sent: list[int] = []
            with pytest.raises(ModelRefusedError, match=says.split(":")[0]):
                session.upload(model(what), sent.append)
            assert sent == []
            assert session.hello().runtime_error.startswith("TFLite-Micro faulted in ")
            hello = session.upload(good)
            assert (hello.runtime_error, hello.model_sha256) == ("", sha256(good).hexdigest())
            assert np.array_equal(session.infer(1, IMAGE).output, IMAGE)


def test_the_memory_of_a_model_can_be_written_again(project: Path) -> None:
    """Rooms change hands: each model is guarded where it is, and that ends with the next."""
    large = model("good") + bytes(120_000)
    with Session.open(f"emulator://{project}") as session:
        for content in (model("one"), large, model("two")):
            assert session.upload(content).model_bytes == len(content)
            assert np.array_equal(session.infer(1, IMAGE).output, IMAGE)
