"""Which rates are tried: those that both ends make within 2 %."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.scripted_board import IMAGE, REPLY, Board, ScriptedPort, reply, request_of
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.board.load import list_boards
from mcuzoo.board.lpuart import closest_baud
from mcuzoo.errors import BoardResetError, ProtocolError
from mcuzoo.link import messages
from mcuzoo.link.channel import Channel
from mcuzoo.link.frame import Frame
from mcuzoo.link.rates import RATES, BoardRates, candidates
from mcuzoo.link.session import Session, Timing

CLOCKS = sorted({board.console.clock_hz for board in list_boards()})


@given(
    clock_hz=st.one_of(st.sampled_from(CLOCKS), st.integers(1_000_000, 250_000_000)),
    default=st.sampled_from([9600, 115_200, 921_600]),
    max_baud=st.integers(1200, 20_000_000),
    failed=st.one_of(st.just(0), st.sampled_from(RATES)),
)
def test_what_is_tried(clock_hz: int, default: int, max_baud: int, failed: int) -> None:
    tried = candidates(BoardRates(clock_hz, default), max_baud, failed)
    assert tried == sorted(tried, reverse=True)
    for baud in tried:
        assert default < baud <= max_baud and baud <= clock_hz / 4
        assert not failed or baud < failed
        assert abs(closest_baud(clock_hz, baud) - baud) <= 0.02 * baud


def test_the_boards_rates() -> None:
    """80 and 24 MHz: 3 Mbaud is 1.2 % off on the one and exact on the other."""
    for clock_hz in CLOCKS:
        assert candidates(BoardRates(clock_hz, 115_200), 3_000_000)[0] == 3_000_000


def test_a_board_that_does_not_say_its_clock() -> None:
    assert candidates(BoardRates(0, 115_200), 1_000_000) == [1_000_000, 921_600, 460_800, 230_400]


def test_a_rate_of_ones_own() -> None:
    assert candidates(BoardRates(24_000_000, 115_200), 2_400_000)[0] == 2_400_000


class Restarting(Board):
    """Restarts when it is asked for its rates, `times` times; it makes none but its default."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, frame: Frame) -> bytes:
        request = request_of(frame)
        if isinstance(request, messages.Hello):
            known = replace(REPLY, nonce=request.nonce, features=messages.Feature.BAUD)
            return reply(frame, known)
        if isinstance(request, messages.SetBaud):
            self.times -= 1
            if self.times >= 0:
                return reply(frame, messages.Boot(messages.PROTOCOL_VERSION))
            return reply(frame, self.rates(request.nonce))
        return super().__call__(frame)

    def rates(self, nonce: int) -> messages.Message:
        return messages.BaudReply(nonce, 115_200, 0, 460_800, 115_200)


def session_with(board: Board) -> Session:
    channel = Channel(ScriptedPort(board), "scripted")
    channel.baud = 115_200
    timing = Timing(latency_s=0.02, connect_s=0.2, tries=2, attempts=3, max_baud=3_000_000)
    return Session(channel, timing)


def test_a_board_that_restarts_when_it_is_asked_is_met_again() -> None:
    session = session_with(Restarting(2))
    assert session.infer(0, IMAGE).output.tobytes() == Board.output


def test_a_board_that_always_restarts_is_an_error() -> None:
    with pytest.raises(BoardResetError, match="asking for its baud rates"):
        session_with(Restarting(10))


def test_a_board_that_restarts_between_two_images_is_an_error_of_the_rig() -> None:
    board = Restarting(0)
    session = session_with(board)
    board.times = 10
    with pytest.raises(BoardResetError, match="asking for its baud rates"):
        session.reset()


def test_a_refusal_is_told() -> None:
    class Refusing(Restarting):
        def rates(self, nonce: int) -> messages.Message:
            return messages.Error(messages.ErrorCode.BAD_REQUEST, messages.SetBaud.code, "no")

    with pytest.raises(ProtocolError, match=r"refused SetBaud \(asking for its baud rates\)"):
        session_with(Refusing(0))
