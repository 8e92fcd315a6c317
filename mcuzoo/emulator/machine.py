"""The emulated board from one reset to the next."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import ceil
from typing import TYPE_CHECKING

from mcuzoo.board.memory import Region
from mcuzoo.board.model import Board
from mcuzoo.emulator import system_control
from mcuzoo.emulator.boot_rom import Start
from mcuzoo.emulator.consoles import Console
from mcuzoo.emulator.engine import Cause, Engine, Exit, Refusal, UndeclaredAccess
from mcuzoo.emulator.exceptions import FIRST_INTERRUPT, Exceptions, Vector, describe
from mcuzoo.emulator.lpuart import Lpuart, Transmitter
from mcuzoo.emulator.lpuart_registers import LpuartRegisters, Surroundings
from mcuzoo.emulator.memory import Memory
from mcuzoo.emulator.paced_lpuart import Pace, PacedLine, PacedLpuart
from mcuzoo.emulator.peripherals import Peripheral, nearest_register
from mcuzoo.emulator.powered import Orders
from mcuzoo.emulator.system_control import COUNTS_CYCLES, IMPLEMENTER, Requests, SystemControl
from mcuzoo.emulator.timers import (
    DWT_BASE,
    DWT_SIZE,
    CountMode,
    CycleCounter,
    InstructionClock,
    SysTick,
)
from mcuzoo.errors import EmulatorError
from mcuzoo.timing.marks import Mark

if TYPE_CHECKING:
    from mcuzoo.timing.meter import CycleMeter

_LPUART_BYTES = 0x1000
_PRIVATE_PERIPHERALS = 0xE000_0000
# An idle board checks this often whether it must go on.
_IDLE_S = 0.5
# How soon an exception that had to wait is tried again, in instructions.
_RETRY = 200


class Outcome(Enum):
    """Why a machine ended."""

    RESET = 0
    STOPPED = 1
    PAUSED = 2


@dataclass(frozen=True)
class ConsoleEnd:
    """`console` at the UART, without time. transmitter: when bytes leave for it. until_hang_up: end
    when it is closed. listen: called when the firmware begins or ends to want an interrupt when
    bytes arrive."""

    console: Console
    transmitter: Transmitter
    until_hang_up: bool
    listen: Callable[[bool], None]


@dataclass(frozen=True)
class Setting:
    """What stays the same from one machine to the next, which a reset starts.

    start: what the boot ROM hands to the core. far_end: what is at the UART; on a PacedLine, time
    counts. mode: what is counted. say: gets a line of text about what happens. board: what is
    emulated. memories: with what they hold over a reset. orders: from outside, to the running
    machine.
    """

    board: Board
    memories: tuple[Memory, ...]
    start: Start
    far_end: ConsoleEnd | PacedLine
    mode: CountMode
    orders: Orders
    say: Callable[[str], None]


class Machine:
    """Core, memories and peripherals just out of the boot ROM.

    inferences: how many have been counted before this reset. since_s: when it came out of it, on a
    paced line.
    """

    def __init__(self, setting: Setting, inferences: int, since_s: float = 0.0) -> None:
        self._setting = setting
        self._since_s = since_s
        self._pc = setting.start.pc
        self._orders = setting.orders
        self._board = setting.board
        self.engine = Engine()
        self._clock = InstructionClock(self.engine)
        self._systick = SysTick(self._clock)
        self.marks: list[Mark] = []
        self._meter = self._make_meter() if setting.mode.cycles else None
        requests = Requests(
            self._reset_by_firmware,
            self._protection_changed,
            self._tick_changed,
            self._cache_operation,
        )
        implementer = COUNTS_CYCLES if setting.mode.cycles else IMPLEMENTER
        self._control = SystemControl(self._board.core, self._systick, requests, implementer)
        self._exceptions = Exceptions(self.engine, self._control)
        self._uart = self._make_uart()
        self._cycles = CycleCounter(
            self._clock,
            setting.mode,
            inferences,
            self._uart.bytes_sent,
            self._control.trace_enabled,
            lambda: self._exceptions.active != 0,
            self._modelled_cycles if setting.mode.cycles else None,
        )
        self._peripherals: dict[str, Peripheral] = {}
        self._protection: tuple[int, ...] = ()
        self._profiling = self._cycles.wanted
        self._ticking = False
        self._reset = False
        self._map_everything()
        self.engine.set("MSP", setting.start.stack or 0)

    @property
    def inferences(self) -> int:
        return self._cycles.inferences

    @property
    def instructions(self) -> int:
        return self._clock.now

    @property
    def touches(self) -> int:
        """How often the firmware has accessed the console's registers."""
        return self._uart.touches

    @property
    def unread(self) -> int:
        """Bytes that the UART has taken from the console and the firmware has not read."""
        return self._uart.unread()

    def run(self, paused: Callable[[], bool] = lambda: False) -> Outcome:
        """Run until a reset, an order to stop or until `paused`; then it may go on.

        Raises EmulatorError, MissingExtraError.
        """
        while not self._orders.stop:
            if self._reset or self._orders.reset:
                return Outcome.RESET
            if paused():
                return Outcome.PAUSED
            try:
                self._pc = self._go_on(self._pc)
            except Refusal as refusal:
                raise self._explain(refusal) from refusal
        return Outcome.STOPPED

    @property
    def now_s(self) -> float:
        """The time on a paced line, between runs."""
        return self._since_s + self._clock.now / self._board.core.clock_hz

    def _go_on(self, pc: int) -> int:
        self._apply_protection()
        self._ticking = self._systick.needs_count
        if isinstance(self._uart, PacedLpuart):
            self._clock.counting = True
            exit_ = self.engine.run(pc, counted=True, deadline=self._deadline())
        else:
            self._clock.counting = self._profiling or self._ticking
            exit_ = self.engine.run(pc, counted=self._clock.counting, limit=self._limit())
        pc = self._after(exit_)
        self._systick.update(self._clock.now)
        return self._interrupted(pc)

    def _interrupted(self, pc: int) -> int:
        """Take the interrupt that is pending, if there is one and it may be taken."""
        if self._uart.listening:
            self._uart.look()
        if not (self._systick.pending or self._receiving) or self._exceptions.masked():
            return pc
        if self._systick.pending:
            self._systick.pending = False
            return self._exceptions.enter(Vector.SYSTICK, pc)
        return self._exceptions.enter(FIRST_INTERRUPT + self._board.console.irq, pc)

    @property
    def _receiving(self) -> bool:
        """Whether the console's interrupt is pending and enabled."""
        return self._uart.interrupt and self._control.interrupt_enabled(self._board.console.irq)

    def _limit(self) -> int:
        if self._receiving and not self._exceptions.active:
            return _RETRY
        if not self._systick.needs_count:
            return 0
        return _RETRY if self._systick.pending else self._systick.until_tick(self._clock.now)

    def _after(self, exit_: Exit) -> int:
        """The next PC after a run that ended so."""
        if exit_.cause is Cause.STOPPED:
            return exit_.pc
        if exit_.cause is Cause.EXCEPTION_RETURN and self._exceptions.active:
            return self._exceptions.leave(exit_.pc)
        if exit_.cause is Cause.SVC:
            return self._exceptions.enter(Vector.SVC, exit_.pc)
        if exit_.cause is Cause.WAITING:
            self._sleep()
            return exit_.pc
        stray = exit_.access if exit_.cause is Cause.BAD_DATA else None
        if stray is not None and self._is_peripheral(stray.address):
            raise UndeclaredAccess(stray)
        self._setting.say(f"fault: {describe(exit_)}")
        return self._exceptions.fault(exit_)

    # Setting up

    def _make_uart(self) -> LpuartRegisters:
        console, far_end = self._board.console, self._setting.far_end
        facts = console.base, console.clock_hz, console.baud
        if isinstance(far_end, PacedLine):
            pace = Pace(self._present_s, self._skip_to, self._set_deadline, self.engine.stop)
            return PacedLpuart(*facts, far_end, pace, self._surroundings(lambda _: None))
        around = self._surroundings(far_end.listen)
        return Lpuart(*facts, far_end.console, far_end.transmitter, around)

    def _make_meter(self) -> CycleMeter:
        from mcuzoo.timing.meter import CycleMeter

        meter = CycleMeter(self._board, self.engine.read_code)
        self.engine.attach(meter)
        return meter

    def _modelled_cycles(self, set: bool) -> int:
        """Cycles up to the block that is being executed; each call leaves a mark."""
        assert self._meter is not None
        self._meter.count()
        cycles = self._meter.cycles
        self.marks.append(Mark(cycles, set))
        return int(cycles.total)

    def _surroundings(self, listen: Callable[[bool], None]) -> Surroundings:
        return Surroundings(
            check_needs=self._check_console_needs,
            attention=self._attention,
            wait_s=self._wait_s,
            waited=self._waited,
            listen=listen,
            say=self._setting.say,
        )

    def _map_everything(self) -> None:
        for memory in self._setting.memories:
            memory.detach()
            if memory.region.initialized:
                memory.map_fully(self.engine)
        for window in self._board.emulator.windows:
            peripheral = Peripheral(window)
            self._peripherals[window.name] = peripheral
            self.engine.map_device(window.base, window.size, peripheral)
        self.engine.map_device(self._board.console.base, _LPUART_BYTES, self._uart)
        self.engine.map_device(system_control.BASE, system_control.SIZE, self._control)
        self.engine.map_device(DWT_BASE, DWT_SIZE, self._cycles)
        self.engine.time_reads(DWT_BASE, DWT_SIZE)
        self.engine.time_reads(system_control.BASE, system_control.SIZE)

    # What devices ask for

    def _reset_by_firmware(self) -> None:
        self._reset = True
        self.engine.stop()

    def _protection_changed(self) -> None:
        if self._protection_state() != self._protection:
            self.engine.stop()

    def _tick_changed(self) -> None:
        if self._systick.needs_count != self._ticking:
            self.engine.stop()

    def _cache_operation(self, register: int, value: int) -> None:
        """Only a cycle model knows of caches; the lines that go are those of a whole set."""
        if self._meter is None:
            return
        if register == system_control.ICIALLU:
            self._meter.forget_code()
        elif register in (system_control.DCISW, system_control.DCCISW):
            self._meter.forget_data(value)

    def _attention(self) -> bool:
        orders = self._orders
        end = self._setting.far_end
        if isinstance(end, ConsoleEnd) and end.until_hang_up and end.console.hung_up():
            orders.stop = True
        enough = self._profiling and not self._cycles.wanted
        self._profiling = self._profiling and not enough
        if orders.stop or orders.reset or enough:
            self.engine.stop()
            return True
        return False

    def _wait_s(self) -> float:
        if not self._systick.running:
            return _IDLE_S
        return self._systick.until_tick(self._clock.now) / self._board.core.clock_hz

    def _waited(self) -> None:
        if self._systick.running:
            self._clock.skip(self._systick.until_tick(self._clock.now))
            self.engine.stop()

    def _check_console_needs(self) -> None:
        for need in self._board.emulator.console_needs:
            value = self._register(need.register_name)
            if value & need.mask != need.value:
                raise Refusal(
                    f"The firmware switches {self._board.console.name} on, but {need.why}: "
                    f"{need.register_name} is {value:#x}"
                )

    # Time on a paced line

    def _present_s(self) -> float:
        """Now, for a device: before the present block."""
        return self._since_s + self._clock.at_write / self._board.core.clock_hz

    def _skip_to(self, then_s: float) -> None:
        ticks = (then_s - self._since_s) * self._board.core.clock_hz
        self._clock.skip(max(0, ceil(ticks) - self._clock.at_write))

    def _deadline(self) -> float:
        """When the present run has to end, in counted instructions."""
        uart = self._uart
        assert isinstance(uart, PacedLpuart)
        # One more, or rounding may leave the machine just before the event.
        event = (uart.event_s - self._since_s) * self._board.core.clock_hz + 1
        if limit := self._limit():
            event = min(event, self._clock.at_write + limit)
        return event - self._clock.skipped

    def _set_deadline(self) -> None:
        self.engine.advance_deadline(self._deadline())

    # Details

    def _sleep(self) -> None:
        """Wait for the next tick, or for the console."""
        if self._uart.listening:
            self._uart.wait()
        elif not self._systick.interrupts:
            raise Refusal(
                "The firmware waits for an interrupt, and none is modelled but SysTick and the "
                "console's receiver"
            )
        else:
            time.sleep(self._wait_s())
        if self._systick.interrupts:
            self._clock.skip(self._systick.until_tick(self._clock.now))

    def _in_hard_fault(self) -> bool:
        return self._exceptions.active == Vector.HARD_FAULT

    def _protection_state(self) -> tuple[int, ...]:
        return self._control.mpu.state(in_hard_fault=self._in_hard_fault())

    def _apply_protection(self) -> None:
        state = self._protection_state()
        if state == self._protection:
            return
        self._protection = state
        in_hard_fault = self._in_hard_fault()
        for memory in self._setting.memories:
            if not self._is_on(memory.region):
                continue
            span = (memory.region.base, memory.region.end)
            permissions = self._control.mpu.permissions(span, in_hard_fault=in_hard_fault)
            memory.map(self.engine, permissions)

    def _is_on(self, region: Region) -> bool:
        """Whether the memory is switched on. It is checked when the MPU permits access to it."""
        return region.initialized or all(
            self._register(need.register_name) & need.mask == need.value
            for need in self._board.emulator.memory_needs
            if need.region == region.name
        )

    def _register(self, name: str) -> int:
        window, _, register = name.partition(".")
        return self._peripherals[window].value(register)

    def _is_peripheral(self, address: int) -> bool:
        return address >= _PRIVATE_PERIPHERALS or any(
            window.base <= address < window.base + window.size for window in self._board.peripherals
        )

    def _explain(self, refusal: Refusal) -> EmulatorError:
        where = f"PC {self.engine.get('PC'):#010x}"
        if isinstance(refusal, UndeclaredAccess):
            nearest = nearest_register(self._board, refusal.access.address)
            return EmulatorError(
                f"The firmware made {refusal.access} at {where}, and boards/{self._board.id}.toml "
                f"declares no register there; the nearest is {nearest}.",
                "If the access is right, declare the register in [[emulator.windows]] of the "
                "board file; if not, the firmware has a bug there.",
            )
        return EmulatorError(
            f"{refusal} ({where}).", "docs/emulator.md says what the emulated board models."
        )
