"""Models for a universal firmware: one sound model of every operator, what can be wrong with each,
and sound models with something changed at random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
from helpers.tflite_file import O, T, build_model

HALF = 0.05
"""Scale of most activations."""


@dataclass(frozen=True)
class Spec:
    """A graph as the builder takes it, with one input and one output."""

    tensors: tuple[T, ...]
    ops: tuple[O, ...]
    input: int = 0
    output: int = 1

    @property
    def raw(self) -> bytes:
        return build_model(self.tensors, self.ops, [self.input], [self.output])

    def tensor(self, index: int, **changes: Any) -> Spec:
        tensors = list(self.tensors)
        tensors[index] = replace(tensors[index], **changes)
        return replace(self, tensors=tuple(tensors))

    def op(self, index: int = 0, **changes: Any) -> Spec:
        ops = list(self.ops)
        ops[index] = replace(ops[index], **changes)
        return replace(self, ops=tuple(ops))

    def option(self, **changes: Any) -> Spec:
        return self.op(0, options={**self.ops[0].options, **changes})

    def data(self, index: int, values: Any) -> Spec:
        data = np.array(values, self.tensors[index].dtype)
        return self.tensor(index, shape=data.shape, data=data)


def _int32(name: str, values: Any) -> T:
    data = np.array(values, np.int32)
    return T(name, data.shape, "int32", data=data)


def _weights(shape: tuple[int, ...], scale: Any = 0.01, axis: int = 0) -> T:
    data = np.random.default_rng(1).integers(-127, 128, shape, dtype=np.int8)
    return T("weights", shape, scale=scale, axis=axis, data=data)


def _one(op: O, source: T, target: T, *more: T) -> Spec:
    return Spec((source, target, *more), (op,))


def _act(shape: Sequence[int], scale: float = HALF, zero_point: int = 0) -> T:
    return T("values", tuple(shape), scale=scale, zero_point=zero_point)


WINDOW: dict[str, Any] = {
    "padding": "SAME",
    "stride_w": 1,
    "stride_h": 1,
    "fused_activation_function": "RELU",
}
_SLIDE = {**WINDOW, "dilation_w_factor": 1, "dilation_h_factor": 1}
_POOL: dict[str, Any] = {
    **WINDOW, "padding": "VALID", "stride_w": 2, "stride_h": 2, "filter_width": 2,
    "filter_height": 2,
}  # fmt: skip
_NONE = {"fused_activation_function": "NONE"}
_IMAGE = (1, 4, 4, 2)
_OTHER = replace(_act((4, 1)), data=np.array([[3], [-3], [5], [7]], np.int8))
_ALIKE = replace(_OTHER, shape=(1, 4, 4, 2), data=np.arange(32, dtype=np.int8).reshape(_IMAGE))


def _binary(name: str, options: dict[str, Any] | None = None) -> Spec:
    return _one(O(name, (0, 2), (1,), options or {}), _act(_IMAGE), _act(_IMAGE), _OTHER)


def _alone(
    name: str, shape: Sequence[int] = _IMAGE, target: T | None = None, **options: Any
) -> Spec:
    return _one(O(name, (0,), (1,), options), _act(shape), target or _act(shape))


def _shaped(name: str, target: Sequence[int], *values: Any, **options: Any) -> Spec:
    inputs = (0, *range(2, 2 + len(values)))
    more = (_int32("constant", value) for value in values)
    return _one(O(name, inputs, (1,), options), _act(_IMAGE), _act(target), *more)


SOUND: dict[str, Spec] = {
    "ABS": _alone("ABS", target=_act(_IMAGE, 0.03, -128)),
    "ADD": _binary("ADD", _NONE),
    "AVERAGE_POOL_2D": _alone("AVERAGE_POOL_2D", target=_act((1, 2, 2, 2)), **_POOL),
    "CONCATENATION": _one(
        O("CONCATENATION", (0, 2), (1,), {"axis": 3, **_NONE}),
        _act(_IMAGE), _act((1, 4, 4, 4)), _ALIKE,
    ),
    "CONV_2D": _one(
        O("CONV_2D", (0, 2, 3), (1,), _SLIDE), _act(_IMAGE), _act((1, 4, 4, 3)),
        _weights((3, 3, 3, 2), [0.01, 0.02, 0.03]), _int32("bias", [1, 2, 3]),
    ),
    "DEPTHWISE_CONV_2D": _one(
        O("DEPTHWISE_CONV_2D", (0, 2, 3), (1,), {**_SLIDE, "depth_multiplier": 2}), _act(_IMAGE),
        _act((1, 4, 4, 4)), _weights((1, 3, 3, 4), [0.01, 0.02, 0.03, 0.04], 3),
        _int32("bias", [1, 2, 3, 4]),
    ),
    "ELU": _alone("ELU", target=_act(_IMAGE, 0.03, -90)),
    "FULLY_CONNECTED": _one(
        O("FULLY_CONNECTED", (0, 2, -1), (1,), _NONE), _act((2, 8)), _act((2, 5)), _weights((5, 8))
    ),
    "HARD_SWISH": _alone("HARD_SWISH"),
    "L2_NORMALIZATION": _alone(
        "L2_NORMALIZATION", target=_act(_IMAGE, 1 / 128), fused_activation_function="NONE"
    ),
    "LEAKY_RELU": _alone("LEAKY_RELU", alpha=0.2),
    "LOGISTIC": _alone("LOGISTIC", target=_act(_IMAGE, 1 / 256, -128)),
    "LOG_SOFTMAX": _alone("LOG_SOFTMAX", (2, 9), _act((2, 9), 1 / 16, 127)),
    "MAXIMUM": _binary("MAXIMUM"),
    "MAX_POOL_2D": _alone("MAX_POOL_2D", target=_act((1, 2, 2, 2)), **_POOL),
    "MEAN": _shaped("MEAN", (1, 1, 1, 2), [1, 2], keep_dims=True),
    "MINIMUM": _binary("MINIMUM"),
    "MUL": _binary("MUL", _NONE),
    "PAD": _shaped("PAD", (1, 5, 7, 2), [[0, 0], [1, 0], [1, 2], [0, 0]]),
    "PADV2": _one(
        O("PADV2", (0, 2, 3), (1,)), _act(_IMAGE), _act((1, 4, 4, 3)),
        _int32("paddings", [[0, 0], [0, 0], [0, 0], [1, 0]]),
        T("value", (1,), scale=HALF, data=np.array([7], np.int8)),
    ),
    "PRELU": _binary("PRELU"),
    "QUANTIZE": _alone("QUANTIZE", target=_act(_IMAGE, 0.07, 3)),
    "REDUCE_MAX": _shaped("REDUCE_MAX", (1, 4), [-1, 1], keep_dims=False),
    "REDUCE_MIN": _shaped("REDUCE_MIN", (1, 4, 4, 1), [3], keep_dims=True),
    "RELU": _alone("RELU", target=_act(_IMAGE, 0.03, -128)),
    "RELU6": _alone("RELU6"),
    "RESHAPE": _shaped("RESHAPE", (1, 32), [1, 32]),
    "RESIZE_BILINEAR": _shaped("RESIZE_BILINEAR", (1, 7, 3, 2), [7, 3], half_pixel_centers=True),
    "RESIZE_NEAREST_NEIGHBOR": _shaped("RESIZE_NEAREST_NEIGHBOR", (1, 8, 3, 2), [8, 3]),
    "RSQRT": _one(O("RSQRT", (0,), (1,)), _act(_IMAGE, HALF, -128), _act(_IMAGE)),
    "SOFTMAX": _alone("SOFTMAX", (2, 9), _act((2, 9), 1 / 256, -128), beta=1.0),
    "SQUARED_DIFFERENCE": _binary("SQUARED_DIFFERENCE"),
    "STRIDED_SLICE": _shaped(
        "STRIDED_SLICE", (1, 2, 2), [0, 0, -1, 0], [1, 4, -4, 1], [1, 2, -2, 1], shrink_axis_mask=8,
    ),
    "SUB": _binary("SUB", _NONE),
    "SUM": _shaped("SUM", (1, 4, 4), [3], keep_dims=False),
    "TANH": _alone("TANH", target=_act(_IMAGE, 1 / 128)),
    "TRANSPOSE": _shaped("TRANSPOSE", (1, 2, 4, 4), [0, 3, 1, 2]),
}  # fmt: skip
"""By operator, for all that a universal firmware may have."""

_chain = Spec(
    (_act((1, 8)), _act((1, 8)), _act((1, 8))),
    (O("RELU", (0,), (2,)), O("RELU", (2,), (1,))),
)
_constant = replace(_act((1, 8)), data=np.arange(8, dtype=np.int8))
INFINITE, NAN = float("inf"), float("nan")


def _wrong() -> Iterator[tuple[str, Spec, str]]:
    """A name, what is wrong, and what the board says of it."""
    never = "has been written"
    yield "constant output", replace(_chain, tensors=(*_chain.tensors[:2], _constant)), never
    yield "input as output", _chain.op(1, outputs=(0,)), never
    yield "written twice", _chain.op(1, outputs=(2,)), never
    yield "written twice by one", _chain.op(1, outputs=(1, 1)), "more than one output"
    yield "read before written", replace(_chain, ops=_chain.ops[::-1]), "nobody has written"
    yield "read and never written", _chain.op(0, outputs=(1,)).op(1, outputs=(1,)), "nobody has"
    yield "its own input", _chain.op(1, inputs=(1,)), "nobody has written"
    yield "constant input", _chain.tensor(0, data=_constant.data), never
    yield "input is the output", replace(_chain, output=0), "no operator's"
    yield "output is nobody's", _chain.op(1, outputs=(2,)).op(0, outputs=(1,)), "nobody has"
    for scale in (0.0, -HALF, INFINITE, -INFINITE, NAN, 1e-30, 1e30):
        for place in (0, 1):
            yield (
                f"scale {scale} {place}",
                SOUND["RELU"].tensor(place, scale=scale),
                "scale or zero",
            )
    for zero in (-129, 128, 1 << 31, 1 << 32, -(1 << 40)):
        yield f"zero point {zero}", SOUND["RELU"].tensor(1, zero_point=zero), "scale or zero"
    yield "no scale", SOUND["RELU"].tensor(0, scale=None), "one scale"
    yield "two scales", SOUND["RELU"].tensor(1, scale=[0.1, 0.1], axis=3), "one scale"
    yield "empty", SOUND["RELU"].tensor(0, shape=(0, 4)).tensor(1, shape=(0, 4)), "empty"
    for name, spec in SOUND.items():
        rest = spec.ops[0].inputs[1:]
        yield f"{name} without inputs", spec.op(inputs=()), "no operands"
        yield f"{name} without its input", spec.op(inputs=(-1, *rest)), "has -1 for an input"
        yield f"{name} with too many", spec.op(inputs=(0,) * 11), "too many|out of|not|other"
        yield f"{name} with two outputs", spec.op(outputs=(1, 1)), "more than one output"
        yield f"{name} of int32", spec.tensor(1, dtype="int32"), "not int8 with one"
        if len(rest) > 0 and name not in ("CONCATENATION", "RESHAPE"):
            yield f"{name} with one input", spec.op(inputs=(0,)), "too few"
        if name not in ("FULLY_CONNECTED", "RESHAPE", "CONCATENATION") and len(rest) > 0:
            yield (
                f"{name} with one left out",
                spec.op(inputs=(0, *rest[:-1], -1)),
                ("" if name == "CONV_2D" else "has -1 for an input"),
            )
        if spec.tensors[1].shape != spec.tensors[0].shape or len(rest) == 0:
            bigger = tuple(size + 1 for size in spec.tensors[1].shape)
            yield f"{name} with a larger output", spec.tensor(1, shape=bigger), "output|size"
        for index in rest[:2]:
            if index > 0 and spec.tensors[index].dtype == "int32" and name != "RESHAPE":
                yield (
                    f"{name} constant {index} missing",
                    spec.tensor(index, data=None),
                    ("constant|nobody"),
                )
    yield from _wrong_windows()
    yield from _wrong_values()


def _wrong_windows() -> Iterator[tuple[str, Spec, str]]:
    window = "window, stride or padding"
    for name in ("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D"):
        spec = SOUND[name]
        for option in ("stride_w", "stride_h"):
            for value in (0, -1, 3, 1 << 30, -(1 << 31)):
                yield f"{name} {option} {value}", spec.option(**{option: value}), window
        taps = ("filter_width", "filter_height") if "POOL" in name else (
            "dilation_w_factor", "dilation_h_factor")  # fmt: skip
        for option in taps:
            for value in (0, -1, 1 << 30, -(1 << 31)):
                yield f"{name} {option} {value}", spec.option(**{option: value}), window
        yield f"{name} tanh", spec.option(fused_activation_function="TANH"), "fused activation"
        batch = spec.tensor(1, shape=(2, *spec.tensors[1].shape[1:]))
        yield f"{name} batch", batch, "batch of images"
        yield f"{name} flat", spec.tensor(0, shape=(1, 32)), "batch of images"
    pool = SOUND["AVERAGE_POOL_2D"]
    yield "pool too large", pool.option(filter_width=5, filter_height=5), window
    yield "pool channels", pool.tensor(1, shape=(1, 2, 2, 3)), "other channels"
    conv, depthwise, dense = (
        SOUND[name] for name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
    )
    yield "conv channels", conv.tensor(1, shape=(1, 4, 4, 4)), "weights that do not fit"
    yield "conv depth", conv.data(2, np.zeros((3, 3, 3, 3))), "weights that do not fit"
    yield "conv bias", conv.data(3, [1, 2]), "bias of another number"
    yield "conv scales", conv.tensor(2, scale=[0.1, 0.2]), "scale, or one per output channel"
    yield "conv axis", conv.tensor(2, axis=3), "scale, or one per output channel"
    yield "conv axis far", conv.tensor(2, axis=1 << 30), "scale, or one per output channel"
    yield "conv no scale", conv.tensor(2, scale=None), "scale, or one per output channel"
    yield "conv zero point", conv.tensor(2, zero_point=1), "zero point that kernels ignore"
    for scale in (-0.1, INFINITE, NAN, 1e30):
        yield f"conv scale {scale}", conv.tensor(2, scale=[0.1, scale, 0.1]), "impossible scale"
    tiny = conv.tensor(1, scale=1e-8).tensor(0, scale=1e3).tensor(2, scale=1e3)
    yield "conv factor", tiny, "too far apart"
    yield "depth multiplier 0", depthwise.option(depth_multiplier=0), "weights that do not fit"
    yield "depth multiplier", depthwise.option(depth_multiplier=4), "weights that do not fit"
    yield "depthwise axis", depthwise.tensor(2, axis=0), "scale, or one per output channel"
    yield "depthwise batch", depthwise.data(2, np.zeros((2, 3, 3, 4))), "weights that do not fit"
    yield "dense depth", dense.data(2, np.zeros((5, 7))), "weights that do not fit"
    yield "dense rank", dense.data(2, np.zeros((5, 8, 1))), "weights that do not fit"
    yield "dense rows", dense.tensor(1, shape=(3, 5)), "weights that do not fit"
    yield "dense shuffled", dense.option(weights_format=1), "shuffled"


def _wrong_values() -> Iterator[tuple[str, Spec, str]]:
    softmax = SOUND["SOFTMAX"]
    for beta in (0.0, 1e-20, -1.0, NAN, INFINITE, -INFINITE, 3e38):
        yield f"beta {beta}", softmax.option(beta=beta), "beta or an input scale"
    yield "softmax scale", softmax.tensor(0, scale=1e-8).option(beta=1e-1), "beta or an input"
    long = softmax.tensor(0, shape=(1, 4096)).tensor(1, shape=(1, 4096))
    yield "softmax long", long, "longer than 4095"
    for name in ("ADD", "SUB"):
        spec = SOUND[name]
        yield f"{name} output scale", spec.tensor(1, scale=2e-8), "too small for its inputs"
        yield f"{name} input scale", spec.tensor(2, scale=1e6), "too small for its inputs"
        yield f"{name} constant scale", spec.tensor(0, scale=2e4).tensor(1, scale=0.03), "too small"
    for name in ("ADD", "SUB", "MUL", "PRELU", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"):
        spec = SOUND[name]
        for shape in ((3, 1), (5, 1, 4, 1, 1), (1, 1, 1, 1, 2), (2, 4, 1)):
            yield f"{name} {shape}", spec.data(2, np.zeros(shape)), "broadcast"
        yield f"{name} output", spec.tensor(1, shape=(1, 4, 4, 1)), "broadcast"
    for name in ("MAXIMUM", "MINIMUM"):
        spec = SOUND[name]
        yield f"{name} scale", spec.tensor(1, scale=0.1), "does not convert"
        yield f"{name} column", spec.data(2, np.zeros((4, 1, 1))), "misreads"
    for name in (
        *("MUL", "PRELU", "RELU", "QUANTIZE", "LEAKY_RELU", "MEAN", "SUM", "ABS", "ELU"),
        "SQUARED_DIFFERENCE",
    ):
        spec = SOUND[name].tensor(0, scale=1e6).tensor(1, scale=1e-8)
        yield f"{name} factor", spec, "too far apart"
    for alpha in (1e12, -1e12, NAN, INFINITE, -INFINITE):
        yield f"alpha {alpha}", SOUND["LEAKY_RELU"].option(alpha=alpha), "too far apart"
    for scale in (1e-6, 1e5):
        yield f"swish {scale}", SOUND["HARD_SWISH"].tensor(0, scale=scale), "16-bit"
    yield "swish output", SOUND["HARD_SWISH"].tensor(1, scale=1e-5), "16-bit"
    for name in ("LOGISTIC", "TANH", "LOG_SOFTMAX", "L2_NORMALIZATION"):
        yield f"{name} scale", SOUND[name].tensor(1, scale=0.5), "takes it to be"
        yield f"{name} zero", SOUND[name].tensor(1, zero_point=1), "takes it to be"
    for name in ("RELU6", "PAD", "RESHAPE", "STRIDED_SLICE", "TRANSPOSE", "RESIZE_BILINEAR",
                 "RESIZE_NEAREST_NEIGHBOR"):  # fmt: skip
        yield f"{name} scale", SOUND[name].tensor(1, scale=0.1), "does not convert"
    normal, logs = SOUND["L2_NORMALIZATION"], SOUND["LOG_SOFTMAX"]
    yield "normalized and fused", normal.option(fused_activation_function="RELU"), "fused activ"
    for sizes in ((), (1, 1, 4, 4, 2)):
        spec = normal.tensor(0, shape=sizes).tensor(1, shape=sizes)
        yield f"normalized {sizes}", spec, "no dimension, or more than 4"
    long = normal.tensor(0, shape=(1, 33026)).tensor(1, shape=(1, 33026))
    yield "normalized long", long, "longer than 33025"
    long = logs.tensor(0, shape=(1, 4096)).tensor(1, shape=(1, 4096))
    yield "logarithms long", long, "longer than 4095"
    yield "logarithms scale", logs.tensor(0, scale=1.4e-8), "input scale that is too small"
    roots = SOUND["RSQRT"]
    yield "root of negatives", roots.tensor(0, zero_point=-127), "may be negative"
    yield "root scales", roots.tensor(0, scale=1e8).tensor(1, scale=1e8), "too far apart"
    for name in ("REDUCE_MAX", "REDUCE_MIN"):
        spec = SOUND[name]
        yield f"{name} scale", spec.tensor(1, scale=0.0500001), "does not convert"
        yield f"{name} zero point", spec.tensor(1, zero_point=1), "does not convert"
        yield f"{name} axes", spec.data(2, [4]), "an axis that its input has not got"
    mean = SOUND["MEAN"]
    for axes in ([4], [-5], [1 << 30], [-(1 << 31)], [1, 2, 7]):
        yield f"axes {axes}", mean.data(2, axes), "an axis that its input has not got"
    yield "mean axes", mean.data(2, [1]), "than its axes leave"
    yield "mean keeps", mean.option(keep_dims=False), "than its axes leave"
    yield "mean many", mean.data(2, [1] * 9), "8 axes"
    pad = SOUND["PAD"]
    for pairs in ([[0, 0], [1, 0], [1, 2], [0, 1]], [[0, 0], [2, -1], [1, 2], [0, 0]], [[0, 0]],
                  [[0, 0], [1, 0], [1 << 31 - 1, 1 << 30], [0, 0]]):  # fmt: skip
        yield f"paddings {pairs}", pad.data(2, pairs), "paddings that do not give"
    yield "pad values", SOUND["PADV2"].data(3, [1, 2]), "more than one value"
    join = SOUND["CONCATENATION"]
    for axis in (4, -5, 0, 1 << 30, -(1 << 31)):
        yield f"joined along {axis}", join.option(axis=axis), "add up"
    yield "joined too much", join.op(inputs=(0, 2, 2)), "add up"
    yield "joined tanh", join.option(fused_activation_function="RELU"), "fused activation"
    yield "reshape", SOUND["RESHAPE"].tensor(1, shape=(1, 31)), "another size"
    for name in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"):
        for size in ([7, 0], [-7, 3], [7, 4], [7], [7, 3, 1], [[7, 3]], [1 << 30, 3]):
            yield f"{name} {size}", SOUND[name].data(2, size), "not its output's"
    enlarged = SOUND["RESIZE_BILINEAR"].data(2, [4000, 3])
    enlarged = enlarged.tensor(0, shape=(1, 10, 4, 2)).tensor(1, shape=(1, 4000, 3, 2))
    yield "resized beyond", enlarged.option(half_pixel_centers=False), "beyond its input"
    cut = SOUND["STRIDED_SLICE"]
    for strides in ([1, 2, 0, 1], [1, 2, 2, 1], [1, 1, -2, 1], [1, 2, -2, -1], [1, 2, -2]):
        yield f"strides {strides}", cut.data(4, strides), "bounds that do not"
    for begin in ([0, 0, -1, 2], [0, 4, -1, 0], [0, 0, -1, -3], [0, 0, 0, 0], [1 << 30, 0, -1, 0]):
        yield f"begin {begin}", cut.data(2, begin), "bounds that do not"
    for option in ("ellipsis_mask", "new_axis_mask", "offset"):
        yield f"slice {option}", cut.option(**{option: 1}), "TFLM ignores"
    turn = SOUND["TRANSPOSE"]
    for order in ([0, 3, 1, 1], [0, 3, 1, 4], [0, -1, 1, 2], [0, 3, 2, 1], [0, 1], [[0, 3, 1, 2]]):
        wrong = turn if order != [0, 3, 2, 1] else turn.tensor(0, shape=(1, 4, 3, 2))
        yield f"order {order}", wrong.data(2, order), "order of dimensions"
    flat = turn.tensor(0, shape=(4, 8)).tensor(1, shape=(4, 8)).data(2, [0, 1])
    yield "order [0, 1]", flat, "gets wrong"
    yield "dequantize", _alone("DEQUANTIZE"), "gives floats"


WRONG: tuple[tuple[str, Spec, str], ...] = tuple(case for case in _wrong() if case[2])
"""Each with what the board says of it, as a regular expression."""


def changed(random: Random) -> Spec:
    """A sound model of one or two operators with one to three things in it changed."""
    spec = random.choice([*SOUND.values(), _chain])
    for _ in range(random.randint(1, 3)):
        change = random.choice(_CHANGES)
        spec = change(random, spec)
    return spec


def _any_number(random: Random) -> int:
    return random.choice(
        [-(1 << 31), -5, -2, -1, 0, 1, 2, 3, 4, 5, 7, 8, 16, 127, 1000, (1 << 31) - 1]
    )


def _change_shape(random: Random, spec: Spec) -> Spec:
    index = random.randrange(len(spec.tensors))
    shape = list(spec.tensors[index].shape)
    for _ in range(random.randint(1, 2)):
        what = random.randrange(3)
        if what == 0 and shape:
            shape[random.randrange(len(shape))] = random.choice([0, 1, 2, 3, 4, 5, 7, 8, 16, 64])
        elif what == 1:
            shape.insert(random.randint(0, len(shape)), random.choice([1, 2]))
        elif shape:
            shape.pop(random.randrange(len(shape)))
    tensor = spec.tensors[index]
    if tensor.data is None:
        return spec.tensor(index, shape=tuple(shape))
    return spec.tensor(index, shape=tuple(shape), data=np.resize(tensor.data, shape))


def _change_scale(random: Random, spec: Spec) -> Spec:
    scales = [0.0, -1.0, NAN, INFINITE, 1e-30, 1e-8, 1e-6, 1e-3, 0.02, 1 / 256, 1 / 128, 0.5, 1.0,
              100.0, 1e5, 1e8, 1e30]  # fmt: skip
    index = random.randrange(len(spec.tensors))
    changes: dict[str, Any] = {"scale": random.choice(scales)}
    if random.random() < 0.3:
        changes = {"zero_point": random.choice([-129, -128, -5, 0, 1, 127, 128, 1 << 33])}
    if random.random() < 0.2:
        changes = {
            "scale": random.choices(scales[8:], k=random.randint(1, 5)),
            "axis": random.randint(-1, 4),
        }
    return spec.tensor(index, **changes)


def _change_index(random: Random, spec: Spec) -> Spec:
    place = random.randrange(len(spec.ops))
    op = spec.ops[place]
    which = random.choice(["inputs", "inputs", "outputs"])
    indices = list(getattr(op, which))
    what = random.randrange(3)
    if what == 0 and indices:
        indices[random.randrange(len(indices))] = random.randint(-1, len(spec.tensors) - 1)
    elif what == 1:
        indices.append(random.randint(-1, len(spec.tensors) - 1))
    elif indices:
        indices.pop()
    return spec.op(place, **{which: tuple(indices)})


def _change_constant(random: Random, spec: Spec) -> Spec:
    constants = [i for i, t in enumerate(spec.tensors) if t.data is not None and t.data.size > 0]
    if not constants:
        return spec
    index = random.choice(constants)
    data = np.array(spec.tensors[index].data)
    limits = np.iinfo(data.dtype)
    place = random.randrange(data.size)
    data.reshape(-1)[place] = min(max(_any_number(random), limits.min), limits.max)
    return spec.tensor(index, data=data)


def _change_option(random: Random, spec: Spec) -> Spec:
    place = random.randrange(len(spec.ops))
    options = dict(spec.ops[place].options)
    if not options:
        return spec
    name = random.choice(list(options))
    value: Any = _any_number(random)
    if name == "padding":
        value = random.choice(["SAME", "VALID"])
    elif name == "fused_activation_function":
        value = random.choice(["NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT"])
    elif name in ("beta", "alpha"):
        value = random.choice([0.0, -1.0, 1e-20, 1e-7, 0.5, 10.0, 1e20, NAN, INFINITE])
    elif isinstance(options[name], bool):
        value = not options[name]
    return spec.op(place, options={**options, name: value})


def _change_kind(random: Random, spec: Spec) -> Spec:
    """Another operator in its place, with its options."""
    other = random.choice([*SOUND.values()]).ops[0]
    return spec.op(0, name=other.name, options=other.options)


def _change_type(random: Random, spec: Spec) -> Spec:
    index = random.randrange(len(spec.tensors))
    tensor = spec.tensors[index]
    dtype = "int32" if tensor.dtype == "int8" else "int8"
    data = None if tensor.data is None else tensor.data.astype(dtype)
    return spec.tensor(index, dtype=dtype, data=data)


def _change_constness(random: Random, spec: Spec) -> Spec:
    index = random.randrange(len(spec.tensors))
    tensor = spec.tensors[index]
    if tensor.data is not None:
        return spec.tensor(index, data=None)
    return spec.tensor(index, data=np.zeros(tensor.shape, tensor.dtype))


_CHANGES: tuple[Callable[[Random, Spec], Spec], ...] = (
    _change_shape, _change_shape, _change_scale, _change_scale, _change_index, _change_constant,
    _change_option, _change_option, _change_kind, _change_type, _change_constness,
)  # fmt: skip
