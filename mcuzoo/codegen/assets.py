"""Labels and sample images that go along with a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

LABELS_FILE = "model/labels.txt"
SAMPLES_FOLDER = "samples"

_SAMPLE_SUFFIXES = frozenset({".csv", ".jpg", ".jpeg", ".png", ".bmp"})


def label_file(labels: Sequence[str] | None) -> dict[str, bytes]:
    """One label a line, in the order of the output's scores."""
    if labels is None:
        return {}
    return {LABELS_FILE: "".join(f"{label}\n" for label in labels).encode()}


def sample_files(folder: Path | None) -> dict[str, bytes]:
    """The images of `folder` and its manifest.csv."""
    if folder is None:
        return {}
    return {
        f"{SAMPLES_FOLDER}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in _SAMPLE_SUFFIXES
    }
