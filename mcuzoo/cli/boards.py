"""mcuzoo boards: what boards there are and what memory they have."""

from __future__ import annotations

import sys
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.options import Option

EXAMPLES: tuple[tuple[str, ...], ...] = (
    (),
    ("--json",),
)


@takes()
def boards(
    json_output: Annotated[bool, Option("Print JSON.", "--json")] = False,
) -> None:
    import json

    from mcuzoo.board.load import list_boards
    from mcuzoo.cli.output import width
    from mcuzoo.report.boards import board_document, boards_text

    found = list_boards()
    if json_output:
        print(json.dumps([board_document(board) for board in found], indent=2))
    else:
        sys.stdout.write(boards_text(found, width()))
