"""Boards of a labgrid farm: acquire a place, use its port, switch its power, release it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mcuzoo.errors import FarmError, command
from mcuzoo.farm.control import Control
from mcuzoo.farm.environment import (
    LABGRIDS,
    OURS,
    both_serials,
    mend_command,
    require_labgrid,
)
from mcuzoo.farm.locks import Locks
from mcuzoo.farm.owner import Record, records_folder
from mcuzoo.farm.places import (
    PlaceInfo,
    SerialPort,
    list_places,
    matches,
    port_url,
    serial_port,
)
from mcuzoo.farm.power import cycle_power, power_words


class TakenAway(FarmError):
    """Somebody has released a place of this run, on purpose: it is not taken again."""


@dataclass(frozen=True)
class FarmRequest:
    """What a run wants. coordinator: HOST[:PORT]. filters: tags of the places. wait_s: how long a
    place that is not free is waited for. environment: a labgrid file with drivers and strategies;
    state: what its strategy brings a board to, in place of switching the power."""

    coordinator: str
    filters: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 60.0
    environment: Path | None = None
    state: str | None = None


@dataclass(frozen=True)
class FarmBoard:
    """A place that this run holds. port: a URL of pyserial. speed: in baud, as its exporter opens
    the port; by RFC 2217 the host sets its own, raw it cannot."""

    place: str
    tags: Mapping[str, str]
    port: str
    speed: int
    exporter: str

    @property
    def raw(self) -> bool:
        """Whether the bytes go through as they are, and the rate cannot be set."""
        return self.port.startswith("socket:")


class Farm:
    """Use as a context manager, from any thread: at its end every place is released and every
    reservation cancelled, whatever happened. `say` gets a sentence about what it waits for.

    What an earlier run of this user left because it was killed is released at the start; records:
    the folder that tells of such runs. Raises MissingExtraError without labgrid, FarmError if no
    coordinator answers.
    """

    def __init__(
        self,
        request: FarmRequest,
        say: Callable[[str], None] = lambda text: None,
        records: Path | None = None,
    ) -> None:
        require_labgrid()
        say = _careful(say)
        if both_serials():
            say(f"warning: {OURS} and {LABGRIDS} are both installed; mend: {mend_command()}")
        self._request = request
        self._say = say
        folder = records_folder() if records is None else records
        self._record = Record(folder, request.coordinator)
        try:
            self._control = Control(self._record.owner, say)
        except BaseException:
            self._record.close(clean=True)
            raise
        self._locks = Locks(self._control, say)
        try:
            self._control.run(self._locks.clean_up_behind_others(folder))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Farm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def owner(self) -> str:
        """HOST/USER, under which this run holds places."""
        return self._record.owner.text

    def places(self) -> list[PlaceInfo]:
        """The places with the tags of the request, free or not. Raises FarmError if there is no
        such place."""
        filters = self._request.filters
        known = list_places(self._control.session)
        found = [place for place in known if matches(place, filters)]
        if not found:
            tags = [f"{key}={value}" for key, value in filters.items()]
            there = "; ".join(f"{one.name} ({_tags(one)})" for one in known) or "none at all"
            raise FarmError(
                f"No place of {self._request.coordinator} has {' '.join(tags) or 'a name'}; there "
                f"are: {there}.",
                "Tag them: "
                + command("labgrid-client", "-p", "PLACE", "set-tags", *tags or ["board=rt1170"]),
            )
        return found

    def acquire(self, count: int = 1) -> list[FarmBoard]:
        """So many places that are free, or get free in time; fewer, with a sentence to `say`, if
        that is all there is.

        While it waits it holds a reservation for each, so that places go to whoever came first.
        Raises FarmError when none was free in time, FarmClosed when the farm is closed meanwhile.
        """
        there = len(self.places())
        if count > there:
            self._say(f"{count} boards were asked for, and {there} places are like that")
        return self._control.run(self._acquire_several(min(count, there)))

    def renew(self, board: FarmBoard, check: Callable[[], None] = lambda: None) -> FarmBoard:
        """Release a place and acquire it again: its exporter starts the port anew, at another
        address. Waits for the exporter, or for another user who was faster.

        check: is called all the time, and ends the wait by what it raises. Raises as acquire.
        """
        return self._control.run(self._renew(board), check)

    def trouble(self, board: FarmBoard) -> FarmError | None:
        """Why the place is not this run's any more, or not at that port; None as long as the
        coordinator has not told so. Asks nobody: look before every image."""
        session = self._control.session
        port = self._locks.held.get(board.place)
        place = session.places.get(board.place)
        known = command(
            "labgrid-client", "-x", self._request.coordinator, "-p", board.place, "show"
        )
        if port is None or place is None:
            return TakenAway(f"The place {board.place} is not there any more.", known)
        if not self._control.connected:
            return None  # the line goes on, or fails by itself; locks are looked at again later
        if place.acquired != self.owner:
            who = f": {place.acquired} has it" if place.acquired else ""
            if session is port.session:
                return TakenAway(f"The place {board.place} was released by somebody{who}.", known)
            return FarmError(f"The lock of {board.place} went with the coordinator{who}.", known)
        now: SerialPort | None = None
        with suppress(FarmError):
            now = serial_port(session, board.place)
        if now is None:
            return FarmError(f"The exporter {board.exporter} went away.", known)
        if now.address != port.address:
            return FarmError(f"The exporter {board.exporter} started the port anew.", known)
        return None

    def power_cycle(self, board: FarmBoard, check: Callable[[], None] = lambda: None) -> bool:
        """Switch a board off and on, by the driver or the strategy that labgrid has for its place;
        False if it has none. check: as in renew. Raises FarmError if that failed."""
        request = self._request
        words = power_words(board.place, request.environment, request.state)
        return cycle_power(self._record.owner, words, check)

    def release(self, board: FarmBoard) -> None:
        """Release a place. What cannot be released now is tried again by `close`. Never raises."""
        with suppress(FarmError):
            self._control.run(self._locks.release(board.place))

    def close(self) -> None:
        """Release everything. `say` gets what stays locked, if the coordinator does not answer."""
        try:
            self._control.close(self._locks.release_all())
        finally:
            self._record.close(clean=self._locks.empty)

    async def _acquire_several(self, count: int) -> list[FarmBoard]:
        work = [self._acquire(self._request.filters) for _ in range(count)]
        found = await asyncio.gather(*work, return_exceptions=True)
        boards = [one for one in found if isinstance(one, FarmBoard)]
        errors = [one for one in found if isinstance(one, BaseException)]
        for error in errors:
            if not boards or not isinstance(error, FarmError):
                raise error
        if errors:
            self._say(f"{len(boards)} of {count} boards: {errors[0]}")
        return sorted(boards, key=lambda board: board.place)

    async def _acquire(self, filters: Mapping[str, str]) -> FarmBoard:
        place, port = await self._locks.acquire(filters, self._request.wait_s)
        loop = asyncio.get_running_loop()
        try:
            url = await loop.run_in_executor(None, port_url, port)
        except Exception as error:  # labgrid's own, of an SSH forward
            await self._locks.release(place.name)
            raise FarmError(
                f"The port of {place.name} cannot be reached through its proxy: {error}.",
                f"Try: {command('labgrid-client', '-p', place.name, 'console')}",
            ) from error
        return FarmBoard(place.name, place.tags, url, port.speed, port.path[0])

    async def _renew(self, board: FarmBoard) -> FarmBoard:
        await self._control.ready(asyncio.get_running_loop().time() + self._request.wait_s)
        await self._locks.release(board.place)
        return await self._acquire({"name": board.place})


def _careful(say: Callable[[str], None]) -> Callable[[str], None]:
    """`say`, also when nobody can be told any more: the terminal is closed, the places are not."""

    def careful(text: str) -> None:
        with suppress(OSError, ValueError):
            say(text)

    return careful


def _tags(place: PlaceInfo) -> str:
    return " ".join(f"{key}={value}" for key, value in sorted(place.tags.items())) or "no tags"
