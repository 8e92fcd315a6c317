"""What must await what, on operations made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcuzoo.graph.model import Op
from mcuzoo.npu.check.areas import Shared
from mcuzoo.npu.check.blocks import block_faults
from mcuzoo.npu.check.flow import Flow
from mcuzoo.npu.check.waits import WaitCheck, dependency
from mcuzoo.npu.file import CONSTANTS, FAST_SCRATCH, SCRATCH, NpuOp
from mcuzoo.npu.operations import (
    SHRAM,
    Accumulator,
    Activation,
    BlockOperation,
    DmaOperation,
    FeatureMap,
    Kernel,
    Operation,
    Range,
    Rounding,
    Scale,
    Upscale,
    Wait,
)
from mcuzoo.npu.stream import NpuConfig, Stream

U65 = NpuConfig("ethos-u65-256", 256, 48, 0, (1, 0, 6))
U55 = NpuConfig("ethos-u55-128", 128, 24, 0, (1, 0, 6))
U55_SMALL = NpuConfig("ethos-u55-64", 64, 16, 0, (1, 0, 6))


def feature_map(base: int, region: int = SCRATCH) -> FeatureMap:
    """8 x 8 x 16, which are 1024 bytes."""
    return FeatureMap(
        region=region,
        height=8,
        width=8,
        depth=16,
        bases=(base, 0, 0, 0),
        height0=8,
        height1=8,
        width0=8,
        stride_y=128,
        stride_x=16,
        stride_c=16,
        bricks=True,
        element_bytes=1,
        signed=True,
        zero_point=0,
    )


def convolution(
    source: int, target: int, rows: int, taps: int = 1, dependency: int = 0
) -> BlockOperation:
    """From one address to another, in blocks of `rows` rows."""
    padding = taps // 2
    return BlockOperation(
        word=4 * target,
        kind="CONV",
        mode=0,
        ifm=feature_map(source),
        ifm2=None,
        scalar=None,
        scalar_zero_point=0,
        swapped=False,
        ofm=feature_map(target),
        kernel=Kernel(taps, taps, 1, 1, 1, 1, padding, padding, padding, padding, False, False),
        upscale=Upscale.NONE,
        weights=(Range(CONSTANTS, 0, 64),),
        scales=(),
        block=(rows, 8, 16),
        accumulator=Accumulator.INT32,
        activation=Activation(0, -128, 127, 0),
        rounding=Rounding.TFL,
        output_scale=Scale(1, 0),
        operand=0,
        operand_scale=Scale(1, 0),
        other_scale=Scale(1, 0),
        input_end=10,
        input2_start=0,
        accumulators=30,
        dependency=dependency,
        parallel=False,
    )


def found(config: NpuConfig, *operations: Operation) -> list[str]:
    check = WaitCheck(config)
    for operation in operations:
        check.take(operation)
    return [fault.expected for fault in check.faults]


COPY = DmaOperation(1, Range(CONSTANTS, 0, 64), Range(FAST_SCRATCH, 0, 64))
OTHER_COPY = DmaOperation(2, Range(CONSTANTS, 64, 64), Range(FAST_SCRATCH, 64, 64))
READER = replace(convolution(0, 1024, 8), weights=(Range(FAST_SCRATCH, 0, 64),))


def test_a_kernel_awaits_the_copy_that_brings_its_weights() -> None:
    assert found(U65, COPY, READER) == ["DMA_WAIT 0 before it, for DMA at word 1"]
    assert not found(U65, COPY, Wait(3, "DMA", 0), READER)
    assert not found(U65, OTHER_COPY, READER)


def test_two_copies_may_be_at_work_on_the_u65_and_one_on_the_u55() -> None:
    assert found(U65, COPY, OTHER_COPY, READER) == ["DMA_WAIT 1 before it, for DMA at word 1"]
    assert not found(U65, COPY, OTHER_COPY, Wait(3, "DMA", 1), READER)
    assert not found(U55, COPY, OTHER_COPY, READER)


def test_a_copy_awaits_the_kernel_whose_weights_it_writes_over() -> None:
    assert len(found(U65, READER, COPY)) == 1
    assert not found(U65, READER, Wait(3, "KERNEL", 0), COPY)
    assert len(found(U65, READER, Wait(3, "KERNEL", 1), COPY)) == 1
    other = convolution(2048, 3072, 8)
    assert not found(U65, READER, other, Wait(3, "KERNEL", 1), COPY)


@pytest.mark.parametrize(
    ("rows", "taps", "most"), [(8, 1, 0), (4, 1, 1), (2, 1, 3), (2, 3, 2), (4, 3, 0), (2, 5, 2)]
)
def test_how_many_blocks_may_be_unfinished(rows: int, taps: int, most: int) -> None:
    """Of four blocks of two rows, the first job of a window of 3 reads rows 0 to 2: of the last
    blocks, the one before the one before the last has row 2."""
    before, after = convolution(0, 1024, rows), convolution(1024, 2048, rows, taps)
    assert dependency(before, after, Shared.of(U65)) == most
    for given in range(4):
        faults = found(U65, before, replace(after, dependency=given))
        assert bool(faults) == (given > most)


def test_kernels_that_share_nothing_overlap_freely() -> None:
    before, after = convolution(0, 1024, 8), convolution(2048, 3072, 8)
    assert dependency(before, after, Shared.of(U65)) == 3


def test_tables_lie_in_banks_that_small_npus_use_for_blocks() -> None:
    before = replace(convolution(0, 1024, 8), activation=Activation(16, -128, 127, 0))
    after = convolution(2048, 3072, 8)
    assert dependency(before, after, Shared.of(U55_SMALL)) == 0
    assert dependency(before, after, Shared.of(U55)) == 3


def test_blocks_have_to_fit() -> None:
    assert not list(block_faults(convolution(0, 1024, 8), U65))
    assert list(block_faults(replace(convolution(0, 1024, 8), input_end=9), U65))
    assert list(block_faults(replace(convolution(0, 1024, 8), accumulators=31), U65))
    assert list(block_faults(replace(convolution(0, 1024, 8), accumulators=9), U65))
    assert list(block_faults(convolution(0, 1024, 7), U65))
    assert list(block_faults(convolution(0, 1024, 34), U65))


def test_reads_of_what_nobody_wrote_and_writes_to_constants() -> None:
    stream = Stream(U65, (), 0, ())
    op = NpuOp(Op(0, "CUSTOM:ethos-u", 1, (), ()), b"", stream, bytes(128), 4096, 64, (), ())
    flow = Flow(op, Shared.of(U65))
    operation = convolution(0, 1024, 8)
    assert flow.read(operation, operation.ifm, "The input") is not None
    assert [fault.found for fault in flow.faults] == ["1024 are not"]
    assert flow.write(operation, 5)
    marks = flow.read(operation, operation.ofm, "The input")
    assert marks is not None
    assert set(marks.reshape(-1).tolist()) == {-6}
    assert len(flow.faults) == 1
    constant = replace(operation, ofm=replace(operation.ofm, region=CONSTANTS, height=1))
    assert not flow.write(constant, 6)
    outside = replace(operation.ofm, bases=(4096 - 512, 0, 0, 0))
    assert flow.read(operation, outside, "The input") is None
    uneven = replace(operation.ofm, bases=(1032, 0, 0, 0))
    flow.read(operation, uneven, "The input")
    assert len(flow.faults) == 5


def test_copied_bytes_are_still_those_of_the_file() -> None:
    stream = Stream(U65, (), 0, ())
    constants = bytes(range(128))
    op = NpuOp(Op(0, "CUSTOM:ethos-u", 1, (), ()), b"", stream, constants, 4096, 128, (), ())
    flow = Flow(op, Shared.of(U65))
    assert flow.copy(DmaOperation(1, Range(CONSTANTS, 32, 64), Range(FAST_SCRATCH, 16, 64)))
    part = Range(FAST_SCRATCH, 16, 64)
    assert flow.stream(READER, part, "Weights") == constants[32:96]
    assert not flow.faults
    assert flow.stream(READER, Range(FAST_SCRATCH, 32, 64), "Weights") is None
    assert not flow.copy(DmaOperation(1, Range(CONSTANTS, 32, 64), Range(CONSTANTS, 0, 64)))
    assert not flow.copy(DmaOperation(1, Range(CONSTANTS, 96, 64), Range(SHRAM, 0, 64)))
