"""The port of the board that runs a project, among all ports of this machine; its baud rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from mcuzoo.board.load import AnyBoard, list_any_boards, load_any_board, read_any_board
from mcuzoo.errors import BoardError, PortError, UsageError, WrongFirmwareError, command
from mcuzoo.link.ports import PortInfo, PortLister, list_serial_ports, named_ports, usb_name
from mcuzoo.link.survey import Surveyed, survey
from mcuzoo.project.manifest import BOARD_FILE, ProjectManifest

AUTO = "auto"
"""The port's name that stands for the one board that runs the project."""

ALL = "all"
"""The port's name that stands for all boards that run the project."""

DEFAULT_BAUD = 115200
"""The baud rate if neither project nor board file states one."""


def known_ports(lister: PortLister = list_serial_ports) -> list[PortInfo]:
    """USB ports of this machine, and those of MCUZOO_PORTS. A port without USB is listed in any
    case and is never asked unless it is named: nobody knows what hangs on it."""
    return [*lister(), *map(PortInfo, named_ports())]


def may_be_asked(port: PortInfo) -> bool:
    """Whether a HELLO may be sent there unasked: to USB devices, and to ports that were named."""
    return port.usb_id is not None or port.device in named_ports()


def board_bauds() -> list[int]:
    """The rates of the boards' consoles, the most frequent one first."""
    rates = Counter(board.console.baud for board in list_any_boards())
    return [rate for rate, _ in rates.most_common()]


def project_baud(project: Path, manifest: ProjectManifest) -> int:
    """The baud rate of the project's firmware: by its manifest, or else by its board file."""
    if manifest.baud is not None:
        return manifest.baud
    try:
        return project_board(project, manifest).console.baud
    except BoardError:
        return DEFAULT_BAUD


def project_board(project: Path, manifest: ProjectManifest) -> AnyBoard:
    """The board of the project: by its own board file, or else mcuzoo's. Raises BoardError."""
    own = project / BOARD_FILE
    return read_any_board(own) if own.is_file() else load_any_board(manifest.board)


def port_of(
    manifest: ProjectManifest,
    baud: int,
    say: Callable[[str], None] = lambda text: None,
    ports: Sequence[PortInfo] | None = None,
) -> str:
    """The one port whose board runs a build of the project, stable over renumbering where the USB
    device has a serial number: usb:SERIAL:INTERFACE.

    Raises UsageError when several boards run it, WrongFirmwareError when boards answer and none
    does, PortError when no mcuzoo firmware answers.
    """
    running, listed = _running(manifest, baud, ports)
    names = [usb_name(one.port, listed) for one in running]
    if len(running) > 1:
        each = command(*(word for name in names for word in ("--port", name)))
        raise UsageError(
            f"{len(running)} boards run this project: {', '.join(names)}.",
            f"Name one of them: {command('--port', names[0])}; or run on all at once: "
            f"--port {ALL}, which is {each}",
        )
    say(f"port: {running[0].port.text}, {_said(running[0])}")
    return names[0]


def ports_of(
    manifest: ProjectManifest,
    baud: int,
    say: Callable[[str], None] = lambda text: None,
    ports: Sequence[PortInfo] | None = None,
) -> list[str]:
    """The ports of all boards that run a build of the project, named as in port_of.

    Raises WrongFirmwareError when boards answer and none does, PortError when none answers.
    """
    running, listed = _running(manifest, baud, ports)
    for one in running:
        say(f"port: {one.port.text}, {_said(one)}")
    return [usb_name(one.port, listed) for one in running]


def _running(
    manifest: ProjectManifest, baud: int, ports: Sequence[PortInfo] | None
) -> tuple[list[Surveyed], Sequence[PortInfo]]:
    """The boards that run the project, at least one, and all ports."""
    listed = known_ports() if ports is None else ports
    asked = survey([port for port in listed if may_be_asked(port)], [baud])
    running = [one for one in asked if _runs(one, manifest)]
    if running:
        return running, listed
    others = [one for one in asked if one.hello is not None]
    if others:
        raise WrongFirmwareError(
            "No board runs the newest build of this project: "
            + "; ".join(f"{one.port.device} is {_said(one)}" for one in others)
            + ".",
            "mcuzoo build PROJECT and flash it, or name the project that the board runs: "
            "--project DIR.",
        )
    error = PortError(
        f"No board answers: {_silent(asked, len(listed))}.",
        "mcuzoo ports shows each port and why it did not answer; no hardware: "
        "--port emulator://PROJECT.",
    )
    error.absent = True
    raise error


def _runs(found: Surveyed, manifest: ProjectManifest) -> bool:
    hello = found.hello
    return (
        hello is not None and hello.board == manifest.board and hello.build_id in manifest.build_ids
    )


def _said(found: Surveyed) -> str:
    hello = found.hello
    return "silent" if hello is None else f"{hello.board} with the build {hello.build_id[:8]}"


def _silent(asked: Sequence[Surveyed], listed: int) -> str:
    if not asked:
        return f"none of {listed} ports is a USB port" if listed else "there is no port"
    return "; ".join(f"{one.port.device}: {one.trouble.rstrip('.')}" for one in asked)
