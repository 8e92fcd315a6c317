"""What the firmware's benchmarks took: on the emulated board by the model, and on a board."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mcuzoo.calibrate.benchmarks import Benchmark
from mcuzoo.emulator.emulate import emulate
from mcuzoo.emulator.options import EmulateOptions
from mcuzoo.errors import FirmwareError, ProtocolError
from mcuzoo.files import open_output
from mcuzoo.link.counts import MODELLED
from mcuzoo.link.hello import Hello
from mcuzoo.link.inference import KernelRecord, Profile
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState
from mcuzoo.project.manifest import Manifest
from mcuzoo.run.connected_board import check_firmware
from mcuzoo.run.sessions import Line, MessagesOnly, sessions
from mcuzoo.timing.cycles import Cycles
from mcuzoo.timing.marks import cycles_between

_INPUT_SEED = 7


@dataclass(frozen=True)
class Taken:
    """hello: of who measured. counts: cycles of each benchmark, in their order. spent: what the
    model spends them for, where it is the model's and known."""

    hello: Hello
    counts: tuple[int, ...]
    spent: tuple[Cycles | None, ...] = ()


class _Session(Protocol):
    """The methods of a link session that are used here."""

    def hello(self) -> Hello: ...

    def profile(self, image_id: int, tensor: NDArray[np.int8]) -> Profile: ...


class Layout:
    """Which record of a profile is which benchmark: the network's layers, then two for each other
    benchmark, of which the second is its own."""

    def __init__(
        self, kernels: Mapping[tuple[int, int], Benchmark], others: Sequence[Benchmark], ops: int
    ) -> None:
        self._of = dict(kernels)
        for number, benchmark in enumerate(others):
            at = ops + 2 * number + 1
            self._of[at, at] = benchmark

    @property
    def benchmarks(self) -> tuple[Benchmark, ...]:
        return tuple(self._of.values())

    def own(self, records: Sequence[KernelRecord]) -> list[int]:
        """The places of the benchmarks' records. Raises ProtocolError where one is missing."""
        places = {(one.first_op, one.last_op): at for at, one in enumerate(records)}
        missing = [key for key in self._of if key not in places]
        if missing:
            raise ProtocolError(
                f"The board gave no record of the {len(missing)} of {len(self._of)} benchmarks.",
                "The firmware is not sound: flash it again.",
            )
        return [places[key] for key in self._of]


def modelled(project: Path, layout: Layout, rounds: int, rates: Path | None = None) -> Taken:
    """What the model says of the built project. rates: of the memories, instead of the board
    file's. Raises as `emulate`."""
    with emulate(project, EmulateOptions(count="cycles", rates=rates)) as board:
        with Session.open(board.port) as session:
            profiles = _profiles(session, rounds)
            hello = session.hello()
        taken = _taken(hello, layout, profiles)
        # Readings of the counter are in their order, so all counts before those of the last round
        # must be found first.
        counts = [record.cycles for profile in profiles for record in profile.records]
        spent = cycles_between(board.marks, counts)
    last = profiles[-1].records
    of_last = spent[-len(last) :]
    return Taken(taken.hello, taken.counts, tuple(of_last[at] for at in layout.own(last)))


def measured(
    line: Line,
    manifest: Manifest,
    layout: Layout,
    rounds: int,
    trace: Path | None,
    say: Callable[[str], None],
) -> Taken:
    """What the board at `line` took. Raises what the link raises, WrongFirmwareError for another
    firmware, and FirmwareError for one that does not count cycles."""
    with ExitStack() as stack:
        file = stack.enter_context(open_output(trace)) if trace else None
        opened = sessions(line, None, MessagesOnly(say), file)
        session = stack.enter_context(opened(LinkState()))
        hello = session.hello()
        check_firmware(hello, manifest)
        if hello.count_unit not in ("cycles", MODELLED):
            raise FirmwareError(
                f"The board at {line.port} counts {hello.count_unit}, not cycles.",
                "--port emulator is the emulated board that counts modelled cycles.",
            )
        return _taken(hello, layout, _profiles(session, rounds))


def _profiles(session: _Session, rounds: int) -> list[Profile]:
    tensor = np.random.RandomState(_INPUT_SEED).randint(-128, 128, session.hello().input.bytes)
    return [session.profile(number, tensor.astype(np.int8)) for number in range(rounds)]


def _taken(hello: Hello, layout: Layout, profiles: Sequence[Profile]) -> Taken:
    """The middle one of the counts of each benchmark."""
    counts: list[list[int]] = []
    for profile in profiles:
        own = [profile.records[at].cycles for at in layout.own(profile.records)]
        if any(not count for count in own):
            raise FirmwareError(
                "The board did not count the cycles of every benchmark.",
                "Its cycle counter does not run: reset the board, and calibrate again.",
            )
        counts.append([count or 0 for count in own])
    return Taken(hello, tuple(median_low(each) for each in zip(*counts, strict=True)))
