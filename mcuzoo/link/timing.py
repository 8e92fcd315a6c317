"""How long to wait for the board, and how often to try."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.emulator.url import SCHEME

# A byte on an asynchronous line: start bit, eight data bits, stop bit.
_BITS_PER_BYTE = 10


@dataclass(frozen=True)
class Timing:
    """Limits of one session; all in seconds of the monotonic clock.

    `latency_s` covers a round trip through adapters, drivers, schedulers and an emulator, beyond
    the time that the bytes themselves take at `baud`. `connect_s` is how long a board may take to
    say HELLO. `inference_s` is how long an inference may take; once some have been seen, the
    session expects less. `tries` bounds every repetition of a request, `attempts` those of a whole
    image.
    """

    baud: int = 115200
    latency_s: float = 0.4
    connect_s: float = 5.0
    inference_s: float = 300.0
    tries: int = 8
    attempts: int = 4

    @classmethod
    def of_port(cls, url: str, baud: int) -> Timing:
        """What suits the port at `url`.

        An emulated board loses no byte and its end is noticed at once, but it is as slow as the
        machine is busy: there is no reason to hurry it.
        """
        if url.lower().startswith(SCHEME):
            return cls(baud, latency_s=5.0, connect_s=60.0)
        return cls(baud)

    def exchange_s(self, wire_bytes: int) -> float:
        """How long to wait for an answer when `wire_bytes` travel in both directions together."""
        return self.latency_s + 1.5 * wire_bytes * _BITS_PER_BYTE / self.baud
