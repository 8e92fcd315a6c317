"""mcuzoo models: the zoo's table, published beside measured."""

from __future__ import annotations

import sys
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.cli.progress import step
from mcuzoo.options import Argument, Option

EXAMPLES: tuple[tuple[str, ...], ...] = (
    (),
    ("mobilenet_v1_0.25_128",),
)


@takes()
def models(
    model: Annotated[
        str | None, Argument("One model in full: files, licences, sources [all].")
    ] = None,
    json_output: Annotated[bool, Option("Print JSON.", "--json")] = False,
) -> None:
    from mcuzoo.cli.output import print_json, width
    from mcuzoo.plan.zoo_table import zoo_table
    from mcuzoo.report.zoo import model_card, zoo_document, zoo_text

    with step("planning what fits, which is remembered: models") as update:
        table = zoo_table(model, update)
    if json_output:
        print_json("models", zoo_document(table))
    elif model is None:
        sys.stdout.write(zoo_text(table, width()))
    else:
        print(model_card(table.rows[0]))
