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
from mcuzoo.lowering.params import CStruct, Value, pieces
from mcuzoo.lowering.rows import RowChain

_KINDS = ("stride", "exact", "alike")
"""Parameters by which a kernel goes through other loops."""

_GROUP = 4
"""Columns that kernels take together."""


@dataclass(frozen=True)
class Work:
    """The work of one call of a kernel.

    kind: the kernel, and the loops that it goes through. amounts: by quantity: "calls" of the
    kernel, "macs", "inputs" and "outputs" (elements), "rows" (of the output, times its channels),
    "grouped" (outputs, columns rounded up to whole groups), "taps" (outputs times the window),
    "clamped" (outputs that are clamped once more), and for each constant of the parameters
    "passes NAME", "lanes NAME" (passes times output channels) and "words NAME" (words that are
    read).
    """

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
    shape = program.model.tensor(call.op.outputs[0]).shape or (1,)
    outputs = _outputs(call, shape)
    height, width = shape[-3:-1] if len(shape) > 2 else (1, 1)
    channels = shape[-1]
    amounts: dict[str, float] = {
        "calls": times,
        "macs": sum(count_macs(program.model, op) for op in call.ops),
        "inputs": _inputs(program, call),
        "outputs": outputs,
        "rows": height * channels,
        "grouped": height * pieces(width, _GROUP) * _GROUP * channels,
        "taps": outputs * prod(_windows(fields)),
        "clamped": outputs if _clamps(fields) else 0,
    }
    constants = {path: value for path, value in fields.items() if isinstance(value, Constant)}
    for operand in call.inputs:
        if isinstance(operand, Constant):
            constants["operand"] = operand
    for path, constant in constants.items():
        passes, name = call.params.passes(constant), path.rpartition(".")[2]
        amounts[f"passes {name}"] = passes
        amounts[f"lanes {name}"] = passes * channels
        amounts[f"words {name}"] = passes * constant.bytes / 4
    return Work(", ".join(kind), amounts)


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
    sizes = getattr(call.params, "sizes", None)
    return prod(sizes) if sizes is not None else prod(shape)


def _inputs(program: Program, call: Call) -> int:
    return sum(
        program.buffers[operand.buffer].bytes
        for operand in call.inputs
        if isinstance(operand, Activation)
    )


def _windows(fields: dict[str, Value]) -> Iterator[int]:
    """Pixels of a window along each axis, if there is one."""
    for path, value in fields.items():
        if path in ("window.height", "window.width") and isinstance(value, int):
            yield value


def _clamps(fields: dict[str, Value]) -> bool:
    """Whether outputs are clamped to less than all int8 values."""
    least = [value for path, value in fields.items() if _ends(path, "minimum")]
    most = [value for path, value in fields.items() if _ends(path, "maximum")]
    moved = [value for path, value in fields.items() if path == "zero_point"]
    return any(value != -128 for value in (*least, *moved)) or any(value != 127 for value in most)
