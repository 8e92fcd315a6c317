"""Open a port: a serial device, or any URL that pyserial knows, emulator:// among them."""

from __future__ import annotations

import errno
import sys
from typing import Any, Protocol, cast

from mcuzoo.errors import PortError
from mcuzoo.link.ports import list_serial_ports, ports_hint
from mcuzoo.link.ssh_url import SCHEME as SSH

if sys.platform == "win32":
    FAILURES: tuple[type[Exception], ...] = (OSError,)
else:
    from termios import error as _TermiosError

    FAILURES = (OSError, _TermiosError)
"""What a port raises that fails, as when it is unplugged: termios.error is no OSError."""

# A read returns after this time without data; it is the resolution of session deadlines.
READ_TIMEOUT_S = 0.02
WRITE_TIMEOUT_S = 10.0


# An example for hints.
SOME_PORT = "COM3" if sys.platform == "win32" else "/dev/ttyACM0"

# Errors of opening a device that does not exist, or not any more.
_ABSENT = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO}


def absent_port(message: str, hint: str) -> PortError:
    """There is no such port, or nothing behind it."""
    error = PortError(message, hint)
    error.absent = True
    return error


# Ports that have no line, and so no speed.
_SPEEDLESS = ("emulator://", "socket://", "loop://", SSH)


class Port(Protocol):
    """What the link needs of a pyserial port. `read` returns fewer bytes on its time-out."""

    @property
    def in_waiting(self) -> int: ...

    def read(self, size: int, /) -> bytes: ...

    def write(self, data: bytes, /) -> int | None: ...

    def close(self) -> None: ...


def open_port(url: str, baud: int) -> Port:
    """Open `url` for one session. Raises PortError, with what to do about it."""
    if url.lower().startswith(SSH):
        from mcuzoo.link.ssh_port import SshPort

        return SshPort(url, READ_TIMEOUT_S)
    import serial

    if url.lower().startswith("emulator://"):
        from mcuzoo.emulator.url import register_pyserial

        register_pyserial()
    options: dict[str, Any] = {
        "baudrate": baud,
        "timeout": READ_TIMEOUT_S,
        "write_timeout": WRITE_TIMEOUT_S,
        "exclusive": True,
    }
    try:
        try:
            port = serial.serial_for_url(url, **options)
        except NotImplementedError:
            # rfc2217:// has no write time-out.
            port = serial.serial_for_url(url, **{**options, "write_timeout": None})
    except ValueError as error:
        raise PortError(f"{url!r} is not a port: {error}.", _what_there_is(url)) from error
    except FAILURES as error:
        raise _explain(url, error) from error
    return cast(Port, port)


def lost_port(name: str, error: Exception) -> PortError:
    """The port `name` failed while it was in use."""
    return PortError(
        f"The port {name} failed: {error}.",
        "Was the board unplugged, its probe reset, or the port opened by another program? "
        "Reconnect and go on with --resume.",
    )


def _explain(url: str, error: Exception) -> PortError:
    text = str(error)
    # pyserial's SerialException keeps the errno where there is one; Windows only has the text.
    code = error.errno if isinstance(error, OSError) else error.args[0]
    if code in _ABSENT or "FileNotFoundError" in text:
        return absent_port(f"There is no port {url!r}.", _what_there_is(url))
    if "exclusively lock" in text or code == errno.EBUSY:
        held = PortError(
            f"The port {url} is in use by another program.",
            "Close the other terminal, debugger or mcuzoo run that holds it.",
        )
        held.busy = True
        return held
    if code in (errno.EACCES, errno.EPERM) or "PermissionError" in text:
        return PortError(f"No permission to open {url}.", _permission_hint())
    # Only the socket's error tells that a server is not there (yet), or is about to end.
    refused = PortError(f"Cannot open {url}: {text}.", _what_there_is(url))
    refused.absent = "://" in url and ("refused" in text or "reset by peer" in text)
    return refused


def _permission_hint() -> str:
    if sys.platform.startswith("linux"):
        return (
            "Add yourself to the port's group and log in again: sudo usermod -aG dialout $USER "
            "(the group is uucp on Arch)."
        )
    return "Close the program that holds the port, or ask for access to it."


def _what_there_is(url: str) -> str:
    return ports_hint(url, list_serial_ports())


def has_speed(port_url: str) -> bool:
    """Whether the port has a line whose rate it sets."""
    return not port_url.lower().startswith(_SPEEDLESS)


def spoken_speed(port_url: str, baud: int, note: str) -> str:
    """ " at 921600 baud, as the project says"; empty for a port that has no speed."""
    if not has_speed(port_url):
        return ""
    return f" at {baud} baud" + (f", {note}" if note else "")
