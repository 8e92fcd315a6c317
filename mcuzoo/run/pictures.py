"""The pictures of a finished run, opened again from its data set: an image is the run's only if the
hashes say so."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

from mcuzoo.data.dataset import open_data_set
from mcuzoo.data.images import Item
from mcuzoo.data.labels import Classes, load_classes
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.extras import require_packages
from mcuzoo.run.feed import Prepared, Unusable, prepare
from mcuzoo.run.record import Row, RunMeta

ANOTHER_INPUT = (
    "The file is the run's, but what is made of it is another input now: another version of the "
    "library that resizes?"
)


def run_items(meta: RunMeta, input: PictureInput) -> dict[tuple[int, str], Item]:
    """The images of the run's data set by index and name; nothing is decoded yet.

    Raises MissingExtraError, DataSetError, OSError.
    """
    require_packages(("pillow", *input.packages), "A picture")
    settings = meta.settings
    known = settings.labels is not None and Path(settings.labels).is_file()
    classes = (
        load_classes(Path(str(settings.labels)), meta.classes)
        if known
        else Classes(meta.classes, meta.class_names)
    )
    found = open_data_set(Path(settings.data_set), classes, settings.limit, settings.split)
    return {(item.index, item.file): item for item in found.items}


def input_again(row: Row, item: Item, input: PictureInput) -> Prepared | Unusable:
    """The input that the run sent for an image, made again; Unusable if its picture or what is made
    of it is not the run's."""
    ready = prepare(replace(item, sha256=row.sha256), input, None)
    if isinstance(ready, Prepared) and row.input_crc32 != zlib.crc32(ready.tensor.tobytes()):
        return Unusable(ready.item, ANOTHER_INPUT)
    return ready
