"""How a run uses its line: bytes, time, and what bounds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mcuzoo.board.lpuart import BITS_PER_BYTE
from mcuzoo.link.sent_input import SentInput


@dataclass
class LineUse:
    """What images took of the line, since the run began; times in seconds.

    images: that have a result. up_bytes, down_bytes: to and from the board, with frames, ACKs and
    what was sent again. payload_bytes: their inputs and outputs alone. input_bytes: of their
    inputs; sent_input_bytes: of these as they are sent, fewer if encoded. up_s: how long the line
    was busy towards the board, 10 bits a byte at its rate; 0.0 for a port without a speed.
    images_s: from an image's first byte to its result's last. result_s: of this, from INVOKE to
    RESULT.
    host_s: from the end of one image to the beginning of the next.
    """

    images: int = 0
    up_bytes: int = 0
    down_bytes: int = 0
    payload_bytes: int = 0
    up_s: float = 0.0
    images_s: float = 0.0
    result_s: float = 0.0
    host_s: float = 0.0
    input_bytes: int = 0
    sent_input_bytes: int = 0

    @property
    def seconds(self) -> float:
        return self.images_s + self.host_s

    @property
    def up_share(self) -> float | None:
        """The share of the time in which the line was busy towards the board; None if unknown."""
        return self.up_s / self.seconds if self.up_s and self.seconds else None

    @property
    def goodput(self) -> float | None:
        """Bytes of inputs and outputs in a second."""
        return self.payload_bytes / self.seconds if self.seconds else None

    def bound(self, ahead: bool) -> str | None:
        """What takes most of the time: "line", "inference", "host" or "round trips"; None if
        nothing ran. ahead: the next input travels while the board works."""
        if not self.images:
            return None
        alone_s = max(0.0, self.result_s - self.up_s) if ahead else self.result_s
        rest_s = self.seconds - self.up_s - self.host_s - alone_s
        parts = {
            "line": self.up_s,
            "inference": self.result_s,
            "host": self.host_s,
            "round trips": rest_s,
        }
        return max(parts, key=lambda part: parts[part])


class Counted(Protocol):
    """The part of a channel that counts."""

    baud: int
    sent_bytes: int
    received_bytes: int

    @property
    def clock(self) -> Callable[[], float]: ...


class Meter:
    """Measures the images of one session on `channel` into `use`."""

    def __init__(self, channel: Counted, use: LineUse) -> None:
        self._channel = channel
        self._use = use
        self._ended: float | None = None
        self._began = 0.0
        self._seen = channel.sent_bytes, channel.received_bytes

    def begin(self) -> None:
        """An image begins."""
        self._began = self._channel.clock()
        if self._ended is not None:
            self._use.host_s += self._began - self._ended

    def end(self, input: SentInput, output_bytes: int) -> None:
        """`input` has a result."""
        use, channel = self._use, self._channel
        self._ended = channel.clock()
        use.images += 1
        use.images_s += self._ended - self._began
        use.payload_bytes += input.tensor_bytes + output_bytes
        use.input_bytes += input.tensor_bytes
        use.sent_input_bytes += len(input.data)
        up, down = channel.sent_bytes - self._seen[0], channel.received_bytes - self._seen[1]
        self._seen = channel.sent_bytes, channel.received_bytes
        use.up_bytes += up
        use.down_bytes += down
        if channel.baud:
            use.up_s += up * BITS_PER_BYTE / channel.baud
