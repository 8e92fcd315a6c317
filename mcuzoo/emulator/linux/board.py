"""The emulated Linux board: a program on its core, a console at its standard input and output."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from mcuzoo.emulator.consoles import Console
from mcuzoo.emulator.linux.calls import Calls, Leave
from mcuzoo.emulator.linux.core import Cause, Core, Exit
from mcuzoo.emulator.linux.elf import Program
from mcuzoo.emulator.linux.memory import Memory
from mcuzoo.emulator.linux.names import call_name
from mcuzoo.emulator.powered import Orders, PoweredBoard, say_on_stderr
from mcuzoo.emulator.timers import CountMode
from mcuzoo.errors import EmulatorError

_INSTRUCTIONS = 2
"""link.counts.CountUnit"""
_WAIT_S = 1.0
_IN_VAIN = 8
"""Starts in a row that read nothing: the program does nothing but start itself anew."""
_KEPT_TALK = 4096
_RESET_STATUS = 75
_HINT = "docs/linux.md says what the emulated Linux board has."


class Interrupted(Exception):
    """The board is to be reset or ended, or nobody is at the console any more."""


class ConsoleLine:
    """`console` as the far end of standard input and output. waits: called before the program
    waits for bytes. read_bytes: how many it has read."""

    def __init__(
        self,
        console: Console,
        orders: Orders,
        until_hang_up: bool,
        waits: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self._console, self._orders = console, orders
        self._until_hang_up = until_hang_up
        self._waits, self._say = waits, say
        self._waiting = bytearray()
        self._talk: deque[int] = deque(maxlen=_KEPT_TALK)
        self.read_bytes = 0

    @property
    def unread(self) -> int:
        """Bytes that have arrived and that the program has not read."""
        return len(self._waiting)

    @property
    def talk(self) -> str:
        """The end of what it has written to standard error."""
        return bytes(self._talk).decode("utf-8", "replace")

    def check(self) -> None:
        """Raise Interrupted if the program is not to go on."""
        gone = self._until_hang_up and not self._waiting and self._console.hung_up()
        if self._orders.stop or self._orders.reset or gone:
            raise Interrupted

    def read(self, most: int) -> bytes:
        self.arrived(None)
        data = bytes(self._waiting[:most])
        del self._waiting[:most]
        self.read_bytes += len(data)
        return data

    def arrived(self, timeout_s: float | None) -> bool:
        if timeout_s != 0:
            self._waits()
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._waiting:
            left_s = _WAIT_S if until is None else max(0.0, min(until - time.monotonic(), _WAIT_S))
            self._waiting += self._console.receive(left_s)
            self.check()
            if left_s == 0:
                break
        return bool(self._waiting)

    def write(self, data: bytes) -> None:
        self._console.send(data)

    def talk_to(self, data: bytes) -> None:
        self._talk.extend(data)
        for line in data.decode("utf-8", "replace").splitlines():
            if line.strip():
                self._say(f"the agent says: {line}")


class EmulatedLinux(PoweredBoard):
    """The board with `program`, whose standard input and output `console` is.

    count: of how many inferences the instructions are counted. until_hang_up: end when the
    console's host has gone. It has no time: what the agent takes for its clock counts instructions,
    and says so.
    """

    def __init__(
        self,
        program: Program,
        console: Console,
        count: CountMode | None = None,
        *,
        until_hang_up: bool = False,
        say: Callable[[str], None] = say_on_stderr,
    ) -> None:
        super().__init__(console, say)
        self._program = program
        self._mode = CountMode() if count is None else count
        self._until_hang_up = until_hang_up
        self._inferences = 0
        self._core: Core | None = None
        self._timing = False
        self._unknown: set[int] = set()

    @property
    def inferences(self) -> int:
        return self._inferences

    def run(self) -> None:
        """Run until `stop`, or until the host hangs up if `until_hang_up` is set; once only.

        Raises EmulatorError when the program does what the emulated Linux does not have, or ends
        by itself; MissingExtraError without unicorn.
        """
        in_vain = 0
        with self._running():
            while True:
                line = ConsoleLine(
                    self._console, self._orders, self._until_hang_up, self._end_inference, self._say
                )
                if not self._run_once(line):
                    return
                in_vain = 0 if line.read_bytes or self._orders.reset else in_vain + 1
                if in_vain == _IN_VAIN:
                    raise EmulatorError("The agent does nothing but start itself anew.", _HINT)
                self._has_reset(line.unread)

    def _run_once(self, line: ConsoleLine) -> bool:
        """From a start to its end; whether the board is to start anew."""
        core = self._core = Core()
        memory = Memory(core, self._program, _INSTRUCTIONS)
        calls = Calls(core, memory, line, self._count, self._note_unknown)
        self._timing = False
        try:
            while True:
                line.check()
                ended = core.run()
                if ended.cause is Cause.CALL:
                    calls.handle()
                elif ended.cause is not Cause.STOPPED:
                    raise self._fault(ended)
        except Interrupted:
            return not self._orders.stop and self._orders.reset
        except Leave as leave:
            if leave.status in (None, _RESET_STATUS):
                return True
            raise self._left(leave.status, line.talk) from None
        finally:
            self._core = None
            core.close()

    def _interrupt(self) -> None:
        core = self._core
        if core is not None:
            core.stop()

    # Counting: an inference is a time in which the agent reads the clock and does not wait.

    def _count(self) -> int:
        core = self._core
        assert core is not None
        if not self._timing:
            self._timing = True
            core.count(self._mode.allows(self._inferences))
        return core.counted if core.counting else 0

    def _end_inference(self) -> None:
        core = self._core
        if self._timing and core is not None:
            self._timing = False
            self._inferences += core.counting
            core.count(False)

    # What went wrong

    def _note_unknown(self, number: int) -> None:
        if number not in self._unknown:
            self._unknown.add(number)
            self._say(f"system call {call_name(number)} is not emulated: ENOSYS")

    def _missing(self) -> str:
        if not self._unknown:
            return ""
        names = ", ".join(call_name(number) for number in sorted(self._unknown))
        return f" It had asked for what is not emulated: {names}."

    def _fault(self, ended: Exit) -> EmulatorError:
        name = self._program.name_of(ended.pc)
        where = f"PC {ended.pc:#x}" + (f" ({name})" if name else "")
        return EmulatorError(
            f"The agent made {ended.detail or ended.cause.value} at {where}.{self._missing()}",
            _HINT,
        )

    def _left(self, status: int | None, talk: str) -> EmulatorError:
        said = " ".join(talk.split())[-300:]
        return EmulatorError(
            f"The agent has ended by itself, with exit status {status}."
            + (f" It said: {said}" if said else "")
            + self._missing(),
            _HINT,
        )
