"""A PAD that the kernel behind it does: the padding becomes that of its window, without a copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mcuzoo.graph.model import Tensor
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Activation, Overlap
from mcuzoo.lowering.direct import DirectWork
from mcuzoo.lowering.operands import extent
from mcuzoo.lowering.params import ExtentStruct, WindowStruct
from mcuzoo.lowering.variant import Work
from mcuzoo.ops.common.pooling import distance
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.max_pool_2d import MaxPool2dParams
from mcuzoo.ops.pad import PadParams, pads_of

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")


@dataclass(frozen=True)
class _Padding:
    """A PAD of an image: its input as the kernel behind it sees it, with the output's quantization;
    the pixels above and to the left; the value outside."""

    work: DirectWork
    image: Tensor
    top: int
    left: int
    value: int


def absorb_padding(program: Program, works: Sequence[Work]) -> list[Work]:
    """The works without those PADs whose one reader comes next and can pad by itself.

    A convolution's window reads the input's zero point outside of the image, so the PAD must have
    that value. A maximum pool's window is cut at the border: there the padding must be no larger
    than the least output. An average pool counts the padded pixels, so its PAD stays.
    """
    kept = list(works)
    for work, reader in pairwise(works):
        padding = _padding_of(program, work)
        if padding is not None and _readers(program, works, work) == [reader]:
            padded = _padded(program, reader, padding)
            if padded is not None:
                kept[kept.index(work) : kept.index(reader) + 1] = [padded]
    return kept


def _readers(program: Program, works: Sequence[Work], work: Work) -> list[Work | None]:
    """Who reads the output of `work`; None for the host."""
    made = work.outputs[0]
    host = [None] if made.buffer == program.output_buffer else []
    return [*host, *(one for one in works if made in one.inputs)]


def _padding_of(program: Program, work: Work) -> _Padding | None:
    """The padding of one image at its four sides; None for another work."""
    params = work.params if isinstance(work, DirectWork) else None
    if not isinstance(work, DirectWork) or not isinstance(params, PadParams):
        return None
    source, target = (
        program.model.tensor(index) for index in (work.op.inputs[0], work.op.outputs[0])
    )
    before, after = pads_of(program.model, work.op)
    others = (before[0], after[0], before[3], after[3])
    if len(source.shape) != 4 or any(others) or not isinstance(work.inputs[0], Activation):
        return None
    image = replace(source, quantization=target.quantization)
    return _Padding(work, image, before[1], before[2], params.value)


def _padded(program: Program, reader: Work, padding: _Padding) -> Work | None:
    """The reader with the PAD's input in the place of its output; None where it cannot pad so."""
    if reader.op.inputs[0] != padding.work.op.outputs[0]:
        return None
    if isinstance(reader, WeightedWork):
        return _padded_convolution(reader, padding)
    if isinstance(reader, DirectWork) and isinstance(reader.params, MaxPool2dParams):
        return _padded_pool(program, reader, reader.params, padding)
    return None


def _padded_convolution(reader: WeightedWork, padding: _Padding) -> Work | None:
    if reader.op.name not in _CONVOLUTIONS:
        return None
    if padding.value != quantization_of(reader.source).zero_point:
        return None
    view = _moved(reader.view, padding)
    if not _meets_image(view, extent(padding.image), extent(reader.target)):
        return None
    return replace(
        reader,
        source=padding.image,
        inputs=padding.work.inputs,
        before=(padding.work.op,),
        padded_view=view,
    )


def _padded_pool(
    program: Program, reader: DirectWork, params: MaxPool2dParams, padding: _Padding
) -> Work | None:
    view, target = _moved(params.window, padding), program.model.tensor(reader.op.outputs[0])
    if padding.value > params.minimum or not _meets_image(
        view, extent(padding.image), extent(target)
    ):
        return None
    return replace(
        reader,
        inputs=padding.work.inputs,
        before=(padding.work.op,),
        params=replace(params, input=extent(padding.image), window=view),
        overlaps=(Overlap(distance(padding.image, target, view)),),
    )


def _moved(view: WindowStruct, padding: _Padding) -> WindowStruct:
    top, left = view.pad_top + padding.top, view.pad_left + padding.left
    return replace(view, pad_top=top, pad_left=left)


def _meets_image(view: WindowStruct, image: ExtentStruct, output: ExtentStruct) -> bool:
    """Whether every window reaches into the image; kernels count on it."""
    axes = (
        (view.height, view.dilation_h, view.stride_h, view.pad_top, image.height, output.height),
        (view.width, view.dilation_w, view.stride_w, view.pad_left, image.width, output.width),
    )
    return all(
        pad < (taps - 1) * dilation + 1 and (windows - 1) * stride - pad < size
        for taps, dilation, stride, pad, size, windows in axes
    )
