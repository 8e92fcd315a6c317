"""mcuzoo probes: the debug probes of this machine, and what here can drive them."""

from __future__ import annotations

import sys

from mcuzoo.cli.options import Json, takes

EXAMPLES: tuple[tuple[str, ...], ...] = (
    (),
    ("--json",),
)


@takes()
def probes(json_output: Json = False) -> None:
    """Lists USB devices, and what pyOCD, LinkServer and J-Link list where they are installed. Opens
    no probe. A board in serial-download mode is listed, too."""
    from mcuzoo.cli.output import print_json
    from mcuzoo.flash.probes import list_probes
    from mcuzoo.report.probes import probe_document, probes_text

    found = list_probes()
    if json_output:
        print_json("probes", {"probes": [probe_document(probe) for probe in found]})
    else:
        sys.stdout.write(probes_text(found))
