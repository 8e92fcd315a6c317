"""The one table of link messages: codes, senders, fields. docs/protocol.md says how they are used.

`python -m mcuzoo.link.c_header` prints the C side of it, firmware/link/mz_messages.h.

Fields that many messages have: `image_id`, `upload_id`: the host's number of this transfer of an
image or a model, new for each. `nonce`: any number, which the answer repeats. `offset`: where in
its tensor or model `data` begins, in bytes. `input_crc32`, `output_crc32`: CRC-32 of the whole
tensor.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.link.codes import Encoding as Encoding
from mcuzoo.link.codes import ErrorCode as ErrorCode
from mcuzoo.link.codes import Feature as Feature
from mcuzoo.link.codes import Flag as Flag
from mcuzoo.link.codes import LogLevel as LogLevel
from mcuzoo.link.linux_messages import Engine as Engine
from mcuzoo.link.linux_messages import ReadTensor as ReadTensor
from mcuzoo.link.linux_messages import SelectEngine as SelectEngine
from mcuzoo.link.linux_messages import TensorData as TensorData
from mcuzoo.link.message import MAX_CHUNK_BYTES as MAX_CHUNK_BYTES
from mcuzoo.link.message import MAX_PAYLOAD_BYTES as MAX_PAYLOAD_BYTES
from mcuzoo.link.message import MESSAGES as MESSAGES
from mcuzoo.link.message import PROFILE_RECORD_BYTES as PROFILE_RECORD_BYTES
from mcuzoo.link.message import PROTOCOL_VERSION as PROTOCOL_VERSION
from mcuzoo.link.message import U8, U16, U32, U64, Data, Sha256, String, Tensor
from mcuzoo.link.message import Message as Message
from mcuzoo.link.message import Sender as Sender


@dataclass(frozen=True)
class Hello(Message, code=0x01, sender=Sender.HOST):
    """Who are you? Answered by HELLO_REPLY with the same nonce. Changes nothing on the board.

    protocol_version: the host's, PROTOCOL_VERSION; a board of another one still answers.
    """

    protocol_version: U8
    nonce: U32


@dataclass(frozen=True)
class InputBegin(Message, code=0x02, sender=Sender.HOST):
    """Announces an input tensor. Answered by ACK: from where to send.

    encoding: a number of Encoding. encoded_bytes: how many bytes are sent, if not RAW. input_bytes:
    the size of the input tensor.
    """

    image_id: U32
    input_bytes: U32
    input_crc32: U32
    encoding: U8 = 0
    encoded_bytes: U32 = 0


@dataclass(frozen=True)
class InputData(Message, code=0x03, sender=Sender.HOST):
    """A piece of the input, as it is sent. Answered by ACK.

    offset: in the bytes that are sent, encoded or not.
    """

    image_id: U32
    offset: U32
    data: Data


@dataclass(frozen=True)
class Invoke(Message, code=0x04, sender=Sender.HOST):
    """Run the model on the input, once. Answered by RESULT."""

    image_id: U32
    input_crc32: U32


@dataclass(frozen=True)
class ReadOutput(Message, code=0x05, sender=Sender.HOST):
    """Asks for `length` bytes of the output tensor. Answered by OUTPUT_DATA."""

    image_id: U32
    offset: U32
    length: U16


@dataclass(frozen=True)
class Ping(Message, code=0x06, sender=Sender.HOST):
    """Are you there? Answered by PONG with the same nonce."""

    nonce: U32


@dataclass(frozen=True)
class Reset(Message, code=0x07, sender=Sender.HOST):
    """Restart; no fields. Not answered: the board announces itself by BOOT."""


@dataclass(frozen=True)
class Profile(Message, code=0x08, sender=Sender.HOST):
    """Run the model on the input, once, and keep a record of each kernel from `first_record` on.
    Answered by RESULT."""

    image_id: U32
    input_crc32: U32
    first_record: U16


@dataclass(frozen=True)
class ReadProfile(Message, code=0x09, sender=Sender.HOST):
    """Asks for the records that PROFILE kept. Answered by PROFILE_DATA."""

    image_id: U32


@dataclass(frozen=True)
class ModelBegin(Message, code=0x0A, sender=Sender.HOST):
    """Announces a model, which replaces the board's. Answered by MODEL_ACK: from where to send.
    model_bytes, model_sha256: of the whole file."""

    upload_id: U32
    model_bytes: U32
    model_sha256: Sha256


@dataclass(frozen=True)
class ModelData(Message, code=0x0B, sender=Sender.HOST):
    """A piece of the model. Answered by MODEL_ACK."""

    upload_id: U32
    offset: U32
    data: Data


@dataclass(frozen=True)
class ModelCommit(Message, code=0x0C, sender=Sender.HOST):
    """Check the model as it lies in memory and set it up. Answered by MODEL_ACK."""

    upload_id: U32


@dataclass(frozen=True)
class MeasureArena(Message, code=0x0D, sender=Sender.HOST):
    """How much of the arena does the runtime take? Answered by ARENA_REPORT.

    `arena_bytes` 0: of the runtime as it is. Else the runtime is set up anew in so many bytes of
    the arena, runs once on the present content of its input, reports, and gets its whole arena
    back; the board forgets its image. `recorded` 1: with the recording allocator.
    """

    nonce: U32
    arena_bytes: U32
    recorded: U8


@dataclass(frozen=True)
class SetBaud(Message, code=0x0E, sender=Sender.HOST):
    """Run the line at `baud` from the answer on; 0: only say what is possible. Answered by
    BAUD_REPLY, still at the old rate."""

    nonce: U32
    baud: U32


@dataclass(frozen=True)
class VerifyLine(Message, code=0x0F, sender=Sender.HOST):
    """Did these bytes arrive? Answered by LINE_VERIFIED with the same bytes."""

    nonce: U32
    data: Data


@dataclass(frozen=True)
class HelloReply(Message, code=0x81, sender=Sender.BOARD):
    """What the board is and what it runs. The place of `protocol_version` never changes.

    Fields with a default are newer: the message of an older firmware ends before them.

    window: how many frames it takes before it has answered the first of them. max_chunk_bytes: the
    most `data` in one frame. core_clock_hz: what its counts of cycles are of. cpuid: the core's
    CPUID register, or MIDR_EL1 of a Cortex-A; an emulated core has one of its own, a program that
    cannot read it says 0. arena_bytes: the whole arena, with what the runtime keeps for itself;
    arena_used_bytes: what it takes of that.
    op_count: kernels per inference, so records of a profile. runtime: "aot" or "tflm", with a
    version; toolchain: compiler and version. runtime_error: why no model can run, "" for none.
    model_capacity_bytes: the largest model that can be uploaded, 0 where none can; model_bytes: the
    one that is there. agent, count_unit: numbers of the words in link/hello.py. features: bits of
    Feature. receive_bytes: how many received bytes it keeps while it works; 0: it does not say.
    delegate: who computes, if in an arithmetic of its own ("xnnpack"); "": byte for byte as TFLM.
    model_sha256: of the linked or uploaded model. input, output: its tensors. build_id: the hash of
    all that the firmware is made of.
    """

    protocol_version: U8
    window: U8
    max_chunk_bytes: U16
    nonce: U32
    core_clock_hz: U32
    cpuid: U32
    arena_bytes: U32
    arena_used_bytes: U32
    op_count: U16
    model_sha256: Sha256
    input: Tensor
    output: Tensor
    build_id: String
    board: String
    runtime: String
    toolchain: String
    runtime_error: String
    model_capacity_bytes: U32 = 0
    model_bytes: U32 = 0
    agent: U8 = 0
    count_unit: U8 = 0
    features: U16 = 0
    receive_bytes: U16 = 0
    delegate: String = ""


@dataclass(frozen=True)
class Ack(Message, code=0x82, sender=Sender.BOARD):
    """All input bytes before `next_offset` are there.

    image_id: the image that the board holds.
    """

    image_id: U32
    next_offset: U32


@dataclass(frozen=True)
class Result(Message, code=0x83, sender=Sender.BOARD):
    """The model has run. `cycles` is 0 when the board does not count; what it counts, see
    HELLO_REPLY's count_unit.

    input_crc32: of the input that was in memory before the model ran. output_bytes: the size of the
    output tensor.
    """

    image_id: U32
    input_crc32: U32
    cycles: U64
    output_bytes: U32
    output_crc32: U32


@dataclass(frozen=True)
class OutputData(Message, code=0x84, sender=Sender.BOARD):
    """A piece of the output tensor."""

    image_id: U32
    offset: U32
    data: Data


@dataclass(frozen=True)
class Pong(Message, code=0x85, sender=Sender.BOARD):
    """The board is alive. Counts of the line, as the board sees it, and the largest stack use, both
    since its last restart; stack sizes are 0 where it does not know. lost_bytes: what the UART
    could not take in time. good_frames, bad_frames: with and without a right CRC. stack_bytes: the
    size of the stack; stack_used_bytes: the most that it held."""

    nonce: U32
    good_frames: U32
    bad_frames: U32
    lost_bytes: U32
    stack_bytes: U32 = 0
    stack_used_bytes: U32 = 0


@dataclass(frozen=True)
class Error(Message, code=0x86, sender=Sender.BOARD):
    """The request of type `request` was refused; `error` is an ErrorCode, `text` for people."""

    error: U8
    request: U8
    text: String


@dataclass(frozen=True)
class ProfileData(Message, code=0x87, sender=Sender.BOARD):
    """Records of PROFILE_RECORD_BYTES each, the first of them number `first_record` of the
    `record_count` that the inference gave.

    records: one after the other.
    """

    image_id: U32
    record_count: U16
    first_record: U16
    records: Data


@dataclass(frozen=True)
class ModelAck(Message, code=0x88, sender=Sender.BOARD):
    """All model bytes before `next_offset` are there. `ready` is 1 once the model can run.

    upload_id: the model that the board holds.
    """

    upload_id: U32
    next_offset: U32
    ready: U8


@dataclass(frozen=True)
class ArenaReport(Message, code=0x89, sender=Sender.BOARD):
    """What the runtime took of `arena_bytes`; `text` says why it could not be set up or run.

    `head_bytes` are activations, `tail_bytes` what persists. `stack_used_bytes` is the most that
    the stack held since the restart. `data`: three u32 (requested, used, count) per kind of
    allocation, when recorded; docs/protocol.md has the kinds. `status`: 0 if it ran. stack_bytes:
    the size of the stack; 0 where the board does not know. used_bytes: head and tail.
    """

    nonce: U32
    arena_bytes: U32
    used_bytes: U32
    head_bytes: U32
    tail_bytes: U32
    stack_bytes: U32
    stack_used_bytes: U32
    status: U8
    text: String
    data: Data


@dataclass(frozen=True)
class BaudReply(Message, code=0x8A, sender=Sender.BOARD):
    """`actual_baud`: what the UART makes of the rate that SET_BAUD names; accepted 1: the board
    changes to it now. uart_clock_hz: what its rates are divided from, 0 where it does not say.
    default_baud: its rate after a restart, and when nothing good arrives."""

    nonce: U32
    actual_baud: U32
    accepted: U8
    uart_clock_hz: U32
    default_baud: U32


@dataclass(frozen=True)
class LineVerified(Message, code=0x8B, sender=Sender.BOARD):
    """What VERIFY_LINE brought."""

    nonce: U32
    data: Data


@dataclass(frozen=True)
class Log(Message, code=0x90, sender=Sender.BOARD):
    """A line of the device log, with its LogLevel; unasked.

    level: 0 debug to 3 error. text: one line.
    """

    level: U8
    text: String


@dataclass(frozen=True)
class Boot(Message, code=0x91, sender=Sender.BOARD):
    """The board has restarted and forgotten every image; unasked.

    protocol_version: the board's.
    """

    protocol_version: U8


@dataclass(frozen=True)
class Fault(Message, code=0x92, sender=Sender.BOARD):
    """The core took a fault and restarts; unasked. Registers as the Armv7-M manual names them;
    `pc`, `lr`, `psr` are 0 where the core could not save them. `stack_bottom`: the lowest address
    of the stack. `doing`: the part of an uploaded model that the runtime was in ("op 3 SOFTMAX");
    "" for none. kind: the number of the exception. sp: the stack pointer. cfsr, hfsr: what went
    wrong. mmfar, bfar: the address, where cfsr says that it is valid."""

    kind: U32
    pc: U32
    lr: U32
    sp: U32
    psr: U32
    cfsr: U32
    hfsr: U32
    mmfar: U32
    bfar: U32
    stack_bottom: U32 = 0
    doing: String = ""
