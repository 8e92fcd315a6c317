"""mcuzoo rig: write the file of a rig from what is plugged in, and meet all of its boards."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.errors import UsageError, did_you_mean
from mcuzoo.options import Argument
from mcuzoo.report.options import STEP_SUMMARY, CiFiles
from mcuzoo.rig.options import RigOptions

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("scan", "-o", "rig.toml"),
    ("check", "rig.toml"),
    ("check", "rig.toml", "--filter", "board=rt1170", "--power"),
)

_ACTIONS = ("scan", "check")


@takes(RigOptions, files=CiFiles)
def rig(
    action: Annotated[str, Argument("scan or check.", metavar="scan|check")],
    options: RigOptions,
    files: CiFiles,
    file: Annotated[Path | None, Argument("The rig's file [rig.toml].", metavar="RIG.toml")] = None,
    json_output: Json = False,
) -> None:
    """scan asks all ports with a USB device, and adds a table to the file for each board that is
    not in it; what stands there stays as it is. check meets every board at the same time: its
    kind, its build if the file names its project, its line. Exits 0 if all are well, 3 if not."""
    if action not in _ACTIONS:
        raise UsageError(
            f"mcuzoo rig {action}: there is no such action.",
            f"{did_you_mean(action, _ACTIONS)}mcuzoo rig scan, or mcuzoo rig check.",
        )
    if file is not None and options.out is not None:
        raise UsageError("--out names the rig's file a second time.", "Leave one of them out.")
    path = file or options.out or Path("rig.toml")
    if action == "scan":
        if options.power or options.filter:
            raise UsageError("--power and --filter are for rig check.", "Leave them out.")
        _refuse_files(files)
        _scan(path, options.baud, json_output)
    else:
        if options.baud or options.out:
            raise UsageError("--baud and --out are for rig scan.", "Leave them out.")
        _check(path, options, files, json_output)


def _scan(path: Path, bauds: tuple[int, ...], json_output: bool) -> None:
    from mcuzoo.cli.output import print_json
    from mcuzoo.files import is_stdout, write_output
    from mcuzoo.flash.probes import list_probes, probe_beside
    from mcuzoo.report.rig import scan_document, scan_text
    from mcuzoo.rig.scan import scan

    printed = is_stdout(path)
    probes = list_probes()
    found = scan(
        Path("rig.toml") if printed else path,
        bauds,
        probe_of=lambda port: probe_beside(port, probes),
    )
    if found.text is not None and not (printed and json_output):
        write_output(path, found.text.encode())
    written = found.text is not None and not printed
    if json_output:
        print_json("rig-scan", scan_document(found, written))
    else:
        (sys.stderr if printed else sys.stdout).write(scan_text(found, written))


def _refuse_files(files: CiFiles) -> None:
    """A scan judges nothing. GitHub's own file of a step is no wish of the user's."""
    for name, path in files.outputs.items():
        if path is not None and str(path) != os.environ.get(STEP_SUMMARY):
            raise UsageError(f"{name} is for rig check.", "Leave it out.")


def _check(path: Path, options: RigOptions, files: CiFiles, json_output: bool) -> None:
    from mcuzoo.cli.output import print_json, summary_aside, tell, width
    from mcuzoo.emulator.url import port_packages
    from mcuzoo.errors import RigError
    from mcuzoo.extras import require_packages
    from mcuzoo.files import require_outputs
    from mcuzoo.report.check_outcomes import check_outcomes
    from mcuzoo.report.ci import told, write_outcomes
    from mcuzoo.report.rig import check_document, check_text
    from mcuzoo.rig.boards import chosen
    from mcuzoo.rig.check import check_rig
    from mcuzoo.rig.file import read_rig

    aside = require_outputs(files.outputs, {"RIG.toml": path}, json_output)
    with told(files, "rig"):
        boards = chosen(read_rig(path), options.filter)
        packages = [package for board in boards for package in port_packages(board.port)]
        require_packages(packages, "A board of this rig")
        checks = check_rig(boards, options.power, tell)
    write_outcomes(check_outcomes(checks, path), files)
    if json_output:
        print_json("rig-check", check_document(checks))
    else:
        with summary_aside(aside):
            sys.stdout.write(check_text(checks, width()))
    if not all(check.passed for check in checks):
        sys.exit(RigError.exit_code)
