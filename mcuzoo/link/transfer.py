"""Transfers: windowed upload of tensors and models, download of outputs and profiles."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from mcuzoo.board.lpuart import BITS_PER_BYTE
from mcuzoo.errors import FitError, ProtocolError, UsageError
from mcuzoo.link import messages
from mcuzoo.link.channel import Channel, Received
from mcuzoo.link.hello import Hello
from mcuzoo.link.inference import KernelRecord, unpack_records
from mcuzoo.link.messages import Message
from mcuzoo.link.state import Timing

# Bytes of a chunk's frame and of its ACK beside the data, rounded up.
_OVERHEAD_BYTES = 64
# The frame alone: delimiters, COBS, header, image_id, offset and CRC.
_FRAME_BYTES = 32
# What the board's ring keeps for requests between the chunks.
_RESERVED_BYTES = 256
# For a board that listens: round trips of milliseconds at the highest rates.
_LEAST_WINDOW_BYTES = 8192


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


class Sending:
    """`data` on its way to the board, which `transfer.begin` has announced.

    Go-back-N: as much is under way as the board keeps while it works, else `board.window` chunks;
    after a gap or a time-out everything from the board's next offset on is sent again.
    `channel.state` says how large chunks are, and learns from each that is lost.
    """

    def __init__(self, channel: Channel, board: Hello, transfer: Outgoing, data: bytes) -> None:
        self.transfer = transfer
        self.data = data
        self.arrived = 0
        self.sent = 0
        self.gap = False
        """The board has reported a gap that has not been filled yet."""
        self._channel = channel
        self._board = board
        self._furthest = 0
        self._resumed_seq = channel.next_seq

    @property
    def done(self) -> bool:
        return self.arrived >= len(self.data)

    @property
    def under_way_bytes(self) -> int:
        """Bytes on the line that the board has not acknowledged, frames included."""
        data_bytes = self.sent - self.arrived
        chunk_bytes = self._channel.state.chunk_for(self._board.max_chunk)
        return data_bytes + -(-data_bytes // chunk_bytes) * _FRAME_BYTES

    def start_at(self, offset: int) -> None:
        """The board holds everything before `offset`."""
        self.arrived = self.sent = self._furthest = offset
        self._resumed_seq = self._channel.next_seq

    def fill(self) -> None:
        """Send as much as may be under way."""
        state = self._channel.state
        chunk_bytes = state.chunk_for(self._board.max_chunk)
        while self.sent < len(self.data) and self._fits(chunk_bytes):
            piece = self.data[self.sent : self.sent + chunk_bytes]
            state.frames_resent += self.sent < self._furthest
            self._channel.send(self.transfer.piece(self.sent, piece))
            self.sent += len(piece)
            self._furthest = max(self._furthest, self.sent)

    def _fits(self, chunk_bytes: int) -> bool:
        if not self._board.receive_bytes:
            return self.sent < self.arrived + self._board.window * chunk_bytes
        # A line that needs short chunks would lose most of a long window again and again.
        room = min(self._board.receive_bytes - _RESERVED_BYTES, self._useful_bytes())
        window = room * chunk_bytes // self._board.max_chunk
        more = self.under_way_bytes + _FRAME_BYTES + chunk_bytes
        return more <= window or self.sent == self.arrived

    def _useful_bytes(self) -> int:
        """What keeps the line busy while the model runs. More would only have to be sent again
        after a loss, and requests would wait behind it."""
        state = self._channel.state
        return _LEAST_WINDOW_BYTES + round(
            (state.slowest_inference_s or 0.0) * self._channel.baud / BITS_PER_BYTE
        )

    def takes(self, received: Received) -> bool:
        """Whether `received` brings the transfer forward; or else notes the gap that it reports.

        Every chunk after a lost one reports the same gap. Reports about chunks sent before the last
        go-back are ignored: that gap is being filled already.
        """
        next_offset = self.transfer.acknowledged(received.message)
        if next_offset is None:
            return False
        if self.arrived < next_offset <= len(self.data):
            chunk_bytes = self._channel.state.chunk_for(self._board.max_chunk)
            self._channel.state.arrived(max(1, (next_offset - self.arrived) // chunk_bytes))
            self.arrived = next_offset
            self.sent = max(self.sent, next_offset)
            return True
        if received.gap and self._channel.is_since(received.seq, self._resumed_seq):
            self.gap = True
        return False

    def go_back(self) -> None:
        """Continue from what has arrived, with shorter chunks."""
        self._channel.state.set_back(self._board.max_chunk)
        self.sent = self.arrived
        self.gap = False
        self._resumed_seq = self._channel.next_seq


def upload(
    channel: Channel,
    timing: Timing,
    board: Hello,
    transfer: Outgoing,
    data: bytes,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Announce and send `data`; returns when all of it has arrived.

    `on_progress` is told how many bytes have arrived. Raises as `finish`, and as Channel.answer.
    """
    ack = channel.ask(
        transfer.begin,
        Message,
        lambda answer: transfer.acknowledged(answer) is not None,
        timing.tries,
        timing.exchange_s(_OVERHEAD_BYTES),
    )
    sending = Sending(channel, board, transfer, data)
    sending.start_at(transfer.acknowledged(ack) or 0)
    finish(channel, timing, sending, channel.next_seq, on_progress)


def finish(
    channel: Channel,
    timing: Timing,
    sending: Sending,
    first_seq: int,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Go on with a transfer until all of it has arrived. first_seq: of its first frame.

    Raises BoardSilentError when `timing.tries` setbacks in a row bring nothing forward, and as
    Channel.answer.
    """
    setbacks = 0
    while not sending.done:
        if sending.gap:
            sending.go_back()
        sending.fill()
        deadline = channel.clock() + timing.exchange_s(sending.under_way_bytes + _OVERHEAD_BYTES)
        if _await_step(channel, sending, deadline, first_seq):
            setbacks = 0
            if on_progress is not None:
                on_progress(sending.arrived)
            continue
        setbacks += 1
        channel.require_good()
        if setbacks > timing.tries:
            raise channel.silent(
                f"{sending.arrived} of {len(sending.data)} {sending.transfer.what} bytes arrived, "
                "then no more"
            )
        sending.go_back()


def _await_step(channel: Channel, sending: Sending, deadline: float, first_seq: int) -> bool:
    """Whether the transfer came forward before a gap was reported or the deadline came."""
    while received := channel.answer(deadline, first_seq):
        if sending.takes(received):
            return True
        if sending.gap:
            break
    return False


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
            timing.exchange_s(length + _OVERHEAD_BYTES + channel.under_way_bytes),
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
        channel.require_good()
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
