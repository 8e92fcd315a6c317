"""The one thread that talks to labgrid's coordinator, and the session that it keeps.

labgrid's session is asyncio: an event loop runs in a thread of its own, and whoever wants something
of the farm hands it a coroutine. A session whose coordinator goes away ends; the thread connects
again by itself until it is closed.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from mcuzoo.errors import FarmError, command
from mcuzoo.farm.owner import Owner

CONNECT_S = 10.0
"""Within this time a coordinator that is there has answered."""
CALL_S = 30.0
"""Within this time a coordinator answers a request: it waits 10 s for an exporter that hangs."""
_PAUSE_S = 0.5
_CHECK_S = 0.1

_T = TypeVar("_T")


class FarmClosed(FarmError):
    """What was asked of the farm is not needed any more: the run is at its end."""

    def __init__(self) -> None:
        super().__init__("The farm was closed.", "mcuzoo run-serial --labgrid starts a run.")


class Refused(Exception):
    """The coordinator understood a request and says no, for this reason."""


class _NotLabgrid(logging.Filter):
    """labgrid writes to the root logger, which writes to stderr; we say the same in our words."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "labgrid" not in record.pathname


class Control:
    """The connection to a coordinator. `say` gets a sentence when it goes away or comes back.

    Raises FarmError if there is no coordinator now.
    """

    def __init__(self, owner: Owner, say: Callable[[str], None]) -> None:
        self.owner = owner
        self._say = say
        self._session: Any = None
        self._pending: set[concurrent.futures.Future[Any]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing = False
        self._quiet = _NotLabgrid()
        logging.getLogger().addFilter(self._quiet)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="labgrid", daemon=True)
        self._thread.start()
        self._watching: asyncio.Task[None] | None = None
        try:
            self.run(self._start())
        except BaseException:
            self.close()
            raise

    @property
    def session(self) -> Any:
        """labgrid's session as it is now: its `places` and `resources` may be read in any thread.
        After the coordinator went away it is the last one, until there is another."""
        return self._session

    @property
    def connected(self) -> bool:
        return self._session is not None and not self._session.stopping.is_set()

    def run(self, work: Coroutine[Any, Any, _T], check: Callable[[], None] = lambda: None) -> _T:
        """The result of `work`, from any thread. check: is called all the time; what it raises ends
        the wait. Raises FarmClosed once the farm is closed."""
        future = asyncio.run_coroutine_threadsafe(self._tracked(work), self._loop)
        self._pending.add(future)
        if self._closing:
            future.cancel()
        try:
            while not concurrent.futures.wait([future], _CHECK_S).done:
                check()
            return future.result()
        except concurrent.futures.CancelledError:
            raise FarmClosed from None
        except BaseException:
            future.cancel()
            raise
        finally:
            self._pending.discard(future)

    async def ready(self, deadline: float) -> Any:
        """The session, connected. Raises FarmError when there is none by `deadline`, of the loop's
        clock."""
        while not self.connected:
            if self._loop.time() >= deadline:
                raise self.absent()
            await asyncio.sleep(_PAUSE_S)
        return self._session

    async def ask(self, method: str, request: Any) -> Any:
        """The coordinator's answer to a request of its gRPC interface. Raises Refused when it says
        no, FarmError when it says nothing in CALL_S."""
        import grpc

        if not self.connected:
            raise self.absent()
        try:
            return await getattr(self._session.stub, method)(request, timeout=CALL_S)
        except grpc.aio.AioRpcError as error:
            if error.code() in (
                grpc.StatusCode.FAILED_PRECONDITION,
                grpc.StatusCode.PERMISSION_DENIED,
                grpc.StatusCode.INVALID_ARGUMENT,
            ):
                raise Refused(str(error.details())) from None
            raise self.absent() from error

    async def ask_whole(self, method: str, request: Any) -> Any:
        """As `ask`, and never cancelled half-way: a coordinator that is interrupted while it
        acquires or releases leaves resources acquired for nobody."""
        asked = asyncio.ensure_future(self.ask(method, request))
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            await asyncio.wait([asked])
            asked.exception()
            raise

    def absent(self) -> FarmError:
        address = self.owner.coordinator
        return FarmError(
            f"No labgrid coordinator answers at {address}.",
            "--labgrid HOST[:PORT] or LG_COORDINATOR names it; try: "
            + command("labgrid-client", "-x", address, "places"),
        )

    def close(self, last: Coroutine[Any, Any, None] | None = None) -> None:
        """Let the thread do what is left to do, and end it. A first Ctrl-C does not stop that.

        What other threads wait for ends before: they get FarmClosed, and so do later ones.
        """
        self._closing = True
        for pending in tuple(self._pending):
            pending.cancel()
        future = asyncio.run_coroutine_threadsafe(self._stop(last), self._loop)
        try:
            try:
                future.result()
            except KeyboardInterrupt:
                self._say("places are being released; Ctrl-C again leaves that to the next run")
                future.result()
                raise
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=CONNECT_S)
            logging.getLogger().removeFilter(self._quiet)

    async def _tracked(self, work: Coroutine[Any, Any, _T]) -> _T:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            return await work
        finally:
            self._tasks.discard(task)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    async def _start(self) -> None:
        await self._connect()
        self._watching = asyncio.create_task(self._watch())

    async def _connect(self) -> None:
        from labgrid.remote.client import ClientSession, Error
        from labgrid.util.proxy import proxymanager

        address = await self._loop.run_in_executor(
            None,
            lambda: proxymanager.get_grpc_address(self.owner.coordinator, default_port=20408),
        )
        session = ClientSession(address, self._loop)
        session.gethostname = lambda: self.owner.host
        session.getuser = lambda: self.owner.user
        try:
            await asyncio.wait_for(session.start(), CONNECT_S)
        except (Error, OSError, asyncio.TimeoutError):
            await _end(session)
            raise self.absent() from None
        self._session = session

    async def _watch(self) -> None:
        """Keep a session as long as this runs."""
        while True:
            await self._session.stopping.wait()
            self._say(f"the labgrid coordinator {self.owner.coordinator} went away")
            await _end(self._session)
            while not self.connected:
                await asyncio.sleep(_PAUSE_S)
                with suppress(FarmError):
                    await self._connect()
            self._say(f"the labgrid coordinator {self.owner.coordinator} is back")

    async def _stop(self, last: Coroutine[Any, Any, None] | None) -> None:
        try:
            # What was cancelled may still be undoing its work.
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=CALL_S)
            if last is not None:
                await last
        finally:
            if self._watching is not None:
                self._watching.cancel()
                await asyncio.wait([self._watching])
            if self._session is not None:
                await _end(self._session)


async def _end(session: Any) -> None:
    """End a session that may have no connection any more."""
    with suppress(Exception):
        await _soon(session.stop())
    with suppress(Exception):
        await _soon(session.close())


def _soon(work: Awaitable[_T]) -> Awaitable[_T]:
    return asyncio.wait_for(work, 2.0)
