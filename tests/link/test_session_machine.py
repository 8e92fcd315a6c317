"""Any order of inferences, uploads, restarts, dying hosts and changing faults of the line.

A result is right, or an error of mcuzoo's is raised; nothing hangs; when the faults stop, the same
session goes on. The firmware is compiled with sanitizers. `make full` has a few short histories,
`make nightly` many long ones.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)
from numpy.typing import NDArray

from mcuzoo.errors import BoardResetError, McuzooError
from mcuzoo.link.frame import Frame, encode_frame
from mcuzoo.link.messages import InputData
from mcuzoo.link.payload import pack
from mcuzoo.link.session import Session, Timing

if sys.platform == "win32":
    pytest.skip("needs ptys", allow_module_level=True)

from helpers.fault_proxy import KINDS, PERFECT, Line, faults_of
from helpers.host_firmware import SLOT_TENSOR_BYTES, HostBoard, echo_output, slot_output

# `repeatable` and `nightly` of tests/conftest.py.
LONG = settings.default is not None and not settings.default.derandomize
HISTORIES = settings(
    max_examples=150 if LONG else 8,
    stateful_step_count=30 if LONG else 10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# A board that is only slow, on a busy machine, is no fault.
PATIENT = Timing(latency_s=0.06, connect_s=60.0, inference_s=60.0, tries=100, attempts=30)
ECHO_BYTES = 4096
# A reset costs a whole image or model.
ON_THE_LINE = tuple(kind for kind in KINDS if kind != "reset")
seeds = st.integers(0, 999)

_T = TypeVar("_T")


class SessionMachine(RuleBasedStateMachine):
    """One board, and the host's session with it; `uploads`: it takes models."""

    def __init__(self, firmware: Path, uploads: bool) -> None:
        super().__init__()
        self.uploads = uploads
        self.folder = tempfile.TemporaryDirectory(prefix="mcuzoo-machine-")
        self.line = Line(HostBoard(firmware, Path(self.folder.name)))
        self.session: Session | None = None
        self.model: bytes | None = None
        self.quiet = True
        self.images = 0

    @rule(seed=seeds)
    def infer(self, seed: int) -> None:
        image = self.image(seed)
        inference = self.attempt(lambda session: session.infer(self.images, image))
        if inference is not None:
            assert np.array_equal(inference.output, self.expected(image))

    @rule(seed=seeds)
    def profile(self, seed: int) -> None:
        image = self.image(seed)
        found = self.attempt(lambda session: session.profile(self.images, image))
        if found is not None:
            assert np.array_equal(found.inference.output, self.expected(image))

    @rule()
    def ping(self) -> None:
        counts = self.attempt(lambda session: session.ping())
        assert counts is None or counts.good_frames > 0

    @rule()
    def reset(self) -> None:
        hello = self.attempt(lambda session: session.reset())
        assert hello is None or hello.board == "host"

    @precondition(lambda self: self.uploads)
    @rule(seed=seeds, size=st.sampled_from([1, 700, 5000]))
    def upload(self, seed: int, size: int) -> None:
        self.model = b"M" + random.Random(seed).randbytes(size)
        if not self.sends_model(self.model):
            self.kill_host()

    @rule()
    def restart_board(self) -> None:
        self.line.press_reset()

    @rule(seed=seeds)
    def kill_host(self, seed: int = 0) -> None:
        """It dies in the middle of a frame."""
        if self.session is not None:
            self.session.close()
        self.session = None
        data = random.Random(seed).randbytes(500)
        frame = encode_frame(Frame(InputData.code, 0, seed, pack(InputData(seed, 0, data))))
        self.line.write_to_board(frame[: seed % len(frame)])

    @rule(
        seed=seeds,
        mean_bytes=st.sampled_from([700, 3000, 10_000]),
        kinds=st.lists(st.sampled_from(ON_THE_LINE), min_size=1, max_size=3, unique=True),
    )
    def damage_line(self, seed: int, mean_bytes: int, kinds: list[str]) -> None:
        self.line.change_faults(faults_of(seed, mean_bytes, kinds))
        self.quiet = False

    @rule(seed=seeds)
    def shake_power(self, seed: int) -> None:
        self.line.change_faults(faults_of(seed, 30_000, ("reset",)))
        self.quiet = False

    @rule(seed=seeds)
    def stop_faults(self, seed: int) -> None:
        """The session that has seen them goes on."""
        self.line.change_faults(PERFECT)
        self.quiet = True
        self.infer(seed)

    def teardown(self) -> None:
        try:
            self.stop_faults(0)
        finally:
            if self.session is not None:
                self.session.close()
            with self.line:  # its end says what the sanitizers have found
                pass
            self.folder.cleanup()

    def attempt(self, ask: Callable[[Session], _T]) -> _T | None:
        """What the board answers. None after an error, which only faults explain, or a restart that
        nobody has noticed yet."""
        self.images += 1
        for _ in range(2):
            try:
                return ask(self.opened())
            except BoardResetError:
                # A request that is no image's is not repeated by itself after a restart.
                continue
            except McuzooError as error:
                assert error.hint
                assert not self.quiet, error
                return None
        assert not self.quiet, "the board restarts by itself"
        return None

    def opened(self) -> Session:
        """The session, new where there is none; the board has the model then."""
        if self.session is None:
            session = Session.open(self.line.url, timing=PATIENT)
            try:
                if self.uploads:
                    self.model = self.model or b"M first"
                    session.upload(self.model)
            except BaseException:
                session.close()
                raise
            self.session = session
        return self.session

    def sends_model(self, model: bytes) -> bool:
        hello = self.attempt(lambda session: session.upload(model))
        assert hello is None or hello.model_sha256 == sha256(model).hexdigest()
        return hello is not None

    def image(self, seed: int) -> NDArray[np.int8]:
        size = SLOT_TENSOR_BYTES if self.uploads else ECHO_BYTES
        return np.frombuffer(random.Random(seed).randbytes(size), dtype=np.int8)

    def expected(self, image: NDArray[np.int8]) -> NDArray[np.int8]:
        if not self.uploads:
            return echo_output(image)
        assert self.model is not None
        return slot_output(self.model, image)


@pytest.mark.full
@pytest.mark.hypothesis
@pytest.mark.parametrize("kind", ["echo", "slot"])
def test_any_history_is_right_or_an_error(kind: str, request: pytest.FixtureRequest) -> None:
    firmware: Path = request.getfixturevalue(f"{kind}_firmware")
    # It is said to take a class, and takes whatever makes a machine.
    new: Any = partial(SessionMachine, firmware, kind == "slot")
    run_state_machine_as_test(new, settings=HISTORIES)


@pytest.mark.slow
def test_one_history_of_everything(slot_firmware: Path) -> None:
    """What the rules do, once, in an order that is written down."""
    machine = SessionMachine(slot_firmware, uploads=True)
    try:
        machine.infer(1)
        machine.damage_line(2, 3000, ["flip", "drop", "noise"])
        machine.upload(3, 5000)
        machine.profile(4)
        machine.restart_board()
        machine.infer(5)
        machine.kill_host(300)
        machine.stop_faults(6)
        assert machine.line.struck
        machine.reset()
        machine.ping()
    finally:
        machine.teardown()
