"""Places and resources as a coordinator has them: which match, which are free, where a port is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcuzoo.errors import FarmError, command

SERIAL = "NetworkSerialPort"
CONSOLE = "console"
"""The name of the serial port to use where a place has several."""

Path = tuple[str, str, str, str]
"""Of a resource: exporter, group, class, name."""


class NoPort(FarmError):
    """A place has no serial port, or several and none is chosen."""


@dataclass(frozen=True)
class PlaceInfo:
    """A place. holder: HOST/USER who has it, "" if it is free. token: of the reservation that waits
    for it, "". missing: a resource of it that no exporter offers now, as EXPORTER/GROUP/CLASS.
    name: of the place. tags: KEY to VALUE, as labgrid has them."""

    name: str
    tags: Mapping[str, str]
    holder: str
    token: str
    missing: str

    @property
    def state(self) -> str:
        """What keeps it from being used: "lab/jane has it"; "free" if nothing does."""
        if self.holder:
            return f"{self.holder} has it"
        if self.missing:
            return f"no exporter offers {self.missing}"
        return "it is reserved" if self.token else "free"


def list_places(session: Any) -> list[PlaceInfo]:
    """All places of the coordinator, by name."""
    offered = list(_offered(session))
    return [
        PlaceInfo(
            name=name,
            tags=dict(place.tags),
            holder=place.acquired or "",
            token=place.reservation or "",
            missing=str(place.unmatched(offered) or "") if place.matches else "any resource",
        )
        for name, place in sorted(session.places.items())
    ]


def matches(place: PlaceInfo, filters: Mapping[str, str]) -> bool:
    """Whether all tags are those of `filters`, where `name` stands for the name of the place; a
    reservation of labgrid is filled by the same rule."""
    tags = {**place.tags, "name": place.name}
    return all(tags.get(key) == value for key, value in filters.items())


def _offered(session: Any) -> Iterator[Path]:
    # A resource that went away stays in the table, without data.
    for exporter, groups in tuple(session.resources.items()):
        for group, resources in tuple(groups.items()):
            for name, entry in tuple(resources.items()):
                if "cls" in entry.data:
                    yield exporter, group, entry.cls, name


@dataclass(frozen=True)
class SerialPort:
    """The serial port of a place that was acquired. speed: in baud, as the exporter opens it.
    extra: whether it is behind an SSH proxy. address: host and port, as the exporter has them.
    protocol: "rfc2217" or "raw"."""

    path: Path
    protocol: str
    host: str
    port: int
    speed: int
    extra: Mapping[str, Any]

    session: Any = None
    """The one that acquired it: another one does not know of the lock if the coordinator is new."""

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port


def serial_port(session: Any, name: str) -> SerialPort | None:
    """The serial port of the acquired place `name`; None while it has no TCP port yet.

    Of several, a raw one goes before one by RFC 2217, which escapes bytes and negotiates; then the
    one that the place calls "console". Raises NoPort if there is none, or no such choice.
    """
    place = session.places[name]
    found = []
    for path in place.acquired_resources:
        exporter, group, kind, resource = path
        entry = session.resources.get(exporter, {}).get(group, {}).get(resource)
        if kind != SERIAL or entry is None or "cls" not in entry.data:
            continue
        match = place.getmatch(path)
        called = resource if match is None else match.rename or resource
        found.append((called, tuple(path), entry))
    if not found:
        raise NoPort(
            f"The place {name} has no serial port ({SERIAL}).",
            f"Export one, and: {command('labgrid-client', '-p', name, 'add-match', 'EXPORTER/*')}",
        )
    raw = [one for one in found if one[2].args.get("protocol") == "raw"]
    best = raw or found
    best = [one for one in best if one[0] == CONSOLE] if len(best) > 1 else best
    if len(best) != 1:
        raise NoPort(
            f"The place {name} has {len(found)} serial ports, and none is called {CONSOLE}.",
            "Name it: "
            + command(
                "labgrid-client", "-p", name, "add-named-match", "/".join(found[0][1]), CONSOLE
            ),
        )
    ((_, path, entry),) = best
    said = entry.args
    if said.get("port") is None:
        return None
    return SerialPort(
        path=path,
        protocol=str(said.get("protocol", "rfc2217")),
        host=str(said["host"]),
        port=int(said["port"]),
        speed=int(said.get("speed", 115200)),
        extra=entry.extra,
        session=session,
    )


def port_url(port: SerialPort) -> str:
    """The port as pyserial opens it; starts an SSH forward if labgrid has to go through a proxy.

    ser2net answers requests for modem lines that it cannot set late or never, so these are not
    waited for (ign_set_control).
    """
    from labgrid.resource.serialport import NetworkSerialPort
    from labgrid.util.proxy import proxymanager

    resource = NetworkSerialPort(target=None, name=None, host=port.host, port=port.port)
    resource.extra = dict(port.extra)
    host, number = proxymanager.get_host_and_port(resource)
    if ":" in host:
        host = f"[{host}]"
    if port.protocol == "raw":
        return f"socket://{host}:{number}"
    return f"rfc2217://{host}:{number}?ign_set_control"
