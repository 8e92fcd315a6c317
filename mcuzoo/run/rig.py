"""A board behind a port, opened again when it falls silent, restarts or talks nonsense."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import McuzooError, PortError, ProtocolError, RigError, WrongFirmwareError
from mcuzoo.link.hello import Hello
from mcuzoo.link.inference import Inference
from mcuzoo.link.stack_use import StackUse
from mcuzoo.link.state import LineCounts, LinkState
from mcuzoo.profile.layers import ModelProfile
from mcuzoo.profile.measure import profile_model
from mcuzoo.run.board import BoardSession, OpenSession

IMAGE_ATTEMPTS = 3
_REOPEN_PAUSES_S = (0.0, 1.0, 3.0)  # a USB console takes a second to come back


class BoardGoneError(RigError):
    """The board could not be reached again, however often the port was opened."""


class Rig:
    """A board whose every session passes `check`. Use as a context manager.

    `state` is handed from session to session, and counts what the line cost. Raises what
    `open_session` and `check` raise, now or when the board comes back as another one; `check` does
    so with WrongFirmwareError. `on_trouble` is told in a sentence what is being recovered from.
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
        self.stack: StackUse | None = None
        """Of its stack, what the board said last; None where it does not know."""
        self._host_losses = self.state.host_losses
        self._open()
        self.take_stock()

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    @property
    def hello(self) -> Hello:
        return self._hello

    def infer(self, image_id: int, tensor: NDArray[np.int8]) -> Inference:
        """Run one image; `attempts` counts those of earlier sessions, too.

        Raises the last RigError or ProtocolError after IMAGE_ATTEMPTS sessions gave no result,
        BoardGoneError when no session could be opened again.
        """
        expected_crc32 = zlib.crc32(tensor.tobytes())
        attempt = 0
        while True:
            attempt += 1
            try:
                inference = self._session.infer(image_id, tensor)
                if inference.input_crc32 != expected_crc32:
                    raise ProtocolError(
                        f"Image {image_id}: the board computed on an input with CRC-32 "
                        f"{inference.input_crc32:08x}, sent was {expected_crc32:08x}.",
                        "The line is noisy beyond repair: check the cable, or export the project "
                        "with a lower --baud, build and flash it again.",
                    )
                if self.state.host_losses != self._host_losses:
                    self.take_stock()
                return replace(inference, attempts=inference.attempts + attempt - 1)
            except WrongFirmwareError:
                raise
            except (RigError, ProtocolError) as error:
                self._on_trouble(f"Image {image_id}, attempt {attempt}: {error.message}")
                self._reopen(error)
                if attempt == IMAGE_ATTEMPTS:
                    raise

    def profile(
        self, image_id: int, tensor: NDArray[np.int8], engine: ReferenceEngine
    ) -> ModelProfile:
        """Profile one image in the present session, as `profile_model` does; nothing is retried."""
        model = engine.program.model
        return profile_model(self._session, model, tensor, engine, image_id=image_id)

    def take_stock(self) -> None:
        """Have the board say what the line has lost since it was asked last.

        It need not answer: one that never did is not asked again.
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
        """Pass on what goes wrong beside the run."""
        self._on_trouble(trouble)

    def _open(self) -> None:
        context = self._open_session(self.state)
        self._session = context.__enter__()
        self._context = context
        try:
            self._hello = self._session.hello()
            self._check(self._hello)
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        context, self._context = self._context, None
        if context is not None:
            # A port that is gone may say so again when it is closed.
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
