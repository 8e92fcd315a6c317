"""What a kernel call has to do, in quantities that are the same for all kernels.

From these the cycles are predicted: mcuzoo/plan/cycles/predict.toml has what each quantity costs in
each kind of call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from mcuzoo.graph.count import count_macs
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Activation, Call, Omitted
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import CStruct, KernelParams, Value, pieces
from mcuzoo.lowering.rows import RowChain
from mcuzoo.ops.common.copies import CopyParams
from mcuzoo.ops.common.picks import GatherParams
from mcuzoo.ops.common.pooling import MOST_POOLED, PoolParams
from mcuzoo.ops.kernels.depthwise_3x3_dsp import PLANES, Depthwise3x3DspParams
from mcuzoo.ops.kernels.pointwise_depthwise_dsp import PointwiseDepthwiseDspParams
from mcuzoo.ops.kernels.slices import extra_passes
from mcuzoo.ops.mean import MeanParams
from mcuzoo.ops.pad import PadParams
from mcuzoo.ops.reduce_max import ReduceMaxParams

_KINDS = ("stride", "exact", "alike")
"""Parameters by which a kernel goes through other loops."""

_GROUP = 4
"""Columns that kernels take together."""

_SHORT = 8
"""Bytes that a copy reads at once; longer runs go by words, and their last bytes one by one."""

_BLOCK = 16
"""Bytes that memcpy and memset take at once."""


@dataclass(frozen=True)
class Work:
    """The work of one call of a kernel.

    kernel: the C function. kind: that, and the loops that it goes through. amounts: by quantity:
    "calls" of the kernel, "macs", "inputs" and "outputs" (elements), "pixels" (of the output),
    "height" (of it), "rows" (height times channels), "grouped" (outputs, columns rounded up to
    whole groups), "blocks" (outputs, columns and channels rounded up), "taps" (outputs times the
    window), "pairs" (of these, two of a row at a time), "fours" and "openings" (groups of outputs
    of mz_depthwise_planes.c, and how often a channel begins with some), "clamped" (outputs that are
    clamped once more), "edges" (outputs whose window hangs over an edge, times the window),
    "gathered" (inputs of all windows), "lines" (of all windows), "columns" (values of pooled
    columns), "down" (of these, times their rows), "joined" (of these, across), "groups" (windows
    that share columns), "runs" (that a copy consists of), "tails" (bytes that go one by one), and
    for each constant of the parameters "passes NAME", "lanes NAME" (passes times output channels),
    "seams NAME" (passes times outputs of a row) and "words NAME" (words that are read). What is
    read is counted for each slice of the channels.
    """

    kernel: str
    kind: str
    amounts: dict[str, float]


def works_of(program: Program, call: Call) -> tuple[Work, ...]:
    """The work of `call`: none where there is nothing to do, several for a chain by rows."""
    if isinstance(call, Omitted):
        return ()
    if isinstance(call, RowChain):
        return tuple(
            _work(program, stage.call, pieces(stage.rows.output_rows, stage.band))
            for stage in call.stages
        )
    return (_work(program, call, 1),)


def _work(program: Program, call: Call, times: int) -> Work:
    fields = dict(_fields("", call.params))
    kind = [call.kernel]
    for name in _KINDS:
        found = [int(value) for path, value in fields.items() if _ends(path, name)]  # type: ignore[arg-type]
        kind += [f"{name} {value}" for value in found]
    if {"window.height", "depth"} <= set(fields) and _depth(fields) % _GROUP:
        kind.append("uneven")
    kind += _loops(call.params)
    shape = program.model.tensor(call.op.outputs[0]).shape or (1,)
    outputs = _outputs(call, shape)
    height, width = _size(fields, shape)
    channels, sweeps = shape[-1], 1 + extra_passes(call)
    amounts: dict[str, float] = {
        "calls": times,
        "macs": sum(count_macs(program.model, op) for op in call.ops),
        "inputs": sweeps * _inputs(program, call),
        "outputs": outputs,
        "pixels": outputs / channels,
        "height": height,
        "rows": height * channels,
        "grouped": height * pieces(width, _GROUP) * _GROUP * channels,
        "blocks": height * (pieces(width, _GROUP) * pieces(channels, _GROUP) * _GROUP**2),
        "taps": outputs * prod(_windows(fields)),
        "pairs": _pairs(outputs, fields),
        **_fours(call.params, channels),
        "clamped": outputs if _clamps(fields) else 0,
        "edges": sweeps * _edges(fields) * channels * prod(_windows(fields)),
        "gathered": sweeps * outputs / channels * prod(_windows(fields)) * _depth(fields),
        "lines": sweeps * outputs / channels * next(_windows(fields), 0),
        **_columns(call.params),
        **_copied(call.params),
    }
    constants = {path: value for path, value in fields.items() if isinstance(value, Constant)}
    for operand in call.inputs:
        if isinstance(operand, Constant):
            constants["operand"] = operand
    for path, constant in constants.items():
        passes, name = call.params.passes(constant), path.rpartition(".")[2]
        amounts[f"passes {name}"] = passes
        amounts[f"lanes {name}"] = passes * channels
        amounts[f"seams {name}"] = passes * channels * width
        amounts[f"words {name}"] = passes * constant.bytes / 4
    return Work(call.kernel, ", ".join(kind), amounts)


def _fields(path: str, value: Value) -> Iterator[tuple[str, Value]]:
    """Every number and constant of a struct, by its path."""
    if isinstance(value, CStruct):
        for name, field in value.items():
            yield from _fields(f"{path}.{name}" if path else name, field)
    elif not isinstance(value, tuple):
        yield path, value


def _ends(path: str, name: str) -> bool:
    return path.rpartition(".")[2] == name


def _outputs(call: Call, shape: tuple[int, ...]) -> int:
    """Of a call that copies a part, that part."""
    return prod(call.params.sizes) if isinstance(call.params, CopyParams) else prod(shape)


def _inputs(program: Program, call: Call) -> int:
    return sum(
        program.buffers[operand.buffer].bytes
        for operand in call.inputs
        if isinstance(operand, Activation)
    )


def _size(fields: dict[str, Value], shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of the output as the kernel sees it, which may take columns as rows."""
    height, width = shape[-3:-1] if len(shape) > 2 else (1, 1)
    if "output_width" in fields:
        height, width = 1, _number(fields, "output_width")
    elif "output.width" in fields:
        height, width = _number(fields, "output.height"), _number(fields, "output.width")
    return height, width


