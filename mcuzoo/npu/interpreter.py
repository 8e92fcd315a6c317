"""One `ethos-u` op computed on the host, operation by operation, byte for byte.

Under the arithmetic of arithmetic.py. Operations run one after the other: whether the NPU may
overlap them is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import ModelError
from mcuzoo.npu.arithmetic import Integers, saturated, scale
from mcuzoo.npu.decode import decode_operations
from mcuzoo.npu.elementwise import elementwise
from mcuzoo.npu.file import NpuOp
from mcuzoo.npu.findings import TO_MCUZOO, TO_VELA, Kind
from mcuzoo.npu.memory import Memory, OutsideError
from mcuzoo.npu.operations import (
    Accumulator,
    BlockOperation,
    DmaOperation,
    Operation,
    PoolMode,
    Range,
    Wait,
)
from mcuzoo.npu.scales import Scales, decode_scales
from mcuzoo.npu.weights import Bricks, decode_weights
from mcuzoo.npu.windows import Weights, averages, maxima, sums, totals, upscaled

_ACCUMULATOR_BITS = {Accumulator.INT32: 32, Accumulator.INT40: 40}
_MOST_VALUES = 2**26
_MOST_AT_ONCE = 2**33
MOST_PRODUCTS = 2**36
"""Far above any network for these NPUs; they bound the work for a hostile file."""

_INT8_CLIP = 3
_LUT16_STEP_BITS = 7


@dataclass(eq=False)
class Broken(Exception):
    """What an operation does and cannot be. kind, what, report_to: as of a Finding."""

    operation: BlockOperation | DmaOperation
    kind: Kind
    what: str
    report_to: str = TO_VELA


Seen = Callable[[BlockOperation, NDArray[Any]], None]
"""Told of each operation's output, (height, width, depth), as it was stored."""


class Interpreter:
    """Runs one NPU op as often as asked; weights are decoded once.

    operations: what the stream does; faults of the stream are not its matter.
    """

    def __init__(self, npu_op: NpuOp) -> None:
        config = npu_op.stream.config
        self.operations: tuple[Operation, ...] = decode_operations(npu_op.stream).operations
        self._micro_block = 4 if config is not None and config.macs == 32 else 8
        cores = 1 if config is None else config.cores
        self.shram_bytes = 48 * 1024 if config is None else config.shram_kib * 1024 // cores
        self._weights: dict[tuple[int, bytes], Weights] = {}
        self._scales: dict[tuple[int, bytes], Scales] = {}

    def run(self, memory: Memory, seen: Seen = lambda operation, values: None) -> None:
        """Run the stream once. Raises Broken where an operation cannot be done."""
        products = 0
        for operation in self.operations:
            if isinstance(operation, Wait):
                continue
            products += products_of(operation)
            if products > MOST_PRODUCTS:
                raise Broken(operation, "file", "the stream takes too many products", TO_MCUZOO)
            values = self.step(memory, operation)
            if isinstance(operation, BlockOperation) and values is not None:
                seen(operation, values)

    def step(self, memory: Memory, operation: BlockOperation | DmaOperation) -> NDArray[Any] | None:
        """Do one operation; its output as it was stored, None of a copy. Raises Broken."""
        try:
            if isinstance(operation, DmaOperation):
                memory.copy(operation)
                return None
            return self._block(memory, operation)
        except OutsideError as error:
            raise Broken(operation, "address", _outside(error)) from error

    def weights(self, memory: Memory, operation: BlockOperation) -> NDArray[np.int64]:
        """Of a convolution, (output channels, height, width, input channels). Raises Broken."""
        return self._weights_of(memory, operation).values.astype(np.int64)

    def scales(self, memory: Memory, operation: BlockOperation) -> Scales | None:
        """Of a convolution; None if all channels share one. Raises Broken."""
        return None if operation.output_scale else self._scales_of(memory, operation)

    def _block(self, memory: Memory, operation: BlockOperation) -> NDArray[Any]:
        given = memory.read(operation.ifm).astype(np.int64) - operation.ifm.zero_point
        if operation.kind == "ELEMENTWISE":
            result = elementwise(operation, given, self._second(memory, operation))
        elif operation.kind == "POOL":
            result = self._pool(operation, upscaled(given, operation))
        else:
            result = self._convolution(memory, operation, upscaled(given, operation))
        return memory.write(operation.ofm, self._activated(memory, operation, result))

    def _second(self, memory: Memory, operation: BlockOperation) -> Integers | None:
        if operation.ifm2 is not None:
            values = memory.read(operation.ifm2).astype(np.int64)
            return values - operation.ifm2.zero_point
        if operation.scalar is None:
            return None
        return np.full((1, 1, 1), operation.scalar - operation.scalar_zero_point, np.int64)

    def _pool(self, operation: BlockOperation, given: Integers) -> Integers:
        shape = operation.ofm.shape[:2]
        factor = operation.output_scale
        if operation.mode == PoolMode.MAX:
            result = maxima(given, operation.kernel, shape)
            if factor is None:
                return result
        elif operation.mode == PoolMode.REDUCE_SUM:
            result = given.sum(2, keepdims=True)
            result = totals(result, operation.kernel, shape)
        elif factor is None or operation.kernel.padded:
            # FITTED_PADDED_AVERAGE: Vela 5 sets a scale of 1 where there is padding.
            return averages(given, operation.kernel, shape, operation.rounding)
        else:
            result = totals(given, operation.kernel, shape)
        self._require_fit(operation, result)
        if factor is None:
            return result
        return scale(result, factor.mantissa, factor.shift, operation.rounding)

    def _convolution(self, memory: Memory, operation: BlockOperation, given: Integers) -> Integers:
        weights = self._weights_of(memory, operation)
        summed = sums(given, weights, operation.kernel, operation.ofm.shape[:2])
        if operation.output_scale is not None:
            factor = operation.output_scale
            self._require_fit(operation, summed)
            return scale(summed, factor.mantissa, factor.shift, operation.rounding)
        own = self._scales_of(memory, operation)
        summed += own.bias
        self._require_fit(operation, summed)
        return scale(summed, own.multiplier, own.shift, operation.rounding)

    def _require_fit(self, operation: BlockOperation, values: Integers) -> None:
        """Raises Broken if sums overflow the accumulators."""
        bits = _ACCUMULATOR_BITS.get(operation.accumulator)
        if bits is None:
            raise Broken(
                operation,
                "arithmetic",
                "sums are kept as 16-bit floating-point numbers",
                TO_MCUZOO,
            )
        limit = 1 << (bits - 1)
        low, high = int(values.min()), int(values.max())
        if low < -limit or high >= limit:
            far = low if -low > high else high
            what = f"a sum of {far} does not fit the accumulators of {bits} bits"
            raise Broken(operation, "arithmetic", what)

    def _weights_of(self, memory: Memory, operation: BlockOperation) -> Weights:
        streams = [memory.bytes(part).tobytes() for part in operation.weights if part.length]
        key = operation.word, b"".join(streams)
        if key not in self._weights:
            depthwise = operation.kind == "DEPTHWISE"
            kernel = operation.kernel
            depth = 1 if depthwise else operation.ifm.depth
            bricks = Bricks(
                shape=(operation.ofm.depth, kernel.height, kernel.width, depth),
                block_depth=operation.block[2],
                depthwise=depthwise,
                part_kernel_first=kernel.part_kernel,
                input_bits=8 * operation.ifm.element_bytes,
                dilation=(kernel.dilation_y, kernel.dilation_x),
                output_micro_block=self._micro_block,
            )
            try:
                values = decode_weights(streams, bricks)
            except ModelError as error:
                raise Broken(operation, "weight", error.message.rstrip(".")) from error
            self._weights[key] = Weights.of(values, depthwise)
        return self._weights[key]

    def _scales_of(self, memory: Memory, operation: BlockOperation) -> Scales:
        streams = [memory.bytes(part).tobytes() for part in operation.scales if part.length]
        key = operation.word, b"".join(streams)
        if key not in self._scales:
            try:
                self._scales[key] = decode_scales(streams, operation.ofm.depth)
            except ModelError as error:
                raise Broken(operation, "scale", error.message.rstrip(".")) from error
        return self._scales[key]

    def _activated(self, memory: Memory, operation: BlockOperation, values: Integers) -> Integers:
        """Zero point, limits or table."""
        activation, ofm = operation.activation, operation.ofm
        slot = activation.table
        if slot is None and activation.function:
            name = {3: "tanh", 4: "sigmoid"}[activation.function]
            raise Broken(operation, "arithmetic", f"the NPU's own {name} is used", TO_MCUZOO)
        if ofm.element_bytes == 4 and slot is None:
            return saturated(values)  # FITTED_WIDE_ZERO_POINT, FITTED_WIDE_LIMITS
        values = np.clip(values + ofm.zero_point, activation.low, activation.high)
        if slot is None:
            bits = 8 * ofm.element_bytes
            low = -(1 << (bits - 1)) if ofm.signed else 0
            return np.clip(values, low, low + (1 << bits) - 1)
        if ofm.element_bytes == 2:
            return _between(values, memory.table(slot, "<i4", 512))
        signed = ofm.signed if activation.clip == 0 else activation.clip == _INT8_CLIP
        index = np.clip(values, -128, 127) + 128 if signed else np.clip(values, 0, 255)
        if ofm.element_bytes == 4:
            return memory.table(slot, "<i4", 256)[index].astype(np.int64)
        dtype = "i1" if ofm.signed else "u1"
        return memory.table(slot, dtype, 256)[index].astype(np.int64)


