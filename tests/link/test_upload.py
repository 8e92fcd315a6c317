"""Models into the real firmware in a process, over a line that is perfect or is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.fault_proxy import KINDS, Line, faults_of
from helpers.host_firmware import SLOT_CAPACITY, SLOT_TENSOR_BYTES, slot_output
from numpy.typing import NDArray

from mcuzoo.errors import BoardSilentError, FitError, ModelRefusedError, UsageError
from mcuzoo.link.session import Session, Timing

pytestmark = pytest.mark.slow

LineMaker = Callable[..., Line]
PATIENT = Timing(latency_s=0.06, connect_s=60.0, inference_s=60.0, tries=100, attempts=30)


def model(seed: int, size_bytes: int = 12345) -> bytes:
    return b"M" + np.random.default_rng(seed).bytes(size_bytes - 1)


def image(seed: int) -> NDArray[np.int8]:
    return np.random.default_rng(seed).integers(-128, 128, SLOT_TENSOR_BYTES, dtype=np.int8)


def answers(session: Session, content: bytes, seed: int) -> bool:
    result = session.infer(seed, image(seed))
    return np.array_equal(result.output, slot_output(content, image(seed)))


def test_a_board_without_a_model_says_so(plug_in: LineMaker, slot_firmware: Path) -> None:
    lines: list[object] = []
    with Session.open(plug_in(firmware=slot_firmware).url, on_log=lines.append) as session:
        hello = session.hello()
    assert (hello.model_capacity_bytes, hello.model_bytes) == (SLOT_CAPACITY, 0)
    assert (hello.runtime_error, hello.model_sha256) == ("no model has been uploaded", "00" * 32)
    assert (hello.input.bytes, hello.op_count) == (0, 0)
    assert lines == []


def test_models_one_after_the_other(plug_in: LineMaker, slot_firmware: Path) -> None:
    line = plug_in(firmware=slot_firmware)
    with Session.open(line.url) as session:
        for seed, size_bytes in ((1, 12345), (2, 2999), (3, SLOT_CAPACITY), (4, 1)):
            content = model(seed, size_bytes)
            seen: list[int] = []
            hello = session.upload(content, seen.append)
            assert (hello.model_bytes, hello.runtime_error) == (size_bytes, "")
            assert (hello.input.name, hello.output.zero_point) == ("image", 3)
            assert seen == sorted(seen)
            assert seen[-1] == size_bytes
            assert answers(session, content, seed)
            assert answers(session, content, seed + 10)
    loads = [said for said in line.board.said.splitlines() if said.startswith("load")]
    assert loads == ["load large", "load small", "load large", "load small"]
    assert line.board.restarts == 0


def test_a_model_that_is_there_is_not_sent_again(plug_in: LineMaker, slot_firmware: Path) -> None:
    line = plug_in(firmware=slot_firmware)
    for _ in range(2):
        with Session.open(line.url) as session:
            assert session.upload(model(1)).model_bytes == 12345
            assert answers(session, model(1), 1)
    assert line.board.said.count("load large") == 1
    assert line.board.said.count("invoke") == 2


def test_a_new_model_drops_the_image_of_the_old(plug_in: LineMaker, slot_firmware: Path) -> None:
    with Session.open(plug_in(firmware=slot_firmware).url) as session:
        session.upload(model(1))
        assert answers(session, model(1), 5)
        session.upload(model(2))
        assert answers(session, model(2), 5)


def test_a_restart_costs_the_model_and_the_session_sends_it_again(
    plug_in: LineMaker, slot_firmware: Path
) -> None:
    line = plug_in(firmware=slot_firmware)
    with Session.open(line.url, timing=PATIENT) as session:
        session.upload(model(1))
        for seed in range(3):
            line.press_reset()
            assert answers(session, model(1), seed)
        assert session.reset().model_bytes == 12345
    assert line.board.restarts == 4


def test_a_restart_in_the_middle_of_an_upload(plug_in: LineMaker, slot_firmware: Path) -> None:
    line = plug_in(firmware=slot_firmware)
    pressed: list[int] = []

    def press(arrived: int) -> None:
        if not pressed:
            pressed.append(arrived)
            line.press_reset()

    with Session.open(line.url, timing=PATIENT) as session:
        session.upload(model(1), press)
        assert answers(session, model(1), 1)
    assert pressed[0] < 12345


def test_the_next_host_goes_on_where_the_first_one_died(
    plug_in: LineMaker, slot_firmware: Path
) -> None:
    line = plug_in(firmware=slot_firmware)

    class Died(Exception):
        pass

    def die(arrived: int) -> None:
        if arrived > 5000:
            raise Died

    with Session.open(line.url) as session, pytest.raises(Died):
        session.upload(model(1), die)
    seen: list[int] = []
    with Session.open(line.url) as session:
        session.upload(model(1), seen.append)
        assert answers(session, model(1), 1)
    assert all(arrived > 5000 for arrived in seen)  # what was under way has arrived, too


def test_too_large_is_told_before_anything_is_sent(plug_in: LineMaker, slot_firmware: Path) -> None:
    line = plug_in(firmware=slot_firmware)
    with Session.open(line.url) as session:
        session.upload(model(1))
        with pytest.raises(FitError, match=r"20,001 bytes, the host has room for 20,000"):
            session.upload(model(2, SLOT_CAPACITY + 1))
        assert answers(session, model(1), 1)


def test_a_refused_model_is_told_in_the_boards_words(
    plug_in: LineMaker, slot_firmware: Path
) -> None:
    line = plug_in(firmware=slot_firmware)
    with Session.open(line.url) as session:
        with pytest.raises(ModelRefusedError, match="Requested: 98304, available 65536"):
            session.upload(b"R" + model(1))
        assert session.upload(model(1)).model_bytes == 12345
        assert answers(session, model(1), 1)


@pytest.mark.parametrize("kind", ["S", "F", "D"])
def test_a_model_that_makes_tflm_fault_is_refused_and_not_sent_again(
    plug_in: LineMaker, slot_firmware: Path, kind: str
) -> None:
    """S: in its set-up. F: in its first run. D: likewise, and nobody hears of it."""
    line = plug_in(firmware=slot_firmware)
    bad = kind.encode() + model(1)
    says = {"S": "in the set-up of op 2 CONV_2D: an instruction", "F": "in op 3 SOFTMAX: an instr"}
    with Session.open(line.url) as session:
        with pytest.raises(
            ModelRefusedError, match=says.get(kind, "faulted in op 3 SOFTMAX")
        ) as no:
            session.upload(bad)
            session.infer(1, image(1))
        assert no.value.exit_code == 1
        sent: list[int] = []
        with pytest.raises(ModelRefusedError, match="faulted in"):
            session.upload(bad, sent.append)
        assert sent == []
        assert session.upload(model(1)).model_bytes == 12345
        assert answers(session, model(1), 1)
        assert line.board.restarts == 1
    with Session.open(line.url) as session, pytest.raises(ModelRefusedError):
        session.upload(bad)
        session.infer(1, image(1))
    while not (line.board.restarts == 2 and line.board.alive):
        time.sleep(0.01)  # its process is being made, and until then holds the port as we did
    with Session.open(line.url) as session:
        assert session.hello().runtime_error.startswith("TFLite-Micro faulted in ")
        with pytest.raises(ModelRefusedError):
            session.upload(bad, sent.append)
    assert sent == []
    assert line.board.said.count("load large") == 3


def test_a_fixed_firmware_takes_no_model(plug_in: LineMaker) -> None:
    with Session.open(plug_in().url) as session:
        assert session.hello().model_capacity_bytes == 0
        with pytest.raises(UsageError, match="takes no models"):
            session.upload(model(1))


@pytest.mark.parametrize("seed", range(3))
def test_moderate_faults_lose_nothing(plug_in: LineMaker, slot_firmware: Path, seed: int) -> None:
    line = plug_in(faults_of(seed, mean_bytes=9000), firmware=slot_firmware)
    with Session.open(line.url, timing=PATIENT) as session:
        for number in range(3):
            content = model(number, 15000)
            assert session.upload(content).model_bytes == 15000
            assert answers(session, content, number)
    assert line.struck


@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_alone_loses_nothing(plug_in: LineMaker, slot_firmware: Path, kind: str) -> None:
    line = plug_in(faults_of(seed=11, mean_bytes=7000, kinds=(kind,)), firmware=slot_firmware)
    # A restart costs all that has arrived: the model must get through between two of them.
    content = model(5, 4000 if kind == "reset" else 15000)
    with Session.open(line.url, timing=PATIENT) as session:
        for seed in range(3):
            session.upload(content + bytes([seed]))
            assert answers(session, content + bytes([seed]), seed)
    assert set(line.struck) == {kind}


def test_a_board_that_dies_is_an_error(plug_in: LineMaker, slot_firmware: Path) -> None:
    line = plug_in(firmware=slot_firmware)
    quick = Timing(latency_s=0.05, connect_s=60.0, tries=2)
    killer = threading.Event()

    def kill(_: int) -> None:
        if not killer.is_set():
            killer.set()
            line.kill_board()

    with (
        Session.open(line.url, timing=quick) as session,
        # Everything may have arrived by then: that depends on how much the line holds.
        pytest.raises(BoardSilentError, match=r"model bytes arrived|ModelCommit was sent"),
    ):
        session.upload(model(1), kill)
