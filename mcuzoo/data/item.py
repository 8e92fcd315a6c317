"""One image of a data set, and the data set as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.data.images import Picture


@dataclass(frozen=True)
class Item:
    """One image: `index` in its data set, `file` as the data set calls it.

    `label` is the class index, None when not known; `sha256` that of the picture's content, None
    when it is not known.
    """

    index: int
    file: str
    picture: Picture
    label: int | None
    sha256: str | None = None


@dataclass(frozen=True)
class DataSet:
    """`format`: how it is laid out; `split`: which part of it this is, None for all of it.

    `digest`: SHA-256 over index, name, label and content of every item, empty where the contents
    were not read.
    """

    source: Path
    items: tuple[Item, ...]
    digest: str = ""
    warnings: tuple[str, ...] = ()
    format: str = "images"
    split: str | None = None

    @property
    def name(self) -> str:
        """Short, for reports: fer2013, signs:7, or what the file or folder is called."""
        if self.format in ("fer2013", "imagenet-validation"):
            return self.format
        return self.source.resolve().stem if self.format != "signs" else str(self.source)


def digest_of(items: Iterable[Item]) -> str:
    """SHA-256 over index, name, label and content of every item."""
    whole = hashlib.sha256()
    for item in items:
        whole.update(repr((item.index, item.file, item.label, item.sha256)).encode())
    return whole.hexdigest()
