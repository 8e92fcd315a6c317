"""Meet every board of a rig: is it there, is it what its file says, does its power switch work?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from mcuzoo.board.load import load_any_board
from mcuzoo.emulator.url import SCHEME
from mcuzoo.errors import BoardError, McuzooError
from mcuzoo.link.hello import Hello
from mcuzoo.link.port_watch import DEFAULT_WAIT_S, PortWatch
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState, Timing
from mcuzoo.project.manifest import ProjectManifest, load_project
from mcuzoo.rig.boards import RigBoard
from mcuzoo.rig.find_board import DEFAULT_BAUD, project_baud
from mcuzoo.rig.power import cycle

CONNECT_S = 3.0
PINGS = 16
"""So many requests go to each board, to see what the line loses."""
_AT_ONCE = 64


@dataclass(frozen=True)
class BoardCheck:
    """A board of a rig as it was met.

    hello: what it said; None: nothing. baud: the rate that was tried. findings: what is wrong with
    it; none: it is as the file says. resent: how many of `pings` requests had to be sent again.
    power: what trying its switch has shown, "" if that was not asked for.
    """

    board: RigBoard
    baud: int
    hello: Hello | None = None
    findings: tuple[str, ...] = ()
    resent: int = 0
    pings: int = 0
    power: str = ""

    @property
    def passed(self) -> bool:
        return not self.findings


def check_rig(
    boards: Sequence[RigBoard],
    power: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[BoardCheck, ...]:
    """Meet all boards at the same time. power: try their switches, too, one after the other, so
    that a switch of another board is found out.

    Raises ProjectError for a project of the rig that cannot be read; never for what a board does.
    """
    projects = {
        board.project: load_project(board.project) for board in boards if board.project is not None
    }
    if not boards:
        return ()
    with ThreadPoolExecutor(min(len(boards), _AT_ONCE)) as pool:
        met = list(
            pool.map(
                lambda board: _meet(board, projects[board.project] if board.project else None),
                boards,
            )
        )
    if not power:
        return tuple(met)
    checked = []
    for one in met:
        say(f"{one.board.name}: switching it off and on")
        checked.append(_try_power(one))
    return tuple(checked)


def _meet(board: RigBoard, project: ProjectManifest | None) -> BoardCheck:
    baud = _baud(board, project)
    state = LinkState()
    found = BoardCheck(board, baud)
    try:
        with _session(board, baud, state) as session:
            found = replace(found, hello=session.hello())
            for _ in range(PINGS):
                session.ping()
                found = replace(found, pings=found.pings + 1)
    except McuzooError as error:
        found = replace(found, findings=(error.message,))
    hello = found.hello
    if hello is None:
        return found
    findings = (*found.findings, *_differences(board, hello, project))
    return replace(found, findings=findings, resent=state.frames_resent)


def _session(board: RigBoard, baud: int, state: LinkState, wait_s: float = 0.0) -> Session:
    timing = Timing.of_port(board.port, baud)
    if not board.port.lower().startswith(SCHEME):
        timing = replace(timing, connect_s=CONNECT_S)
    ports = PortWatch(board.port, wait_s=wait_s, wait_first=wait_s > 0)
    return Session.open(board.port, baud, timing=timing, state=state, ports=ports)


def _baud(board: RigBoard, project: ProjectManifest | None) -> int:
    """That of the rig file, of its project, or of the board's console."""
    if board.baud is not None:
        return board.baud
    if project is not None and board.project is not None:
        return project_baud(board.project, project)
    try:
        return load_any_board(board.board).console.baud
    except BoardError:
        return DEFAULT_BAUD


def _differences(board: RigBoard, hello: Hello, project: ProjectManifest | None) -> Iterator[str]:
    if hello.board != board.board:
        yield f"it is a {hello.board}, the rig file says {board.board}"
    if hello.runtime_error:
        yield f"it cannot run its model: {hello.runtime_error}"
    if project is None:
        return
    if hello.build_id not in project.build_ids:
        yield (
            f"it runs the build {hello.build_id[:12]}, its project {project.name} has "
            f"{project.newest_build_id[:12]}: mcuzoo build it and flash it"
        )


def _try_power(before: BoardCheck) -> BoardCheck:
    """Switch the board off and on, and see that it was off."""
    board = before.board
    if board.power is None:
        return replace(before, power="no power switch in the rig file")
    try:
        counted = _good_frames(board, before.baud) if before.hello is not None else 0
        cycle(board.power)
        with _session(board, before.baud, LinkState(), DEFAULT_WAIT_S) as session:
            now = session.ping().good_frames
    except McuzooError as error:
        return replace(before, findings=(*before.findings, f"power: {error.message}"))
    # The board counts from its restart.
    if before.hello is not None and now > counted:
        trouble = "its power switch did not restart it: is it that of another board?"
        return replace(before, findings=(*before.findings, trouble))
    if before.hello is None:
        trouble = "it answers after a power cycle, but did not before"
        return replace(before, findings=(*before.findings, trouble))
    return replace(before, power="switched off and on, and it answers again")


def _good_frames(board: RigBoard, baud: int) -> int:
    with _session(board, baud, LinkState()) as session:
        for _ in range(PINGS):
            session.ping()
        return session.ping().good_frames
