"""`mcuzoo inspect`: what is in a model and which runtime runs it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mcuzoo.ops.inspect import Inspection, OpFacts, TensorFacts

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("signs",),
    ("model.tflite", "--json"),
)


def inspect(
    model: Annotated[str, typer.Argument(help="A name of the zoo or the path of a .tflite file.")],
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Show a model's ops, shapes, quantization, MACs, parameters and runtimes."""
    import json

    from mcuzoo.graph.read import load_model
    from mcuzoo.ops.inspect import inspect_model
    from mcuzoo.zoo.registry import resolve_model

    source = resolve_model(model)
    if source.note:
        print(f"note: {source.note}", file=sys.stderr)
    inspection = inspect_model(load_model(source.path))
    if json_output:
        print(json.dumps(inspection.as_dict(), indent=2))
    else:
        _print_tables(inspection)


def _print_tables(inspection: Inspection) -> None:
    print(
        f"{inspection.name}: {inspection.bytes:,} bytes, {inspection.macs:,} MACs, "
        f"{inspection.params:,} parameters, {inspection.constant_bytes:,} bytes of constants\n"
        f"sha256 {inspection.sha256}"
    )
    for role, tensors in (("input", inspection.inputs), ("output", inspection.outputs)):
        for tensor in tensors:
            print(f"{role}: {_tensor_line(tensor)}")
    _print_ops(inspection)
    for runtime in inspection.runtimes:
        verdict = "runs it" if runtime.runs else f"does not run it: {_printable(runtime.reason)}"
        print(f"{runtime.runtime} {verdict}")
    for op in inspection.ops:
        for runtime_name, reason in (("aot", op.aot), ("tflm", op.tflm)):
            if reason is not None:
                print(f"  op {op.index} {op.name}, {runtime_name}: {_printable(reason)}")


def _print_ops(inspection: Inspection) -> None:
    from mcuzoo.cli.output import print_table
    from mcuzoo.tables import Column

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
            "yes" if op.aot is None else "no",
            "yes" if op.tflm is None else "no",
        )
        for op in inspection.ops
    ]
    print_table(columns, rows)


def _window(op: OpFacts) -> str:
    """As in "3x3/2 SAME": the window, its stride and padding, where the op has one."""
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
    return "".join(char if char.isprintable() else "?" for char in text or "")
