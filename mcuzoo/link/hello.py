"""Meet a board: resynchronize, send HELLO, check the answer."""

from __future__ import annotations

import random
from dataclasses import dataclass

from mcuzoo.errors import BoardSilentError, ProtocolError, RigError, WrongFirmwareError
from mcuzoo.link import messages
from mcuzoo.link.channel import Channel
from mcuzoo.link.counts import UNKNOWN_UNIT, Agent, CountUnit
from mcuzoo.link.state import Timing
from mcuzoo.project.manifest import TensorSpec

_ARM, _SOFTWARE = 0x41, 0
"""Implementers, bits 31 to 24 of CPUID and MIDR_EL1."""


@dataclass(frozen=True)
class Hello:
    """What the board says of itself. `build_id` and `model_sha256` are lower-case hex.

    `agent` is what answers: "silicon", "emulator", "process" (on a computer) or "other" (no
    Cortex-M); `count_unit` what it counts: "cycles", "instructions", "nanoseconds", "microseconds",
    or "counts" where nobody knows. `runtime_error` is empty when the model is ready to run.
    `max_chunk`: most bytes of a chunk; `window`: chunks that may be on their way.
    `model_capacity_bytes` is 0 for a board that takes no uploads, `model_bytes` while it holds no
    uploaded model that can run. `features`: bits of messages.Feature; `receive_bytes`: what it
    keeps of the line while it works. Both are 0 for an older firmware. `protocol_version`: the
    board's. `runtime`: "aot" or "tflm", with a version. `toolchain`: compiler and version. `input`,
    `output`: the tensors of the model. `arena_bytes`: the whole arena; `arena_used`: what the
    runtime takes of it. `core_clock_hz`: what counts of cycles are of. `cpuid`: the core's CPUID
    register. `op_count`: kernels per inference. `delegate`: whose arithmetic computes, one of
    "builtin", "xnnpack", "ethosu", "vx" or another word; "" for kernels that are byte-equal to
    TFLM's reference.
    """

    protocol_version: int
    build_id: str
    model_sha256: str
    board: str
    runtime: str
    toolchain: str
    input: TensorSpec
    output: TensorSpec
    arena_bytes: int
    arena_used: int
    core_clock_hz: int
    cpuid: int
    agent: str
    count_unit: str
    max_chunk: int
    window: int
    op_count: int
    runtime_error: str
    model_capacity_bytes: int = 0
    model_bytes: int = 0
    features: int = 0
    receive_bytes: int = 0
    delegate: str = ""

    def has(self, feature: messages.Feature) -> bool:
        return bool(self.features & feature)

    @property
    def emulated(self) -> bool:
        return self.agent == "emulator"


def check_same(before: Hello, now: Hello, *, uploads: bool) -> None:
    """Raise WrongFirmwareError unless `now` is the board and the firmware that `before` was.

    uploads: the session sends the model, so it may have another one."""
    known_model = uploads or now.model_sha256 == before.model_sha256
    if (now.build_id, now.board) != (before.build_id, before.board) or not known_model:
        raise WrongFirmwareError(
            f"Another firmware came up in mid-session: build {now.build_id} for {now.board}, "
            f"before it was build {before.build_id} for {before.board}.",
            "Flash the project's firmware again, then go on with --resume.",
        )


