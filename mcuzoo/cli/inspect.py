"""`mcuzoo inspect`: what is in a model and which runtime runs it."""

from __future__ import annotations

import sys
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.options import Argument, Option

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("signs",),
    ("model.tflite", "--json"),
)


@takes()
def inspect(
    model: Annotated[str, Argument("A name of the zoo or the path of a .tflite file.")],
    json_output: Annotated[bool, Option("Print JSON on stdout.", "--json")] = False,
) -> None:
    from mcuzoo.cli.output import print_json, tell, width
    from mcuzoo.graph.read import load_model
    from mcuzoo.ops.inspect import inspect_model
    from mcuzoo.report.inspection import inspection_text
    from mcuzoo.zoo.registry import resolve_model

    source = resolve_model(model)
    if source.note:
        tell(f"note: {source.note}")
    inspection = inspect_model(load_model(source.path))
    if json_output:
        print_json("inspect", inspection.as_dict())
    else:
        sys.stdout.write(inspection_text(inspection, width()))
