"""The first wrong layer of a delegate: one of TFLite's that spoils an operator, and an NPU whose
silicon is wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.linux_agent import agent_module, agent_with, needs_litert, session_with, wrong_delegate
from helpers.tflite_builder import O, T, build_model

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.extras import VELA, missing_packages
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.link.linux_session import engine_of
from mcuzoo.run.bisect_board import (
    BoardBisection,
    DelegateSearch,
    bisect_on_board,
    vela_fronts,
)
from mcuzoo.zoo.registry import resolve_model

if sys.platform == "win32":
    pytest.skip("an agent is for Linux", allow_module_level=True)

pytestmark = needs_litert

CONVOLUTION = {
    "padding": "SAME",
    "stride_h": 1,
    "stride_w": 1,
    "dilation_h_factor": 1,
    "dilation_w_factor": 1,
}
POOL = {"padding": "VALID", "stride_h": 2, "stride_w": 2, "filter_width": 2, "filter_height": 2}


def net() -> bytes:
    """CONV, CONV, CONV, ADD of the second and third, CONV, MAX_POOL: a chain with a branch."""
    rng = np.random.default_rng(3)
    tensors = [T("image", (1, 8, 8, 2), scale=0.05)]
    ops = []

    def add(name: str, shape: tuple[int, ...], scale: float = 0.05) -> int:
        tensors.append(T(name, shape, scale=scale))
        return len(tensors) - 1

    def convolve(source: int, name: str) -> int:
        weights = rng.integers(-127, 128, (2, 3, 3, 2), dtype=np.int8)
        tensors.append(T(f"{name}/w", (2, 3, 3, 2), scale=[0.004] * 2, data=weights))
        bias = np.zeros(2, np.int32)
        tensors.append(T(f"{name}/b", (2,), "int32", scale=[0.0002] * 2, data=bias))
        parts = (source, len(tensors) - 2, len(tensors) - 1)
        made = add(name, (1, 8, 8, 2))
        ops.append(O("CONV_2D", parts, (made,), CONVOLUTION))
        return made

    first = convolve(0, "first")
    second = convolve(first, "second")
    third = convolve(second, "third")
    joined = add("sum", (1, 8, 8, 2), 0.1)
    ops.append(O("ADD", (second, third), (joined,)))
    tensors[joined] = T("sum", (1, 8, 8, 2), scale=0.05)
    last = convolve(joined, "last")
    pooled = add("pool", (1, 4, 4, 2))
    ops.append(O("MAX_POOL_2D", (last,), (pooled,), POOL))
    return build_model(tensors, ops, [0], [pooled])


INPUT = np.random.default_rng(4).integers(-128, 128, 128, dtype=np.int8)


def search(folder: Path, options: str, said: list[str], **more: object) -> BoardBisection:
    path = folder / "net.tflite"
    path.write_bytes(net())
    spoken = f"{wrong_delegate(folder)},{options},cpu=none"
    agent = agent_with("--model", str(path), "--delegate", "none", "--delegate", spoken)
    with session_with(agent) as session:
        how = DelegateSearch(spoken, **more)  # type: ignore[arg-type]
        found = bisect_on_board(session, load_model(path), INPUT, how, said.append)
        assert session.hello().model_sha256 == load_model(path).sha256
        assert engine_of(session).delegate == ""
    return found


@pytest.mark.parametrize("wrong", range(6))
def test_the_spoiled_operator_is_named(tmp_path: Path, wrong: int) -> None:
    said: list[str] = []
    found = search(tmp_path, f"op={wrong},by=1", said)
    assert (found.cpu_layers, found.cpu_wrong) == (6, None)
    assert found.wrong is not None and found.first
    name = ("CONV_2D", "CONV_2D", "CONV_2D", "ADD", "CONV_2D", "MAX_POOL_2D")[wrong]
    assert (found.wrong.op, found.wrong.name) == (wrong, name)
    assert all(front.largest_step == 0 for front in found.fronts if front.op < wrong)
    assert said[0] == "CPU of the board: 6 layers"


def test_halves_end_only_where_one_tensor_is_needed(tmp_path: Path) -> None:
    """Behind `third` two tensors are needed, so a front part that ends there says nothing."""
    found = search(tmp_path, "op=3,by=1", [], quick=True)
    tried = [front.op for front in found.fronts]
    assert tried == [1, 2, 3, 4, 5] or tried == [1, 2, 3, 5]
    assert found.wrong is not None and found.wrong.op == 3 and not found.first


def test_a_right_delegate_is_not_blamed(tmp_path: Path) -> None:
    found = search(tmp_path, "op=1,by=0", [])
    assert found.wrong is None and not found.first
    assert [front.op for front in found.fronts] == [5]


def test_small_steps_may_be_right(tmp_path: Path) -> None:
    """Without halves: all layers are tried, from the front on."""
    found = search(tmp_path, "op=5,by=1", [], tolerance=1)
    assert found.wrong is None
    found = search(tmp_path, "op=5,by=3", [], tolerance=1)
    assert found.wrong is not None and found.wrong.op == 5 and found.first
    assert [front.op for front in found.fronts] == [0, 1, 2, 3, 4, 5]
    assert found.wrong.largest_step is not None and found.wrong.largest_step >= 3


def test_a_delegate_that_does_not_run_is_told(tmp_path: Path) -> None:
    found = search(tmp_path, "op=5,by=1,fail=invoke", [])
    assert found.wrong is None
    assert found.fronts[-1].error


@pytest.mark.full
@pytest.mark.skipif(bool(missing_packages([VELA])), reason="without ethos-u-vela")
def test_a_layer_of_an_npu_is_found_by_compiled_fronts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each front part is compiled by Vela, and runs on an NPU that mcuzoo interprets."""
    library = tmp_path / "libethosu_delegate.so"
    library.touch()
    monkeypatch.setitem(agent_module().DELEGATES, "ethosu", str(library))
    path = resolve_model("signs").path
    spoken = "ethosu,faulty_depth=64"
    board = load_any_board("imx93")
    assert isinstance(board, LinuxBoard)
    tensor = np.random.default_rng(0).integers(-128, 128, 49152, dtype=np.int8)
    words = ("--runtime", "helpers.fake_npu_runtime", "--delegate", "none", "--delegate", spoken)
    with session_with(agent_with("--model", str(path), *words)) as session:
        how = DelegateSearch(spoken, vela_fronts(board), quick=True)
        found = bisect_on_board(session, load_model(path), tensor, how)
    assert found.cpu_wrong is None
    assert found.wrong is not None
    assert (found.wrong.op, found.wrong.name) == (9, "DEPTHWISE_CONV_2D")


def test_front_parts_are_the_models_own() -> None:
    from mcuzoo.engines.reference import ReferenceEngine
    from mcuzoo.graph.cut import cut_after

    model = parse_model(net(), "net")
    outputs = ReferenceEngine(model).run_ops(INPUT)
    for op in model.ops:
        front = cut_after(model, op.index)
        assert front.op_indices[-1] == op.index
        assert np.array_equal(
            ReferenceEngine(front.model).run(INPUT), outputs[op.index].reshape(-1)
        )
    assert cut_after(model, 1).op_indices == (0, 1)
    with pytest.raises(ValueError, match="op 6"):
        cut_after(model, 6)
