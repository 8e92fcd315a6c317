"""What one attaches to a bug report: findings, boards, and the newest crash reports, in a ZIP."""

from __future__ import annotations

import getpass
import io
import json
import re
import socket
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from platformdirs import user_state_path

from mcuzoo.doctor.findings import Finding
from mcuzoo.files import write_output

_CRASHES = 5
_CRASH_BYTES = 1 << 18


def write_bundle(
    path: Path, findings: Sequence[Finding], *, personal: bool = False, crashes: Path | None = None
) -> None:
    """Write the ZIP. personal: leave paths and names as they are; else the home folder becomes ~,
    and the names of user and machine USER and MACHINE.

    crashes: the folder of crash reports; None: the user's. Raises InputError where `path` cannot be
    written.
    """
    texts = {"findings.json": json.dumps([asdict(one) for one in findings], indent=2)}
    texts |= dict(_crash_reports(crashes or user_state_path("mcuzoo", appauthor=False) / "crashes"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in texts.items():
            bundle.writestr(name, text if personal else impersonal(text))
    write_output(path, packed.getvalue())


def _crash_reports(folder: Path) -> Iterable[tuple[str, str]]:
    with suppress(OSError):
        newest = sorted(folder.glob("crash-*.txt"))[-_CRASHES:]
        for report in newest:
            with report.open("rb") as file:
                yield report.name, file.read(_CRASH_BYTES).decode("utf-8", errors="replace")


def impersonal(text: str) -> str:
    """`text` without the home folder, the user's name and the machine's."""
    for secret, word in (
        (str(Path.home()), "~"),
        (_or_none(getpass.getuser), "USER"),
        (_or_none(socket.gethostname), "MACHINE"),
    ):
        if secret and secret not in ("/", "~"):
            # As a whole word: a user named "mc" is not in "mcuzoo". In JSON, \\ stands for \.
            for form in {secret, json.dumps(secret)[1:-1]}:
                text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(form)}(?![A-Za-z0-9])", word, text)
    return text


def _or_none(ask: object) -> str | None:
    with suppress(Exception):  # a user without a name, a machine without one
        return str(ask())  # type: ignore[operator]
    return None
