"""How long to wait for a board and how often to try; and what sessions learn about the board and
the line, which later sessions use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from mcuzoo.board.lpuart import BITS_PER_BYTE
from mcuzoo.emulator.url import SCHEME
from mcuzoo.link.counts import StackUse
from mcuzoo.link.messages import MAX_CHUNK_BYTES
from mcuzoo.link.ssh_url import SCHEME as SSH
from mcuzoo.link.use import LineUse

SMALLEST_CHUNK_BYTES = 64
GOOD_CHUNKS = 16
"""Larger chunks are tried after so many chunks in a row have arrived."""

# An inference may take so many times the slowest one seen, and never less than so long.
_MARGIN = 20
_LEAST_LIMIT_S = 10.0
# While no inference has ended, each time-out reduces the next limit to a quarter.
_IN_VAIN = 4
_LEAST_FIRST_LIMIT_S = 30.0


@dataclass(frozen=True)
class LineCounts:
    """The board's view of the line, and of its stack, since its last restart.

    good_frames, bad_frames: with and without a right CRC. lost_bytes: what the UART could not take
    in time.
    """

    good_frames: int
    bad_frames: int
    lost_bytes: int
    stack: StackUse | None = None


@dataclass
class LinkState:
    """What sessions learn about a board and its line. All sessions with it share one state.

    slowest_inference_s: of the model `model_sha256`; None while none has ended. inferences_in_vain:
    how many were waited for without a result, while none had ended.

    chunk_bytes: how much data a frame carries now, if the board takes as much. It halves with every
    setback, because short frames get through where long ones do not, and doubles after GOOD_CHUNKS
    in a row (good_chunks: so far). smallest_chunk_bytes is the least that it has been.

    The rest counts what the line cost. frames_resent: sent again by the host, for want of an
    answer. bad_frames: damaged on their way to the host. board_bad_frames, board_lost_bytes: the
    same as the board saw it, and what its receiver lost. reconnects: sessions opened again.

    failed_baud: the lowest rate at which the line was not good; 0: none. No session tries it or a
    higher one again. fallen_baud, falls: the rate at which the board was lost last, and how often.
    rates_used: at which images have run. fixed_rate: why no other rate was tried; "" if one was.
    not_ahead: why the next input is not sent while the board works; "" if it is. use: of the line.
    frames_sent: by the host, all together.
    """

    model_sha256: str = ""
    slowest_inference_s: float | None = None
    inferences_in_vain: int = 0
    chunk_bytes: int = MAX_CHUNK_BYTES
    smallest_chunk_bytes: int = MAX_CHUNK_BYTES
    good_chunks: int = 0
    frames_sent: int = 0
    frames_resent: int = 0
    bad_frames: int = 0
    board_bad_frames: int = 0
    board_lost_bytes: int = 0
    reconnects: int = 0
    failed_baud: int = 0
    fallen_baud: int = 0
    falls: int = 0
    rates_used: tuple[int, ...] = ()
    fixed_rate: str = ""
    not_ahead: str = ""
    use: LineUse = field(default_factory=LineUse)

    @classmethod
    def of(cls, values: Mapping[str, object]) -> LinkState:
        """The state from `values`, which `dataclasses.asdict` made; unknown keys are ignored."""
        state = cls(**_known(cls, values))
        state.rates_used = tuple(state.rates_used)  # JSON has lists and objects alone
        if isinstance(state.use, Mapping):
            state.use = LineUse(**_known(LineUse, state.use))
        return state

    @property
    def host_losses(self) -> int:
        """Frames that the host has seen lost, one way or the other."""
        return self.frames_resent + self.bad_frames

    @property
    def clean(self) -> bool:
        """Nothing was lost, and nothing had to be done twice."""
        board = self.board_bad_frames + self.board_lost_bytes
        return not (self.host_losses + board + self.reconnects)

    @property
    def errors(self) -> int:
        """Frames that were damaged or lost, each once, and sessions that were opened again. A frame
        that was sent again may be one that either side has seen damaged."""
        return max(self.frames_resent, self.bad_frames + self.board_bad_frames) + self.reconnects

    def board_counted(self, now: LineCounts, before: LineCounts) -> None:
        """Add what the board has seen since `before`. If it counted fewer frames than `before`, it
        has restarted and counted from 0."""
        if now.good_frames < before.good_frames:
            before = LineCounts(0, 0, 0)
        self.board_bad_frames += max(0, now.bad_frames - before.bad_frames)
        self.board_lost_bytes += max(0, now.lost_bytes - before.lost_bytes)

    def chunk_for(self, max_chunk_bytes: int) -> int:
        """How much a frame should carry to a board that takes `max_chunk_bytes`."""
        return min(self.chunk_bytes, max_chunk_bytes)

    def set_back(self, max_chunk_bytes: int) -> None:
        """A frame of chunk_for(`max_chunk_bytes`) was lost, or its answer."""
        self.good_chunks = 0
        self.chunk_bytes = max(SMALLEST_CHUNK_BYTES, self.chunk_for(max_chunk_bytes) // 2)
        self.smallest_chunk_bytes = min(self.smallest_chunk_bytes, self.chunk_bytes)

    def arrived(self, chunks: int) -> None:
        """Record that so many chunks have arrived since the last setback or call."""
        self.good_chunks += chunks
        if self.good_chunks >= GOOD_CHUNKS:
            self.good_chunks = 0
            self.chunk_bytes = min(MAX_CHUNK_BYTES, 2 * self.chunk_bytes)

    def runs(self, model_sha256: str) -> None:
        """The board will run this model: forget what was learnt about another one."""
        if model_sha256 != self.model_sha256:
            self.model_sha256 = model_sha256
            self.slowest_inference_s = None
            self.inferences_in_vain = 0

    def inference_limit_s(self, longest_s: float) -> float:
        """How long to wait for the next inference, `longest_s` at most."""
        if self.slowest_inference_s is not None:
            return min(longest_s, max(_LEAST_LIMIT_S, _MARGIN * self.slowest_inference_s))
        least = min(longest_s, _LEAST_FIRST_LIMIT_S)
        return max(least, longest_s / float(_IN_VAIN**self.inferences_in_vain))

    def inference_took(self, seconds: float) -> None:
        self.slowest_inference_s = max(seconds, self.slowest_inference_s or 0.0)
        self.inferences_in_vain = 0

    def inference_in_vain(self) -> None:
        """Record that an inference had no result within its limit."""
        if self.slowest_inference_s is None:
            self.inferences_in_vain += 1


def _known(kind: type, values: Mapping[str, object]) -> dict[str, Any]:
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in values.items() if name in names}


@dataclass(frozen=True)
class Timing:
    """Limits of one session; all in seconds of the monotonic clock.

    `latency_s` covers a round trip through adapters, drivers, schedulers and an emulator, beyond
    the time that the bytes themselves take at `baud`. `connect_s` is how long a board may take to
    say HELLO. `inference_s` is how long an inference may take; once some have been seen, the
    session expects less. `tries` bounds every repetition of a request, `attempts` those of a whole
    image. `max_baud` is the highest rate to change to; 0: the line stays at `baud`.
    """

    baud: int = 115200
    latency_s: float = 0.4
    connect_s: float = 5.0
    inference_s: float = 300.0
    tries: int = 8
    attempts: int = 4
    max_baud: int = 0

    @classmethod
    def of_port(cls, url: str, baud: int, max_baud: int = 0) -> Timing:
        """What suits the port at `url`.

        An emulated board and ssh lose no byte and their end is noticed at once, but they are as
        slow as a machine is busy: there is no reason to hurry them.
        """
        if url.lower().startswith((SCHEME, SSH)):
            return cls(baud, latency_s=5.0, connect_s=60.0)
        return cls(baud, max_baud=max_baud)

    def at(self, baud: int) -> Timing:
        """The same for a line at another rate."""
        return replace(self, baud=baud)

    def exchange_s(self, wire_bytes: int) -> float:
        """How long to wait for an answer when `wire_bytes` travel in both directions together."""
        return self.latency_s + 1.5 * wire_bytes * BITS_PER_BYTE / self.baud
