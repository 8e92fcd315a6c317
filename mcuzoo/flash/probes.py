"""The debug probes that this machine has, and which programs here can drive them."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mcuzoo.errors import McuzooError
from mcuzoo.extras import missing_packages
from mcuzoo.flash.tools import ask_tool, find_tool
from mcuzoo.flash.usb import NAMES, Kind, UsbDevice, printable, usb_devices
from mcuzoo.link.ports import PortInfo, list_serial_ports

_LIST_LIMIT_S = 20.0
_JLINK_ENTRY = re.compile(r"Serial number: *(\d+)(?:.*?ProductName: *([^,\r\n]+))?")


@dataclass(frozen=True)
class Probe:
    """A debug probe, or a chip that takes an image over USB itself.

    tools: the ways of `flash` that can use it and are installed here. ports: serial ports of the
    same USB device. seen_by: who listed it ("usb", "pyocd", "linkserver", "jlink"). note: more of
    it, such as the board that it says it is on. denied: the file of its USB device, if this user
    may not open it. kind: what it is. product, vendor, serial_number: as it says them, "" for none.
    usb_id: vendor and product number; None if it is not on USB, or that is not known.
    """

    kind: Kind
    product: str
    vendor: str = ""
    serial_number: str = ""
    usb_id: tuple[int, int] | None = None
    ports: tuple[PortInfo, ...] = ()
    tools: tuple[str, ...] = ()
    seen_by: tuple[str, ...] = ()
    note: str = ""
    denied: str = ""

    @property
    def text(self) -> str:
        """Its name and serial number."""
        name = self.product or NAMES[self.kind]
        whole = name if not self.vendor or self.vendor in name else f"{self.vendor} {name}"
        return f"{whole} (serial number {self.serial_number or 'unknown'})"

    @property
    def is_debugger(self) -> bool:
        """Whether it reaches a chip through its debug port."""
        return self.kind in ("cmsis-dap", "jlink")


def find_jlink() -> str | None:
    """J-Link Commander. On Windows a JDK has a program of that name, too, which is not meant."""
    found = find_tool("JLinkExe")
    if found is not None or sys.platform != "win32":
        return found
    other = find_tool("JLink.exe")
    has_library = other is not None and any(Path(other).parent.glob("JLink*.dll"))
    return other if has_library else None


def find_linkserver() -> str | None:
    """NXP's program: of that name on Linux and macOS, of another on Windows."""
    return find_tool("LinkServer", "Linkserver.exe")


GET_LINKSERVER = "install NXP's LinkServer, from https://www.nxp.com/linkserver, on the PATH"
GET_JLINK = (
    "install SEGGER's J-Link Software Pack, from https://www.segger.com/jlink-software.html, on "
    "the PATH"
)
"""Programs that no package index has."""

ProbeLister = Callable[[], Sequence[Probe]]


def list_probes(ports: Sequence[PortInfo] | None = None) -> list[Probe]:
    """All probes of this machine: USB devices, and what pyOCD, LinkServer and J-Link list where
    they are installed. Opens no probe."""
    listed = list_serial_ports() if ports is None else ports
    found = [_of_usb(device, listed) for device in usb_devices(listed) if device.kind]
    for more in (_by_pyocd, _by_linkserver, _by_jlink):
        for probe in more():
            found = _merged(found, probe)
    return [replace(probe, tools=_tools(probe)) for probe in found]


def probe_beside(port: PortInfo, probes: Sequence[Probe]) -> str | None:
    """The serial number of the debug probe on the same USB device as `port`; None for no probe."""
    beside = [one for one in probes if one.is_debugger and port in one.ports]
    return beside[0].serial_number or None if len(beside) == 1 else None


def matching(probes: Sequence[Probe], wanted: str) -> list[Probe]:
    """The probes with that serial number, or whose serial number has such a part in it if none is
    equal. Letters' case does not matter."""
    name = wanted.casefold()
    equal = [one for one in probes if one.serial_number.casefold() == name]
    return equal or [one for one in probes if name and name in one.serial_number.casefold()]


def _of_usb(device: UsbDevice, ports: Sequence[PortInfo]) -> Probe:
    kind = device.kind
    assert kind is not None
    key = (device.vendor_id, device.product_id, device.serial_number)
    return Probe(
        kind=kind,
        product=device.product or NAMES[kind],
        vendor=device.vendor,
        serial_number=device.serial_number,
        usb_id=key[:2],
        ports=tuple(port for port in ports if port.usb_id == key),
        seen_by=("usb",),
        note=device.chips,
        denied=device.denied,
    )


