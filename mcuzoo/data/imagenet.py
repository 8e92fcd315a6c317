"""ImageNet's 1000 classes: WordNet ids, the two orders they are numbered in, the validation set."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from mcuzoo.data.images import FilePicture, Item
from mcuzoo.data.labels import IMAGENET_CLASSES, Classes
from mcuzoo.errors import DataSetError

SYNSET = re.compile(r"n[0-9]{8}")


@cache
def ilsvrc_order() -> tuple[str, ...]:
    """The 1000 WordNet ids in the order of ILSVRC2012_ID 1 to 1000.

    The order is that of `synsets` in data/meta.mat of the ILSVRC 2012 development kit. Only the
    ground truth of the validation set counts this way; models count the ids sorted by name.
    """
    text = resources.files("mcuzoo.data").joinpath("imagenet_synsets.txt").read_text("ascii")
    return tuple(text.split())


@cache
def class_order() -> dict[str, int]:
    """Class 0 to 999 of each WordNet id: the ids sorted by name, as every framework counts them."""
    return {synset: index for index, synset in enumerate(sorted(ilsvrc_order()))}


def background_classes(classes: Classes, where: str) -> int:
    """How many outputs come before ImageNet's class 0: 1 with a background class, else 0."""
    if classes.count in (IMAGENET_CLASSES, IMAGENET_CLASSES + 1):
        return classes.count - IMAGENET_CLASSES
    raise DataSetError(
        f"{where} is of ImageNet's {IMAGENET_CLASSES} classes, the model has {classes.count}.",
        "Evaluate it on the data set that it was trained for.",
    )


def are_synsets(names: Sequence[str]) -> bool:
    """Whether all of these are WordNet ids of ImageNet's 1000 classes."""
    return bool(names) and all(name in class_order() for name in names)


def labels_of_synsets(names: Sequence[str], classes: Classes, where: str) -> list[int]:
    """The output that stands for each WordNet id. Raises DataSetError for another model."""
    first = background_classes(classes, where)
    return [first + class_order()[name] for name in names]


def synset_in(file: str) -> str | None:
    """The WordNet id that a file's name or its folder's begins with, if it is ImageNet's."""
    for part in reversed(file.split("/")[-2:]):
        found = SYNSET.match(part)
        if found and found.group() in class_order():
            return found.group()
    return None


def labels_by_file_name(files: Sequence[str], classes: Classes) -> Sequence[int | None]:
    """Labels from names like n01440764_10026.JPEG; None unless all images have such names."""
    if classes.count not in (IMAGENET_CLASSES, IMAGENET_CLASSES + 1):
        return [None] * len(files)
    synsets = [synset_in(file) for file in files]
    if None in synsets:
        return [None] * len(files)
    return labels_of_synsets([str(synset) for synset in synsets], classes, "")


IMAGES = 50_000
NAME = re.compile(r"ILSVRC2012_val_([0-9]{8})\.jpe?g", re.IGNORECASE)
DEVKIT_FILE = "ILSVRC2012_validation_ground_truth.txt"
TRUTH_FILES = (
    DEVKIT_FILE,
    "imagenet_2012_validation_synset_labels.txt",
    "LOC_val_solution.csv",
    "val_map.txt",
    "val_list.txt",
    "val.txt",
)
_NEAR = (".", "..", "../..")
_FAR = (*_NEAR, "../../..", "../../../..")
"""Kaggle's archive has the images in ILSVRC/Data/CLS-LOC/val and the solution at its root."""

_UNMISTAKABLE = TRUTH_FILES[:3]
_FOLDERS = (".", "data", "devkit/data", "ILSVRC2012_devkit_t12/data", "labels", "caffe_ilsvrc12")
_MAX_BYTES = 64 << 20

FIRST_SYNSETS = (
    "n01751748", "n09193705", "n02105855", "n04263257", "n03125729", "n01735189", "n02346627",
    "n02776631", "n03794056", "n02328150",
)  # fmt: skip
"""The classes of the first ten validation images. They tell how a ground truth counts."""

_HINT = (
    f"Beside the images, or in ILSVRC2012_devkit_t12/data: {DEVKIT_FILE} of the development kit, "
    f"or one of {', '.join(TRUTH_FILES[1:])}."
)


def is_validation_folder(images: Sequence[Path]) -> bool:
    """Whether the images of a folder are named as the validation set's."""
    return bool(images) and all(NAME.fullmatch(path.name) for path in images)


