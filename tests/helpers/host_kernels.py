"""The firmware's kernels as a shared library, called one at a time, operands where one likes."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
from helpers.kernel_library import GUARD, GUARD_BYTES, all_inputs, marshal
from numpy.typing import NDArray

from mcuzoo.lowering.call import Call


class HostKernels:
    """Calls kernels; operands lie between guard bytes, which every call checks."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def run(
        self, call: Call, inputs: Sequence[NDArray[np.int8]], output_bytes: int
    ) -> tuple[NDArray[np.int8], int]:
        """The output, and 0: instructions are not counted here. inputs: see all_inputs."""
        inputs = all_inputs(call, inputs)
        blocks = [_guarded(values.size) for values in inputs]
        for block, values in zip(blocks, inputs, strict=True):
            _inside(block)[:] = values.reshape(-1)
        before = [block.copy() for block in blocks]
        output = _guarded(output_bytes)
        self._call(call, [*map(_inside, blocks), _inside(output)])
        for block, old in zip(blocks, before, strict=True):
            np.testing.assert_array_equal(block, old)
        _check_guards(output)
        return _inside(output).copy(), 0

    def run_over(
        self, call: Call, values: NDArray[np.int8], output_bytes: int, distance: int
    ) -> NDArray[np.int8]:
        """The output when input address - output address is `distance`."""
        start, output = max(distance, 0), max(-distance, 0)
        block = _guarded(max(start + values.size, output + output_bytes))
        inside = _inside(block)
        inside[start : start + values.size] = values.reshape(-1)
        self._call(call, [*all_inputs(call, [inside[start:]]), inside[output:]])
        _check_guards(block)
        result: NDArray[np.int8] = inside[output : output + output_bytes].copy()
        return result

    def _call(self, call: Call, operands: list[NDArray[np.int8]]) -> None:
        params = marshal(call.params)
        scratch = _guarded(call.scratch_bytes)
        if call.scratch_bytes:
            operands = [*operands, _inside(scratch)]
        addresses = [ctypes.c_void_p(operand.ctypes.data) for operand in operands]
        getattr(self._library, call.kernel)(ctypes.byref(params), *addresses)
        _check_guards(scratch)


def _guarded(size: int) -> NDArray[np.int8]:
    return np.full(size + 2 * GUARD_BYTES, GUARD, np.int8)


def _inside(block: NDArray[np.int8]) -> NDArray[np.int8]:
    return block[GUARD_BYTES:-GUARD_BYTES]


def _check_guards(block: NDArray[np.int8]) -> None:
    assert (block[:GUARD_BYTES] == GUARD).all() and (block[-GUARD_BYTES:] == GUARD).all()
