"""mcuzoo fetch: get a model of the zoo, checked and ready to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mcuzoo.cli.options import takes
from mcuzoo.cli.progress import step
from mcuzoo.zoo.options import FetchOptions

if TYPE_CHECKING:
    from mcuzoo.zoo.fetch.fetch import FetchReport

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("mobilenet_v1_0.25_128",),
    ("mobilenet_v1_0.25_128", "--from", "downloaded.tgz"),
)


@takes(FetchOptions)
def fetch(
    model: Annotated[str, typer.Argument(help="A model of the zoo; mcuzoo models lists them.")],
    options: FetchOptions,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    import json

    from mcuzoo.zoo.fetch.fetch import fetch_model

    with step(f"fetching {model}, bytes") as update:
        report = fetch_model(model, options, update)
    if json_output:
        print(json.dumps(report.as_dict(), indent=2))
    else:
        _print_report(report)


def _print_report(report: FetchReport) -> None:
    because = {
        "registry": "its hash is the one on record",
        "remembered": "its hash is the one it had the first time",
        "learnt": "nobody recorded its hash: trusted this first time and remembered",
    }[report.trust]
    state = "fetched" if report.fetched else "at hand"
    print(f"{report.path}: {report.role}, {report.bytes:,} bytes, {state}")
    print(f"  sha256 {report.sha256}; {because}")
    print(f"  source {report.source}; licence {report.licence}")
    if report.converted is not None:
        facts = report.converted.report
        print(f"{report.converted.path}: int8, {facts['bytes']:,} bytes, ready for TFLite-Micro")
        print(
            f"  channels lossless {facts['lossless_channels']:,} of {facts['channels']:,}; weights "
            f"changed {facts['weights_changed']:,} of {facts['weights']:,}"
        )
    if report.ready is not None:
        print(f"next: mcuzoo fit {report.model} --board rt1050")
    elif report.role in ("keras", "fp32"):
        print(f"next: mcuzoo quantize {report.model} OUT.tflite --calibration DIR")