def _number(fields: dict[str, Value], name: str) -> int:
    value = fields.get(name, 0)
    assert isinstance(value, int)
    return value


def _windows(fields: dict[str, Value]) -> Iterator[int]:
    """Pixels of a window along each axis, if there is one."""
    if "taps" in fields:
        yield from (1, _number(fields, "taps"))
    elif "window.height" in fields:
        yield from (_number(fields, "window.height"), _number(fields, "window.width"))


def _pairs(outputs: int, fields: dict[str, Value]) -> int:
    """Of taps of a row of the window, in all outputs."""
    height, width = (*_windows(fields), 0, 0)[:2]
    return outputs * height * pieces(width, 2)


def _fours(params: KernelParams, channels: int) -> dict[str, float]:
    """Groups of outputs in planes, if there are some, and passes over them, of all channels."""
    if isinstance(params, PointwiseDepthwiseDspParams):
        params = params.depthwise
    elif isinstance(params, Depthwise3x3DspParams):
        channels = pieces(channels, PLANES) * PLANES
    if not isinstance(params, Depthwise3x3DspParams):
        return {}
    groups, passes = params.groups
    return {"fours": channels * groups, "openings": channels * passes}


def _depth(fields: dict[str, Value]) -> int:
    """Channels of the image that a window moves over."""
    depth = fields.get("input.channels")
    return depth if isinstance(depth, int) else 0


