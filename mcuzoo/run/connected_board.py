"""A board behind a port: check that it runs the project, and open it again if it is silent,
restarts or sends nonsense."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import (
    FirmwareError,
    McuzooError,
    PortError,
    ProtocolError,
    RigError,
    WrongFirmwareError,
)
from mcuzoo.link.codes import Feature
from mcuzoo.link.counts import StackUse
from mcuzoo.link.hello import Hello
from mcuzoo.link.inference import Inference, Profile, as_board_reads
from mcuzoo.link.linux_session import choose_engine, engine_of
from mcuzoo.link.session import Session
from mcuzoo.link.state import LineCounts, LinkState
from mcuzoo.profile import ModelProfile, profile_model
from mcuzoo.project.manifest import Manifest, ProjectManifest
from mcuzoo.run.record import BoardFacts


class BoardSession(Protocol):
    """The part of a link session that a run uses; `mcuzoo.link.session.Session` is one.

    Its methods raise RigError (silent, restarted, port gone) or ProtocolError (refused, faulty).
    """

    def hello(self) -> Hello: ...

    def infer(
        self, image_id: int, tensor: NDArray[np.int8], ahead: NDArray[np.int8] | None = None
    ) -> Inference: ...

    def profile(self, image_id: int, tensor: NDArray[np.int8]) -> Profile: ...

    def ping(self) -> LineCounts: ...


OpenSession = Callable[[LinkState], AbstractContextManager[BoardSession]]
"""Opens a session with the state of earlier sessions."""


ANY_LINUX = "linux-"
"""What the id of a computer begins with that is no board; its machine follows."""


def check_firmware(hello: Hello, manifest: Manifest) -> None:
    """Raise WrongFirmwareError unless the board runs the newest build of the project.

    The Python agent of a Linux board is not built: of that, the model is compared alone. On any
    computer that is no board of mcuzoo's ("linux-x86_64") it may run the model of every board.

    Raises FirmwareError when it does, but its runtime could not be set up.
    """
    if hello.has(Feature.ENGINES):
        _check_agent(hello, manifest)
        return
    _check(
        ("is a", hello.board, manifest.board),
        ("runs the model", hello.model_sha256, manifest.model.sha256),
        ("runs the build", hello.build_id, _build_of(manifest, hello)),
        ("takes an input of bytes", hello.input.bytes, manifest.input.bytes),
        ("gives an output of bytes", hello.output.bytes, manifest.output.bytes),
    )
    if hello.runtime_error:
        raise FirmwareError(
            f"The board cannot run its model: {hello.runtime_error}",
            "Export the project again (mcuzoo fit shows what fits), build and flash it.",
        )


def _check_agent(hello: Hello, manifest: Manifest) -> None:
    if hello.runtime_error:
        raise FirmwareError(
            f"The agent cannot run its model: {hello.runtime_error}",
            "Choose another engine, as ?delegate=none behind an ssh:// port; docs/linux.md tells "
            "what each needs on the board.",
        )
    board = () if hello.board.startswith(ANY_LINUX) else (("is a", hello.board, manifest.board),)
    _check(
        *board,
        ("runs the model", hello.model_sha256, manifest.model.sha256),
        ("takes an input of bytes", hello.input.bytes, manifest.input.bytes),
        ("gives an output of bytes", hello.output.bytes, manifest.output.bytes),
        hint="Copy the exported project to the board again, and start the agent that is in it.",
    )
    own, made = (
        [side for side in end.shape if side != 1] for end in (hello.output, manifest.output)
    )
    if own != made and sorted(own) == sorted(made):
        raise FirmwareError(
            f"The agent runs the file as it is, whose output is {_sides(own)}; the host compares "
            f"outputs of {_sides(made)}.",
            "The C agent turns it: mcuzoo build PROJECT, and start that on the board.",
        )


def _sides(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def check_build(hello: Hello, manifest: ProjectManifest) -> None:
    """Raise WrongFirmwareError unless the board runs the project's newest build, whatever model."""
    _check(
        ("is a", hello.board, manifest.board),
        ("runs the build", hello.build_id, _build_of(manifest, hello)),
    )


def _build_of(manifest: ProjectManifest, hello: Hello) -> str:
    """The build of the project that the board should run: any that is in the folder."""
    return hello.build_id if hello.build_id in manifest.build_ids else manifest.newest_build_id


def _check(
    *facts: tuple[str, str | int, str | int],
    hint: str = "mcuzoo build PROJECT, flash it (or emulate it), and use that project's folder.",
) -> None:
    for what, found, expected in facts:
        if found != expected:
            raise WrongFirmwareError(
                f"The board at this port {what} {found}, the project has {expected}.",
                hint,
            )


def board_facts(hello: Hello) -> BoardFacts:
    """The part of `hello` that stays the same for a whole run."""
    return BoardFacts(
        board=hello.board,
        runtime=hello.runtime,
        toolchain=hello.toolchain,
        build_id=hello.build_id,
        model_sha256=hello.model_sha256,
        protocol_version=hello.protocol_version,
        core_clock_hz=hello.core_clock_hz,
        cpuid=hello.cpuid,
        emulated=hello.emulated,
        arena_bytes=hello.arena_bytes,
        arena_used=hello.arena_used,
        agent=hello.agent,
        count_unit=hello.count_unit,
        delegate=hello.delegate,
    )


IMAGE_ATTEMPTS = 3
_REOPEN_PAUSES_S = (0.0, 1.0, 3.0)  # a USB console takes a second to come back


class BoardGoneError(RigError):
    """The board could not be reached again, although the port was opened several times."""


