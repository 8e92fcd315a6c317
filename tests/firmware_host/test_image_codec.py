"""The codec for input tensors: the Python encoder, the C decoder, and the page that says what a
stream is."""

from __future__ import annotations

import ctypes
import sys

import numpy as np
import pytest
from helpers.codec_mirror import DamagedError
from helpers.codec_mirror import decode as decode_as_documented
from helpers.examples import examples
from helpers.host_firmware import TESTS, TRAPS, shared_library
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcuzoo.link.codec import encode
from mcuzoo.resources import firmware_dir

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shared library")

GUARD = 64


class Decoder:
    """firmware/link/mz_codec.c, as image_codec_shim.c exports it."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    @property
    def state_bytes(self) -> int:
        return int(self._library.shim_state_bytes())

    def decode(self, stream: bytes, tensor_bytes: int, piece: int = 1024) -> bytes | None:
        """The tensor, None if the stream is not complete. Fails if other memory was written."""
        guard = bytes(range(GUARD))
        room = ctypes.create_string_buffer(
            guard + b"U" * tensor_bytes + guard, 2 * GUARD + tensor_bytes
        )
        tensor = ctypes.byref(room, GUARD)
        done = self._library.shim_decode(stream, len(stream), piece, tensor, tensor_bytes)
        assert room.raw[:GUARD] == guard and room.raw[-GUARD:] == guard
        return room.raw[GUARD:-GUARD] if done else None


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Decoder:
    library = tmp_path_factory.mktemp("image_codec") / "codec.so"
    sources = [
        firmware_dir() / "link" / "mz_codec.c",
        TESTS / "firmware_host" / "image_codec_shim.c",
    ]
    return Decoder(shared_library(library, sources, *TRAPS))


def smooth(shape: tuple[int, ...], seed: int, noise: int) -> NDArray[np.int8]:
    """A picture with slopes, edges and some noise."""
    random = np.random.default_rng(seed)
    steps = random.integers(-noise, noise + 1, shape)
    slope = np.add.outer(np.arange(shape[0]), np.arange(int(np.prod(shape[1:])))).reshape(shape)
    edge = (slope % 37 > 18) * random.integers(0, 60)
    return (slope * random.integers(0, 3) + edge + steps).astype(np.uint8).view(np.int8)


@st.composite
def tensors(draw: st.DrawFn) -> NDArray[np.int8]:
    channels = draw(st.integers(1, 6))
    shape = draw(
        st.sampled_from(
            [
                (draw(st.integers(1, 24)), draw(st.integers(1, 24)), channels),
                (draw(st.integers(1, 40)), draw(st.integers(1, 40))),
                (draw(st.integers(1, 900)),),
            ]
        )
    )
    seed = draw(st.integers(0, 1000))
    random = np.random.default_rng(seed)
    kind = draw(st.sampled_from(["smooth", "flat", "ends", "noise", "sparse"]))
    if kind == "smooth":
        return smooth(shape, seed, draw(st.integers(0, 6)))
    if kind == "flat":
        return np.full(shape, draw(st.integers(-128, 127)), np.int8)
    if kind == "ends":
        return random.choice(np.array([-128, 127], np.int8), shape)
    if kind == "noise":
        return random.integers(-128, 128, shape).astype(np.int8)
    return np.where(random.random(shape) < 0.03, 100, -100).astype(np.int8)


@given(tensors(), st.integers(1, 1100))
def test_what_is_encoded_comes_back(decoder: Decoder, tensor: NDArray[np.int8], piece: int) -> None:
    stream = encode(tensor)
    if stream is not None:
        assert len(stream) < tensor.nbytes
        assert decoder.decode(stream, tensor.nbytes, piece) == tensor.tobytes()
        assert decode_as_documented(stream, tensor.nbytes) == tensor.tobytes()


@pytest.mark.parametrize("shape", [(40, 40, 3), (64, 64, 1), (31, 33, 4), (48, 80, 2), (50, 60)])
def test_pictures_become_shorter(decoder: Decoder, shape: tuple[int, ...]) -> None:
    tensor = smooth(shape, 5, 3)
    stream = encode(tensor)
    assert stream is not None and len(stream) < tensor.nbytes * 0.7
    assert decoder.decode(stream, tensor.nbytes, 7) == tensor.tobytes()


@pytest.mark.parametrize("value", [-128, 0, 127])
def test_one_colour_is_almost_nothing(decoder: Decoder, value: int) -> None:
    tensor = np.full((128, 128, 3), value, np.int8)
    stream = encode(tensor)
    assert stream is not None and len(stream) < 400
    assert decoder.decode(stream, tensor.nbytes) == tensor.tobytes()


def test_large_tensors_use_all_lanes(decoder: Decoder) -> None:
    """More values than weights are kept without halving, and rows of every length."""
    for shape in ((128, 128, 3), (3, 5000, 1), (5000, 3, 1)):
        tensor = smooth(shape, 8, 2)
        stream = encode(tensor)
        assert stream is not None
        assert decoder.decode(stream, tensor.nbytes, 1000) == tensor.tobytes()


def test_noise_is_not_encoded() -> None:
    random = np.random.default_rng(3)
    assert encode(random.integers(-128, 128, (32, 32, 3)).astype(np.int8)) is None
    assert encode(np.zeros((0, 4, 3), np.int8)) is None
    assert encode(np.zeros((1, 1 << 16, 1), np.int8)) is None


def test_every_neighbour_counts(decoder: Decoder) -> None:
    """Rare differences, of all magnitudes, in pictures of all sizes up to three by three."""
    random = np.random.default_rng(9)
    for trial in range(examples(300)):
        tensor = smooth((20 + trial % 9, 20 + trial % 11, trial % 4 + 1), trial, 1)
        flat = tensor.reshape(-1)
        at = random.integers(0, flat.size, 12)
        flat[at] = random.integers(-128, 128, 12)
        stream = encode(tensor)
        assert stream is not None
        assert decoder.decode(stream, tensor.nbytes) == tensor.tobytes()


mutations = st.lists(
    st.tuples(st.sampled_from(["drop", "set", "insert", "cut"]), st.integers(0, 9999), st.binary()),
    min_size=1,
    max_size=3,
)


@given(st.integers(0, 99), mutations, st.integers(1, 300))
@settings(max_examples=examples(60))
def test_damaged_streams(
    decoder: Decoder, seed: int, changes: list[tuple[str, int, bytes]], piece: int
) -> None:
    """Both decoders refuse the same, and nothing outside the tensor is written."""
    tensor = smooth((9 + seed % 7, 11, seed % 4 + 1), seed, 2)
    stream = encode(tensor) or bytes(4)
    for how, where, what in changes:
        at = where % (len(stream) + 1)
        skipped = {"drop": 1, "set": len(what), "insert": 0, "cut": where % 700}[how]
        stream = stream[:at] + (b"" if how in ("drop", "cut") else what) + stream[at + skipped :]
    check(decoder, stream, tensor.nbytes, piece)


@given(st.binary(max_size=600), st.integers(1, 400), st.integers(1, 100))
def test_random_streams(decoder: Decoder, body: bytes, tensor_bytes: int, piece: int) -> None:
    check(decoder, body, tensor_bytes, piece)
    # A header that fits, so that the rest is looked at.
    check(decoder, tensor_bytes.to_bytes(2, "little") + b"\1\2" + body, tensor_bytes, piece)


def check(decoder: Decoder, stream: bytes, tensor_bytes: int, piece: int) -> None:
    try:
        expected = decode_as_documented(stream, tensor_bytes)
    except (DamagedError, StopIteration):
        expected = None
    assert decoder.decode(stream, tensor_bytes, piece) == expected


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 4, 5, 6, 50, -2, -1])
def test_a_stream_that_ends_early(decoder: Decoder, cut: int) -> None:
    tensor = smooth((20, 20, 3), 1, 2)
    stream = encode(tensor)
    assert stream is not None
    assert decoder.decode(stream[:cut], tensor.nbytes) is None
    for more in (b"\0", b"\0\0", b"xyz"):
        assert decoder.decode(stream + more, tensor.nbytes) is None
        assert decoder.decode(stream + more, tensor.nbytes, len(stream)) is None


def test_state_is_small(decoder: Decoder) -> None:
    assert decoder.state_bytes < 1024
