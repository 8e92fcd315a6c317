"""Messages to payloads and back, field by field as `messages` has them."""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import cache
from typing import Any, TypeVar, get_type_hints

from mcuzoo.link.messages import MESSAGES, Message
from mcuzoo.link.wire import Cursor, Kind

_AnyMessage = TypeVar("_AnyMessage", bound=Message)


@cache
def _field_kinds(code: int) -> dict[str, Kind]:
    # Every concrete message is a dataclass, which the type of MESSAGES cannot say.
    message: Any = MESSAGES[code]
    hints = get_type_hints(message, include_extras=True)
    return {field.name: hints[field.name].__metadata__[0] for field in fields(message)}


def field_kinds(message: type[Message]) -> dict[str, Kind]:
    """The fields of `message`, in wire order."""
    return _field_kinds(message.code)


@cache
def _optional_fields(code: int) -> frozenset[str]:
    message: Any = MESSAGES[code]
    return frozenset(field.name for field in fields(message) if field.default is not MISSING)


def optional_fields(message: type[Message]) -> frozenset[str]:
    """The fields that an older sender does not send; they are the last ones."""
    return _optional_fields(message.code)


def pack(message: Message) -> bytes:
    """The payload of `message`."""
    kinds = field_kinds(type(message))
    return b"".join(kind.pack(getattr(message, name)) for name, kind in kinds.items())


def unpack(message: type[_AnyMessage], payload: bytes) -> _AnyMessage:
    """The message in `payload`; bytes beyond the last field are ignored.

    A payload may end before a field that has a default. Raises PayloadError when it is shorter.
    """
    cursor = Cursor(payload)
    later = optional_fields(message)
    values = {}
    for name, kind in field_kinds(message).items():
        if name in later and cursor.at_end:
            break
        values[name] = kind.unpack(cursor)
    return message(**values)
