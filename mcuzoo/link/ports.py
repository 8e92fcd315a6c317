"""The serial ports of this machine, and the USB devices behind them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mcuzoo.quoting import printable

_TTYS = Path("/sys/class/tty")
_MOST_LETTERS = 60
"""Of a text of a USB device, which is untrusted."""


@dataclass(frozen=True)
class PortInfo:
    """A port as the system lists it. usb_id: vendor, product and serial number of the USB device
    behind it, None for other ports. interface: which of that device's ports it is. description: the
    system's words."""

    device: str
    description: str = ""
    usb_id: tuple[int, int, str] | None = None
    interface: str = ""

    @property
    def serial_number(self) -> str:
        """Of the USB device; "" where it has none, or is none."""
        return "" if self.usb_id is None else self.usb_id[2]

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
        words = " ".join(printable(name, _MOST_LETTERS) for name in names if name and name != "n/a")
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


def _by_number(name: str) -> tuple[list[int], str]:
    return [int(number) for number in re.findall(r"\d+", name)], name


USB = "usb:"
"""The start of a port's name by its USB device: usb:SERIAL, or usb:SERIAL:INTERFACE."""


def by_usb_name(name: str, listed: Sequence[PortInfo]) -> list[PortInfo]:
    """The ports that `name`, usb:SERIAL or usb:SERIAL:INTERFACE, stands for; several when a device
    has more than one and none is named. Letters' case does not matter."""
    serial_number, _, interface = name[len(USB) :].casefold().partition(":")
    return [
        port
        for port in listed
        if port.usb_id is not None
        and port.usb_id[2].casefold() == serial_number
        and interface in ("", port.interface.casefold())
    ]


def usb_name(port: PortInfo, listed: Sequence[PortInfo]) -> str:
    """The port by its USB device, if no other device has its serial number; else its own name."""
    number = port.serial_number
    same = [one for one in listed if number and one.serial_number == number]
    if len({one.usb_id for one in same}) != 1:
        return port.device
    if len(same) == 1:
        return f"{USB}{number}"
    alike = [one for one in same if one.interface == port.interface]
    return f"{USB}{number}:{port.interface}" if len(alike) == 1 else port.device


MORE_PORTS = "MCUZOO_PORTS"
"""A variable of the environment: ports that the system does not list, with commas between them."""


def named_ports() -> list[str]:
    """The ports that MCUZOO_PORTS names."""
    names = (name.strip() for name in os.environ.get(MORE_PORTS, "").split(","))
    return [name for name in names if name]


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
