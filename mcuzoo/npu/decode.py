"""From commands to operations: registers are kept, and read when an operation starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeVar

from mcuzoo.npu.operations import (
    SHRAM,
    Accumulator,
    Activation,
    BlockKind,
    BlockOperation,
    DmaOperation,
    ElementwiseMode,
    FeatureMap,
    Kernel,
    Operation,
    PoolMode,
    Range,
    Rounding,
    Scale,
    Upscale,
    Wait,
)
from mcuzoo.npu.registers import Cmd0, Cmd1
from mcuzoo.npu.stream import Command, Stream, StreamFault

KNOWN_BITS = {
    Cmd0.SET_IFM_PRECISION: 0xC34D,
    Cmd0.SET_IFM2_PRECISION: 0x004D,
    Cmd0.SET_OFM_PRECISION: 0xC147,
    Cmd0.SET_KERNEL_STRIDE: 0x027F,
    Cmd0.SET_IFM_UPSCALE: 0x0003,
    Cmd0.SET_PARALLEL_MODE: 0x0001,
    Cmd0.SET_ACC_FORMAT: 0x0003,
    Cmd0.SET_IFM2_BROADCAST: 0x00C7,
    Cmd0.SET_IFM_REGION: 0x0007,
    Cmd0.SET_IFM2_REGION: 0x0007,
    Cmd0.SET_OFM_REGION: 0x0007,
    Cmd0.SET_WEIGHT_REGION: 0x0007,
    Cmd0.SET_SCALE_REGION: 0x0007,
    Cmd0.SET_DMA0_SRC_REGION: 0x0107,
    Cmd0.SET_DMA0_DST_REGION: 0x0107,
    Cmd0.SET_BLOCKDEP: 0x0003,
    Cmd0.OP_CONV: 0x0000,
    Cmd0.OP_DEPTHWISE: 0x0000,
    Cmd0.OP_DMA_START: 0x0000,
    Cmd0.OP_DMA_WAIT: 0x000F,
    Cmd0.OP_KERNEL_WAIT: 0x000F,
}
"""The bits of parameters that mean something here. Others are reserved, or for what Vela does not
use: DMA in two and three dimensions, channels other than 0, external regions 8 and above."""

_LARGEST = 65536
_ADDRESS_BITS = 40
_Mode = TypeVar("_Mode", bound=IntEnum)
_KERNELS: dict[Cmd0, BlockKind] = {
    Cmd0.OP_CONV: "CONV",
    Cmd0.OP_DEPTHWISE: "DEPTHWISE",
    Cmd0.OP_POOL: "POOL",
    Cmd0.OP_ELEMENTWISE: "ELEMENTWISE",
}
_FM_CODES = {
    "IFM": (Cmd1.SET_IFM_BASE0, Cmd0.SET_IFM_HEIGHT0_M1, Cmd0.SET_IFM_REGION),
    "IFM2": (Cmd1.SET_IFM2_BASE0, Cmd0.SET_IFM2_HEIGHT0_M1, Cmd0.SET_IFM2_REGION),
    "OFM": (Cmd1.SET_OFM_BASE0, Cmd0.SET_OFM_HEIGHT0_M1, Cmd0.SET_OFM_REGION),
}


@dataclass(frozen=True)
class Decoded:
    """The operations of a stream, in order. faults: what they depend on and was never set, or
    cannot be; in the order of their places."""

    operations: tuple[Operation, ...]
    faults: tuple[StreamFault, ...]


def decode_operations(stream: Stream) -> Decoded:
    """The operations of `stream`. An operation that makes no sense is a fault and left out."""
    machine = _Machine()
    return Decoded(
        tuple(operation for command in stream.commands for operation in machine.take(command)),
        tuple(machine.faults),
    )


class _Refused(Exception):
    """An operation that no NPU could do."""


@dataclass
class _Machine:
    """registers: the last command for each. faults: so far. at: the operation's place. unset:
    registers of which it is told already."""

    registers: dict[Cmd0 | Cmd1, Command] = field(default_factory=dict)
    faults: list[StreamFault] = field(default_factory=list)
    unset: set[Cmd0 | Cmd1] = field(default_factory=set)
    at: int = 0

    def take(self, command: Command) -> list[Operation]:
        code = command.code
        known = KNOWN_BITS.get(code, 0xFFFF) if isinstance(code, Cmd0) else 0xFFFF
        if command.param & ~known:
            self.fault(
                f"{code.name} has the parameter 0x{command.param:04x}: "
                f"bits 0x{command.param & ~known & 0xFFFF:04x} are reserved",
                command.word,
            )
        if not isinstance(code, Cmd0) or not code.is_operation:
            self.registers[code] = command
            return []
        self.at = command.word
        try:
            return self._start(code, command.param)
        except _Refused as refused:
            self.fault(str(refused))
            return []

    def _start(self, code: Cmd0, param: int) -> list[Operation]:
        if code in _KERNELS:
            return [self._block(_KERNELS[code], param)]
        if code == Cmd0.OP_DMA_START:
            return [self._dma()]
        if code == Cmd0.OP_DMA_WAIT:
            return [Wait(self.at, "DMA", param & 0xF)]
        if code == Cmd0.OP_KERNEL_WAIT:
            return [Wait(self.at, "KERNEL", param & 0xF)]
        if code != Cmd0.OP_STOP:
            self.fault(f"{code.name} is nothing that Vela emits")
        return []

    def fault(self, what: str, word: int | None = None) -> None:
        self.faults.append(StreamFault(self.at if word is None else word, what))

    def _command(self, code: Cmd0 | Cmd1) -> Command:
        found = self.registers.get(code)
        if found is not None:
            return found
        if code not in self.unset:
            self.unset.add(code)
            self.fault(f"{code.name} is used and was never set")
        return Command(self.at, code, 0, 0 if isinstance(code, Cmd1) else None)

    def value(self, code: Cmd0 | Cmd1) -> int:
        return self._command(code).value

    def stride(self, code: Cmd1) -> int:
        """In bytes; where Vela reverses an axis it counts down."""
        value = self.value(code) & (1 << _ADDRESS_BITS) - 1
        return value - (1 << _ADDRESS_BITS) if value >> _ADDRESS_BITS - 1 else value

    def signed(self, code: Cmd0) -> int:
        return self._command(code).signed

    def _enum(self, kind: type[_Mode], value: int, code: Cmd0) -> _Mode:
        try:
            return kind(value)
        except ValueError:
            raise _Refused(f"{code.name} has no mode {value}") from None

    def _dma(self) -> DmaOperation:
        length = self.value(Cmd1.SET_DMA0_LEN)

        def place(region: Cmd0, start: Cmd1) -> Range:
            word = self.value(region)
            return Range(SHRAM if word & 0x100 else word & 7, self.value(start), length)

        source = place(Cmd0.SET_DMA0_SRC_REGION, Cmd1.SET_DMA0_SRC)
        return DmaOperation(self.at, source, place(Cmd0.SET_DMA0_DST_REGION, Cmd1.SET_DMA0_DST))

    def _block(self, kind: BlockKind, param: int) -> BlockOperation:
        mode = self._mode(kind, param)
        output = (
            self.value(Cmd0.SET_OFM_HEIGHT_M1) + 1,
            self.value(Cmd0.SET_OFM_WIDTH_M1) + 1,
            self.value(Cmd0.SET_OFM_DEPTH_M1) + 1,
        )
        precision = self.value(Cmd0.SET_OFM_PRECISION)
        ofm = self._feature_map("OFM", output, precision >> 1 & 3, precision)
        elementwise = kind == "ELEMENTWISE"
        kernel = _POINT if elementwise else self._kernel()
        code = Cmd0.SET_IFM_UPSCALE
        upscale = self._enum(Upscale, self.value(code) & 3, code)
        ifm_precision = self.value(Cmd0.SET_IFM_PRECISION)
        if ifm_precision >> 14 not in (0, precision >> 14):
            self.fault("the input is rounded in another way than the output")
        shape = self._input_shape(kind, mode, output, kernel, upscale)
        ifm = self._feature_map("IFM", shape, ifm_precision >> 2 & 3, ifm_precision)
        ifm2, scalar, swapped = None, None, False
        if elementwise and not ElementwiseMode(mode).unary:
            ifm2, scalar, swapped = self._second(output)
        sums = elementwise and mode in _SUMS
        weighted = kind in ("CONV", "DEPTHWISE")
        scaled = mode in _SCALED_MODES if elementwise else bool(precision & 0x100)
        accumulator = Cmd0.SET_ACC_FORMAT
        return BlockOperation(
            word=self.at,
            kind=kind,
            mode=mode,
            ifm=ifm,
            ifm2=ifm2,
            scalar=scalar,
            scalar_zero_point=0 if scalar is None else self.signed(Cmd0.SET_IFM2_ZERO_POINT),
            swapped=swapped,
            ofm=ofm,
            kernel=kernel,
            upscale=upscale,
            weights=self._ranges(_WEIGHTS) if weighted else (),
            scales=self._ranges(_SCALES) if weighted and not scaled else (),
            block=(
                self.value(Cmd0.SET_OFM_BLK_HEIGHT_M1) + 1,
                self.value(Cmd0.SET_OFM_BLK_WIDTH_M1) + 1,
                self.value(Cmd0.SET_OFM_BLK_DEPTH_M1) + 1,
            ),
            accumulator=self._enum(Accumulator, self.value(accumulator) & 3, accumulator),
            activation=self._activation(ofm.signed),
            rounding=self._enum(Rounding, precision >> 14 & 3, Cmd0.SET_OFM_PRECISION),
            output_scale=self._scale(Cmd1.SET_OFM_SCALE) if scaled else None,
            operand=ifm_precision >> 8 & 3,
            operand_scale=self._scale(Cmd1.SET_OPA_SCALE)
            if mode in _SUMS and elementwise
            else _ONE,
            other_scale=self._scale(Cmd1.SET_OPB_SCALE) if sums else _ONE,
            input_end=self.value(Cmd0.SET_IFM_IB_END),
            input2_start=0 if ifm2 is None else self.value(Cmd0.SET_IFM2_IB_START),
            accumulators=self.value(Cmd0.SET_AB_START),
            dependency=self.value(Cmd0.SET_BLOCKDEP) & 3,
            parallel=bool(self.registers.get(Cmd0.SET_PARALLEL_MODE, _SERIAL).param & 1),
        )

    def _mode(self, kind: BlockKind, param: int) -> int:
        if kind == "POOL":
            return self._enum(PoolMode, param, Cmd0.OP_POOL)
        if kind == "ELEMENTWISE":
            return self._enum(ElementwiseMode, param, Cmd0.OP_ELEMENTWISE)
        return 0

    def _input_shape(
        self,
        kind: BlockKind,
        mode: int,
        output: tuple[int, int, int],
        kernel: Kernel,
        upscale: Upscale,
    ) -> tuple[int, int, int]:
        depth = self.value(Cmd0.SET_IFM_DEPTH_M1) + 1
        sums = kind == "CONV" or (kind == "POOL" and mode == PoolMode.REDUCE_SUM)
        if not sums and depth != output[2]:
            self.fault(f"the input has {depth} channels and the output {output[2]}")
            depth = output[2]
        if kind == "ELEMENTWISE":
            return (*output[:2], depth)
        height, width = (
            (output[axis] - 1) * stride + (taps - 1) * dilation + 1 - padding
            for axis, (stride, taps, dilation, padding) in enumerate(
                (
                    (kernel.stride_y, kernel.height, kernel.dilation_y, kernel.top + kernel.bottom),
                    (kernel.stride_x, kernel.width, kernel.dilation_x, kernel.left + kernel.right),
                )
            )
        )
        if upscale is not Upscale.NONE:
            height, width = (height + 1) // 2, (width + 1) // 2
        if not (0 < height <= _LARGEST and 0 < width <= _LARGEST):
            raise _Refused(f"the input would have {height} rows and {width} columns")
        return height, width, depth

    def _kernel(self) -> Kernel:
        word = self.value(Cmd0.SET_KERNEL_STRIDE)
        dilation_x, dilation_y = (word >> 3 & 1) + 1, (word >> 4 & 1) + 1
        reach_y, reach_x = (
            self.value(Cmd0.SET_KERNEL_HEIGHT_M1),
            self.value(Cmd0.SET_KERNEL_WIDTH_M1),
        )
        if reach_y % dilation_y or reach_x % dilation_x:
            self.fault(f"a kernel of {reach_y + 1} x {reach_x + 1} cannot be dilated by 2")
        return Kernel(
            height=reach_y // dilation_y + 1,
            width=reach_x // dilation_x + 1,
            stride_y=(word >> 1 & 1) + 2 * (word >> 9 & 1) + 1,
            stride_x=(word & 1) + 2 * (word >> 6 & 1) + 1,
            dilation_y=dilation_y,
            dilation_x=dilation_x,
            top=self.value(Cmd0.SET_IFM_PAD_TOP),
            left=self.value(Cmd0.SET_IFM_PAD_LEFT),
            bottom=self.value(Cmd0.SET_IFM_PAD_BOTTOM),
            right=self.value(Cmd0.SET_IFM_PAD_RIGHT),
            part_kernel=bool(word >> 2 & 1),
            decompose4=bool(word >> 5 & 1),
        )

    def _second(self, output: tuple[int, int, int]) -> tuple[FeatureMap | None, int | None, bool]:
        """The second input, or the scalar, and whether it is the first operand."""
        broadcast = self.value(Cmd0.SET_IFM2_BROADCAST)
        swapped = bool(broadcast & 0x40)
        if broadcast & 0x80:
            return None, self.signed(Cmd0.SET_IFM2_SCALAR), swapped
        height, width, depth = (
            1 if broadcast >> bit & 1 else size for bit, size in enumerate(output)
        )
        precision = self.value(Cmd0.SET_IFM2_PRECISION)
        shape = height, width, depth
        return self._feature_map("IFM2", shape, precision >> 2 & 3, precision), None, swapped

    def _feature_map(
        self, name: str, shape: tuple[int, int, int], size: int, precision: int
    ) -> FeatureMap:
        base0, height0, region = _FM_CODES[name]
        if size == 3:
            raise _Refused(f"{name} has elements of an unknown size")
        bases = [self.value(Cmd1(base0 + tile)) for tile in range(4)]
        return FeatureMap(
            region=self.value(region) & 7,
            height=shape[0],
            width=shape[1],
            depth=shape[2],
            bases=(bases[0], bases[1], bases[2], bases[3]),
            height0=self.value(height0) + 1,
            height1=self.value(Cmd0(height0 + 1)) + 1,
            width0=self.value(Cmd0(height0 - 1)) + 1,
            stride_x=self.stride(Cmd1(base0 + 4)),
            stride_y=self.stride(Cmd1(base0 + 5)),
            stride_c=self.stride(Cmd1(base0 + 6)),
            bricks=bool(precision >> 6 & 1),
            element_bytes=1 << size,
            signed=bool(precision & 1),
            zero_point=self._zero_point(name, bool(precision & 1)),
        )

    def _zero_point(self, name: str, signed: bool) -> int:
        code = {
            "IFM": Cmd0.SET_IFM_ZERO_POINT,
            "IFM2": Cmd0.SET_IFM2_ZERO_POINT,
            "OFM": Cmd0.SET_OFM_ZERO_POINT,
        }[name]
        return self.signed(code) if signed else self.value(code)

    def _activation(self, signed: bool) -> Activation:
        word = self.value(Cmd0.SET_ACTIVATION)
        if word & 0xFFF not in (0, 3, 4, *range(16, 24)):
            raise _Refused(f"there is no activation {word & 0xFFF}")
        limit = self.signed if signed else self.value
        return Activation(
            function=word & 0xFFF,
            low=limit(Cmd0.SET_ACTIVATION_MIN),
            high=limit(Cmd0.SET_ACTIVATION_MAX),
            clip=word >> 12,
        )

    def _scale(self, code: Cmd1) -> Scale:
        command = self._command(code)
        return Scale(command.payload or 0, command.param & 0x3F)

    def _ranges(self, codes: tuple[Cmd0, tuple[tuple[Cmd1, Cmd1], ...]]) -> tuple[Range, ...]:
        region = self.value(codes[0]) & 7
        cores = codes[1] if Cmd1.SET_WEIGHT1_BASE in self.registers else codes[1][:1]
        return tuple(Range(region, self.value(base), self.value(length)) for base, length in cores)


_POINT = Kernel(1, 1, 1, 1, 1, 1, 0, 0, 0, 0, False, False)
_ONE = Scale(1, 0)
_SERIAL = Command(0, Cmd0.SET_PARALLEL_MODE, 0)
_SUMS = (ElementwiseMode.ADD, ElementwiseMode.SUB)
_SCALED_MODES = (*_SUMS, ElementwiseMode.MUL, ElementwiseMode.LRELU, ElementwiseMode.ABS)
_WEIGHTS = (
    Cmd0.SET_WEIGHT_REGION,
    (
        (Cmd1.SET_WEIGHT_BASE, Cmd1.SET_WEIGHT_LENGTH),
        (Cmd1.SET_WEIGHT1_BASE, Cmd1.SET_WEIGHT1_LENGTH),
    ),
)
_SCALES = (
    Cmd0.SET_SCALE_REGION,
    (
        (Cmd1.SET_SCALE_BASE, Cmd1.SET_SCALE_LENGTH),
        (Cmd1.SET_SCALE1_BASE, Cmd1.SET_SCALE1_LENGTH),
    ),
)
