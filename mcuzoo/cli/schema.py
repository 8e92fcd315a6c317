"""`mcuzoo schema`: the JSON Schema of a document that --json prints."""

from __future__ import annotations

import sys
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.options import Argument

EXAMPLES: tuple[tuple[str, ...], ...] = (
    (),
    ("run",),
)


@takes()
def schema(
    name: Annotated[
        str | None, Argument("A document, such as run, or the value of its field `schema`.")
    ] = None,
) -> None:
    """Without a name, lists them. Any validator of JSON Schema (2020-12) takes what is printed."""
    from mcuzoo.report.schemas import known_schemas, schema_text

    if name is None:
        print("\n".join(known_schemas()))
    else:
        sys.stdout.write(schema_text(name))
