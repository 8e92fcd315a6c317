"""One port, opened as often as need be, also after it went away and came back."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence

from mcuzoo.errors import PortError
from mcuzoo.link.ports import (
    USB,
    PortInfo,
    PortLister,
    by_usb_name,
    list_serial_ports,
    ports_hint,
)
from mcuzoo.link.transport import Port, absent_port, open_port

DEFAULT_WAIT_S = 30.0
_POLL_S = 0.25


class PortWatch:
    """Opens one port as often as need be, and finds it where it is by then. It may be named by its
    USB device, usb:SERIAL or usb:SERIAL:INTERFACE.

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
            return self._named_place(listed)
        same = [port for port in listed if port.usb_id == known.usb_id]
        same = [port for port in same if port.interface == known.interface] or same
        names = [port.device for port in same]
        if not names:
            raise absent_port(f"{self._described()} is not there.", "Plug it in again.")
        # Where it was, if it is still there: the name given may be a link to the device.
        return self.name if known.device in names else names[0]

    def _named_place(self, listed: Sequence[PortInfo]) -> str:
        if not self.name.lower().startswith(USB):
            return self.name
        found = by_usb_name(self.name, listed)
        if not found:
            raise absent_port(
                f"No USB port has the serial number of {self.name!r}.",
                ports_hint(self.name, listed),
            )
        if len(found) > 1:
            serial_number = found[0].serial_number
            choices = ", ".join(f"usb:{serial_number}:{port.interface}" for port in found)
            raise PortError(
                f"{self.name!r} has {len(found)} ports: "
                + ", ".join(port.device for port in found),
                f"Name one of them, as --port {choices}.",
            )
        return found[0].device

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
