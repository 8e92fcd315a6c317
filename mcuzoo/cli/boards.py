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
    from mcuzoo.board.load import list_any_boards, list_boards, list_linux_boards
    from mcuzoo.cli.output import print_json, width
    from mcuzoo.report.boards import board_document, boards_text, linux_board_document

    if json_output:
        document = {
            "boards": [board_document(board) for board in list_boards()],
            "linux_boards": [linux_board_document(board) for board in list_linux_boards()],
        }
        print_json("boards", document)
    else:
        sys.stdout.write(boards_text(list_any_boards(), width()))
