"""Files that the installed Vela compiles, once per process, and faults that are put into them."""

from __future__ import annotations

import struct
from functools import lru_cache

import numpy as np
import pytest
from helpers.small_net import small_net
from helpers.tflite_builder import fully_connected_model
from numpy.typing import NDArray

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.extras import VELA, missing_packages
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import parse_model
from mcuzoo.npu.decode import decode_operations
from mcuzoo.npu.file import NpuOp, VelaFile, parse_vela
from mcuzoo.npu.images import Picture
from mcuzoo.npu.integers import SourceEngine
from mcuzoo.npu.operations import BlockOperation
from mcuzoo.npu.registers import Cmd0
from mcuzoo.npu.vela import compile_vela
from mcuzoo.zoo.registry import load_named_model

needs_vela = pytest.mark.skipif(bool(missing_packages([VELA])), reason="without ethos-u-vela")


def small() -> Model:
    return parse_model(small_net(), "small")


@lru_cache
def small_vela() -> bytes:
    """`small` for an i.MX 93."""
    return _compiled(small())


@lru_cache
def dense() -> Model:
    """One FULLY_CONNECTED."""
    random = np.random.default_rng(0)
    weights = random.integers(-127, 128, (6, 20)).astype(np.int8)
    bias = random.integers(-500, 500, 6).astype(np.int32)
    return parse_model(fully_connected_model((1, 20), weights, bias), "dense")


@lru_cache
def dense_vela() -> bytes:
    """`dense` for an i.MX 93."""
    return _compiled(dense())


@lru_cache
def signs_vela() -> bytes:
    """The model signs for an i.MX 93."""
    return _compiled(load_named_model("signs"))


def _compiled(model: Model) -> bytes:
    board = load_any_board("imx93")
    assert isinstance(board, LinuxBoard)
    return compile_vela(model, board).raw


def pictures(model: Model, count: int) -> list[Picture]:
    """Images of smooth noise."""
    random = np.random.default_rng(7)
    shape = SourceEngine(model).program.input_tensor.shape

    def drawn() -> NDArray[np.int8]:
        steps = random.integers(-9, 10, shape)
        return (np.cumsum(steps, axis=1) % 256 - 128).astype(np.int8)

    return [Picture(f"{number}.png", drawn()) for number in range(count)]


def the_npu_op(raw: bytes) -> NpuOp:
    (found,) = parse_vela(raw, "compiled").npu_ops
    return found


def kernels(npu: NpuOp) -> list[BlockOperation]:
    """The operations of a stream that compute."""
    found = decode_operations(npu.stream).operations
    return [one for one in found if isinstance(one, BlockOperation)]


def with_register(raw: bytes, operation: int, code: Cmd0, param: int) -> bytes:
    """The file with another value in the command that sets `code` for this operation, counted from
    0, and for those behind it up to the next such command."""
    npu = the_npu_op(raw)
    word = kernels(npu)[operation].word
    command = [one for one in npu.stream.commands if one.code is code and one.word < word][-1]
    place = raw.index(npu.payload) + 4 * command.word
    changed = bytearray(raw)
    struct.pack_into("<I", changed, place, (param & 0xFFFF) << 16 | int(code))
    return bytes(changed)


def with_constant_bit(raw: bytes, offset: int, bit: int) -> bytes:
    """The file with one bit of the NPU's constants flipped."""
    changed = bytearray(raw)
    changed[raw.index(the_npu_op(raw).constants) + offset] ^= 1 << bit
    return bytes(changed)


def parsed(raw: bytes) -> VelaFile:
    return parse_vela(raw, "compiled")
