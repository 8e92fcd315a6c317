"""mcuzoo fetch: get a model of the zoo, checked and ready to run."""

from __future__ import annotations

import sys
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.cli.progress import step
from mcuzoo.options import Argument, Option
from mcuzoo.zoo.options import FetchOptions

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("mobilenet_v1_0.25_128",),
    ("mobilenet_v1_0.25_128", "--from", "downloaded.tgz"),
)


@takes(FetchOptions)
def fetch(
    model: Annotated[str, Argument("A model of the zoo; mcuzoo models lists them.")],
    options: FetchOptions,
    json_output: Annotated[bool, Option("Print JSON.", "--json")] = False,
) -> None:
    from dataclasses import asdict

    from mcuzoo.cli.output import print_json
    from mcuzoo.report.models import fetch_text
    from mcuzoo.zoo.fetch.fetch import fetch_model

    with step(f"fetching {model}, bytes") as update:
        report = fetch_model(model, options, update)
    if json_output:
        print_json("fetch", asdict(report))
    else:
        sys.stdout.write(fetch_text(report))
