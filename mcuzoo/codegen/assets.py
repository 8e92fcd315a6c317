"""What goes along with the sources: the licence, a model's labels and sample images."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from mcuzoo.project.rules import path_complaint
from mcuzoo.quoting import one_line
from mcuzoo.resources import licence_file

LICENCE_FILE = "LICENSE"
LABELS_FILE = "model/labels.txt"
SAMPLES_FOLDER = "samples"
_MANIFEST = "manifest.csv"

_SAMPLE_SUFFIXES = frozenset({".csv", ".jpg", ".jpeg", ".png", ".bmp"})


def licence_text() -> dict[str, bytes]:
    """A copy of mcuzoo's licence, which whoever passes the firmware on has to pass on, too."""
    return {LICENCE_FILE: licence_file().read_bytes()}


def label_file(labels: Sequence[str] | None) -> dict[str, bytes]:
    """One label a line, in the order of the output's scores; one that is blank is its number."""
    if labels is None:
        return {}
    names = [one_line(label).strip() or str(index) for index, label in enumerate(labels)]
    return {LABELS_FILE: "".join(f"{name}\n" for name in names).encode()}


def sample_files(folder: Path | None) -> dict[str, bytes]:
    """The images of `folder` and its manifest.csv.

    One whose name cannot be in a manifest gets another.
    """
    if folder is None:
        return {}
    found = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in _SAMPLE_SUFFIXES and path.is_file()
    }
    names = {name: _safe_name(number, name) for number, name in enumerate(found)}
    files = {f"{SAMPLES_FOLDER}/{names[name]}": path.read_bytes() for name, path in found.items()}
    manifest = f"{SAMPLES_FOLDER}/{_MANIFEST}"
    renamed = any(name != safe for name, safe in names.items())
    if manifest in files and renamed:
        files[manifest] = _manifest(files[manifest].decode("utf-8"), names)
    return files


def _safe_name(number: int, name: str) -> str:
    if not path_complaint(name):
        return name
    return f"renamed/{number:04d}{PurePosixPath(name).suffix.lower()}"


def _manifest(text: str, names: Mapping[str, str]) -> bytes:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    columns = list(rows.fieldnames or [])
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "file": names.get(row["file"], row["file"])})
    return written.getvalue().encode("utf-8", "replace")
