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
    from mcuzoo.board.load import list_boards
    from mcuzoo.cli.output import print_json, width
    from mcuzoo.report.boards import board_document, boards_text

    found = list_boards()
    if json_output:
        print_json("boards", {"boards": [board_document(board) for board in found]})
    else:
        sys.stdout.write(boards_text(found, width()))