def validation_items(folder: Path, images: Sequence[Path], classes: Classes) -> Iterator[Item]:
    """The images of `folder`, labelled by the ground truth that lies with it.

    Raises DataSetError when there is none, when it counts in an order that is not known, or when
    the model has not ImageNet's classes.
    """
    first = background_classes(classes, str(folder))
    truth = read_truth(find_truth(folder))
    for index, path in enumerate(images):
        found = NAME.fullmatch(path.name)
        number = int(found.group(1)) if found else 0
        if not 1 <= number <= IMAGES:
            raise DataSetError(
                f"{path} is no image of the validation set, which has 1 to {IMAGES}.",
                "Remove the file.",
            )
        label = first + class_order()[truth[number - 1]]
        yield Item(index, path.name, FilePicture(path), label)


def find_truth(folder: Path) -> Path:
    """The ground truth in, beside or above the images. Raises DataSetError when there is none."""
    for name in TRUTH_FILES:
        for place in _FAR if name in _UNMISTAKABLE else _NEAR:
            for inside in _FOLDERS:
                path = folder.resolve() / place / inside / name
                if path.is_file():
                    return path.resolve()
    raise DataSetError(f"The ground truth of the validation images in {folder} is missing.", _HINT)


def read_truth(path: Path) -> tuple[str, ...]:
    """The WordNet id of each of the 50,000 images, in order.

    The development kit's file counts by ILSVRC2012_ID, Caffe's val.txt from 0 by sorted id; the
    first ten images, not the file's name, tell which one it is. Raises DataSetError.
    """
    rows = list(_loc_solution(path)) if path.suffix == ".csv" else list(_text_rows(path))
    if len(rows) != IMAGES:
        raise DataSetError(f"{path} has {len(rows)} labels, not {IMAGES}.", _HINT)
    for name_of in (_synset, _ilsvrc_id, _class_from_0, _class_from_1):
        if all(name_of(row) == known for row, known in zip(rows, FIRST_SYNSETS, strict=False)):
            return _translated(path, rows, name_of)
    raise DataSetError(
        f"{path} does not say of the first images what they show, neither by ILSVRC2012_ID nor "
        "by sorted WordNet id.",
        f"Take the file from its source again. {_HINT}",
    )


def _translated(
    path: Path, rows: Sequence[str], name_of: Callable[[str], str | None]
) -> tuple[str, ...]:
    names = [name_of(row) for row in rows]
    known = tuple(name for name in names if name is not None)
    if len(known) != len(names):
        line = names.index(None) + 1
        raise DataSetError(
            f"{path}: label {rows[line - 1][:40]!r} of image {line} is none of ImageNet's.", _HINT
        )
    return known


def _text_rows(path: Path) -> Iterator[str]:
    """The label of each image: one a line, or 'ILSVRC2012_val_00000001.JPEG LABEL' in any order."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DataSetError(f"{path} is too large to be a ground truth.", _HINT)
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataSetError(f"{path} cannot be read: {error}", _HINT) from error
    rows = [line.split() for line in lines if line.strip()]
    if any(len(row) > 1 for row in rows):
        rows.sort(key=lambda row: row[0].rsplit("/", 1)[-1])
    return (row[-1] for row in rows)


def _loc_solution(path: Path) -> Iterator[str]:
    """Kaggle's ImageId,PredictionString; a prediction begins with the WordNet id."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = sorted((row[0], row[1]) for row in csv.reader(file) if len(row) > 1)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataSetError(f"{path} cannot be read: {error}", _HINT) from error
    return (boxes.split()[0] for image, boxes in rows if image != "ImageId" and boxes.split())


def _synset(row: str) -> str | None:
    return row if SYNSET.fullmatch(row) and row in class_order() else None


def _ilsvrc_id(row: str) -> str | None:
    return _numbered(row, 1, ilsvrc_order())


def _class_from_0(row: str) -> str | None:
    return _numbered(row, 0, tuple(class_order()))


def _class_from_1(row: str) -> str | None:
    return _numbered(row, 1, tuple(class_order()))


def _numbered(row: str, first: int, order: tuple[str, ...]) -> str | None:
    if not row.isdecimal() or len(row) > 4 or not first <= int(row) < first + IMAGENET_CLASSES:
        return None
    return order[int(row) - first]
