"""`mcuzoo watch`: each picture that comes into a folder, answered by a board."""

from __future__ import annotations

import sys
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.link.transport import SOME_PORT
from mcuzoo.options import Option
from mcuzoo.watch.options import WatchOptions

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("--port", SOME_PORT, "--folder", "incoming"),
    ("--port", "emulator://hello", "--folder", "hello/samples", "--once"),
    ("--port", SOME_PORT, "--camera", "0", "--every", "1"),
)


@takes(WatchOptions)
def watch(
    options: WatchOptions,
    picture: Annotated[
        str,
        Option(
            "Show what the network sees: auto, kitty, iterm2, sixel, blocks or none.",
            metavar="WAY",
        ),
    ] = "auto",
    json_output: Annotated[
        bool, Option("Print one JSON document per picture, each on a line.", "--json")
    ] = False,
) -> None:
    """A picture is sent as soon as it is whole; a file that is still being written is waited for.

    It judges nothing: run-serial does. Ctrl-C ends it, with 130; --once and the end of a video with
    0. Exits 3 when the board cannot be reached again, 4 when it has another firmware, or faults.
    """
    from contextlib import closing

    from mcuzoo.cli.output import print_json, summary_aside, tell, width
    from mcuzoo.cli.terminal import WAYS, picture_way
    from mcuzoo.errors import UsageError, did_you_mean
    from mcuzoo.files import require_outputs
    from mcuzoo.report.picture import terminal_picture
    from mcuzoo.report.watch import seen_document, seen_text
    from mcuzoo.run.runner import sigterm_interrupts
    from mcuzoo.watch.watch import watch as watched

    if picture not in WAYS:
        raise UsageError(
            f"--picture {picture}: there is no such way.",
            f"{did_you_mean(picture, WAYS)}One of {', '.join(WAYS)}.",
        )
    aside = require_outputs({"--trace": options.trace}, {"--labels": options.labels}, json_output)
    way = None if json_output or (aside and picture == "auto") else picture_way(picture)
    with (
        sigterm_interrupts(),
        closing(watched(None, options, tell)) as pictures,
        summary_aside(aside),
    ):
        for seen in pictures:
            if json_output:
                print_json("watch", seen_document(seen), indent=None)
                continue
            if way is not None and seen.pixels is not None:
                sys.stdout.write(terminal_picture(seen.pixels, min(width(), _COLUMNS), way))
            sys.stdout.write(seen_text(seen))
            sys.stdout.flush()


_COLUMNS = 40
"""A picture as blocks is no wider: the next one should still be on the screen."""
