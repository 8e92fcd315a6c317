"""An input tensor as it is sent: as it is, or encoded where that is shorter."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mcuzoo.link import codec, messages
from mcuzoo.link.messages import Encoding

_LEAST_GAIN_BYTES = 64
"""An encoding must spare so many bytes: decoding is work for the board."""

# Images that are prepared ahead, for every board of a rig.
_REMEMBERED = 256


@dataclass(frozen=True)
class SentInput:
    """tensor_bytes, crc32: of the tensor. data: what is sent, in `encoding`."""

    tensor_bytes: int
    crc32: int
    data: bytes
    encoding: Encoding = Encoding.RAW

    def begin(self, image_id: int) -> messages.InputBegin:
        encoded_bytes = 0 if self.encoding is Encoding.RAW else len(self.data)
        return messages.InputBegin(
            image_id, self.tensor_bytes, self.crc32, int(self.encoding), encoded_bytes
        )


def sent_input(tensor: NDArray[np.int8], compress: bool) -> SentInput:
    """`tensor` as it is sent; `compress`: encoded, if that pays."""
    raw = tensor.tobytes()
    encoded = _encoded(raw, tensor.shape) if compress else None
    if encoded is None:
        return SentInput(len(raw), zlib.crc32(raw), raw)
    return SentInput(len(raw), zlib.crc32(raw), encoded, Encoding.CODEC)


def encode_ahead(tensor: NDArray[np.int8]) -> None:
    """Encode `tensor` now, in another thread than the one that will send it."""
    _encoded(tensor.tobytes(), tensor.shape)


@lru_cache(maxsize=_REMEMBERED)
def _encoded(raw: bytes, shape: tuple[int, ...]) -> bytes | None:
    encoded = codec.encode(np.frombuffer(raw, np.int8).reshape(shape))
    if encoded is None or len(encoded) + _LEAST_GAIN_BYTES > len(raw):
        return None
    return encoded
