"""Transfers: windowed upload of tensors and models, download of outputs and profiles."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from mcuzoo.errors import FitError, ProtocolError, UsageError
from mcuzoo.link import messages
from mcuzoo.link.channel import Channel
from mcuzoo.link.hello import Hello
from mcuzoo.link.inference import KernelRecord, unpack_records
from mcuzoo.link.messages import ErrorCode, Message
from mcuzoo.link.state import Timing

# Bytes of a chunk's frame and of its ACK beside the data, rounded up.
_OVERHEAD_BYTES = 64


@dataclass(frozen=True)
class Outgoing:
    """Data that the board takes in chunks, and the messages for it.

    what: its name in messages to the user. begin: announces it. piece: the message for the data at
    an offset. acknowledged: the board's next offset in a message that is an answer about this
    transfer, or None.
    """

    what: str
    begin: Message
    piece: Callable[[int, bytes], Message]
    acknowledged: Callable[[Message], int | None]


def image_transfer(begin: messages.InputBegin) -> Outgoing:
    """An input tensor."""
    return Outgoing(
        "input",
        begin,
        lambda offset, data: messages.InputData(begin.image_id, offset, data),
        lambda answer: (
            answer.next_offset
            if isinstance(answer, messages.Ack) and answer.image_id == begin.image_id
            else None
        ),
    )


def model_transfer(begin: messages.ModelBegin) -> Outgoing:
    """A model file."""
    return Outgoing(
        "model",
        begin,
        lambda offset, data: messages.ModelData(begin.upload_id, offset, data),
        lambda answer: (
            answer.next_offset
            if isinstance(answer, messages.ModelAck) and answer.upload_id == begin.upload_id
            else None
        ),
    )


def upload(
    channel: Channel,
    timing: Timing,
    board: Hello,
    transfer: Outgoing,
    data: bytes,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Send `data`, which `transfer.begin` announces; returns when all of it has arrived.

    Go-back-N: up to `board.window` chunks are under way; after a gap or a time-out everything from
    the board's next offset on is sent again. `channel.state` says how large chunks are, and
    learns from each that is lost. `on_progress` is told how many bytes have arrived. Raises
    BoardSilentError when `timing.tries` setbacks in a row bring nothing forward, and as
    Channel.answer.
    """
    first_seq = channel.next_seq
    ack = channel.ask(
        transfer.begin,
        Message,
        lambda answer: transfer.acknowledged(answer) is not None,
        timing.tries,
        timing.exchange_s(_OVERHEAD_BYTES),
    )
    state = channel.state
    arrived = sent = furthest = transfer.acknowledged(ack) or 0
    resumed_seq = channel.next_seq
    setbacks = 0
    while arrived < len(data):
        chunk_bytes = state.chunk_for(board.max_chunk)
        while sent < min(len(data), arrived + board.window * chunk_bytes):
            piece = data[sent : sent + chunk_bytes]
            state.frames_resent += sent < furthest
            channel.send(transfer.piece(sent, piece))
            sent += len(piece)
            furthest = max(furthest, sent)
        under_way_bytes = sent - arrived + board.window * _OVERHEAD_BYTES
        deadline = channel.clock() + timing.exchange_s(under_way_bytes)
        next_offset = _await_step(channel, transfer, arrived, deadline, first_seq, resumed_seq)
        if arrived < next_offset <= len(data):
            state.arrived(max(1, (next_offset - arrived) // chunk_bytes))
            arrived = next_offset
            sent = max(sent, arrived)
            setbacks = 0
            if on_progress is not None:
                on_progress(arrived)
        else:
            setbacks += 1
            if setbacks > timing.tries:
                raise channel.silent(
                    f"{arrived} of {len(data)} {transfer.what} bytes arrived, then no more"
                )
            state.set_back(board.max_chunk)
            sent = arrived
            resumed_seq = channel.next_seq


def _await_step(
    channel: Channel,
    transfer: Outgoing,
    arrived: int,
    deadline: float,
    first_seq: int,
    resumed_seq: int,
) -> int:
    """The next offset once it lies beyond `arrived`; `arrived` after a gap or at the deadline.

    Every chunk after a lost one reports the same gap. Reports about chunks sent before
    `resumed_seq` are ignored: that gap is being filled already.
    """
    while received := channel.answer(deadline, first_seq):
        next_offset = transfer.acknowledged(received.message)
        if next_offset is not None:
            if next_offset > arrived:
                return next_offset
            if received.gap and channel.is_since(received.seq, resumed_seq):
                break
    return arrived


def download(
    channel: Channel, timing: Timing, board: Hello, image_id: int, total_bytes: int
) -> bytes:
    """The output tensor of `image_id`, piece by piece, as large as `channel.state` says.

    Raises as Channel.ask.
    """
    output = b""
    setbacks = 0
    asked: set[int] = set()
    first_seq = channel.next_seq

    def matches(piece: messages.OutputData) -> bool:
        place = (piece.image_id, piece.offset) == (image_id, len(output))
        return place and len(piece.data) in asked

    while len(output) < total_bytes:
        offset = len(output)
        length = min(channel.state.chunk_for(board.max_chunk), total_bytes - offset)
        asked.add(length)
        piece = channel.ask_once(
            messages.ReadOutput(image_id, offset, length),
            messages.OutputData,
            matches,
            timing.exchange_s(length + _OVERHEAD_BYTES),
            first_seq,
            setbacks > 0,
        )
        if piece is not None:
            channel.state.arrived(1)
            output += piece.data
            setbacks = 0
            asked.clear()
            continue
        setbacks += 1
        if setbacks == timing.tries:
            raise channel.silent(f"ReadOutput was sent {setbacks} times")
        channel.state.set_back(board.max_chunk)
    return output


def read_records(
    channel: Channel, timing: Timing, image_id: int, first_record: int
) -> tuple[tuple[KernelRecord, ...], int]:
    """The records that the board kept of the profile of `image_id`, and how many there are in all.

    Raises ProtocolError when they are no records, and as Channel.ask.
    """
    data = channel.ask(
        messages.ReadProfile(image_id),
        messages.ProfileData,
        lambda data: (data.image_id, data.first_record) == (image_id, first_record),
        timing.tries,
        timing.exchange_s(messages.MAX_PAYLOAD_BYTES + _OVERHEAD_BYTES),
    )
    try:
        return tuple(unpack_records(data.records)), data.record_count
    except struct.error as error:
        raise ProtocolError(
            f"The board sent {len(data.records)} bytes as the records of a profile: {error}.",
            "The firmware and this mcuzoo disagree: export, build and flash it again.",
        ) from error


CURED_BY_SENDING_AGAIN = frozenset(
    {ErrorCode.NO_SUCH_UPLOAD, ErrorCode.INCOMPLETE, ErrorCode.MODEL_SHA256}
)
"""The board has lost the model, or holds it damaged."""

_COMMIT_BYTES = 64
# Time to hash and set up a model; the board does not listen meanwhile.
_CHECK_S = 4.0


def holds(board: Hello, model: bytes) -> bool:
    """Whether the board runs this very model already."""
    return board.model_bytes == len(model) and board.model_sha256 == sha256(model).hexdigest()


def require_room(board: Hello, model: bytes) -> None:
    """Raise UsageError when the board takes no models, FitError when it has no room for this."""
    if board.model_capacity_bytes == 0:
        raise UsageError(
            f"The firmware on the {board.board} takes no models: its own is linked in.",
            "Flash a universal one: mcuzoo export --universal --board BOARD --tflm DIR.",
        )
    if len(model) > board.model_capacity_bytes:
        raise FitError(
            f"The model has {len(model):,} bytes, the {board.board} has room for "
            f"{board.model_capacity_bytes:,}.",
            "Export the universal firmware with a larger --model-region, or take a smaller model.",
        )


def send_model(
    channel: Channel,
    timing: Timing,
    board: Hello,
    model: bytes,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Send `model` and have the board check it and set it up.

    What the board holds of it from an earlier attempt is not sent again. Raises as `upload`.
    """
    begin = messages.ModelBegin(random.getrandbits(32), len(model), sha256(model).hexdigest())
    upload(channel, timing, board, model_transfer(begin), model, on_progress)
    channel.ask(
        messages.ModelCommit(begin.upload_id),
        messages.ModelAck,
        lambda ack: ack.upload_id == begin.upload_id and ack.ready == 1,
        timing.tries,
        timing.exchange_s(_COMMIT_BYTES) + _CHECK_S,
    )
