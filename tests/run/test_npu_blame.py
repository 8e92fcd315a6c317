"""Who is at fault where an Ethos-U gives another output than the host: its file, or the NPU."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from helpers.fake_board import HELLO

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.data.images import FilePicture, Item
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import BoardSilentError, ModelError
from mcuzoo.extras import VELA, missing_packages
from mcuzoo.link.codes import Feature
from mcuzoo.npu.file import parse_vela
from mcuzoo.npu.vela import compile_vela
from mcuzoo.run import layer_finder, npu
from mcuzoo.run.bisect_board import BoardBisection, Front
from mcuzoo.run.feed import Prepared
from mcuzoo.run.layer_finder import LayerFinder, one_turn
from mcuzoo.run.npu import judge_npu
from mcuzoo.run.record import WrongLayer
from mcuzoo.zoo.registry import load_named_model

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(bool(missing_packages([VELA])), reason="without ethos-u-vela"),
]


class Npu:
    """A board whose NPU runs a file. sha256: of that file, if it says so."""

    def __init__(self, features: int = 0, sha256: str = "") -> None:
        self.hello = replace(HELLO, board="imx93", delegate="ethosu", features=features)
        self.session = SimpleNamespace(hello=lambda: self.hello)
        self.sha256 = sha256
        self.troubles: list[str] = []
        self.met = 0

    def tell(self, text: str) -> None:
        self.troubles.append(text)

    def meet_again(self) -> None:
        self.met += 1


@cache
def engine() -> ReferenceEngine:
    return ReferenceEngine(load_named_model("signs"))


@cache
def compiled() -> bytes:
    board = load_any_board("imx93")
    assert isinstance(board, LinuxBoard)
    return compile_vela(engine().program.file, board).raw


def written(folder: Path, raw: bytes) -> Path:
    path = folder / "model_vela.tflite"
    path.write_bytes(raw)
    return path


def ready() -> Prepared:
    shape = engine().program.input_tensor.shape
    tensor = np.random.default_rng(5).integers(-128, 128, shape).astype(np.int8)
    return Prepared(Item(0, "a.png", FilePicture(Path("a.png")), None), tensor, None, "")


def test_a_right_file_blames_the_npu(tmp_path: Path) -> None:
    board: Any = Npu()
    found = judge_npu(board, engine(), written(tmp_path, compiled()), ready())
    assert (found.part, found.file, found.ops) == ("npu", "a.png", None)
    assert "passes mcuzoo verify" in found.verdict and "takes no front parts" in found.verdict


def test_a_wrong_weight_blames_the_compiler(tmp_path: Path) -> None:
    raw = bytearray(compiled())
    constants = parse_vela(compiled(), "signs").npu_ops[0].constants
    start = compiled().index(constants)
    raw[start + len(constants) // 3] ^= 0x10
    board: Any = Npu()
    found = judge_npu(board, engine(), written(tmp_path, bytes(raw)), ready())
    assert found.part == "compiler" and "mcuzoo verify finds" in found.verdict
    assert found.ops is not None and found.name is not None


def test_another_file_on_the_board_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npu, "engine_of", lambda session: SimpleNamespace(sha256="ab" * 32))
    board: Any = Npu(Feature.ENGINES)
    found = judge_npu(board, engine(), written(tmp_path, compiled()), ready())
    assert found.part is None and "the board runs the file abababababab" in found.verdict


def test_a_file_of_another_model_is_refused(tmp_path: Path) -> None:
    from helpers.small_net import small_net

    from mcuzoo.graph.read import parse_model

    other, board = ReferenceEngine(parse_model(small_net(), "small")), Npu()
    shape = other.program.input_tensor.shape
    given = replace(ready(), tensor=np.zeros(shape, np.int8))
    with pytest.raises(ModelError):
        judge_npu(board, other, written(tmp_path, compiled()), given)  # type: ignore[arg-type]


@pytest.mark.parametrize("first", [True, False])
def test_the_layer_is_found_by_front_parts(
    first: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Front(3, "CONV_2D", "t", 7, 2)
    result = BoardBisection("ethosu", 9, 9, None, (wrong,), wrong, first)
    asked = []

    def bisect(session: Any, model: Any, tensor: Any, search: Any) -> BoardBisection:
        asked.append((model.sha256, search.delegate, search.compile_front is not None))
        return result

    path = written(tmp_path, compiled())
    runs = SimpleNamespace(sha256=sha256(compiled()).hexdigest())
    monkeypatch.setattr(npu, "engine_of", lambda session: runs)
    monkeypatch.setattr(npu, "bisect_on_board", bisect)
    board: Any = Npu(Feature.ENGINES | Feature.TENSORS)
    found = judge_npu(board, engine(), path, ready())
    assert asked == [(engine().program.file.sha256, "ethosu", True)] and board.met == 1
    assert (found.part, found.ops, found.name) == ("npu", "3", "CONV_2D")
    assert ("op 3 CONV_2D is the first wrong layer" in found.verdict) is first

    def silent(*_: Any) -> BoardBisection:
        raise BoardSilentError("It stopped answering.", "Press reset.")

    monkeypatch.setattr(npu, "bisect_on_board", silent)
    with pytest.raises(BoardSilentError):
        judge_npu(board, engine(), path, ready())


def test_the_finder_asks_once_and_only_what_can_be_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[WrongLayer] = []
    board: Any = Npu()
    nothing = LayerFinder(board, engine(), kept.append, one_turn(None), tmp_path)
    nothing.find(ready())  # no project there, so no file
    assert not kept and not board.troubles
    path = written(tmp_path, compiled())
    monkeypatch.setattr(layer_finder, "compiled_file", lambda project: path)
    finder = LayerFinder(board, engine(), kept.append, one_turn(None), tmp_path)
    for _ in range(2):
        finder.find(ready())
    assert [one.part for one in kept] == ["npu"]
    written(tmp_path, b"no model")
    LayerFinder(board, engine(), kept.append, one_turn(None), tmp_path).find(ready())
    assert len(kept) == 1 and "model_vela.tflite" in board.troubles[0]
