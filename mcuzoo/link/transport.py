"""Open a port: a serial device, or any URL that pyserial knows, emulator:// among them; and find
the serial ports of this machine, also one that went away and came back."""

from __future__ import annotations

import errno
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from mcuzoo.errors import PortError

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
_SPEEDLESS = ("emulator://", "socket://", "loop://")


class Port(Protocol):
    """What the link needs of a pyserial port. `read` returns fewer bytes on its time-out."""

    @property
    def in_waiting(self) -> int: ...

    def read(self, size: int, /) -> bytes: ...

    def write(self, data: bytes, /) -> int | None: ...

    def close(self) -> None: ...


def open_port(url: str, baud: int) -> Port:
    """Open `url` for one session. Raises PortError, with what to do about it."""
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
    except OSError as error:
        raise _explain(url, error) from error
    return cast(Port, port)


def lost_port(name: str, error: Exception) -> PortError:
    """The port `name` failed while it was in use."""
    return PortError(
        f"The port {name} failed: {error}.",
        "Was the board unplugged, its probe reset, or the port opened by another program? "
        "Reconnect and go on with --resume.",
    )


def _explain(url: str, error: OSError) -> PortError:
    text = str(error)
    # pyserial's SerialException keeps the errno where there is one; Windows only has the text.
    code = error.errno
    if code in _ABSENT or "FileNotFoundError" in text:
        return absent_port(f"There is no port {url!r}.", _what_there_is(url))
    if "exclusively lock" in text or code == errno.EBUSY:
        return PortError(
            f"The port {url} is in use by another program.",
            "Close the other terminal, debugger or mcuzoo run that holds it.",
        )
    if code in (errno.EACCES, errno.EPERM) or "PermissionError" in text:
        return PortError(f"No permission to open {url}.", _permission_hint())
    # Only the socket's error tells that a server is not there (yet).
    refused = PortError(f"Cannot open {url}: {text}.", _what_there_is(url))
    refused.absent = "://" in url and "refused" in text
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


def spoken_speed(port_url: str, baud: int, note: str) -> str:
    """ " at 921600 baud, as the project says"; empty for a port that has no speed."""
    if port_url.lower().startswith(_SPEEDLESS):
        return ""
    return f" at {baud} baud" + (f", {note}" if note else "")


DEFAULT_WAIT_S = 30.0
_POLL_S = 0.25
_TTYS = Path("/sys/class/tty")


@dataclass(frozen=True)
class PortInfo:
    """A port as the system lists it. usb_id: vendor, product and serial number of the USB device
    behind it, None for other ports. interface: which of that device's ports it is."""

    device: str
    description: str = ""
    usb_id: tuple[int, int, str] | None = None
    interface: str = ""

    @property
    def text(self) -> str:
        """The device, and what is known of it."""
        facts = [self.description] if self.description else []
        if self.usb_id is not None:
            vendor, product, serial_number = self.usb_id
            facts.append(f"USB {vendor:04x}:{product:04x}")
            facts.append(f"serial number {serial_number or 'unknown'}")
        return f"{self.device} ({', '.join(facts)})" if facts else self.device


class PortLister(Protocol):
    """Lists the ports that exist now."""

    def __call__(self) -> Sequence[PortInfo]: ...


def list_serial_ports() -> list[PortInfo]:
    """The ports that have hardware behind them, USB devices first, by name."""
    from serial.tools import list_ports

    found = []
    for port in list_ports.comports():
        if _is_dummy(str(port.device)):
            continue
        usb_id = None if port.vid is None else (port.vid, port.pid or 0, port.serial_number or "")
        names = (port.manufacturer, port.product) if usb_id else (port.description,)
        words = " ".join(_printable(name) for name in names if name and name != "n/a")
        interface = (port.location or "").partition(":")[2]
        found.append(PortInfo(str(port.device), words, usb_id, interface))
    return sorted(found, key=lambda port: (port.usb_id is None, _by_number(port.device)))


def _is_dummy(device: str) -> bool:
    """A ttyS that the kernel sets aside for a UART which is not there (its type is 0)."""
    name = Path(device).name
    if not sys.platform.startswith("linux") or not name.startswith("ttyS"):
        return False
    try:
        return (_TTYS / name / "type").read_text(encoding="ascii").strip() == "0"
    except (OSError, ValueError):
        return False


