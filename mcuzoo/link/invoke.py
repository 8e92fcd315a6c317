"""Have the model run on an input that the board holds, and wait for its result."""

from __future__ import annotations

import time

from mcuzoo.errors import ProtocolError
from mcuzoo.link import messages
from mcuzoo.link.channel import Channel
from mcuzoo.link.hello import Hello
from mcuzoo.link.timing import Timing

_SHORT_BYTES = 64


def invoke(
    channel: Channel, timing: Timing, board: Hello, request: messages.Invoke | messages.Profile
) -> messages.Result:
    """Send `request` and wait for its result, asking again in between.

    A board that computes does not listen; whatever it misses is repeated, and a result that got
    lost is sent again without running the model twice. Raises BoardSilentError when none comes in
    the time that `channel.state` allows, ProtocolError for a result of something else, and as
    Channel.answer.
    """
    state = channel.state
    state.runs(board.model_sha256)
    known_s = state.slowest_inference_s
    started = time.monotonic()
    limit_s = state.inference_limit_s(timing.inference_s)
    wait_s = timing.exchange_s(_SHORT_BYTES) + (1.0 if known_s is None else 2 * known_s)
    longest_wait_s = 4 * wait_s
    first_seq = channel.next_seq
    while time.monotonic() < started + limit_s:
        channel.send(request)
        deadline = min(time.monotonic() + wait_s, started + limit_s)
        while received := channel.answer(deadline, first_seq):
            result = received.message
            if isinstance(result, messages.Result) and result.image_id == request.image_id:
                state.inference_took(time.monotonic() - started)
                if received.seq != first_seq:
                    # The first request was lost, or its answer: what was asked again was needed.
                    state.frames_resent += 1
                return _checked(result, request, board)
        wait_s = min(2 * wait_s, longest_wait_s)
    state.inference_in_vain()
    raise channel.silent(f"no result of an inference within {limit_s:.0f} s")


def _checked(
    result: messages.Result, request: messages.Invoke | messages.Profile, board: Hello
) -> messages.Result:
    expected = (request.input_crc32, board.output.bytes)
    if (result.input_crc32, result.output_bytes) != expected:
        raise ProtocolError(
            f"The board's result is of input {result.input_crc32:#010x} with "
            f"{result.output_bytes} output bytes; asked was {expected[0]:#010x} with "
            f"{expected[1]}.",
            "The firmware is not sound: export, build and flash it again.",
        )
    return result
