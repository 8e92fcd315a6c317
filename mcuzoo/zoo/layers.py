"""The layers of a network as a registry file writes them, one text per layer.

    conv 32 3x3/2 same relu6       channels, window/stride, padding, activation if any
    conv classes 1x1 same          as many channels as the model has labels
    depthwise 3x3/2 same relu6
    max_pool 5x5/2 valid           average_pool 3x3/2 valid; average_pool all: the whole image
    flatten
    dense 1024 relu                dense classes
    softmax
    pad 0 1 0 1                    zeros at top, bottom, left, right
    squeeze 8                      squeeze and excitation: the means of the channels through two
                                   1x1 convolutions, 8 channels and ReLU between them, and a sigmoid
                                   scale the channels
    norm relu                      a batch normalization that no layer before it takes in: a factor
                                   and a summand per channel
    keep                           put the tensor on a stack, and go on with it
    swap                           exchange it with the one on top of the stack
    add relu                       take one from the stack and add it
    join 4                         take three from the stack and put it behind their channels

A stride of 1 may be left out. Numbers of channels are those of width 1. A residual block is "keep",
its layers, "add"; with a projection it is "keep", its layers, "swap", the projection, "add".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "conv", "depthwise", "max_pool", "average_pool", "flatten", "dense", "softmax",
    "pad", "squeeze", "norm", "keep", "swap", "add", "join",
]  # fmt: skip

_SIZE = r"(?P<height>\d{1,3})x(?P<width>\d{1,3})(?:/(?P<stride>\d{1,2}))?"
_CHANNELS = r"(?P<channels>\d{1,5}|classes)"
_PADDING = r"(?P<padding>same|valid)"
_ACTIVATION = r"(?: (?P<activation>relu6|relu))?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?P<kind>conv) {_CHANNELS} {_SIZE} {_PADDING}{_ACTIVATION}",
        rf"(?P<kind>depthwise) {_SIZE} {_PADDING}{_ACTIVATION}",
        rf"(?P<kind>max_pool|average_pool) {_SIZE} {_PADDING}",
        r"(?P<kind>average_pool) all",
        rf"(?P<kind>dense) {_CHANNELS}{_ACTIVATION}",
        r"(?P<kind>squeeze) (?P<channels>\d{1,5})",
        r"(?P<kind>pad) (?P<pads>\d \d \d \d)",
        r"(?P<kind>join) (?P<channels>[2-9])",
        rf"(?P<kind>add|norm){_ACTIVATION}",
        r"(?P<kind>flatten|softmax|keep|swap)",
    )
)


@dataclass(frozen=True)
class Layer:
    """channels: 0 stands for the number of classes. height 0: the window is the whole image.

    pads: zeros at top, bottom, left and right. For "join", channels is the number of tensors.
    width: of the window. stride: in both directions. padding: "SAME" or "VALID". activation:
    "NONE", "RELU" or "RELU6".
    """

    kind: Kind
    channels: int = 0
    height: int = 0
    width: int = 0
    stride: int = 1
    padding: str = "VALID"
    activation: str = "NONE"
    pads: tuple[int, ...] = ()


def parse_layer(text: str) -> Layer:
    """One layer. Raises ValueError for a text that is none."""
    match = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if match is None:
        raise ValueError(f"{text!r} is no layer; docs/models.md lists their forms")
    said = {name: value for name, value in match.groupdict().items() if value is not None}
    channels = said.get("channels", "classes")
    layer = Layer(
        kind=said["kind"],  # type: ignore[arg-type]
        channels=0 if channels == "classes" else int(channels),
        height=int(said.get("height", 0)),
        width=int(said.get("width", 0)),
        stride=int(said.get("stride", 1)),
        padding=said.get("padding", "valid").upper(),
        activation=said.get("activation", "none").upper(),
        pads=tuple(int(pad) for pad in said.get("pads", "").split()),
    )
    zero_window = "height" in said and 0 in (layer.height, layer.width)
    if channels == "0" or zero_window or layer.stride == 0:
        raise ValueError(f"{text!r} has a size of 0")
    return layer
