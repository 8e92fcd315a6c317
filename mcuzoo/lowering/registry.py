"""Every op of the ahead-of-time runtime: how it is prepared and which kernels can run it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.ops import (
    add,
    conv_2d,
    depthwise_conv_2d,
    fully_connected,
    mean,
    pad,
    pool_2d,
    requantize,
    softmax,
)
from mcuzoo.lowering.variant import Variant, Work


@dataclass(frozen=True)
class OpLowering:
    """`variants` from the most particular kernel to the portable one, which accepts all work."""

    prepare: Callable[[Program, Step], Work]
    variants: tuple[Variant[Any], ...]


OPS: dict[str, OpLowering] = {
    "ADD": OpLowering(add.prepare, add.VARIANTS),
    "AVERAGE_POOL_2D": OpLowering(pool_2d.prepare, pool_2d.AVERAGE_VARIANTS),
    "CONV_2D": OpLowering(conv_2d.prepare, conv_2d.VARIANTS),
    "DEPTHWISE_CONV_2D": OpLowering(depthwise_conv_2d.prepare, depthwise_conv_2d.VARIANTS),
    "FULLY_CONNECTED": OpLowering(fully_connected.prepare, fully_connected.VARIANTS),
    "MAX_POOL_2D": OpLowering(pool_2d.prepare, pool_2d.MAX_VARIANTS),
    "MEAN": OpLowering(mean.prepare, mean.VARIANTS),
    "PAD": OpLowering(pad.prepare, pad.VARIANTS),
    "PADV2": OpLowering(pad.prepare, pad.VARIANTS),
    "QUANTIZE": OpLowering(requantize.prepare, requantize.VARIANTS),
    "RELU": OpLowering(requantize.prepare, requantize.VARIANTS),
    "RELU6": OpLowering(requantize.prepare, requantize.VARIANTS),
    "SOFTMAX": OpLowering(softmax.prepare, softmax.VARIANTS),
}
