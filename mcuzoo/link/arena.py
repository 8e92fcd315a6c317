"""What a board says of its tensor arena: what is in use, and whether a smaller one would do."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

from mcuzoo.errors import ProtocolError
from mcuzoo.link import messages
from mcuzoo.link.channel import Channel
from mcuzoo.link.timing import Timing

RECORDED_KINDS = (
    "eval tensors",
    "tensors",
    "quantization",
    "kernel buffers",
    "variables",
    "nodes",
    "op options",
)
"""What TFLM's recording allocator tells apart, in the order of ARENA_REPORT."""

_PART = struct.Struct("<III")
_REPORT_BYTES = 256
# A trial runs the model once, and a board that computes does not listen.
_TRIAL_S = 60.0
_TRIES = 3


@dataclass(frozen=True)
class RecordedPart:
    """Bytes asked for, bytes taken with alignment, and how often."""

    requested_bytes: int
    used_bytes: int
    count: int


@dataclass(frozen=True)
class ArenaUse:
    """An arena of `arena_bytes` as the board sees it; sizes in bytes.

    error: why the runtime could not be set up or run in it, "" when it could; the sizes are 0
    then. Head: activations; tail: what persists. recorded: by RECORDED_KINDS, None without the
    recording allocator. The stack's figures are 0 where the board does not know them.
    """

    arena_bytes: int
    used_bytes: int
    head_bytes: int
    tail_bytes: int
    stack_bytes: int
    stack_used_bytes: int
    error: str
    recorded: dict[str, RecordedPart] | None


def measure_arena(
    channel: Channel, timing: Timing, arena_bytes: int = 0, recorded: bool = False
) -> ArenaUse:
    """Ask for the arena as it is (`arena_bytes` 0), or let the board try one of `arena_bytes`.

    Raises as Channel.ask.
    """
    nonce = random.getrandbits(32)
    wait_s = timing.exchange_s(_REPORT_BYTES) + (_TRIAL_S if arena_bytes else 0.0)
    report = channel.ask(
        messages.MeasureArena(nonce, arena_bytes, int(recorded)),
        messages.ArenaReport,
        lambda report: report.nonce == nonce,
        _TRIES,
        wait_s,
    )
    return ArenaUse(
        arena_bytes=report.arena_bytes,
        used_bytes=report.used_bytes,
        head_bytes=report.head_bytes,
        tail_bytes=report.tail_bytes,
        stack_bytes=report.stack_bytes,
        stack_used_bytes=report.stack_used_bytes,
        error=(report.text or "no reason was given") if report.status else "",
        recorded=_parts(report.data),
    )


def _parts(data: bytes) -> dict[str, RecordedPart] | None:
    if not data:
        return None
    if len(data) % _PART.size:
        raise ProtocolError(
            f"The board's account of its arena ends early, after {len(data)} bytes.",
            "The firmware is not sound: export, build and flash it again.",
        )
    parts = (RecordedPart(*numbers) for numbers in _PART.iter_unpack(data))
    # A newer firmware may tell more kinds apart.
    return dict(zip(RECORDED_KINDS, parts, strict=False))
