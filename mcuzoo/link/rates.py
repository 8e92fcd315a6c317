"""The rate of the line: the highest that both ends make within 2 % and that a pattern passes."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass

from mcuzoo.board.lpuart import makes
from mcuzoo.errors import BoardSilentError, McuzooError
from mcuzoo.link import failures, messages
from mcuzoo.link.channel import BoardRestarted, Channel, Refused
from mcuzoo.link.hello import Hello, say_hello
from mcuzoo.link.state import Timing

RATES = (12_000_000, 8_000_000, 6_000_000, 4_000_000, 3_000_000, 2_000_000, 1_500_000, 1_000_000,
         921_600, 460_800, 230_400)  # fmt: skip
"""Rates that serial adapters make, the highest first."""

DEFAULT_MAX_BAUD = 3_000_000
"""The highest rate that is tried without being asked for: the firmware's share of the core is small
up to there, and most adapters end there."""

_ASK_TRIES = 3
_PATTERNS = 4
_PATTERN_BYTES = messages.MAX_CHUNK_BYTES
_SHORT_BYTES = 64
# At most so many of the patterns may need a second try.
_SECOND_TRIES = 1
_DURING = "asking for its baud rates"


@dataclass(frozen=True)
class BoardRates:
    """What a board's UART can do. clock_hz 0: it does not say. default_baud: its rate after a
    restart."""

    clock_hz: int
    default_baud: int

    def makes(self, baud: int) -> bool:
        """Whether dividing its clock gives `baud` within MAX_BAUD_ERROR."""
        return self.clock_hz == 0 or makes(self.clock_hz, baud)


def candidates(rates: BoardRates, max_baud: int, failed_baud: int = 0) -> list[int]:
    """Rates to try, the highest first: above the board's default, at most `max_baud`, below
    `failed_baud` unless that is 0."""
    below = failed_baud or max_baud + 1
    return [
        baud
        for baud in sorted({*RATES, max_baud}, reverse=True)
        if rates.default_baud < baud <= max_baud and baud < below and rates.makes(baud)
    ]


def ask_rates(channel: Channel, timing: Timing) -> BoardRates:
    """What the board's UART can do. Raises as Channel.ask."""
    nonce = random.getrandbits(32)
    reply = channel.ask(
        messages.SetBaud(nonce, 0),
        messages.BaudReply,
        lambda reply: reply.nonce == nonce,
        timing.tries,
        timing.exchange_s(_SHORT_BYTES),
    )
    return BoardRates(reply.uart_clock_hz, reply.default_baud)


def change_rate(channel: Channel, timing: Timing, baud: int) -> bool:
    """Take both ends from `timing.baud` to `baud`; whether the line is good there.

    If the board does not answer, its answer may have been lost: the rate is tried all the same. The
    port stays at `baud`. Raises PortError.
    """
    nonce = random.getrandbits(32)
    request = messages.SetBaud(nonce, baud)
    first_seq = channel.next_seq
    try:
        for attempt in range(_ASK_TRIES):
            wait_s = timing.exchange_s(_SHORT_BYTES)
            reply = channel.ask_once(
                request,
                messages.BaudReply,
                lambda reply: reply.nonce == nonce,
                wait_s,
                first_seq,
                attempt > 0,
            )
            if reply is not None:
                if not reply.accepted:
                    return False
                break
        channel.set_baud(baud)
        return _verified(channel, timing.at(baud))
    except (BoardRestarted, Refused, BoardSilentError):
        return False


def _verified(channel: Channel, timing: Timing) -> bool:
    """Whether patterns arrive there and back: bytes of all values, and long runs of equal bits."""
    second_tries = 0
    for number in range(_PATTERNS):
        request = messages.VerifyLine(random.getrandbits(32), _pattern(number))
        expected = messages.LineVerified(request.nonce, request.data)
        first_seq = channel.next_seq
        wait_s = timing.exchange_s(2 * (_PATTERN_BYTES + _SHORT_BYTES))
        for again in (False, True):
            kind, matches = messages.LineVerified, expected.__eq__
            if channel.ask_once(request, kind, matches, wait_s, first_seq, again) is not None:
                break
            second_tries += 1
            if second_tries > _SECOND_TRIES:
                return False
        else:
            return False
    return True


