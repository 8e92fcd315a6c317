"""The debug probes among the USB devices of this machine, as the system describes them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcuzoo import quoting
from mcuzoo.link.ports import PortInfo

USB_DEVICES = Path("/sys/bus/usb/devices")
"""Linux's list of USB devices and their interfaces."""

_NODES = Path("/dev/bus/usb")

Kind = Literal["cmsis-dap", "jlink", "rom", "flashloader"]
"""What answers: a probe by Arm's CMSIS-DAP, a J-Link, a chip's boot ROM in its serial-download
mode, NXP's flashloader."""

# "CMSIS-DAP" in a name of the device or of one of its interfaces is what Arm's specification asks
# of a probe: https://arm-software.github.io/CMSIS_5/DAP, "Configure USB interfaces".
_CMSIS_DAP = "CMSIS-DAP"
_CMSIS_DAP_IDS = {
    (0x0D28, 0x0204),  # Arm DAPLink: pyOCD 0.46, probe/pydapaccess/interface/common.py
    (0x1FC9, 0x0090),  # NXP LPC-Link2: the same
    (0x1FC9, 0x0143),  # NXP MCU-Link: the same, and `LinkServer probes`
}
_SEGGER = 0x1366  # pyOCD 0.46, probe/pydapaccess/interface/common.py: what is not CMSIS-DAP
# SPSDK 3.12, data/devices/*/database.yaml, info.isp: rom and flashloader.
_ROMS = {
    (0x1FC9, 0x0130): "i.MX RT1020, RT1050",
    (0x1FC9, 0x0135): "i.MX RT1060, RT1064",
    (0x1FC9, 0x013D): "i.MX RT1160, RT1170",
}
FLASHLOADER = (0x15A2, 0x0073)

NAMES: dict[str, str] = {
    "cmsis-dap": "CMSIS-DAP",
    "jlink": "J-Link",
    "rom": "boot ROM, serial-download mode",
    "flashloader": "NXP flashloader",
}


@dataclass(frozen=True)
class UsbDevice:
    """A USB device, and the names of its interfaces. Its texts are untrusted, and printable.

    denied: its file in /dev, if this user may not open it; "" if they may, or there is none.
    vendor_id, product_id: USB's numbers. vendor, product, serial_number: as the device says them,
    "" for none.
    """

    vendor_id: int
    product_id: int
    vendor: str
    product: str
    serial_number: str
    interfaces: tuple[str, ...] = ()
    denied: str = ""

    @property
    def kind(self) -> Kind | None:
        """What it is to us; None for a device that is no probe."""
        pair = (self.vendor_id, self.product_id)
        if pair in _ROMS:
            return "rom"
        if pair == FLASHLOADER:
            return "flashloader"
        names = (self.product, *self.interfaces)
        if pair in _CMSIS_DAP_IDS or any(_CMSIS_DAP in name.upper() for name in names):
            return "cmsis-dap"
        return "jlink" if self.vendor_id == _SEGGER else None

    @property
    def chips(self) -> str:
        """The chips whose boot ROM this is; "" for other devices."""
        return _ROMS.get((self.vendor_id, self.product_id), "")


def usb_devices(ports: Sequence[PortInfo], folder: Path | None = None) -> list[UsbDevice]:
    """The USB devices that the system lists: on Linux all, elsewhere those with a serial port.

    folder: instead of USB_DEVICES.
    """
    place = USB_DEVICES if folder is None else folder
    if place.is_dir():
        return [device for path in sorted(place.iterdir()) for device in _read(path)]
    found = {port.usb_id: _of_port(port) for port in ports if port.usb_id is not None}
    return list(found.values())


def _of_port(port: PortInfo) -> UsbDevice:
    assert port.usb_id is not None
    vendor_id, product_id, serial_number = port.usb_id
    return UsbDevice(vendor_id, product_id, "", port.description, serial_number)


def _read(path: Path) -> Iterator[UsbDevice]:
    """The device of a folder of sysfs; nothing for one of an interface, or of what has gone."""
    with suppress(OSError, ValueError):
        yield UsbDevice(
            vendor_id=int(_text(path / "idVendor"), 16),
            product_id=int(_text(path / "idProduct"), 16),
            vendor=_text_or_empty(path / "manufacturer"),
            product=_text_or_empty(path / "product"),
            serial_number=_text_or_empty(path / "serial"),
            interfaces=tuple(_interfaces(path.glob(f"{path.name}:*/interface"))),
            denied=_denied(path),
        )


def _denied(path: Path) -> str:
    """The file through which programs reach the device, if this user may not write to it."""
    with suppress(OSError, ValueError):
        bus, number = int(_text(path / "busnum")), int(_text(path / "devnum"))
        node = _NODES / f"{bus:03}" / f"{number:03}"
        if node.exists() and not os.access(node, os.R_OK | os.W_OK):
            return str(node)
    return ""


def _interfaces(paths: Iterable[Path]) -> Iterator[str]:
    for path in sorted(paths):
        yield _text_or_empty(path)


def _text_or_empty(path: Path) -> str:
    with suppress(OSError):
        return _text(path)
    return ""


def _text(path: Path) -> str:
    return printable(path.read_bytes()[:400].decode("utf-8", errors="replace").strip())


def printable(text: str) -> str:
    """Text of a device, which is untrusted."""
    return quoting.printable(text, 80)
