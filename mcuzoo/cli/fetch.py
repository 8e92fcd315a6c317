"""mcuzoo fetch: get a model of the zoo, checked and ready to run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mcuzoo.cli.progress import step

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("mobilenet_v1_0.25_128",),
    ("mobilenet_v1_0.25_128", "--from", "downloaded.tgz"),
)


def fetch(
    model: Annotated[str, typer.Argument(help="A model of the zoo; mcuzoo models lists them.")],
    origin: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE|URL",
            help="Take the file, or the archive it is in, from here instead.",
        ),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option("--role", help="int8, uint8, fp32 or keras [what the name means]."),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, help="Give up a silent connection after (s).")
    ] = 30.0,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Get MODEL into the cache over https, check it, and convert UINT8 to INT8."""
    import json
    from dataclasses import asdict

    from mcuzoo.report.models import fetch_text
    from mcuzoo.zoo.fetch.download import Patience
    from mcuzoo.zoo.fetch.fetch import check_role, fetch_model

    chosen = None if role is None else check_role(role)
    with step(f"fetching {model}, bytes") as update:
        report = fetch_model(model, origin, chosen, update, Patience(stall_s=timeout))
    if json_output:
        print(json.dumps(asdict(report), indent=2))
    else:
        sys.stdout.write(fetch_text(report))
