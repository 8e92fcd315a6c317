"""Ask many ports at once which of them has an mcuzoo firmware behind it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from mcuzoo.errors import McuzooError
from mcuzoo.link.hello import Hello
from mcuzoo.link.holders import holder_of
from mcuzoo.link.ports import PortInfo
from mcuzoo.link.session import Session
from mcuzoo.link.state import Timing

CONNECT_S = 1.5
"""How long a port may take to answer; a board says HELLO within a tenth of it."""

_AT_ONCE = 32


@dataclass(frozen=True)
class Surveyed:
    """A port, and what is behind it.

    hello: what an mcuzoo firmware said; None if none answered, or none was asked. baud: the rate at
    which it did. holder: the program that has the port open, "" for none that is known. trouble:
    why nobody answered, "" if nobody was asked.
    """

    port: PortInfo
    hello: Hello | None = None
    baud: int = 0
    holder: str = ""
    trouble: str = ""


def survey(
    ports: Sequence[PortInfo], bauds: Sequence[int], connect_s: float = CONNECT_S
) -> list[Surveyed]:
    """Say HELLO at every port, one rate after the other, all ports at the same time.

    A port that another program has open is left alone. Never raises for what is behind a port.
    """
    if not ports:
        return []
    with ThreadPoolExecutor(min(len(ports), _AT_ONCE)) as pool:
        return list(pool.map(lambda port: _ask(port, bauds, connect_s), ports))


def look(ports: Sequence[PortInfo]) -> list[Surveyed]:
    """The ports as they are listed, without opening any."""
    return [Surveyed(port, holder=holder_of(port.device)) for port in ports]


def _ask(port: PortInfo, bauds: Sequence[int], connect_s: float) -> Surveyed:
    holder = holder_of(port.device)
    if holder:
        return Surveyed(port, holder=holder, trouble=f"{holder} has it open")
    trouble = ""
    for baud in dict.fromkeys(bauds):
        try:
            timing = Timing(baud, connect_s=connect_s)
            with Session.open(port.device, baud, timing=timing) as session:
                return Surveyed(port, session.hello(), baud)
        except McuzooError as error:
            trouble = trouble or error.message
    return Surveyed(port, trouble=trouble)