def products_of(operation: BlockOperation | DmaOperation) -> int:
    """How much work an operation is. Raises Broken if no NPU is asked for as much."""
    if isinstance(operation, DmaOperation):
        return operation.source.length
    maps = [operation.ifm, operation.ofm, operation.ifm2 or operation.ofm]
    kernel = operation.kernel
    work = prod(operation.ofm.shape) * kernel.height * kernel.width
    if operation.kind == "CONV":
        work *= operation.ifm.depth
    values = [prod(fm.shape) for fm in maps]
    rows = (operation.ofm.height - 1) * kernel.stride_y + kernel.height * kernel.dilation_y
    columns = (operation.ofm.width - 1) * kernel.stride_x + kernel.width * kernel.dilation_x
    values.append(rows * columns * operation.ifm.depth)
    if max(values) > _MOST_VALUES or work > _MOST_AT_ONCE:
        raise Broken(operation, "address", f"an output of {operation.ofm.shape} is too large")
    return work


def _between(values: Integers, table: NDArray[Any]) -> Integers:
    """A value between two of 512 entries: base in the lower 16 bits, slope in the upper."""
    index: Integers = np.clip((values >> _LUT16_STEP_BITS) + 256, 0, 511)
    entries = table[index].astype(np.int64)
    base, slope = ((entries & 0xFFFF) ^ 0x8000) - 0x8000, entries >> 16
    rest = values & ((1 << _LUT16_STEP_BITS) - 1)
    half = 1 << (_LUT16_STEP_BITS - 1)
    between: Integers = base + ((slope * rest + half) >> _LUT16_STEP_BITS)
    return between


def _outside(error: OutsideError) -> str:
    place: Range = error.place
    if error.size is None:
        return f"region {place.region} does not exist"
    return f"bytes {place.start} to {place.end} of region {place.region}, which has {error.size}"
