"""The folder of signs: balanced, complete, and as its manifest says."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mcuzoo.data.drawn_signs.classes import CLASS_NAMES
from mcuzoo.data.drawn_signs.dataset import write_signs
from mcuzoo.data.drawn_signs.draw import draw_sign


def _rows(manifest: Path) -> list[dict[str, str]]:
    with manifest.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_manifest_tells_the_truth(tmp_path: Path) -> None:
    manifest = write_signs(tmp_path / "new" / "folder", n=37, seed=9)
    rows = _rows(manifest)
    assert manifest.name == "manifest.csv"
    assert list(rows[0]) == ["file", "label", "sha256"]
    assert len(rows) == 37
    for row in rows:
        path = manifest.parent / row["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
        assert CLASS_NAMES[int(row["label"])] in row["file"]
    names = {path.name for path in manifest.parent.iterdir()}
    assert names == {row["file"] for row in rows} | {"manifest.csv", "labels.txt"}
    assert (manifest.parent / "labels.txt").read_text().splitlines() == list(CLASS_NAMES)


def test_classes_are_balanced_and_pictures_distinct(tmp_path: Path) -> None:
    rows = _rows(write_signs(tmp_path, n=2 * len(CLASS_NAMES) + 3, seed=9))
    counts = Counter(int(row["label"]) for row in rows)
    assert set(counts) == set(range(len(CLASS_NAMES)))
    assert max(counts.values()) - min(counts.values()) == 1
    assert len({row["sha256"] for row in rows}) == len(rows)


def test_files_hold_the_drawn_pixels(tmp_path: Path) -> None:
    rows = _rows(write_signs(tmp_path, n=len(CLASS_NAMES) + 1, seed=4))
    with Image.open(tmp_path / rows[-1]["file"]) as image:
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), draw_sign(0, 4, 1))


def test_seed_decides_the_files(tmp_path: Path) -> None:
    first, again, other = (
        write_signs(tmp_path / name, n=5, seed=seed).read_bytes()
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again
    assert first != other


def test_nothing_to_draw_and_nonsense(tmp_path: Path) -> None:
    assert _rows(write_signs(tmp_path, n=0, seed=1)) == []
    with pytest.raises(ValueError):
        write_signs(tmp_path, n=-1, seed=1)
