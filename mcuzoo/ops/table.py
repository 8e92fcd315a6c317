"""The table of all operators: for coverage, host engine, lowering, planner and converter."""

from __future__ import annotations

from collections.abc import Iterable

from mcuzoo.graph.model import Op
from mcuzoo.ops import (
    add,
    average_pool_2d,
    broadcast_to,
    concatenation,
    conv_2d,
    depthwise_conv_2d,
    dequantize,
    elementwise,
    elu,
    fully_connected,
    gather,
    hard_swish,
    l2_normalization,
    leaky_relu,
    log_softmax,
    logistic,
    max_pool_2d,
    maximum,
    mean,
    mirror_pad,
    mul,
    pack,
    pad,
    prelu,
    quantize,
    reduce_max,
    relu,
    reshape,
    resize_bilinear,
    resize_nearest_neighbor,
    reverse_v2,
    slice,
    softmax,
    space_to_batch_nd,
    space_to_depth,
    split,
    squared_difference,
    strided_slice,
    sub,
    tanh,
    tile,
    transpose,
    transpose_conv,
)
from mcuzoo.ops.operator import Aot, Operator


def by_name(operators: Iterable[Operator]) -> dict[str, Operator]:
    """In the order of the names. Raises ValueError for an operator that is there twice."""
    found: dict[str, Operator] = {}
    for operator in sorted(operators, key=lambda operator: operator.name):
        if operator.name in found:
            raise ValueError(f"the operator {operator.name} is there twice")
        found[operator.name] = operator
    return found


OPERATORS = by_name(
    (
        add.OPERATOR,
        average_pool_2d.OPERATOR,
        broadcast_to.OPERATOR,
        concatenation.OPERATOR,
        conv_2d.OPERATOR,
        depthwise_conv_2d.OPERATOR,
        dequantize.OPERATOR,
        elementwise.ABS,
        elementwise.RSQRT,
        elu.OPERATOR,
        fully_connected.OPERATOR,
        gather.OPERATOR,
        hard_swish.OPERATOR,
        l2_normalization.OPERATOR,
        leaky_relu.OPERATOR,
        log_softmax.OPERATOR,
        logistic.OPERATOR,
        max_pool_2d.OPERATOR,
        maximum.MAXIMUM,
        maximum.MINIMUM,
        mean.MEAN,
        mean.SUM,
        mirror_pad.OPERATOR,
        mul.OPERATOR,
        pack.PACK,
        pack.UNPACK,
        pad.PAD,
        pad.PADV2,
        prelu.OPERATOR,
        quantize.OPERATOR,
        reduce_max.REDUCE_MAX,
        reduce_max.REDUCE_MIN,
        relu.RELU,
        relu.RELU6,
        reshape.OPERATOR,
        resize_bilinear.OPERATOR,
        resize_nearest_neighbor.OPERATOR,
        reverse_v2.OPERATOR,
        slice.OPERATOR,
        softmax.OPERATOR,
        space_to_batch_nd.BATCH_TO_SPACE_ND,
        space_to_batch_nd.SPACE_TO_BATCH_ND,
        space_to_depth.DEPTH_TO_SPACE,
        space_to_depth.SPACE_TO_DEPTH,
        split.SPLIT,
        split.SPLIT_V,
        squared_difference.OPERATOR,
        strided_slice.OPERATOR,
        sub.OPERATOR,
        tanh.OPERATOR,
        tile.OPERATOR,
        transpose.OPERATOR,
        transpose_conv.OPERATOR,
    )
)


def computed(op: Op) -> Aot:
    """The `Aot` part of an op that its rule has accepted."""
    aot = OPERATORS[op.name].aot
    if not isinstance(aot, Aot):
        raise ValueError(f"the ahead-of-time runtime does not compute {op.name}")
    return aot