def _edges(fields: dict[str, Value]) -> int:
    """Output pixels whose window hangs over an edge of the image."""
    inside = []
    for size, extent, pad in (("height", "h", "top"), ("width", "w", "left")):
        names = (
            *(f"window.stride_{extent}", f"window.dilation_{extent}", f"window.pad_{pad}"),
            *(f"{name}.{size}" for name in ("window", "input", "output")),
        )
        found = [value for name in names if isinstance(value := fields.get(name), int)]
        if len(found) < len(names):
            return 0
        stride, dilation, before, taps, image, made = found
        begins = [at * stride - before for at in range(made)]
        reach = (taps - 1) * dilation
        inside.append((made, sum(begin >= 0 and begin + reach < image for begin in begins)))
    return prod(made for made, _ in inside) - prod(whole for _, whole in inside)


def _loops(params: KernelParams) -> list[str]:
    """Those that a kernel goes through, of several."""
    if isinstance(params, CopyParams | GatherParams):
        run = _run(params)
        return ["bytes" if run == 1 else "few" if run <= _SHORT else "runs"]
    if isinstance(params, PoolParams):
        return ["windows" if _windows_at_once(params) > 1 else "window"]
    if isinstance(params, MeanParams | ReduceMaxParams):
        kept, reduced = params.kept[1], params.reduced[1]
        if kept.stride == 1 and kept.size >= _GROUP:
            return ["fours"]
        return ["rows" if reduced.stride == 1 else "bytes"]
    return []


def _run(params: CopyParams | GatherParams) -> int:
    """Neighbouring bytes that are copied together."""
    if isinstance(params, GatherParams):
        return params.run
    together = (params.input_strides[-1], params.output_strides[-1]) == (1, 1)
    return params.sizes[-1] if together else 1


def _windows_at_once(params: PoolParams) -> int:
    """Windows of a row that share their columns, as in mz_pool.c."""
    fit = MOST_POOLED // params.kept_bytes // params.input.channels
    columns = min(fit, params.input.width + params.window.pad_left) - params.window.width
    many = columns // params.window.stride_w + 1 if columns > 0 else 1
    return min(many, params.output.width)


def _columns(params: KernelParams) -> dict[str, float]:
    if not isinstance(params, PoolParams):
        return {}
    made, window, channels = params.output, params.window, params.input.channels
    values = made.height * params.input.width * channels
    # With few channels, columns that begin no window are joined, too.
    few = window.stride_w == 1 or channels < _SHORT
    begins = values if few else made.height * made.width * channels
    single = made.height * made.width * window.height * window.width * (channels % _SHORT)
    return {
        "columns": values,
        "down": values * window.height,
        "joined": begins * (window.width - 1),
        "groups": made.height * pieces(made.width, _windows_at_once(params)),
        "tails": single,
    }


def _copied(params: KernelParams) -> dict[str, float]:
    if isinstance(params, CopyParams | GatherParams):
        run = _run(params)
        runs = prod(params.sizes) // (1 if isinstance(params, GatherParams) else run)
        return {"runs": runs, "tails": runs * (run % _GROUP) if run > _SHORT else 0}
    if isinstance(params, PadParams):
        runs = prod(params.sizes[:-1])
        parts = params.sizes[-1], params.before[-1] + params.after[-1]
        return {"runs": runs, "tails": runs * sum(part % _BLOCK for part in parts)}
    return {}


def _clamps(fields: dict[str, Value]) -> bool:
    """Whether outputs are clamped to less than all int8 values."""
    least = [value for path, value in fields.items() if _ends(path, "minimum")]
    most = [value for path, value in fields.items() if _ends(path, "maximum")]
    moved = [value for path, value in fields.items() if path == "zero_point"]
    return any(value != -128 for value in (*least, *moved)) or any(value != 127 for value in most)
