"""Session against the real firmware in a process, over real ptys and TCP."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.fault_proxy import Line
from helpers.host_firmware import build_host_firmware, echo_output
from numpy.typing import NDArray

from mcuzoo.errors import (
    BoardResetError,
    BoardSilentError,
    FirmwareError,
    InputError,
    RigError,
    WrongFirmwareError,
)
from mcuzoo.link.session import DeviceLog, Session, Timing

pytestmark = pytest.mark.slow

LineMaker = Callable[..., Line]
QUICK = Timing(latency_s=0.1, connect_s=60.0, inference_s=4.0, tries=4)


def image(seed: int) -> NDArray[np.int8]:
    return np.random.default_rng(seed).integers(-128, 128, 4096, dtype=np.int8)


class Held:
    """A board that stays in its inferences while it is told to."""

    def __init__(self, plug_in: LineMaker, folder: Path) -> None:
        self._hold = folder / "hold"
        self.line = plug_in(ECHO_HOLD=str(self._hold))

    def in_the_next(self, act: Callable[[], None]) -> threading.Thread:
        """Do `act` within the next inference, then let it go on; the thread that waits for it."""
        self._hold.touch()
        before = self.line.board.invocations

        def wait_and_act() -> None:
            while self.line.board.invocations == before:
                time.sleep(0.005)
            act()
            self._hold.unlink()

        thread = threading.Thread(target=wait_and_act, daemon=True)
        thread.start()
        return thread


@pytest.mark.parametrize("tcp", [False, True], ids=["pty", "socket"])
def test_images_come_back_right(plug_in: LineMaker, tcp: bool) -> None:
    line = plug_in(tcp=tcp)
    with Session.open(line.url) as session:
        for seed in range(5):
            result = session.infer(seed, image(seed))
            assert np.array_equal(result.output, echo_output(image(seed)))
            assert result.cycles
            assert result.attempts == 1
    assert line.board.invocations == 5


def test_hello_tells_everything(plug_in: LineMaker) -> None:
    with Session.open(plug_in().url) as session:
        hello = session.hello()
    assert (hello.protocol_version, hello.board, hello.runtime) == (1, "host", "echo")
    assert hello.build_id == "0" * 32
    assert hello.model_sha256 == "ec4001" + "00" * 29
    assert (hello.input.name, hello.input.shape, hello.input.bytes) == (
        "image",
        (1, 128, 8, 4),
        4096,
    )
    assert (hello.input.dtype, hello.input.scale, hello.input.zero_point) == ("int8", 2**-7, -1)
    assert (hello.output.shape, hello.output.zero_point) == ((1, 1500), -128)
    assert (hello.arena_bytes, hello.arena_used, hello.op_count) == (5596, 4096, 1)
    assert (hello.core_clock_hz, hello.cpuid, hello.emulated) == (10**9, 0, False)
    assert (hello.agent, hello.count_unit) == ("process", "nanoseconds")
    assert (hello.max_chunk, hello.runtime_error) == (1024, "")
    assert hello.toolchain


def test_a_second_host_meets_a_board_in_the_middle_of_a_frame(plug_in: LineMaker) -> None:
    line = plug_in()
    descriptor = os.open(line.url, os.O_RDWR | os.O_NOCTTY)
    os.write(descriptor, b"\0\x40\x03half a frame of a host that died")
    os.close(descriptor)
    with Session.open(line.url) as session:
        assert np.array_equal(session.infer(0, image(0)).output, echo_output(image(0)))
        assert session.ping().bad_frames == 1


def test_a_slow_inference_is_asked_about_and_not_run_twice(
    plug_in: LineMaker, tmp_path: Path
) -> None:
    board = Held(plug_in, tmp_path)
    asked = threading.Event()

    class Trace(io.StringIO):
        """Sees the host ask again."""

        invokes = 0

        def write(self, text: str) -> int:
            self.invokes += text.count("-> Invoke seq")
            if self.invokes >= 2:
                asked.set()
            return len(text)

    with Session.open(board.line.url, trace=Trace()) as session:
        waiting = board.in_the_next(lambda: assert_soon(asked))
        assert np.array_equal(session.infer(0, image(0)).output, echo_output(image(0)))
        waiting.join()
    assert board.line.board.invocations == 1


def assert_soon(event: threading.Event) -> None:
    assert event.wait(60)


def test_reset_brings_the_same_board_back(plug_in: LineMaker) -> None:
    line = plug_in()
    with Session.open(line.url) as session:
        before = session.hello()
        session.infer(0, image(0))
        assert session.reset() == before
        assert session.ping().good_frames <= 3
        assert np.array_equal(session.infer(1, image(1)).output, echo_output(image(1)))
    assert line.board.restarts == 1


def test_the_reset_button_in_the_middle_of_an_image(plug_in: LineMaker, tmp_path: Path) -> None:
    board = Held(plug_in, tmp_path)
    with Session.open(board.line.url) as session:
        session.infer(0, image(0))
        button = board.in_the_next(board.line.press_reset)
        result = session.infer(1, image(1))
        button.join()
    assert np.array_equal(result.output, echo_output(image(1)))
    assert result.attempts == 2


def test_another_firmware_after_a_restart_is_refused(
    plug_in: LineMaker, echo_firmware: Path, tmp_path: Path
) -> None:
    other = build_host_firmware(tmp_path / "other", options=['-DMZ_BUILD_ID="another build"'])
    line = plug_in()
    with Session.open(line.url) as session:
        session.infer(0, image(0))
        line.board.executable = other
        line.press_reset()
        with pytest.raises(WrongFirmwareError, match="another build"):
            session.infer(1, image(1))


def test_a_clock_that_never_became_ready_is_told(plug_in: LineMaker) -> None:
    logs: list[DeviceLog] = []
    line = plug_in(MZ_HOST_BOOT_FAILURE="40c84200")
    with Session.open(line.url, on_log=logs.append) as session:
        session.ping()
    assert [log.text for log in logs if "0x40c84200" in log.text]


def test_a_runtime_that_cannot_start(plug_in: LineMaker) -> None:
    logs: list[DeviceLog] = []
    with Session.open(plug_in(ECHO_INIT="fail").url, on_log=logs.append) as session:
        assert "16 bytes too small" in session.hello().runtime_error
        with pytest.raises(FirmwareError, match="16 bytes too small"):
            session.infer(0, image(0))
        # What the board logged before the host opened the pty is gone; after a reset it is not.
        session.reset()
    assert "16 bytes too small" in logs[-1].text


def test_a_failing_inference(plug_in: LineMaker) -> None:
    line = plug_in(ECHO_INVOKE="fail")
    with (
        Session.open(line.url) as session,
        pytest.raises(FirmwareError, match=r"image 7.*operator 0 failed"),
    ):
        session.infer(7, image(7))
    assert line.board.invocations == 1


def test_a_fault_is_reported_with_its_registers(plug_in: LineMaker) -> None:
    line = plug_in(ECHO_INVOKE="fault")
    with (
        Session.open(line.url, timing=QUICK) as session,
        pytest.raises(FirmwareError, match=r"exception 5 .*0x60002468.*bfar 0xdead0000"),
    ):
        session.infer(0, image(0))
    assert line.board.invocations == QUICK.attempts


def test_a_board_that_keeps_restarting(plug_in: LineMaker) -> None:
    line = plug_in(ECHO_INVOKE="reset")
    with (
        Session.open(line.url, timing=QUICK) as session,
        pytest.raises(BoardResetError, match=f"image 3, attempt {QUICK.attempts}"),
    ):
        session.infer(3, image(3))


@pytest.mark.parametrize("moment", ["before", "within"])
def test_a_board_that_dies(plug_in: LineMaker, tmp_path: Path, moment: str) -> None:
    board = Held(plug_in, tmp_path)
    with Session.open(board.line.url, timing=QUICK) as session:
        session.infer(0, image(0))
        if moment == "before":
            board.line.kill_board()
        else:
            board.in_the_next(board.line.kill_board)
        with pytest.raises(RigError) as caught:
            session.infer(1, image(1))
    assert caught.value.exit_code == 3
    assert caught.value.hint


def test_a_session_goes_on_after_a_silence(plug_in: LineMaker) -> None:
    line = plug_in()
    with Session.open(line.url, timing=QUICK) as session:
        line.kill_board()
        with pytest.raises(BoardSilentError):
            session.infer(0, image(0))
        line.press_reset()
        assert np.array_equal(session.infer(1, image(1)).output, echo_output(image(1)))


def test_an_image_of_another_size(plug_in: LineMaker) -> None:
    with (
        Session.open(plug_in().url) as session,
        pytest.raises(InputError, match=r"100 bytes.*4096"),
    ):
        session.infer(0, np.zeros(100, np.int8))


def test_trace_shows_bytes_and_frames(plug_in: LineMaker) -> None:
    trace = io.StringIO()
    with Session.open(plug_in().url, trace=trace) as session:
        session.ping()
    text = trace.getvalue()
    assert "-> Hello seq" in text
    assert "<- HelloReply seq" in text
    assert "00 00 00 00 00 00 00 00" in text
    assert "|........|" in text


def test_an_emulated_board_may_take_its_time() -> None:
    hurried, patient = (Timing.of_port(url, 9600) for url in ("/dev/ttyACM0", "emulator://project"))
    assert hurried == Timing(9600)
    assert patient.connect_s > hurried.connect_s and patient.latency_s > hurried.latency_s