class ConnectedBoard:
    """A board whose every session passes `check`. Use as a context manager.

    All sessions share `state`, which also counts the losses of the line. Raises the errors of
    `open_session` and `check`, now or after a restart; WrongFirmwareError for another firmware.
    `on_trouble` gets a sentence about each trouble.
    """

    def __init__(
        self,
        open_session: OpenSession,
        check: Callable[[Hello], None],
        on_trouble: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        state: LinkState | None = None,
    ) -> None:
        self.state = LinkState() if state is None else state
        self._open_session = open_session
        self._check = check
        self._on_trouble = on_trouble
        self._sleep = sleep
        self._context: AbstractContextManager[BoardSession] | None = None
        self._counted: LineCounts | None = None
        self._counts = True
        self._engine: str | None = None
        self.stack: StackUse | None = None
        """The last stack use that the board reported; None if it does not know."""
        self._host_losses = self.state.host_losses
        self._open()
        self.take_stock()

    def __enter__(self) -> ConnectedBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    @property
    def hello(self) -> Hello:
        return self._hello

    def infer(
        self, image_id: int, tensor: NDArray[np.int8], ahead: NDArray[np.int8] | None = None
    ) -> Inference:
        """Run one image; `attempts` counts those of earlier sessions, too. ahead: the tensor of the
        next call, if it is known, which is sent while the board works.

        Raises the last RigError or ProtocolError after IMAGE_ATTEMPTS sessions gave no result,
        BoardGoneError when no session could be opened again.
        """
        crc32 = zlib.crc32(tensor.tobytes())
        sent_crc32 = zlib.crc32(as_board_reads(tensor, self._hello).tobytes())
        attempt = 0
        while True:
            attempt += 1
            try:
                inference = self._session.infer(image_id, tensor, ahead)
                if inference.input_crc32 != sent_crc32:
                    raise ProtocolError(
                        f"Image {image_id}: the board computed on an input with CRC-32 "
                        f"{inference.input_crc32:08x}, the host sent {sent_crc32:08x}.",
                        "The line has too many errors: check the cable, or export the project "
                        "with a lower --baud, build and flash it again.",
                    )
                if self.state.host_losses != self._host_losses:
                    self.take_stock()
                attempts = inference.attempts + attempt - 1
                return replace(inference, attempts=attempts, input_crc32=crc32)
            except WrongFirmwareError:
                raise
            except (RigError, ProtocolError) as error:
                self._on_trouble(f"Image {image_id}, attempt {attempt}: {error.message}")
                self._reopen(error)
                if attempt == IMAGE_ATTEMPTS:
                    raise

    @property
    def session(self) -> Session:
        """The present session, for what only some boards can be asked."""
        return cast("Session", self._session)

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines that the board offers; empty where there is no choice."""
        if not self._hello.has(Feature.ENGINES):
            return ()
        return engine_of(self.session).offers

    def select(self, engine: str) -> None:
        """Let the board compute with `engine`, one of `engines`, in this and in later sessions.

        Raises FirmwareError where that cannot be set up, and as choose_engine.
        """
        self._engine = engine
        self._choose(engine)
        self._hello = self._session.hello()

    def meet_again(self) -> None:
        """After somebody else used the session: the engine that was selected, as it is now."""
        if self._engine is not None:
            self._choose(self._engine)
        self._hello = self._session.hello()

    def _choose(self, engine: str) -> None:
        facts = choose_engine(self.session, engine)
        if not facts.ready:
            raise FirmwareError(
                f"The board cannot compute with {engine}: {facts.error}.",
                "docs/linux.md tells what an engine needs on the board.",
            )

    def profile(
        self, image_id: int, tensor: NDArray[np.int8], engine: ReferenceEngine
    ) -> ModelProfile:
        """Profile one image in the present session, as `profile_model` does; nothing is retried."""
        model = engine.program.model
        return profile_model(self._session, model, tensor, engine, image_id=image_id)

    def take_stock(self) -> None:
        """Ask the board for the losses of the line since the last time.

        The answer is optional: a board that never answered is not asked again.
        """
        self._host_losses = self.state.host_losses
        if not self._counts:
            return
        try:
            now = self._session.ping()
        except (RigError, ProtocolError):
            self._counts = self._counted is not None
            return
        if self._counted is not None:
            self.state.board_counted(now, self._counted)
        self._counted = now
        self.stack = now.stack

    def tell(self, trouble: str) -> None:
        """Report a trouble that does not end the run."""
        self._on_trouble(trouble)

    def _open(self) -> None:
        context = self._open_session(self.state)
        self._session = context.__enter__()
        self._context = context
        try:
            if self._engine is not None:
                self._choose(self._engine)
            self._hello = self._session.hello()
            self._check(self._hello)
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        context, self._context = self._context, None
        if context is not None:
            # A port that is gone may raise the error again when it is closed.
            with suppress(McuzooError, OSError):
                context.__exit__(None, None, None)

    def _reopen(self, cause: McuzooError) -> None:
        for pause_s in _REOPEN_PAUSES_S:
            self._close()
            self._sleep(pause_s)
            try:
                self._open()
            except WrongFirmwareError:
                raise
            except (RigError, ProtocolError) as error:
                self._on_trouble(error.message)
                last: McuzooError = error
                if isinstance(error, PortError) and error.absent:
                    break  # it has been waited for already
            else:
                self.state.reconnects += 1
                return self.take_stock()
        raise BoardGoneError(
            f"The board cannot be reached again: {last.message} Before that: {cause.message}",
            last.hint,
        ) from cause