def say_hello(channel: Channel, timing: Timing) -> Hello:
    """Resynchronize the line and ask the board who it is.

    Earlier messages are dropped: only the reply to this HELLO counts. Raises BoardSilentError when
    nothing comes back, ProtocolError when something does that is not this protocol, RigError when
    the port echoes, PortError when it fails.
    """
    deadline = channel.clock() + timing.connect_s
    heard_bytes, heard_frames = channel.received_bytes, channel.good_frames
    while channel.clock() < deadline:
        channel.resynchronize()
        nonce = random.getrandbits(32)
        channel.send(messages.Hello(messages.PROTOCOL_VERSION, nonce))
        reply = _await_reply(channel, nonce, channel.clock() + timing.exchange_s(512))
        if reply is not None:
            return _hello(reply)
    if channel.echoed:
        raise RigError(
            f"The port {channel.name} echoes what is sent: a loopback plug, or local echo, is on "
            "the line.",
            "Take the plug off, or connect the board's TX to the adapter's RX and not to its own "
            "RX, and switch local echo off.",
        )
    if channel.good_frames > heard_frames:
        raise channel.silent("it sends frames, but no answer to HELLO")
    if channel.received_bytes > heard_bytes:
        raise ProtocolError(
            f"{channel.received_bytes - heard_bytes} bytes came from {channel.name}"
            f"{channel.speed}, but no mcuzoo frame among them.",
            f"{_other_baud(channel)}Is it the right port, and is an mcuzoo firmware flashed? "
            "--trace FILE shows the bytes.",
        )
    raise BoardSilentError(
        f"Nothing answers at {channel.name}{channel.speed}: no byte in {timing.connect_s:g} s.",
        f"{_other_baud(channel)}Is the board powered and is this its console port? Is the firmware "
        "flashed, with its boot switches set to internal flash? Press reset and try again.",
    )


def _other_baud(channel: Channel) -> str:
    if not channel.speed:
        return ""
    return "A firmware at another baud rate seems dead: --baud N tries one. "


def _await_reply(channel: Channel, nonce: int, deadline: float) -> messages.HelloReply | None:
    while received := channel.receive(deadline):
        message = received.message
        if isinstance(message, messages.Boot):
            return None  # it has just started: a HELLO that came before went with the reset
        if isinstance(message, messages.HelloReply) and message.nonce == nonce:
            return message
    return None


def _hello(reply: messages.HelloReply) -> Hello:
    if not 0 < reply.max_chunk_bytes <= messages.MAX_CHUNK_BYTES or reply.window == 0:
        raise ProtocolError(
            f"The board offers chunks of {reply.max_chunk_bytes} bytes and a window of "
            f"{reply.window} frames; neither may be 0, chunks at most {messages.MAX_CHUNK_BYTES}.",
            "The firmware is not sound: export, build and flash it again.",
        )
    agent = _agent(reply)
    return Hello(
        protocol_version=reply.protocol_version,
        build_id=reply.build_id,
        model_sha256=reply.model_sha256,
        board=reply.board,
        runtime=reply.runtime,
        toolchain=reply.toolchain,
        input=reply.input,
        output=reply.output,
        arena_bytes=reply.arena_bytes,
        arena_used=reply.arena_used_bytes,
        core_clock_hz=reply.core_clock_hz,
        cpuid=reply.cpuid,
        agent="other" if agent is Agent.UNSAID else agent.name.lower(),
        count_unit=_count_unit(reply, agent),
        max_chunk=reply.max_chunk_bytes,
        window=reply.window,
        op_count=reply.op_count,
        runtime_error=reply.runtime_error,
        model_capacity_bytes=reply.model_capacity_bytes,
        model_bytes=reply.model_bytes,
        features=reply.features,
        receive_bytes=reply.receive_bytes,
        delegate=reply.delegate,
    )


def _agent(reply: messages.HelloReply) -> Agent:
    """What the board says it is, or else what its CPUID says; UNSAID for no Cortex-M.

    A process on a core of software, such as QEMU's, is emulated, though it cannot know.
    """
    if reply.agent == Agent.PROCESS and reply.cpuid and reply.cpuid >> 24 == _SOFTWARE:
        return Agent.EMULATOR
    if reply.agent in (Agent.SILICON, Agent.EMULATOR, Agent.PROCESS):
        return Agent(reply.agent)
    if reply.cpuid == 0:
        return Agent.UNSAID
    return Agent.SILICON if reply.cpuid >> 24 == _ARM else Agent.EMULATOR


def _count_unit(reply: messages.HelloReply, agent: Agent) -> str:
    if CountUnit.UNSAID < reply.count_unit <= max(CountUnit):
        return CountUnit(reply.count_unit).name.lower()
    return {Agent.SILICON: "cycles", Agent.EMULATOR: "instructions"}.get(agent, UNKNOWN_UNIT)
