"""Folders: flat ones without labels, and class folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mcuzoo.data import cifar10, fer2013, imagenet, visual_wake_words
from mcuzoo.data.images import IMAGE_SUFFIXES, FilePicture, Item
from mcuzoo.data.labels import NAMES, SORTED, Classes, off_by_one_hint
from mcuzoo.errors import DataSetError

AS_TEXT = "in another order than Keras', which sorts folders as text: 0, 1, 10, 11, 2 ..."
"""Said of folders whose numbers have different widths."""


def folder_items(folder: Path, classes: Classes) -> Iterator[Item]:
    """The images of `folder`, or of its class folders, in the order of their sorted names.

    Class folders are labelled by name where `classes` has names and one of them is a folder's
    (those of CIFAR-10 and Visual Wake Words may be written in other words), by WordNet id where
    they are ImageNet's, by emotion where they are FER2013's, by number where the names are whole
    numbers; else by the order of the sorted names, one folder per class. Images of a flat folder
    are labelled where all their names begin with a WordNet id, as those of ImageNet's training set.
    """
    images = images_in(folder)
    class_folders = [path for path in folders_in(folder) if has_images(path)]
    if images and class_folders:
        raise DataSetError(
            f"{folder} holds images beside class folders such as {class_folders[0].name!r}.",
            "Move the images into their class folders, or use a CSV with columns file,label.",
        )
    flat = imagenet.labels_by_file_name([path.name for path in images], classes)
    labels = _folder_labels(class_folders, classes)
    labelled = [
        *zip(images, flat, strict=True),
        *(
            (path, label)
            for class_folder, label in zip(class_folders, labels, strict=True)
            for path in images_in(class_folder)
        ),
    ]
    for index, (path, label) in enumerate(labelled):
        yield Item(index, path.relative_to(folder).as_posix(), FilePicture(path), label)


def _folder_labels(folders: list[Path], classes: Classes) -> list[int]:
    names = [folder.name for folder in folders]
    if imagenet.are_synsets(names):
        classes.used["WordNet ids"] += 1
        return imagenet.labels_of_synsets(names, classes, str(folders[0].parent))
    known = names if classes.names is None else classes.names
    if fer2013.are_emotions(names) and fer2013.are_emotions(known):
        classes.used["emotions, by name"] += 1
        return [fer2013.emotion_label(name, classes, f"Folder {name}") for name in names]
    for labels_of in (cifar10.labels_of, visual_wake_words.labels_of):
        labels = None if classes.names is None else labels_of(names, classes.names)
        if labels is not None:
            classes.used[NAMES] += 1
            return labels
    if any(classes.name_index(name) is not None for name in names):
        # Also where the names are numbers, which Keras sorts as text: 0, 1, 10, 11, 2, ...
        return [classes.named(folder.name, f"Folder {folder}") for folder in folders]
    if classes.names is not None or all(name.isdecimal() for name in names):
        found = [classes.index_of(folder.name, f"Folder {folder}") for folder in folders]
        if [name for _, name in sorted(zip(found, names, strict=True))] != names:
            classes.used[AS_TEXT] += 1
        return found
    if len(folders) != classes.count:
        raise DataSetError(
            f"{folders[0].parent} has {len(folders)} class folders, the model has "
            f"{classes.count} classes whose names are not known.",
            off_by_one_hint(len(folders), classes.count)
            or "Name the classes with --labels FILE, one folder name a line in output order.",
        )
    classes.used[SORTED] += 1
    return list(range(len(folders)))


def images_in(folder: Path) -> list[Path]:
    """The image files of a folder, sorted by name."""
    return [Path(entry.path) for entry in entries(folder) if _is_image(entry)]


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, sorted by name."""
    return [Path(entry.path) for entry in entries(folder) if entry.is_dir()]


def has_images(folder: Path) -> bool:
    """Whether there is an image file in a folder; stops at the first one."""
    return any(_is_image(entry) for entry in _scanned(folder))


def is_empty(folder: Path) -> bool:
    """Whether a folder has nothing in it but hidden files."""
    return not any(True for _ in _scanned(folder))


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, sorted by name, without hidden files. Raises DataSetError."""
    return sorted(_scanned(folder), key=lambda entry: entry.name)


def _scanned(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            yield from (entry for entry in found if not entry.name.startswith("."))
    except OSError as error:
        raise DataSetError(
            f"{folder} cannot be read: {error.strerror}", "Check its permissions."
        ) from error


def _is_image(entry: os.DirEntry[str]) -> bool:
    suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - of a hundred thousand names
    return suffix in IMAGE_SUFFIXES and entry.is_file()
