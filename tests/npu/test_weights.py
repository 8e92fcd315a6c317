"""Our reading of compressed weights against Arm's codec, on random ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.errors import ModelError
from mcuzoo.npu.weights import Bricks, decode, decode_weights

codec: Any = pytest.importorskip("ethosu.mlw_codec", exc_type=ImportError)


def drawn(seed: int, kind: int, length: int) -> np.ndarray[Any, Any]:
    """Weights of one of the distributions that make the encoder choose its modes."""
    random = np.random.default_rng(seed)
    numbers: Any
    match kind:
        case 0:
            numbers = random.integers(-255, 256, length)
        case 1:
            numbers = random.choice(random.integers(-255, 256, 1 + seed % 31), length)
        case 2:
            numbers = random.normal(0, 1 + seed % 60, length).clip(-255, 255)
        case 3:
            numbers = random.normal(0, 20, length) * (random.random(length) < 0.01 * (seed % 60))
        case 4:
            numbers = np.zeros(length)
        case _:
            numbers = np.where(random.random(length) < 0.5, -255, 255) * (
                random.random(length) < 0.9
            )
            numbers[length // 3 : length // 2] = 0
    return np.asarray(numbers).clip(-255, 255).astype(np.int16)


LENGTHS = st.one_of(st.integers(1, 400), st.sampled_from([32766, 32767, 32768, 70000]))


@settings(max_examples=examples(100))
@given(seed=st.integers(0, 2**32 - 1), kind=st.integers(0, 5), length=LENGTHS)
def test_streams_give_the_weights_that_were_encoded(seed: int, kind: int, length: int) -> None:
    weights = drawn(seed, kind, length)
    encoded = bytes(codec.encode(weights.tolist()))
    assert np.array_equal(decode(encoded, length), weights)
    # Two streams behind one another are one.
    assert np.array_equal(decode(encoded * 2, 2 * length), [*weights, *weights])


@st.composite
def cases(draw: st.DrawFn) -> tuple[Bricks, int, int, int]:
    depthwise = draw(st.booleans())
    bricks = Bricks(
        shape=(
            draw(st.integers(1, 70)),
            draw(st.integers(1, 12)),
            draw(st.integers(1, 12)),
            1 if depthwise else draw(st.integers(1, 70)),
        ),
        block_depth=draw(st.sampled_from([8, 16, 24, 32, 64, 128])),
        depthwise=depthwise,
        part_kernel_first=not depthwise and draw(st.booleans()),
        input_bits=draw(st.sampled_from([8, 16])),
        dilation=(draw(st.sampled_from([1, 2])), draw(st.sampled_from([1, 2]))),
        output_micro_block=draw(st.sampled_from([4, 8])),
    )
    return (
        bricks,
        draw(st.integers(0, 2**32 - 1)),
        draw(st.integers(0, 5)),
        draw(st.sampled_from([1, 2])),
    )


def encoded(bricks: Bricks, weights: np.ndarray[Any, Any]) -> bytes:
    stream, padded = codec.reorder_encode(
        8,
        bricks.output_micro_block,
        weights,
        bricks.block_depth,
        bricks.depthwise,
        bricks.part_kernel_first,
        bricks.input_bits,
        8 // bricks.dilation[0],
        8 // bricks.dilation[1],
    )
    assert padded == bricks.places
    return bytes(stream)


@settings(max_examples=examples(60))
@given(cases())
def test_weights_of_every_order(case: tuple[Bricks, int, int, int]) -> None:
    bricks, seed, kind, cores = case
    weights = drawn(seed, kind, int(np.prod(bricks.shape))).reshape(bricks.shape)
    streams = [
        encoded(bricks.of_core(core, cores), weights[core::cores])
        for core in range(cores)
        if core < bricks.shape[0]
    ]
    streams += [b""] * (cores - len(streams))
    assert np.array_equal(decode_weights(streams, bricks), weights)


def test_a_flipped_bit_is_seen_or_carries_nothing() -> None:
    """Arm's codec ends the process on what is damaged, so it cannot be asked."""
    bricks = Bricks(shape=(12, 3, 3, 5), block_depth=8, part_kernel_first=True)
    weights = drawn(7, 2, 12 * 9 * 5).reshape(bricks.shape)
    stream = encoded(bricks, weights)
    refused = other = same = 0
    for bit in range(len(stream) * 8):
        damaged = bytearray(stream)
        damaged[bit >> 3] ^= 1 << (bit & 7)
        try:
            result = decode_weights([bytes(damaged)], bricks)
        except ModelError:
            refused += 1
            continue
        if np.array_equal(result, weights):
            same += 1
        else:
            other += 1
    assert refused + other > 0.97 * len(stream) * 8
    assert refused and other and same


@settings(max_examples=examples(200))
@given(st.binary(max_size=300))
def test_any_bytes_end(data: bytes) -> None:
    try:
        assert len(decode(data, 4096)) <= 4096
    except ModelError as error:
        assert error.hint
