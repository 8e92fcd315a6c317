"""`mcuzoo inspect`: what is in a model and which runtime runs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.options import Argument, Option

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("signs",),
    ("model.tflite", "--json"),
    ("model_vela.tflite",),
)


@takes()
def inspect(
    model: Annotated[str, Argument("A name of the zoo or the path of a .tflite file.")],
    json_output: Annotated[bool, Option("Print JSON on stdout.", "--json")] = False,
) -> None:
    """Of a file that Vela compiled: its operations for the NPU, and what is left to the CPU."""
    from mcuzoo.cli.output import print_json, tell, width
    from mcuzoo.graph.read import load_model
    from mcuzoo.npu.inspect import is_vela_file
    from mcuzoo.ops.inspect import inspect_model
    from mcuzoo.report.inspection import inspection_text
    from mcuzoo.zoo.registry import resolve_model

    path = Path(model).expanduser()
    if is_vela_file(path):
        _inspect_vela(path, json_output)
        return
    source = resolve_model(model)
    if source.note:
        tell(f"note: {source.note}")
    inspection = inspect_model(load_model(source.path))
    if json_output:
        print_json("inspect", inspection.as_dict())
    else:
        sys.stdout.write(inspection_text(inspection, width()))


def _inspect_vela(path: Path, as_json: bool) -> None:
    from mcuzoo.cli.output import print_json, width
    from mcuzoo.npu.file import read_vela
    from mcuzoo.npu.inspect import inspect_vela
    from mcuzoo.report.inspection_vela import vela_inspection_text

    inspection = inspect_vela(read_vela(path))
    if as_json:
        print_json("inspect-vela", inspection.as_dict())
    else:
        sys.stdout.write(vela_inspection_text(inspection, width()))
