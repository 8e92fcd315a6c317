"""mcuzoo doctor: what of a working setup is there, what is missing, how to mend it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.doctor.options import DoctorOptions
from mcuzoo.options import Option

EXAMPLES: tuple[tuple[str, ...], ...] = (
    (),
    ("--bundle", "report.zip"),
)


@takes(DoctorOptions)
def doctor(
    options: DoctorOptions,
    bundle: Annotated[
        Path | None,
        Option("Write all of it, and the newest crash reports, into a ZIP.", metavar="FILE"),
    ] = None,
    personal: Annotated[bool, Option("Leave paths and names in the ZIP as they are.")] = False,
    json_output: Json = False,
) -> None:
    """Opens no port and sends nothing. Exits 0 whatever it finds."""
    from mcuzoo.cli.configured import whole_source
    from mcuzoo.cli.output import print_json, summary_aside, width
    from mcuzoo.config.shown import show_config
    from mcuzoo.doctor.bundle import write_bundle
    from mcuzoo.doctor.findings import examine
    from mcuzoo.files import require_outputs
    from mcuzoo.report.doctor import doctor_document, doctor_text

    aside = require_outputs({"--bundle": bundle}, {}, json_output)
    found = examine(options, checked_file=lambda: show_config(*whole_source()).file)
    if bundle is not None:
        write_bundle(bundle, found, personal=personal)
    if json_output:
        print_json("doctor", doctor_document(found))
    else:
        with summary_aside(aside):
            sys.stdout.write(doctor_text(found, width()))