def _printable(text: str) -> str:
    """Text of a USB device without unprintable characters, because the device is untrusted."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:60]


def _by_number(name: str) -> tuple[list[int], str]:
    return [int(number) for number in re.findall(r"\d+", name)], name


def ports_hint(url: str, ports: Sequence[PortInfo]) -> str:
    """A hint: what to try instead of `url`, which does not exist.

    A port is suggested only when it has the same name but for digits, case or the order of letters.
    """
    if not ports:
        return (
            "This machine has no serial ports. Plug the board in, or use the emulated one: "
            "--port emulator://PROJECT."
        )
    alike = [port for port in ports if _letters(port.device) == _letters(url)]
    guess = f"Did you mean {alike[0].device}? " if len(alike) == 1 and _letters(url) else ""
    listed = "; ".join(port.text for port in ports)
    return f"{guess}Ports of this machine: {listed}. An emulated one: emulator://PROJECT."


def _letters(name: str) -> list[str]:
    return sorted(letter for letter in Path(name).name.lower() if letter.isalpha())


class PortWatch:
    """Opens one port as often as need be, and finds it where it is by then.

    A USB device that is reset or plugged in again may come back under another name: it is known by
    its vendor, product and serial number. Other ports are known by their name. It waits `wait_s`
    for an open port that went away, and for a port that was never there only if `wait_first` is
    set. `say` gets a sentence about what it waits for and where it found it.
    """

    def __init__(
        self,
        url: str,
        wait_s: float = DEFAULT_WAIT_S,
        wait_first: bool = False,
        say: Callable[[str], None] = lambda text: None,
        lister: PortLister = list_serial_ports,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = url
        """The name under which the port was opened last, or else the given name."""
        self.baud_note = ""
        """The origin of the baud rate, for messages: "as the project says"."""
        self._wait_s = wait_s
        self._wait_now = wait_first
        self._say = say
        self._lister = lister
        self._clock = clock
        self._sleep = sleep
        self._known: PortInfo | None = None

    def open(self, baud: int) -> Port:
        """The port, open. Raises PortError, `absent` when it is not there in time."""
        wait_s = self._wait_s if self._wait_now else 0.0
        deadline = self._clock() + wait_s
        waited = False
        while True:
            try:
                port = self._try(baud)
            except PortError as error:
                # A port that has just come back may refuse for a moment: its owner is set later.
                if not waited and not error.absent:
                    raise
                if self._clock() >= deadline:
                    raise self._given_up(error, wait_s) from error
                if not waited:
                    self._say(f"waiting up to {wait_s:g} s for {self._described()}")
                waited = True
                self._sleep(_POLL_S)
            else:
                self._wait_now = True
                return port

    def _try(self, baud: int) -> Port:
        listed = self._lister() if "://" not in self.name else ()
        name = self._place(listed)
        port = open_port(name, baud)
        if name != self.name:
            self._say(f"{self._described()} is now {name}")
        self.name = name
        self._known = _identified(name, listed) or self._known
        return port

    def _place(self, listed: Sequence[PortInfo]) -> str:
        """Where the port is now; raises an absent PortError while its USB device is not."""
        known = self._known
        if known is None:
            return self.name
        same = [port for port in listed if port.usb_id == known.usb_id]
        same = [port for port in same if port.interface == known.interface] or same
        names = [port.device for port in same]
        if not names:
            raise absent_port(f"{self._described()} is not there.", "Plug it in again.")
        # Where it was, if it is still there: the name given may be a link to the device.
        return self.name if known.device in names else names[0]

    def _described(self) -> str:
        if self._known is None or self._known.usb_id is None:
            return f"the port {self.name}"
        return f"the USB device with serial number {self._known.usb_id[2]} ({self.name} before)"

    def _given_up(self, error: PortError, wait_s: float) -> PortError:
        if wait_s == 0.0:
            return error
        where = self._described()
        late = PortError(
            f"{where[0].upper()}{where[1:]} has not come within {wait_s:g} s: {error.message}",
            f"--wait-port S waits longer. {ports_hint(self.name, self._lister())}",
        )
        late.absent = error.absent
        return late


def _identified(name: str, listed: Sequence[PortInfo]) -> PortInfo | None:
    """The USB port with that name, or that it links to; None when it has no serial number."""
    place = os.path.realpath(name)
    for port in listed:
        if port.usb_id is not None and port.usb_id[2] and _is_device(port.device, name, place):
            return port
    return None


def _is_device(device: str, *names: str) -> bool:
    """Whether one of `names` is that of the device; on Windows com3 is COM3."""
    if sys.platform == "win32":
        return device.upper() in {name.upper() for name in names}
    return device in names
