"""emulator:// URLs: which project to emulate, and how."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

from mcuzoo.emulator.scheme import SCHEME as SCHEME
from mcuzoo.emulator.scheme import split_port
from mcuzoo.errors import PortError, did_you_mean
from mcuzoo.extras import EMULATOR, TIMING

_OPTIONS = ("count", "board", "rates", "faults")


def parse_emulator_url(url: str) -> tuple[Path, dict[str, str]]:
    """Path and options; raises PortError. The scheme may be in any case."""
    split = split_port(url)
    if split is None:
        raise PortError(f"{url!r} is no {SCHEME} URL.", f"{SCHEME}PROJECT?count=1")
    path, query = split
    options = dict(parse_qsl(query[1:], keep_blank_values=True))
    unknown = [name for name in options if name not in _OPTIONS]
    if unknown or not path:
        what = f"unknown option {unknown[0]!r}" if unknown else "no project"
        guess = did_you_mean(unknown[0], _OPTIONS) if unknown else ""
        raise PortError(
            f"{url!r}: {what}.",
            f"{guess}{SCHEME}PROJECT?count=N|all|0|cycles&board=B&rates=FILE&faults=SPEC; the "
            "options may be left out.",
        )
    return Path(path), options


def port_packages(port: str) -> tuple[str, ...]:
    """The optional packages (extras.py) that it takes to open `port`."""
    if not port.lower().startswith(SCHEME):
        return ()
    split = split_port(port)
    query = dict(parse_qsl(split[1][1:])) if split is not None else {}
    return EMULATOR + (TIMING if query.get("count") == "cycles" else ())


def emulated_project(url: str) -> Path | None:
    """The project folder behind an emulator:// URL; None for other ports and for image files.

    Raises PortError.
    """
    if not url.lower().startswith(SCHEME):
        return None
    path, _ = parse_emulator_url(url)
    return None if path.is_file() else path


_PACKAGE = "mcuzoo.emulator"


def register_pyserial() -> None:
    """Let serial.serial_for_url open emulator://PROJECT[?count=N|all|0|cycles&board=B&...]."""
    import serial

    if _PACKAGE not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(_PACKAGE)
