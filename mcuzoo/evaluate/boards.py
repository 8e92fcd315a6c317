"""Engines that are boards: at a port, or emulated and built for the purpose."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.board.load import load_board
from mcuzoo.errors import FirmwareError, WrongFirmwareError
from mcuzoo.evaluate.subject import Subject
from mcuzoo.link.counts import agent_note
from mcuzoo.link.hello import Hello
from mcuzoo.link.ports import PortWatch
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState
from mcuzoo.run.rig import Rig
from mcuzoo.zoo.registry import ModelSource

Talk = Callable[[str], None]

# Instructions are not asked for; counting them would slow the emulator down.
_EMULATOR_OPTIONS = "?count=0"


class BoardEngine:
    """A board as an engine; the rig behind it recovers and proves what it can."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._numbers = count()

    @property
    def board(self) -> str:
        """What answered: "rt1170, aot, emulated"."""
        hello = self._rig.hello
        return f"{hello.board}, {hello.runtime}" + agent_note(hello.agent)

    def run(self, input: NDArray[np.int8]) -> NDArray[np.int8]:
        """Raises RigError or ProtocolError when the board gives no result, whatever is tried."""
        return self._rig.infer(next(self._numbers), input).output


@contextmanager
def board_engine(
    subject: Subject, port: str, baud: int | None, board_id: str, talk: Talk
) -> Iterator[BoardEngine]:
    """The board at `port`. Raises WrongFirmwareError when it runs another model.

    baud: None: what the file of the board `board_id` says.
    """
    check = partial(check_model, subject=subject)
    ports = PortWatch(port, say=talk)
    rate = load_board(board_id).console.baud if baud is None else baud
    ports.baud_note = f"as the file of board {board_id} says" if baud is None else "as --baud says"

    def connect(state: LinkState) -> Session:
        return Session.open(port, rate, state=state, ports=ports)

    with Rig(connect, check, talk) as rig:
        yield BoardEngine(rig)


def check_model(hello: Hello, subject: Subject) -> None:
    """Raise WrongFirmwareError unless the board runs the model; FirmwareError when it cannot."""
    if hello.model_sha256 != subject.model.sha256:
        raise WrongFirmwareError(
            f"The board runs the model {hello.model_sha256[:12]}..., to be evaluated is "
            f"{subject.model.sha256[:12]}... ({subject.model.name}).",
            "mcuzoo export and build this model, flash it, and evaluate again.",
        )
    if hello.runtime_error:
        raise FirmwareError(
            f"The board cannot run its model: {hello.runtime_error}",
            "Export the project again (mcuzoo fit shows what fits), build and flash it.",
        )


@contextmanager
def emulated_project(source: ModelSource, board_id: str, talk: Talk) -> Iterator[str]:
    """The URL of an emulated board with firmware for the model, built in a temporary folder.

    Raises FitError when the model does not fit the board, ToolchainError without a compiler.
    """
    from mcuzoo.codegen.options import ALONE
    from mcuzoo.codegen.project import export_project
    from mcuzoo.toolchain.build import build_project

    board = load_board(board_id)
    with tempfile.TemporaryDirectory(prefix="mcuzoo-evaluate-") as folder:
        project = Path(folder) / "project"
        talk(f"exporting and building {source.name} for {board.name}")
        export_project(replace(source, samples=None), board, project, ALONE)
        build_project(project)
        yield f"emulator://{project}{_EMULATOR_OPTIONS}"