def _pattern(number: int) -> bytes:
    if number == 0:
        return b"\x55\xaa\x00\xff" * (_PATTERN_BYTES // 4)
    return random.Random(number).randbytes(_PATTERN_BYTES)


def port_makes(channel: Channel, baud: int) -> bool:
    """Whether the host's port can be set to `baud`; it stays at its rate."""
    before = channel.baud
    try:
        channel.set_baud(baud)
    except (McuzooError, ValueError):
        return False
    finally:
        channel.set_baud(before)
    return True


# The line is not good at a rate when so many frames were lost, and so large a part of them.
_LOSSES = 8
_LOST_PART = 0.05
# A board that was lost so often at one rate, with fewer images than this in between, was not merely
# restarted.
_FALLS = 2
_SETTLED_IMAGES = 20


class LineSpeed:
    """The rate of one session's line: climbs, and comes down when the line is not good.

    timing: for the present rate; its max_baud is the highest to try, 0: the rate stays. What is
    learnt is in `channel.state`, so that later sessions do not try in vain.
    """

    def __init__(self, channel: Channel, timing: Timing) -> None:
        self.timing = timing
        self._channel = channel
        self._default = timing.baud
        self._max_baud = timing.max_baud
        self._sent = self._lost = self._images = 0
        channel.good = self.good

    @property
    def climbed(self) -> bool:
        return self.timing.baud != self._default

    def climb(self, board: Hello) -> Hello:
        """Change to the highest rate that is good. Returns the board as it was met last: again,
        where a rate was tried in vain, or where it restarted meanwhile.

        Raises as say_hello; BoardSilentError and ProtocolError of a board that does not say its
        rates, and the error of one that restarts `timing.attempts` times.
        """
        restarts = 0
        while True:
            try:
                if self._climbs(board):
                    return board
            except BoardRestarted as restart:
                restarts += 1
                if restarts == self.timing.attempts:
                    raise failures.restarted(_DURING, restart) from None
            except Refused as refusal:
                raise failures.refused(_DURING, refusal.error, uploaded=False) from None
            board = say_hello(self._channel, self.timing)

    def _climbs(self, board: Hello) -> bool:
        """Returns False if a rate was tried in vain: the board then has to be met again, at its
        default. Raises as Channel.ask."""
        state = self._channel.state
        state.fixed_rate = self._why_not(board)
        if state.fixed_rate:
            return True
        rates = ask_rates(self._channel, self.timing)
        if rates.default_baud != self._default:
            state.fixed_rate = f"the board says that its rate is {rates.default_baud}"
            return True
        for baud in candidates(rates, self._max_baud, state.failed_baud):
            if not port_makes(self._channel, baud):
                continue
            if change_rate(self._channel, self.timing, baud):
                self._moved_to(baud)
                return True
            state.failed_baud = baud
            if self._channel.baud != self._default:
                self._moved_to(self._default)
                return False
        return True

    def _why_not(self, board: Hello) -> str:
        if not self._channel.baud:
            return "the port has no speed"
        if not self._max_baud:
            return "--baud names it"
        if not board.has(messages.Feature.BAUD):
            return "the firmware cannot change it"
        if self._max_baud <= self._default:
            return f"--max-baud {self._max_baud} allows no higher one"
        return ""

    def _moved_to(self, baud: int) -> None:
        state = self._channel.state
        if self._channel.baud != baud:
            self._channel.set_baud(baud)
        self.timing = self.timing.at(baud)
        self._sent, self._lost, self._images = state.frames_sent, state.host_losses, 0

    def fall(self) -> None:
        """The board does not answer at this rate: it is at its default now, or soon."""
        state = self._channel.state
        baud = self.timing.baud
        state.falls = state.falls + 1 if state.fallen_baud == baud else 1
        state.fallen_baud = baud
        if state.falls >= _FALLS:
            state.failed_baud = baud
        self._moved_to(self._default)

    def has_run(self) -> None:
        """An image has run at this rate."""
        state, baud = self._channel.state, self.timing.baud
        if baud not in state.rates_used:
            state.rates_used = (*state.rates_used, baud)
        self._images += 1
        if self._images == _SETTLED_IMAGES:
            state.falls = 0

    def good(self) -> bool:
        """Whether the line is good enough at this rate, after what was lost since it has it."""
        if not self.climbed:
            return True
        state = self._channel.state
        lost = state.host_losses - self._lost
        return lost < _LOSSES or lost < _LOST_PART * (state.frames_sent - self._sent)

    def settle(self) -> None:
        """If the line is not good, take both ends back to the default, and do not try this rate
        again."""
        if not self.good():
            self._channel.state.failed_baud = self.timing.baud
            self.leave()

    def leave(self) -> None:
        """Take both ends back to the default, as far as the board hears of it."""
        if not self.climbed:
            return
        nonce = random.getrandbits(32)
        with suppress(BoardRestarted, Refused, McuzooError):
            self._channel.ask_once(
                messages.SetBaud(nonce, self._default),
                messages.BaudReply,
                lambda reply: reply.nonce == nonce,
                self.timing.exchange_s(_SHORT_BYTES),
                self._channel.next_seq,
                again=False,
            )
        self._moved_to(self._default)
