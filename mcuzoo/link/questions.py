"""What a board is asked beside images and models: a sign of life, its engine, tensors inside."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import ProtocolError
from mcuzoo.link import messages
from mcuzoo.link.channel import Channel
from mcuzoo.link.counts import stack_use
from mcuzoo.link.inference import KernelRecord
from mcuzoo.link.state import LineCounts, Timing

_SHORT_BYTES = 64
_REPLY_BYTES = 600
_SET_UP_S = 120.0
"""Time for a delegate to compile a graph; the board does not listen meanwhile."""
_TRIES = 3


@dataclass(frozen=True)
class EngineFacts:
    """Who computes on a Linux board, and what it made of the model.

    ready: whether the model can run; if not, `error` says why. delegate: as Hello has it. library:
    the delegate's file on the board, "" for none. op_count: operators of the file that runs;
    delegated: how many of them the delegate took. sha256: of the file that runs, which may be
    compiled from the model. warm_up_count: inferences that no result counts, warm_up_ns: all of
    them together; 0 before the first image. offers: what may be selected.
    """

    ready: bool
    delegate: str
    library: str
    op_count: int
    delegated: int
    sha256: str
    warm_up_count: int
    warm_up_ns: int
    error: str
    offers: tuple[str, ...]


def ping(channel: Channel, timing: Timing) -> LineCounts:
    """A sign of life, with the board's line statistics. Raises as Channel.ask."""
    nonce = random.getrandbits(32)
    pong = channel.ask(
        messages.Ping(nonce),
        messages.Pong,
        lambda pong: pong.nonce == nonce,
        timing.tries,
        timing.exchange_s(_SHORT_BYTES),
    )
    return LineCounts(
        pong.good_frames,
        pong.bad_frames,
        pong.lost_bytes,
        stack_use(pong.stack_bytes, pong.stack_used_bytes),
    )


def select_engine(channel: Channel, timing: Timing, name: str) -> EngineFacts:
    """Let the board compute with the engine `name`; "": only ask. Raises as Channel.ask."""
    nonce = random.getrandbits(32)
    wait_s = timing.exchange_s(_REPLY_BYTES) + (_SET_UP_S if name else 0.0)
    reply = channel.ask(
        messages.SelectEngine(nonce, name.encode()),
        messages.Engine,
        lambda reply: reply.nonce == nonce,
        _TRIES if name else timing.tries,
        wait_s,
    )
    return EngineFacts(
        ready=reply.ready == 1,
        delegate=reply.delegate,
        library=reply.library,
        op_count=reply.op_count,
        delegated=reply.delegated,
        sha256=reply.sha256,
        warm_up_count=reply.warm_up_count,
        warm_up_ns=reply.warm_up_ns,
        error=reply.text,
        offers=tuple(reply.offers.decode("utf-8", "replace").splitlines()),
    )


def read_tensor(channel: Channel, timing: Timing, record: KernelRecord) -> NDArray[np.int8]:
    """int8 (bytes,): the output of the last operator of `record`, of the image that was profiled
    last. Raises ProtocolError where it is another one, and as Channel.ask."""
    output = b""
    while len(output) < record.output_bytes:
        nonce, offset = random.getrandbits(32), len(output)
        length = min(messages.MAX_CHUNK_BYTES, record.output_bytes - offset)
        piece = channel.ask(
            messages.ReadTensor(nonce, record.last_op, offset, length),
            messages.TensorData,
            lambda piece, nonce=nonce, length=length: (  # type: ignore[misc]
                piece.nonce == nonce and len(piece.data) == length
            ),
            timing.tries,
            timing.exchange_s(length + _SHORT_BYTES),
        )
        output += piece.data
    if zlib.crc32(output) != record.output_crc32:
        raise ProtocolError(
            f"The output of operator {record.last_op} is another one than its record says.",
            "The agent is not sound: copy the exported project to the board again.",
        )
    return np.frombuffer(output, np.int8)
