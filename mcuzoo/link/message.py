"""What all link messages share: their base, who sends them, the types of their fields."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

from mcuzoo.link.wire import Digest, Number, Rest, Spec, Text
from mcuzoo.project.manifest import TensorSpec

PROTOCOL_VERSION = 1
MAX_CHUNK_BYTES = 1024
MAX_PAYLOAD_BYTES = MAX_CHUNK_BYTES + 8
PROFILE_RECORD_BYTES = 16

U8 = Annotated[int, Number("u8", "uint8_t {}", "<B")]
U16 = Annotated[int, Number("u16", "uint16_t {}", "<H")]
U32 = Annotated[int, Number("u32", "uint32_t {}", "<I")]
U64 = Annotated[int, Number("u64", "uint64_t {}", "<Q")]
Sha256 = Annotated[str, Digest()]
String = Annotated[str, Text()]
Data = Annotated[bytes, Rest()]
Tensor = Annotated[TensorSpec, Spec()]


class Sender(Enum):
    HOST = "host"
    BOARD = "board"


class Message:
    """Base of all messages. Subclasses are frozen dataclasses whose annotations are the fields."""

    code: ClassVar[int]
    sender: ClassVar[Sender]

    def __init_subclass__(cls, code: int, sender: Sender) -> None:
        if code in MESSAGES:
            raise ValueError(f"{cls.__name__} and {MESSAGES[code].__name__} share code {code:#x}")
        cls.code = code
        cls.sender = sender
        MESSAGES[code] = cls


MESSAGES: dict[int, type[Message]] = {}