def _merged(found: list[Probe], probe: Probe) -> list[Probe]:
    """`found` with `probe`, which may be in it already under the same serial number."""
    for place, one in enumerate(found):
        if one.is_debugger and _same_number(one.serial_number, probe.serial_number):
            both = replace(one, seen_by=(*one.seen_by, *probe.seen_by), note=one.note or probe.note)
            return [*found[:place], both, *found[place + 1 :]]
    return [*found, probe]


def _same_number(one: str, other: str) -> bool:
    """J-Link's own program leaves out the zeros that its USB serial number begins with."""
    return bool(one) and one.casefold().lstrip("0") == other.casefold().lstrip("0")


def _tools(probe: Probe) -> tuple[str, ...]:
    """The ways that can use it, of those that are installed."""
    if probe.kind in ("rom", "flashloader"):
        return () if missing_packages(["spsdk"]) else ("spsdk",)
    found = []
    listed_by_pyocd = probe.kind == "cmsis-dap" or "pyocd" in probe.seen_by
    if listed_by_pyocd and not missing_packages(["pyocd"]):
        found.append("pyocd")
    if probe.kind == "cmsis-dap" and find_linkserver():
        found.append("linkserver")
    if probe.kind == "jlink" and find_jlink():
        found.append("jlink")
    return tuple(found)


def _by_pyocd() -> Iterator[Probe]:
    if missing_packages(["pyocd"]):
        return
    import logging

    logging.getLogger("pyocd").setLevel(logging.CRITICAL)  # it warns of what it cannot open
    from pyocd.core.helpers import ConnectHelper

    try:
        listed = ConnectHelper.get_all_connected_probes(blocking=False, print_wait_message=False)
    except Exception:  # whatever a USB library raises on this system
        return
    for one in listed:
        is_jlink = "segger" in str(one.vendor_name).casefold()
        yield Probe(
            kind="jlink" if is_jlink else "cmsis-dap",
            product=printable(str(one.product_name)),
            vendor=printable(str(one.vendor_name)),
            serial_number=printable(str(one.unique_id)),
            seen_by=("pyocd",),
        )


def _by_linkserver() -> Iterator[Probe]:
    """`LinkServer probes` prints a table: # Description Serial Device Board Capabilities."""
    program = find_linkserver()
    if program is None:
        return
    for cells in _table(_said_by([program, "probes"])):
        serial_number = cells.get("Serial", "")
        if serial_number:
            yield Probe(
                kind="cmsis-dap",
                product=printable(cells.get("Description", "")),
                serial_number=printable(serial_number),
                seen_by=("linkserver",),
                note=printable(cells.get("Board", "")),
            )


def _table(text: str) -> Iterator[dict[str, str]]:
    """The rows of a table whose columns are as wide as the dashes below its heads."""
    lines = text.splitlines()
    for place, line in enumerate(lines[1:], 1):
        if line.strip() and not line.replace("-", "").strip():
            spans = [match.span() for match in re.finditer("-+", line)]
            ends = [start for start, _ in spans[1:]] + [None]
            columns = [(start, end) for (start, _), end in zip(spans, ends, strict=True)]
            heads = [lines[place - 1][start:end].strip() for start, end in columns]
            for row in lines[place + 1 :]:
                if not row.strip():
                    return
                yield {
                    head: row[start:end].strip()
                    for head, (start, end) in zip(heads, columns, strict=True)
                }
            return


def _by_jlink() -> Iterator[Probe]:
    program = find_jlink()
    if program is None:
        return
    with tempfile.TemporaryDirectory(prefix="mcuzoo-") as folder:
        Path(folder, "list.jlink").write_text("ShowEmuList USB\nexit\n", encoding="ascii")
        said = _said_by([program, "-NoGui", "1", "-CommandFile", "list.jlink"], Path(folder))
    for match in _JLINK_ENTRY.finditer(said):
        yield Probe(
            kind="jlink",
            product=printable((match[2] or "J-Link").strip()),
            vendor="SEGGER",
            serial_number=match[1],
            seen_by=("jlink",),
        )


def _said_by(words: Sequence[str], folder: Path | None = None) -> str:
    """What a program that lists probes says; "" where it fails: the others list them, too."""
    try:
        return ask_tool(words, _LIST_LIMIT_S, folder).said
    except McuzooError:
        return ""
