"""The faults of a line, applied to what passes: FaultyLine has both directions.

Who moves the bytes owns the line: it feeds what has been sent and takes what arrives. Nothing here
waits. Where faults of a rate strike depends on the seed and on how many bytes have passed, not on
time; those of a time (`every 60s`), and how long something is held back, go by the clock.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from mcuzoo.faults.spec import HOLDING_KINDS, KINDS, WHOLE_KINDS, Fault, FaultSpec, Way

# Sizes in bytes: of a hole, of a repetition, of noise. A frame has at most 1047 bytes.
_MOST_DROPPED = 40
_MOST_REPEATED = 400
_MOST_NOISE = 60
# A truncated frame loses its bytes up to the delimiter, or so many if none comes.
_MOST_TRUNCATED = 800
_DELIMITER = 0
_DELAY_S = (0.005, 0.05)


@dataclass(frozen=True)
class Blow:
    """A fault that strikes the port (reopen) or the board (reset). for_s: how long it lasts. kind:
    "reopen" or "reset"."""

    kind: str
    for_s: float


@dataclass
class OneWayCounts:
    """What has happened in one direction; faults by kind.

    bytes: that were sent.
    """

    bytes: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, int]:
        struck = {kind: self.faults[kind] for kind in KINDS if self.faults[kind]}
        return {"bytes": self.bytes, **struck}


@dataclass
class FaultCounts:
    """What has happened on a line. clock: resets and reopens that came by the clock. seed: of the
    faults. to_board, to_host: by direction."""

    seed: int
    to_board: OneWayCounts = field(default_factory=OneWayCounts)
    to_host: OneWayCounts = field(default_factory=OneWayCounts)
    clock: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> Counter[str]:
        """Faults by kind, of both directions and the clock."""
        return self.to_board.faults + self.to_host.faults + self.clock

    def as_dict(self) -> dict[str, object]:
        return {
            "seed": self.seed,
            "to_board": self.to_board.as_dict(),
            "to_host": self.to_host.as_dict(),
            "by_the_clock": dict(self.clock),
        }

    def __str__(self) -> str:
        parts = [
            f"{_listed(one.faults)} in {one.bytes:,} bytes {way.text}"
            for way, one in ((Way.UP, self.to_board), (Way.DOWN, self.to_host))
        ]
        if self.clock:
            parts.append(f"{_listed(self.clock)} by the clock")
        return f"faults: {'; '.join(parts)} (seed {self.seed})"


def _listed(faults: Counter[str]) -> str:
    return ", ".join(f"{kind} {faults[kind]}" for kind in KINDS if faults[kind]) or "none"


class _Schedule:
    """When one kind of fault strikes next: at a byte, or at the first byte after a time."""

    def __init__(self, fault: Fault, source: random.Random, now: float) -> None:
        self.fault = fault
        self.source = source
        self._next_s = now + (fault.every_s or 0.0)
        self._left = self._distance()

    def _distance(self) -> int | None:
        rate = self.fault.rate
        return None if rate is None else 1 + int(self.source.expovariate(rate))

    def bytes_left(self, now: float) -> int | None:
        """The fault strikes after so many more bytes; None: not within those that are here."""
        if self._left is not None:
            return self._left
        return 1 if now >= self._next_s else None

    def passed(self, size: int, now: float) -> bool:
        """So many bytes have passed, at most bytes_left(`now`): whether the fault strikes now."""
        due = self.bytes_left(now) == size
        if self._left is not None:
            self._left = self._distance() if due else self._left - size
        elif due:
            self.skip_to(now)
        return due

    def skip_to(self, now: float) -> None:
        """The next one comes a whole period after the last that should have been."""
        every_s = self.fault.every_s or 0.0
        self._next_s += every_s * (1 + (now - self._next_s) // every_s)

    @property
    def next_s(self) -> float:
        return self._next_s


class OneWay:
    """One direction. `feed` takes what was sent, `due` gives what arrives. For one thread.

    strike: is called for a reset or reopen, while `feed` runs; what was on its way is lost then.
    """

    def __init__(
        self,
        spec: FaultSpec,
        way: Way,
        strike: Callable[[Blow], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        now = clock()
        self.counts = OneWayCounts()
        self._schedules = [
            _Schedule(fault, random.Random(f"{spec.seed}-{fault.kind}-{way.value}"), now)
            for fault in spec.faults
            if fault.goes(way) and not (fault.kind in WHOLE_KINDS and fault.every_s is not None)
        ]
        self._strike = strike
        self._clock = clock
        self._ready = bytearray()
        self._held = bytearray()
        self._hold_until = 0.0
        self._past = bytearray()
        self._swallow = 0
        self._truncate = 0
        self._last_passed = False

    def feed(self, data: bytes) -> None:
        """Bytes enter the line."""
        rest = memoryview(data)
        while rest:
            now = self._clock()
            lefts = [schedule.bytes_left(now) for schedule in self._schedules]
            size = min([len(rest), *(left for left in lefts if left is not None)])
            self._pass_on(bytes(rest[:size]))
            rest = rest[size:]
            for schedule in self._schedules:
                if schedule.passed(size, now):
                    self._apply(schedule.fault, schedule.source)

    def due(self) -> bytes:
        """What leaves the line now."""
        if self._held and self._clock() >= self._hold_until:
            self._ready += self._held
            self._held.clear()
        data = bytes(self._ready)
        self._ready.clear()
        return data

    def wait_s(self) -> float | None:
        """How long until something that is held back leaves the line; None: nothing is."""
        return max(0.0, self._hold_until - self._clock()) if self._held else None

    def lose(self) -> int:
        """Drop what is on its way; return the number of bytes."""
        lost = len(self._ready) + len(self._held)
        self._ready.clear()
        self._held.clear()
        self._hold_until = 0.0
        self._swallow = self._truncate = 0
        return lost

    @property
    def _outlet(self) -> bytearray:
        holding = self._held or self._clock() < self._hold_until
        return self._held if holding else self._ready

    def _pass_on(self, data: bytes) -> None:
        self.counts.bytes += len(data)
        self._past = (self._past + data)[-_MOST_REPEATED:]
        swallowed = min(self._swallow, len(data))
        self._swallow -= swallowed
        data = data[swallowed:]
        if self._truncate:
            end = data.find(_DELIMITER, 0, self._truncate)
            cut = min(self._truncate, len(data)) if end < 0 else end
            self._truncate = self._truncate - cut if end < 0 else 0
            data = data[cut:]
        self._last_passed = bool(data)
        self._outlet.extend(data)

    def _apply(self, fault: Fault, source: random.Random) -> None:
        kind, pick = fault.kind, source.randrange
        self.counts.faults[kind] += 1
        if kind == "drop":
            self._swallow = pick(1, _MOST_DROPPED)
        elif kind == "truncate":
            self._truncate = _MOST_TRUNCATED
        elif kind == "flip":
            bit, outlet = 1 << pick(8), self._outlet
            if self._last_passed and outlet:
                outlet[-1] ^= bit
        elif kind == "duplicate":
            self._outlet.extend(self._past[-pick(1, _MOST_REPEATED) :])
        elif kind == "noise":
            self._outlet.extend(source.randbytes(pick(1, _MOST_NOISE)))
        elif kind in HOLDING_KINDS:
            seconds = source.uniform(*_DELAY_S) if fault.for_s is None else fault.for_s
            self._hold_until = max(self._hold_until, self._clock() + seconds)
        else:
            self.lose()
            self._strike(Blow(kind, fault.for_s or 0.0))


class FaultyLine:
    """Both directions of a line, and what strikes board or port by the clock.

    strike: as of OneWay; `tick` calls it, too.
    """

    def __init__(
        self,
        spec: FaultSpec,
        strike: Callable[[Blow], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        now = clock()
        self.to_board = OneWay(spec, Way.UP, strike, clock)
        self.to_host = OneWay(spec, Way.DOWN, strike, clock)
        self.counts = FaultCounts(spec.seed, self.to_board.counts, self.to_host.counts)
        self._strike = strike
        self._clock = clock
        self._timed = [
            _Schedule(fault, random.Random(), now)
            for fault in spec.faults
            if fault.kind in WHOLE_KINDS and fault.every_s is not None
        ]

    def tick(self) -> None:
        """Let strike what is due by the clock."""
        now = self._clock()
        for schedule in self._timed:
            if now >= schedule.next_s:
                schedule.skip_to(now)
                fault = schedule.fault
                self.counts.clock[fault.kind] += 1
                self._strike(Blow(fault.kind, fault.for_s or 0.0))

    def tick_s(self) -> float | None:
        """How long until the next `tick` has something to do; None: it never has."""
        if not self._timed:
            return None
        return max(0.0, min(schedule.next_s for schedule in self._timed) - self._clock())
