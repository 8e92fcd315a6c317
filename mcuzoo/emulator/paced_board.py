"""An emulated board behind a serial line that takes its time, in simulated time.

Nothing here waits for a clock: time goes on as the core executes instructions, one a cycle of its
clock, or, while it only polls, to where something happens. The host takes no time but what
`PacedLine.delay_s` says. So the same traffic takes the same time on every machine.

The board runs while the host reads, in the host's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mcuzoo.board.model import Board
from mcuzoo.emulator.boot_rom import boot, load_image
from mcuzoo.emulator.machine import Machine, Outcome, Setting
from mcuzoo.emulator.memory import make_memories
from mcuzoo.emulator.paced_lpuart import PacedLine
from mcuzoo.emulator.powered import Orders
from mcuzoo.emulator.timers import CountMode

# What a reset takes until the boot ROM has started the image.
_RESET_S = 0.05


class PacedBoard:
    """`board` with `image` in its flash, as VirtualEvk takes them; `line` is at its UART.

    Raises as VirtualEvk, and `advance` as VirtualEvk.run.
    """

    def __init__(
        self,
        board: Board,
        image: bytes | Path,
        line: PacedLine,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        loaded = load_image(board, image)
        self.line = line
        self.resets = 0
        self._setting = Setting(
            board=board,
            memories=make_memories(board, loaded),
            start=boot(board, loaded),
            far_end=line,
            mode=CountMode(None),
            orders=Orders(),
            say=say,
        )
        self._machine = Machine(self._setting, 0)

    @property
    def now_s(self) -> float:
        """Since power-up."""
        return self._machine.now_s

    def advance(self, until_s: float) -> None:
        """Run until then, or until the host can read a byte."""
        line = self.line
        line.limit_s = until_s
        while not self._paused():
            if self._machine.run(self._paused) is Outcome.RESET:
                self.reset()

    def reset(self) -> None:
        """Press the reset button."""
        since_s = self.now_s + _RESET_S
        self.resets += 1
        self._machine.engine.close()
        self._machine = Machine(self._setting, self._machine.inferences, since_s)

    def _paused(self) -> bool:
        return self.now_s >= self.line.stop_s


class PacedPort:
    """The host's end of the line, as pyserial's ports are; `clock` tells the simulated time.

    timeout_s: how long `read` waits for a byte.
    """

    def __init__(self, board: PacedBoard, timeout_s: float = 0.02) -> None:
        self._board = board
        self._line = board.line
        self._timeout_s = timeout_s

    def clock(self) -> float:
        return self._board.now_s

    @property
    def baudrate(self) -> int:
        return round(self._line.host_baud)

    @baudrate.setter
    def baudrate(self, baud: int) -> None:
        self._line.host_baud = baud

    @property
    def in_waiting(self) -> int:
        now_s = self._board.now_s
        return sum(1 for at_s, _ in self._line.to_host if at_s <= now_s)

    def read(self, size: int, /) -> bytes:
        if not self.in_waiting:
            self._board.advance(self._board.now_s + self._timeout_s)
        count = min(size, self.in_waiting)
        return bytes(self._line.to_host.popleft()[1] for _ in range(count))

    def write(self, data: bytes, /) -> int:
        self._line.host_sends(self._board.now_s, bytes(data))
        return len(data)

    def flush(self) -> None:
        """Wait until everything has left the adapter."""
        while self._line.to_board and self._line.to_board[-1][0] > self._board.now_s:
            self._board.advance(self._line.to_board[-1][0])
            if self.in_waiting:
                return

    def close(self) -> None:
        """The line stays; the next port goes on with it."""
