"""A model's ops, shapes and runtimes as text."""

from __future__ import annotations

from collections.abc import Iterator

from mcuzoo.ops.inspect import Inspection, OpFacts, TensorFacts
from mcuzoo.quoting import printable
from mcuzoo.tables import Column, table_text


def inspection_text(inspection: Inspection, width: int) -> str:
    """The model's inputs and outputs, a row per op, and the runtimes that run it."""
    return "\n".join(_parts(inspection, width)) + "\n"


def _parts(inspection: Inspection, width: int) -> Iterator[str]:
    yield (
        f"{inspection.name}: {inspection.bytes:,} bytes, {inspection.macs:,} MACs, "
        f"{inspection.params:,} parameters, {inspection.constant_bytes:,} bytes of constants\n"
        f"sha256 {inspection.sha256}"
    )
    for role, tensors in (("input", inspection.inputs), ("output", inspection.outputs)):
        for tensor in tensors:
            yield f"{role}: {_tensor_line(tensor)}"
    yield _ops(inspection, width).rstrip("\n")
    for runtime in inspection.runtimes:
        verdict = "runs it" if runtime.runs else f"does not run it: {_printable(runtime.reason)}"
        yield f"{runtime.runtime} {verdict}"
    absent = sum(not op.computed for op in inspection.ops)
    if absent:
        yield (
            f"-: not on the board, {absent} op{'s' if absent > 1 else ''}: the host converts, or "
            "the values are known"
        )
    for op in inspection.ops:
        for runtime_name, reason in (("aot", op.aot), ("tflm", op.tflm)):
            if reason is not None:
                yield f"  op {op.index} {op.name}, {runtime_name}: {_printable(reason)}"


def _ops(inspection: Inspection, width: int) -> str:
    columns = (
        Column("#", right=True),
        Column("op"),
        Column("output"),
        Column("type", rank=2),
        Column("window", rank=1),
        Column("activation", rank=1),
        Column("scales", right=True, rank=2),
        Column("MACs", right=True),
        Column("params", right=True),
        Column("bytes", right=True, rank=1),
        Column("aot"),
        Column("tflm"),
    )
    rows = [
        (
            str(op.index),
            _printable(op.name),
            "x".join(str(size) for size in op.output_shape),
            op.output_dtype,
            _window(op),
            _activation(op),
            str(op.weight_scales or ""),
            f"{op.macs:,}" if op.macs else "",
            f"{op.params:,}" if op.params else "",
            f"{op.output_bytes:,}",
            _runs(op, op.aot),
            _runs(op, op.tflm),
        )
        for op in inspection.ops
    ]
    return table_text(columns, rows, width)


def _runs(op: OpFacts, reason: str | None) -> str:
    if reason is not None:
        return "no"
    return "yes" if op.computed else "-"


def _window(op: OpFacts) -> str:
    """The window with stride and padding, such as "3x3/2 SAME", if the op has one."""
    options = op.options
    if "stride_h" not in options:
        return ""
    if "filter_height" in options:
        size = [options["filter_height"], options["filter_width"]]
    else:
        size = list(op.input_shapes[1][1:3]) if len(op.input_shapes) > 1 else []
    return f"{'x'.join(str(side) for side in size)}/{options['stride_h']} {options['padding']}"


def _activation(op: OpFacts) -> str:
    activation = str(op.options.get("fused_activation_function", "NONE"))
    return "" if activation == "NONE" else activation


def _tensor_line(tensor: TensorFacts) -> str:
    shape = "x".join(str(size) for size in tensor.shape)
    line = f"{_printable(tensor.name)} {tensor.dtype} {shape}"
    if len(tensor.scales) == 1:
        line += f", scale {tensor.scales[0]:.8g}, zero point {tensor.zero_points[0]}"
    return line


def _printable(text: str | None) -> str:
    """Names come from the file: nothing in them may steer the terminal."""
    return printable(text or "")
