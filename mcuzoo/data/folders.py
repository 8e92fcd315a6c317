"""Folders: flat ones without labels, and class folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mcuzoo.data import fer2013, imagenet
from mcuzoo.data.images import IMAGE_SUFFIXES
from mcuzoo.data.item import Item
from mcuzoo.data.labels import Classes, off_by_one_hint
from mcuzoo.data.picture import FilePicture
from mcuzoo.errors import DataSetError


def folder_items(folder: Path, classes: Classes) -> Iterator[Item]:
    """The images of `folder`, or of its class folders, in the order of their sorted names.

    Class folders are labelled by name where `classes` has names, by WordNet id where they are
    ImageNet's, by emotion where they are FER2013's, by number where the names are whole numbers;
    else by the order of the sorted names, one folder per class. Images of a flat folder are
    labelled where all their names begin with a WordNet id, as those of ImageNet's training set.
    """
    images = images_in(folder)
    class_folders = [path for path in entries(folder) if path.is_dir() and images_in(path)]
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
        return imagenet.labels_of_synsets(names, classes, str(folders[0].parent))
    known = names if classes.names is None else classes.names
    if fer2013.are_emotions(names) and fer2013.are_emotions(known):
        return [fer2013.emotion_label(name, classes, f"Folder {name}") for name in names]
    if classes.names is not None or all(name.isdecimal() for name in names):
        return [classes.index_of(folder.name, f"Folder {folder}") for folder in folders]
    if len(folders) != classes.count:
        raise DataSetError(
            f"{folders[0].parent} has {len(folders)} class folders, the model has "
            f"{classes.count} classes whose names are not known.",
            off_by_one_hint(len(folders), classes.count)
            or "Name the classes with --labels FILE, one folder name a line in output order.",
        )
    return list(range(len(folders)))


def images_in(folder: Path) -> list[Path]:
    """The image files of a folder, sorted by name."""
    return [
        path for path in entries(folder) if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
    ]


def entries(folder: Path) -> list[Path]:
    """What is in a folder, sorted, without hidden files. Raises DataSetError."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataSetError(
            f"{folder} cannot be read: {error.strerror}", "Check its permissions."
        ) from error
