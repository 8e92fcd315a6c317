"""The next input on its way while the board works on the one before."""

from __future__ import annotations

from mcuzoo.link import messages
from mcuzoo.link.channel import Channel, Received
from mcuzoo.link.hello import Hello
from mcuzoo.link.messages import Flag
from mcuzoo.link.sent_input import SentInput
from mcuzoo.link.transfer import Sending, image_transfer
from mcuzoo.project.kinds import why_not_kept


class Ahead:
    """Sends `input` in the background of other requests: `answered` is Channel.aside.

    The board acknowledges nothing while it works, so as much is sent as it keeps meanwhile. What
    goes wrong is left to the foreground: `alive` is false when the image has to be begun anew.
    """

    def __init__(
        self, channel: Channel, board: Hello, begin: messages.InputBegin, input: SentInput
    ) -> None:
        self.begin = begin
        self.input = input
        self.alive = True
        self.first_seq = channel.next_seq
        self._channel = channel
        channel.send(begin, Flag.AHEAD)
        self.sending = Sending(channel, board, image_transfer(begin), input.data)
        self.sending.fill()

    @property
    def under_way_bytes(self) -> int:
        return self.sending.under_way_bytes

    def answered(self, received: Received) -> bool:
        """Whether `received` is about this image."""
        message = received.message
        if isinstance(message, messages.Error):
            mine = message.request in (messages.InputBegin.code, messages.InputData.code)
            mine = mine and self._channel.is_since(received.seq, self.first_seq)
            self.alive = self.alive and not mine
            return mine
        if not isinstance(message, messages.Ack) or message.image_id != self.begin.image_id:
            return False
        if self.sending.takes(received) and not self.sending.gap:
            self.sending.fill()
        return True


class NextImage:
    """The transfer of the next input on `channel`, while there is one."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._ahead: Ahead | None = None

    def start(self, board: Hello, begin: messages.InputBegin, input: SentInput) -> None:
        self._channel.aside = self._ahead = Ahead(self._channel, board, begin, input)

    def abandon(self) -> Ahead | None:
        """End the transfer; returns it."""
        ahead, self._ahead = self._ahead, None
        self._channel.aside = None
        return ahead


def why_not_ahead(board: Hello) -> str:
    """Why the next input cannot be sent while the board works; "" if it can."""
    if board.has(messages.Feature.AHEAD):
        return ""
    if not board.receive_bytes:
        return "the firmware is older"
    return why_not_kept(board.output.bytes) or "the firmware does not keep its last output"
