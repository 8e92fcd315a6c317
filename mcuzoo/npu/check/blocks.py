"""Whether an operation's blocks fit where the registers put them in the shared memory (SHRAM).

From its start on, the shared memory holds two banks of outputs, then the input's blocks up to
IFM_IB_END, twice, so that one is filled while the other is used; a second input begins at
IFM2_IB_START; sums begin at AB_START, twice as well. What a block needs, in whole banks, follows
`architecture_allocator.py` and `architecture_features.py` of ethos-u-vela.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from mcuzoo.npu.check.areas import Shared
from mcuzoo.npu.operations import Accumulator, BlockOperation, PoolMode, Upscale
from mcuzoo.npu.stream import NpuConfig

_BANK_BYTES = 1024
_OUTPUT_BANKS = 2
_LARGEST_BLOCK = (32, 64, 128)
_SUB_KERNEL = 8
_MICRO_BLOCKS = {32: (1, 1, 4), 64: (1, 1, 8), 128: (1, 2, 8), 256: (2, 2, 8)}
"""Height, width and depth of the smallest part of an output, by products per cycle."""

_INPUT_GRANULES = {32: (2, 2, 4), 64: (2, 2, 4), 128: (4, 4, 8), 256: (8, 8, 16)}
"""Banks that inputs of 8, 16 and 32 bits take a multiple of."""

_SUM_GRANULES = {32: (4, 4), 64: (4, 8), 128: (8, 12), 256: (16, 20)}
"""Banks that sums of 32 and 40 bits take a multiple of."""

Fault = tuple[str, str]
"""What is expected, and what is found."""


def block_faults(operation: BlockOperation, config: NpuConfig | None) -> Iterator[Fault]:
    macs = 256 if config is None else config.macs // config.cores
    shared = Shared.of(config)
    micro = _MICRO_BLOCKS[macs]
    cores = 1 if config is None else config.cores
    block = operation.block[0], operation.block[1], -(-operation.block[2] // cores)
    flat = operation.ofm.height == 1 and operation.kernel.height == 1
    for axis, (size, unit, most) in enumerate(zip(block, micro, _LARGEST_BLOCK, strict=True)):
        whole = size % unit == 0 or (axis == 0 and flat) or (axis == 2 and cores > 1)
        if not whole or size > most:
            what = ("rows", "columns", "channels")[axis]
            yield f"blocks of a multiple of {unit} {what}, {most} at most", f"{size}"
            return
    needed = _input_banks(operation, block, micro, macs)
    free = shared.work_banks(operation.activation.table is not None)
    end, sums = operation.input_end, operation.accumulators
    if operation.kind == "ELEMENTWISE":
        yield from _pair_faults(operation, needed, free)
        return
    if end < _OUTPUT_BANKS + needed:
        yield f"IFM_IB_END of {_OUTPUT_BANKS + needed} at least", str(end)
    if sums < end:
        yield f"AB_START of IFM_IB_END, {end}, at least", str(sums)
    own = _sum_banks(operation, block, macs)
    if sums + own > free:
        yield f"AB_START of {free - own} at most", str(sums)


def _pair_faults(operation: BlockOperation, needed: int, free: int) -> Iterator[Fault]:
    end, start = operation.input_end, operation.input2_start
    if operation.ifm2 is None:
        if end < _OUTPUT_BANKS + needed:
            yield f"IFM_IB_END of {_OUTPUT_BANKS + needed} at least", str(end)
    elif start < _OUTPUT_BANKS + needed or start + needed > end:
        expected = f"IFM2_IB_START from {_OUTPUT_BANKS + needed} to {end - needed}"
        yield expected, str(start)
    if end > free:
        yield f"IFM_IB_END of {free} at most", str(end)


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _input_banks(
    operation: BlockOperation,
    block: tuple[int, int, int],
    micro: tuple[int, int, int],
    macs: int,
) -> int:
    kernel, bits = operation.kernel, 8 * operation.ifm.element_bytes
    upscaled = operation.upscale is not Upscale.NONE
    nearest = operation.upscale is Upscale.NEAREST
    sizes = []
    for axis, (stride, taps, dilation) in enumerate(
        (
            (kernel.stride_y, kernel.height, kernel.dilation_y),
            (kernel.stride_x, kernel.width, kernel.dilation_x),
        )
    ):
        reach = min((taps - 1) * dilation + 1, _SUB_KERNEL)
        size = (block[axis] - 1) * stride + reach + nearest
        sizes.append(_up(-(-size // (2 if upscaled else 1)), micro[axis]))
    depth = block[2]
    summed = operation.kind == "POOL" and operation.mode == PoolMode.REDUCE_SUM
    if operation.kind == "CONV" or summed:
        most = 16 if bits == 16 or (kernel.part_kernel and operation.kind == "CONV") else 32
        depth = _up(min(operation.ifm.depth, most), 4 if bits == 16 else 8)
    granule = _INPUT_GRANULES[macs][{8: 0, 16: 1, 32: 2}[bits]]
    banks = -(-prod(sizes) * _up(depth * bits // 8, 8) // _BANK_BYTES)
    return _up(2 * banks, granule)


def _sum_banks(operation: BlockOperation, block: tuple[int, int, int], macs: int) -> int:
    bits = 40 if operation.accumulator is Accumulator.INT40 else 32
    size = block[0] * block[1] * _up(block[2], 8) * bits // 8
    granule = _SUM_GRANULES[macs][bits == 40]
    return _up(2 * -(-size // _BANK_BYTES), granule)
