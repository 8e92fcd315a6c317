"""ImageNet's 1000 classes: WordNet ids, the two orders they are numbered in, the validation set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from mcuzoo.data.labels import IMAGENET_CLASSES, Classes
from mcuzoo.errors import DataSetError

SYNSET = re.compile(r"n[0-9]{8}")


@cache
def ilsvrc_order() -> tuple[str, ...]:
    """The 1000 WordNet ids in the order of ILSVRC2012_ID 1 to 1000.

    As `synsets` of the ILSVRC 2012 development kit's data/meta.mat lists them. Only the ground
    truth of the validation set counts this way; models count the ids sorted by name.
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
    """Labels of n01440764_10026.JPEG and the like; None for all unless all are so named."""
    if classes.count not in (IMAGENET_CLASSES, IMAGENET_CLASSES + 1):
        return [None] * len(files)
    synsets = [synset_in(file) for file in files]
    if None in synsets:
        return [None] * len(files)
    return labels_of_synsets([str(synset) for synset in synsets], classes, "")
