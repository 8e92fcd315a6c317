"""Several boards, each a process of this machine behind a pty; some misbehave in the middle."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from helpers.fault_proxy import Line
from helpers.host_firmware import HostBoard

from mcuzoo.resources import boards_dir

INPUT_BYTES = 48 * 48 * 3
"""Of an image of helpers.host_project."""


class SpoiltBoard(HostBoard):
    """`spoil` is called with it when `after_bytes` have come from the host, and, if `again`, each
    time that so many have."""

    def __init__(
        self,
        executable: Path,
        folder: Path,
        spoil: Callable[[SpoiltBoard], None],
        after_bytes: int,
        again: bool = False,
    ) -> None:
        self._spoil = spoil
        self._after_bytes = self._left_bytes = after_bytes
        self._again = again
        self.spoilt = 0
        super().__init__(executable, folder)

    def write(self, data: bytes) -> None:
        self._left_bytes -= len(data)
        if self._left_bytes <= 0 and (self._again or not self.spoilt):
            self._left_bytes = self._after_bytes
            self.spoilt += 1
            self._spoil(self)
            return
        super().write(data)


def kill(board: HostBoard) -> None:
    board.kill()


def hang(board: HostBoard) -> None:
    os.kill(board.process.pid, signal.SIGSTOP)


def reset(board: HostBoard) -> None:
    board.restart()


@dataclass
class Boards:
    """`lines` by name, in the order in which they were added."""

    folder: Path
    stack: ExitStack
    lines: dict[str, Line] = field(default_factory=dict)

    def add(
        self,
        firmware: Path,
        spoil: Callable[[HostBoard], None] | None = None,
        after_images: float = 3.0,
        again: bool = False,
    ) -> Line:
        """A board; `spoil` happens to it after so many images."""
        name = f"b{len(self.lines)}"
        own = self.folder / name
        own.mkdir()
        board = (
            HostBoard(firmware, own)
            if spoil is None
            else SpoiltBoard(firmware, own, spoil, int(after_images * INPUT_BYTES), again)
        )
        self.lines[name] = self.stack.enter_context(Line(board))
        return self.lines[name]

    @property
    def ports(self) -> tuple[str, ...]:
        return tuple(line.url for line in self.lines.values())

    def rig(self, **power: str) -> Path:
        """A rig file of all of them, with these power switches, as TOML."""
        kind = (boards_dir() / "rt1050.toml").read_text(encoding="utf-8")
        (self.folder / "host.toml").write_text(kind.replace('id = "rt1050"', 'id = "host"'))
        text = ""
        for name, line in self.lines.items():
            text += f'[boards.{name}]\nboard = "host.toml"\nport = "{line.url}"\n'
            text += f"power = {power[name]}\n" if name in power else ""
        path = self.folder / "rig.toml"
        path.write_text(text)
        return path


@contextmanager
def boards_at_work(folder: Path) -> Iterator[Boards]:
    with ExitStack() as stack:
        boards = Boards(folder, stack)
        try:
            yield boards
        finally:
            for line in boards.lines.values():
                # A hung board keeps its line from ending.
                line.board.process.kill()
