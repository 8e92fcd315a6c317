"""A session with the emulated board of a project, on a line in simulated time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.board.load import load_board
from mcuzoo.emulator.paced_board import PacedBoard, PacedPort
from mcuzoo.emulator.paced_lpuart import PacedLine
from mcuzoo.link.channel import Channel
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState, Timing
from mcuzoo.project.manifest import load_manifest

ADAPTER_S = 0.0005


@dataclass
class PacedRig:
    """`open` opens a session; all share `state`."""

    board: PacedBoard
    line: PacedLine
    state: LinkState

    @property
    def now_s(self) -> float:
        return self.board.now_s

    def open(self, max_baud: int = 0, baud: int = 115_200) -> Session:
        port = PacedPort(self.board)
        port.baudrate = baud
        channel = Channel(port, "paced", state=self.state, clock=port.clock)
        channel.baud = baud
        return Session(channel, Timing(baud, max_baud=max_baud))


def paced_rig(project: Path) -> PacedRig:
    manifest = load_manifest(project)
    assert manifest.build is not None
    line = PacedLine(115_200, delay_s=ADAPTER_S)
    board = PacedBoard(load_board(manifest.board), project / manifest.build.bin, line)
    return PacedRig(board, line, LinkState())


def image_of(session: Session, seed: int) -> NDArray[np.int8]:
    """Noise as large as the board's input."""
    size = session.hello().input.bytes
    return np.random.default_rng(seed).integers(-128, 128, size, dtype=np.int8)


def every(count: int, spoil: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """`spoil` of every `count`-th byte; the others arrive."""
    seen = 0

    def pass_on(byte: int) -> bytes:
        nonlocal seen
        seen += 1
        return spoil(byte) if seen % count == 0 else bytes([byte])

    return pass_on
