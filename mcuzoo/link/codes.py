"""Numbers that fields of link messages hold."""

from __future__ import annotations

from enum import IntEnum


class Flag(IntEnum):
    """Bits of the header's `flags`; all others are 0 and ignored."""

    GAP = 0x01
    """In an ACK: the data was not taken, because it begins beyond `next_offset`."""
    AHEAD = 0x02
    """In an INPUT_BEGIN: if the image before is complete and has not run, run it first."""


class Encoding(IntEnum):
    """How the bytes of an input are sent."""

    RAW = 0
    """As the tensor has them."""
    CODEC = 1
    """By link/codec.py; docs/codec.md has the format."""


class Feature(IntEnum):
    """Bits of HELLO_REPLY's `features`; an older firmware has none."""

    CODEC = 0x01
    """Inputs may be sent encoded."""
    BAUD = 0x02
    """SET_BAUD changes the rate of the line."""
    AHEAD = 0x04
    """The next input may arrive while the board works: it keeps the last result and output."""
    ENGINES = 0x08
    """SELECT_ENGINE chooses who computes."""
    TENSORS = 0x10
    """READ_TENSOR reads the output of any operator, after PROFILE."""


class ErrorCode(IntEnum):
    """Why the board refuses a request."""

    BAD_REQUEST = 1
    """Unknown type, or a payload shorter than its fields."""
    BAD_SIZE = 2
    """INPUT_BEGIN names another size than the input tensor has."""
    BAD_RANGE = 3
    """Offset and length lie outside the tensor."""
    NO_SUCH_IMAGE = 4
    """The board does not hold this image, or what is asked of it: begin it again, newly named."""
    INCOMPLETE = 5
    """INVOKE or PROFILE before the whole input has arrived."""
    INPUT_CRC = 6
    """The input in the board's memory has another CRC and was not run: begin it again, likewise."""
    NOT_READY = 7
    """The runtime could not be set up; the text says why."""
    INVOKE_FAILED = 8
    """The model ran into an error; the text says which."""
    NO_UPLOAD = 9
    """The firmware's model is linked in and cannot be replaced."""
    NO_SUCH_UPLOAD = 10
    """The board does not hold this upload: begin it again."""
    MODEL_TOO_LARGE = 11
    """No room for so many bytes; the text has the figures."""
    MODEL_SHA256 = 12
    """The model in the board's memory has another SHA-256 and was dropped: begin it again."""
    MODEL_REFUSED = 13
    """The model is complete and intact, and cannot be run; the text says why."""


class LogLevel(IntEnum):
    DEBUG = 0
    INFO = 1
    WARNING = 2
    ERROR = 3
