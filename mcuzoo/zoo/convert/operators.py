"""Which ops a rewrite knows, which of their inputs are weights, and what INT8 asks of them."""

from __future__ import annotations

from mcuzoo.graph.model import Op

# The lowest version whose kernels take INT8 (tensorflow/lite/tools/versioning/op_version.cc).
# A higher one in the file stands for an option of its own and stays.
INT8_VERSION: dict[str, int] = {
    "ADD": 2,
    "AVERAGE_POOL_2D": 2,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "DEQUANTIZE": 2,
    "FULLY_CONNECTED": 4,
    "MAX_POOL_2D": 2,
    "MEAN": 2,
    "PAD": 2,
    "PADV2": 2,
    "QUANTIZE": 1,
    "RELU": 2,
    "RELU6": 2,
    "RESHAPE": 1,
    "SOFTMAX": 2,
}

# The dimension of the output channels in the weights; None: one scale for the whole tensor.
CHANNEL_AXIS: dict[str, int | None] = {
    "CONV_2D": 0,
    "DEPTHWISE_CONV_2D": 3,
    "FULLY_CONNECTED": None,
}
CHANNELS_OF_DENSE = 0
WEIGHTS_PLACE, BIAS_PLACE = 1, 2

CONVERSIONS = frozenset({"QUANTIZE", "DEQUANTIZE"})


def int8_version(op: Op) -> int:
    return max(op.version, INT8_VERSION[op.name])


def input_at(op: Op, place: int) -> int | None:
    """The tensor at `place`, or None where the op leaves it out."""
    if place >= len(op.inputs) or op.inputs[place] == -1:
        return None
    return op.inputs[place]


def activations_of(op: Op) -> tuple[int, ...]:
    """Every tensor that `op` names but its weights."""
    weighted = op.name in CHANNEL_AXIS
    inputs = (
        index
        for place, index in enumerate(op.inputs)
        if index != -1 and not (weighted and place == WEIGHTS_PLACE)
    )
    return (*inputs, *op.outputs)


def weights_of(op: Op) -> int | None:
    return input_at(op, WEIGHTS_PLACE) if op.name in CHANNEL_AXIS else None
