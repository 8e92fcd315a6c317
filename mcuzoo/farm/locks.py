"""What a run holds at a coordinator: places and reservations, taken and given back.

All functions here are coroutines of the control thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcuzoo.errors import FarmError, command
from mcuzoo.farm.control import Control, Refused
from mcuzoo.farm.owner import dead_owners
from mcuzoo.farm.places import (
    NoPort,
    PlaceInfo,
    SerialPort,
    list_places,
    matches,
    serial_port,
)

_POLL_S = 0.5
"""Between looks at what one waits for. A reservation that nobody looks at for 60 s ends."""
_REFUSED_S = 5.0
"""Until a place that could not be acquired is tried again: an exporter that hangs costs a
coordinator 10 s each time, for all its users."""
_PORT_S = 10.0
"""Within this time an exporter has said where the port of an acquired place is."""
_LEAVE_S = 3.0
"""So long the end of a run waits for a coordinator that is just coming back."""


class Locks:
    """held: the serial port of each place that this run has, None while it is being acquired or
    released. `say` gets a sentence about what is waited for or left."""

    def __init__(self, control: Control, say: Callable[[str], None]) -> None:
        self.held: dict[str, SerialPort | None] = {}
        self._tokens: set[str] = set()
        self._control = control
        self._say = say
        self._turn = asyncio.Lock()

    @property
    def empty(self) -> bool:
        """Whether nothing is held or reserved."""
        return not self.held and not self._tokens

    async def acquire(
        self, filters: Mapping[str, str], wait_s: float
    ) -> tuple[PlaceInfo, SerialPort]:
        """Acquire a place with these tags that is free, or gets free within `wait_s`.

        While it waits it holds a reservation, so that places go to whoever came first. Raises
        FarmError when there was none.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        tokens: list[str] = []
        refused: dict[str, str] = {}
        again_at: dict[str, float] = {}
        told = False
        try:
            while True:
                session = await self._control.ready(deadline)
                for place in self._candidates(session, filters, tokens):
                    if loop.time() < again_at.get(place.name, 0.0):
                        continue
                    with suppress(FarmError):  # the coordinator went away
                        try:
                            return place, await self._take(place)
                        except Refused as refusal:
                            refused[place.name] = str(refusal)
                            again_at[place.name] = loop.time() + _REFUSED_S
                if loop.time() >= deadline:
                    raise self._none_free(session, filters, wait_s, refused)
                if not told:
                    self._say(f"waiting up to {wait_s:g} s for a place: {_asked(filters)}")
                    told = True
                with suppress(FarmError, Refused):
                    await self._keep_reserved(session, filters, tokens)
                await asyncio.sleep(_POLL_S)
        finally:
            await asyncio.shield(self._cancel(tokens))

    def _candidates(
        self, session: Any, filters: Mapping[str, str], tokens: list[str]
    ) -> list[PlaceInfo]:
        """The places that may be acquired now, those reserved for this call first."""
        free = [
            place
            for place in list_places(session)
            if matches(place, filters)
            and not (place.holder or place.missing or place.name in self.held)
            and (not place.token or place.token in tokens)
        ]
        return sorted(free, key=lambda place: (not place.token, place.name))

    async def _take(self, place: PlaceInfo) -> SerialPort:
        from labgrid.remote.generated.labgrid_coordinator_pb2 import AcquirePlaceRequest

        # One at a time: so a coordinator works, and each takes an exporter half a second.
        async with self._turn:
            if place.name in self.held:
                raise Refused("this run has it")
            self.held[place.name] = None
            request = AcquirePlaceRequest(placename=place.name)
            try:
                await self._control.ask_whole("AcquirePlace", request)
                port = await self._port_of(place.name)
            except BaseException as error:
                with suppress(FarmError):
                    await self.release(place.name)
                if isinstance(error, NoPort):
                    raise Refused(error.message) from error
                raise
            self.held[place.name] = port
            return port

    async def _port_of(self, name: str) -> SerialPort:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PORT_S
        session = self._control.session
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(session.sync_with_coordinator(), _PORT_S)
        while True:
            port = serial_port(session, name)
            if port is not None:
                return port
            if loop.time() >= deadline:
                raise Refused("its exporter opens no port; the log of the exporter says why")
            await asyncio.sleep(0.05)

    def _none_free(
        self, session: Any, filters: Mapping[str, str], wait_s: float, refused: Mapping[str, str]
    ) -> FarmError:
        reasons = [
            f"{place.name}: "
            + (
                "this run has it"
                if place.name in self.held
                else refused.get(place.name) or place.state
            )
            for place in list_places(session)
            if matches(place, filters)
        ]
        return FarmError(
            f"No place was free within {wait_s:g} s ({_asked(filters)}): "
            f"{'; '.join(reasons) or 'there is none'}.",
            "--lg-wait S waits longer; who has them: "
            + command("labgrid-client", "-x", self._control.owner.coordinator, "who"),
        )

    async def _keep_reserved(
        self, session: Any, filters: Mapping[str, str], tokens: list[str]
    ) -> None:
        """Keep a reservation waiting. One that was given a place without exporter stays with it,
        and another one waits for the next place."""
        from labgrid.remote.generated import labgrid_coordinator_pb2 as pb

        waiting = False
        for token in tuple(tokens):
            try:
                found = await self._control.ask(
                    "PollReservation", pb.PollReservationRequest(token=token)
                )
            except Refused:  # cancelled by hand, or the coordinator is a new one
                tokens.remove(token)
                self._tokens.discard(token)
            else:
                waiting = waiting or not found.reservation.allocations
        known = sum(matches(place, filters) for place in list_places(session))
        if waiting or len(tokens) >= known:
            return
        main = pb.Reservation.Filter(filter=dict(filters))
        made = await self._control.ask(
            "CreateReservation", pb.CreateReservationRequest(filters={"main": main}, prio=0.0)
        )
        tokens.append(made.reservation.token)
        self._tokens.add(made.reservation.token)

    async def _cancel(self, tokens: list[str]) -> None:
        from labgrid.remote.generated.labgrid_coordinator_pb2 import CancelReservationRequest

        for token in tokens:
            with suppress(FarmError):
                with suppress(Refused):  # it has ended already
                    request = CancelReservationRequest(token=token)
                    await self._control.ask("CancelReservation", request)
                self._tokens.discard(token)

    async def release(self, name: str) -> None:
        """Release a place, if this run has it. Raises FarmError if nobody answers."""
        if name in self.held:
            self.held[name] = None
            await self._release_from(name, self._control.owner.text)
            del self.held[name]

    async def _release_from(self, name: str, holder: str) -> None:
        from labgrid.remote.generated.labgrid_coordinator_pb2 import ReleasePlaceRequest

        # Without effect if somebody else has the place by now.
        with suppress(Refused):  # there is no such place any more
            await self._control.ask_whole(
                "ReleasePlace", ReleasePlaceRequest(placename=name, fromuser=holder)
            )

    async def release_all(self) -> None:
        """Release and cancel all that this run has; say what is left."""
        if self.empty:
            return
        with suppress(FarmError):
            await self._control.ready(asyncio.get_running_loop().time() + _LEAVE_S)
        work = [self.release(name) for name in tuple(self.held)]
        await asyncio.gather(*work, self._cancel([*self._tokens]), return_exceptions=True)
        owner = self._control.owner
        for name in self.held:
            typed = command(
                "labgrid-client", "-x", owner.coordinator, "-p", name, "release-from", owner.text
            )
            self._say(
                f"{name} could not be released; a restarted coordinator has forgotten the lock, "
                f"the next run with --labgrid releases it, or: {typed}"
            )

    async def clean_up_behind_others(self, records: Path) -> None:
        """Release and cancel what runs of this user that were killed have left here."""
        from labgrid.remote.generated import labgrid_coordinator_pb2 as pb

        ours = self._control.owner
        for path, dead in dead_owners(records):
            names = [
                one.name for one in list_places(self._control.session) if one.holder == dead.text
            ]
            for name in names:
                await self._release_from(name, dead.text)
                self._say(f"released {name}, which a run that was killed had: {dead.text}")
            found = await self._control.ask("GetReservations", pb.GetReservationsRequest())
            tokens = [one.token for one in found.reservations if one.owner == dead.text]
            await self._cancel(tokens)
            if names or tokens or dead.coordinator == ours.coordinator:
                with suppress(OSError):
                    path.unlink()


def _asked(filters: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in filters.items()) or "any place"
