"""The table of all operators: for coverage, host engine, lowering, planner and converter."""

from __future__ import annotations

from collections.abc import Iterable

from mcuzoo.graph.model import Op
from mcuzoo.ops import (
    add,
    average_pool_2d,
    concatenation,
    conv_2d,
    depthwise_conv_2d,
    dequantize,
    elementwise,
    elu,
    fully_connected,
    hard_swish,
    l2_normalization,
    leaky_relu,
    log_softmax,
    logistic,
    max_pool_2d,
    maximum,
    mean,
    mul,
    pad,
    prelu,
    quantize,
    reduce_max,
    relu,
    reshape,
    resize_bilinear,
    resize_nearest_neighbor,
    softmax,
    squared_difference,
    strided_slice,
    sub,
    tanh,
    transpose,
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
        concatenation.OPERATOR,
        conv_2d.OPERATOR,
        depthwise_conv_2d.OPERATOR,
        dequantize.OPERATOR,
        elementwise.ABS,
        elementwise.RSQRT,
        elu.OPERATOR,
        fully_connected.OPERATOR,
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
        mul.OPERATOR,
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
        softmax.OPERATOR,
        squared_difference.OPERATOR,
        strided_slice.OPERATOR,
        sub.OPERATOR,
        tanh.OPERATOR,
        transpose.OPERATOR,
    )
)


def computed(op: Op) -> Aot:
    """The `Aot` part of an op that its rule has accepted."""
    aot = OPERATORS[op.name].aot
    if not isinstance(aot, Aot):
        raise ValueError(f"the ahead-of-time runtime does not compute {op.name}")
    return aot
