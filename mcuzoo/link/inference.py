"""Run the model on an input that the board holds; read the result, layers and tensor arena."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import InputError, ProtocolError
from mcuzoo.link import messages
from mcuzoo.link.channel import Channel
from mcuzoo.link.hello import Hello
from mcuzoo.link.messages import PROFILE_RECORD_BYTES
from mcuzoo.link.state import Timing


@dataclass(frozen=True)
class Inference:
    """A result whose input and output are proven by CRC-32.

    output: int8 (output tensor's bytes,). `cycles` is in the board's count_unit, None when it does
    not count; `attempts` is 1 unless the image had to be started again. input_crc32: of the input
    tensor.
    """

    output: NDArray[np.int8]
    cycles: int | None
    input_crc32: int
    attempts: int


@dataclass(frozen=True)
class KernelRecord:
    """One kernel of an inference, which computed the ops `first_op` to `last_op` of the file.

    `cycles` is in the board's count_unit; None when not counted.
    `output_crc32` is over the last op's output of `output_bytes` bytes; None when the board does
    not have it in memory as the model has it.
    """

    first_op: int
    last_op: int
    cycles: int | None
    output_bytes: int
    output_crc32: int | None


@dataclass(frozen=True)
class Profile:
    """An inference and its kernels in the order in which they ran.

    records: one per kernel.
    """

    inference: Inference
    records: tuple[KernelRecord, ...]


_RECORD = struct.Struct("<HHIII")
assert _RECORD.size == PROFILE_RECORD_BYTES


def unpack_records(packed: bytes) -> list[KernelRecord]:
    """The records of a PROFILE_DATA. Raises struct.error when they do not end with a whole one."""
    return [
        KernelRecord(first, last, cycles or None, size, crc32 if size else None)
        for first, last, cycles, size, crc32 in _RECORD.iter_unpack(packed)
    ]


_SHORT_BYTES = 64


def as_board_reads(tensor: NDArray[np.int8], board: Hello) -> NDArray[np.int8]:
    """`tensor`, ([1,] H, W, C) as the host computes with it, as the board's model reads it.

    An agent runs a file as it is. Where that takes channels first, the host has them last
    (graph/executable.py).
    """
    sides, wanted = tensor.shape[-3:], board.input.shape[-3:]
    if len(sides) < 3 or sides == wanted or (*sides[2:], *sides[:2]) != wanted:
        return tensor
    return np.ascontiguousarray(np.moveaxis(tensor, -1, -3))


def check_input(tensor: NDArray[np.int8], board: Hello) -> None:
    """Raise InputError unless `tensor` is int8 and as large as the board's input."""
    wanted_bytes = board.input.bytes
    if tensor.dtype != np.int8 or tensor.nbytes != wanted_bytes:
        raise InputError(
            f"The image is {tensor.nbytes} bytes of {tensor.dtype}; the board's input tensor "
            f"is {wanted_bytes} of int8.",
            "Preprocess it with the project that the board runs.",
        )


def invoke(
    channel: Channel,
    timing: Timing,
    board: Hello,
    request: messages.Invoke | messages.Profile,
    meanwhile: Callable[[], None] | None = None,
) -> messages.Result:
    """Send `request` and wait for its result, asking again in between. `meanwhile` is called once,
    when the request has been sent.

    A board that computes does not answer. The host repeats what the board missed, and the board
    sends a lost result again without running the model twice. Raises BoardSilentError when none
    comes in the time that `channel.state` allows, ProtocolError for a result of something else, and
    as Channel.answer.
    """
    state = channel.state
    state.runs(board.model_sha256)
    known_s = state.slowest_inference_s
    started = channel.clock()
    limit_s = state.inference_limit_s(timing.inference_s)
    wait_s = timing.exchange_s(_SHORT_BYTES) + (1.0 if known_s is None else 2 * known_s)
    longest_wait_s = 4 * wait_s
    first_seq = channel.next_seq
    sent_s: dict[int, float] = {}
    while channel.clock() < started + limit_s:
        sent_s[channel.next_seq] = channel.clock()
        channel.send(request)
        if meanwhile is not None:
            meanwhile()
            meanwhile = None
        deadline = min(channel.clock() + wait_s, started + limit_s)
        while received := channel.answer(deadline, first_seq):
            result = received.message
            if isinstance(result, messages.Result) and result.image_id == request.image_id:
                # Not since `started`: what was waited for a lost frame would make the next wait
                # longer, and so on.
                state.inference_took(channel.clock() - sent_s.get(received.seq, started))
                state.use.result_s += channel.clock() - started
                if received.seq != first_seq:
                    # The first request or its answer was lost, so the repeated one was necessary.
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
            f"The board's result is for input {result.input_crc32:#010x} with "
            f"{result.output_bytes} output bytes; the request was for {expected[0]:#010x} with "
            f"{expected[1]}.",
            "The firmware is not sound: export, build and flash it again.",
        )
    return result


RECORDED_KINDS = (
    "eval tensors",
    "tensors",
    "quantization",
    "kernel buffers",
    "variables",
    "nodes",
    "op options",
)
"""The kinds of allocation that TFLM's recording allocator reports, in the order of ARENA_REPORT."""

_PART = struct.Struct("<III")
_REPORT_BYTES = 256
# A trial runs the model once, and a board that computes does not listen.
_TRIAL_S = 60.0
_TRIES = 3


@dataclass(frozen=True)
class RecordedPart:
    """Bytes asked for, bytes taken with alignment, and how often.

    requested_bytes: by TFLM; used_bytes: with what alignment takes; count: of allocations.
    """

    requested_bytes: int
    used_bytes: int
    count: int


@dataclass(frozen=True)
class ArenaUse:
    """An arena of `arena_bytes` as the board sees it; sizes in bytes.

    error: why the runtime could not be set up or run in it, "" when it could; the sizes are 0 then.
    Head: activations; tail: what persists. recorded: by RECORDED_KINDS, None without the recording
    allocator. The stack's figures are 0 where the board does not know them. used_bytes: head and
    tail. head_bytes: activations. tail_bytes: what persists. stack_bytes: the size of the stack;
    stack_used_bytes: the most that it held since the restart; both 0 where the board does not know.
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
    """Ask for the arena as it is (`arena_bytes` 0), or let the board try an arena of `arena_bytes`.

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
    # A newer firmware may report more kinds.
    return dict(zip(RECORDED_KINDS, parts, strict=False))
