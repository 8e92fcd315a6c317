"""Models of one operator: what Vela makes of them computes TFLM's bytes.

tools/npu_fuzz.py has more kinds, more models, more versions and other NPUs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from helpers import npu_cases
from helpers.engines import wheel
from helpers.examples import examples
from helpers.forks import forked_vela
from helpers.npu_cases import as_uint8, drawn, tried
from numpy.typing import NDArray

from mcuzoo.board.linux import LinuxBoard, VelaConfig
from mcuzoo.board.load import load_any_board
from mcuzoo.extras import VELA, missing_packages
from mcuzoo.npu.options import VelaOptions

pytestmark = pytest.mark.skipif(bool(missing_packages([VELA])), reason="without ethos-u-vela")

SAMPLE = ("conv", "depthwise", "dense", "pool", "add", "softmax")
MORE = (
    "saturating",
    "pointwise",
    "mul",
    "concatenation",
    "prelu",
    "bilinear",
    "nearest",
    "slice",
    "transpose",
)
FINE = ("equal", "cpu", "refused")
"""Vela may leave an operator to the CPU, or refuse a model: nothing wrong reaches a board."""
UINT8_DIFFERS = ("depthwise", "transpose")
"""What Vela 5.2.0 makes of some of these in UINT8 does not compute what the model says."""


def imx93() -> VelaConfig:
    board = load_any_board("imx93")
    assert isinstance(board, LinuxBoard) and board.npu is not None and board.npu.vela is not None
    return board.npu.vela


@pytest.fixture(scope="module")
def vela(tmp_path_factory: pytest.TempPathFactory) -> VelaOptions:
    return VelaOptions(vela_program=forked_vela(tmp_path_factory))


@pytest.mark.parametrize(
    "kind", [*SAMPLE, *(pytest.param(kind, marks=pytest.mark.full) for kind in MORE)]
)
@pytest.mark.parametrize("uint8", [False, pytest.param(True, marks=pytest.mark.full)])
def test_what_vela_makes_of_one_operator_gives_tflms_bytes(
    vela: VelaOptions, kind: str, uint8: bool
) -> None:
    pytest.importorskip("tflite_micro")
    if uint8 and kind in UINT8_DIFFERS:
        pytest.skip("a fault of Vela's: docs/npu.md")
    # Not every network of the other kinds goes to the NPU.
    most = examples(4) if kind in SAMPLE and not uint8 else 4
    trials = [tried(raw, imx93(), vela, uint8) for raw in drawn(kind, most, seed_=3)]
    found = [trial for trial in trials if trial is not None]
    assert [one for one in found if one.outcome not in FINE] == []
    assert any(one.outcome == "equal" for one in found)


@pytest.mark.parametrize("wrong", [1, -1])
def test_another_answer_of_tflm_is_found(monkeypatch: pytest.MonkeyPatch, wrong: int) -> None:
    """The cases can fail."""
    pytest.importorskip("tflite_micro")
    raw = next(one for one in drawn("dense", 5, seed_=3) if as_uint8(one) is not None)
    real = wheel
    assert getattr(tried(raw, imx93(), VelaOptions()), "outcome", "") == "equal"

    def altered(model: bytes) -> Callable[[NDArray[np.int8]], NDArray[np.int8]]:
        answer = real(model)
        return lambda values: answer(values) + np.int8(wrong)

    monkeypatch.setattr(npu_cases, "wheel", altered)
    trial = tried(raw, imx93(), VelaOptions())
    assert trial is not None and trial.outcome == "unequal"
    assert trial.detail.startswith("input 0: ")
