"""A data set on disk: a manifest CSV, a folder of images, class folders, or one image."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mcuzoo.data.images import IMAGE_SUFFIXES, MAX_FILE_BYTES
from mcuzoo.data.labels import IMAGENET_CLASSES, Classes, off_by_one_hint
from mcuzoo.data.sampling import sample_evenly
from mcuzoo.errors import DataSetError, did_you_mean


@dataclass(frozen=True)
class Item:
    """One image: `index` in its data set, `file` as the data set calls it.

    `label` is the class index, None when not known; `sha256` that of the content, None when the
    file is too large to be decoded anyway.
    """

    index: int
    file: str
    path: Path
    label: int | None
    sha256: str | None


@dataclass(frozen=True)
class DataSet:
    source: Path
    items: tuple[Item, ...]
    digest: str
    warnings: tuple[str, ...] = ()


def load_data_set(source: Path, classes: Classes, limit: int | None = None) -> DataSet:
    """Read the data set at `source` for a model that tells `classes` apart.

    - a `.csv`: columns file, label and sha256 (the last two optional); files are relative to the
      CSV, labels are class indices or names;
    - a folder with images: no labels;
    - a folder of class folders: labelled by folder name where `classes` has names, or where the
      names are whole numbers; else by the order of the sorted names, one folder per class;
    - one image file.

    `limit` picks that many, evenly over the classes, always the same ones. The contents are
    hashed, so that a run can prove on which images it was made.

    Raises DataSetError for anything missing, empty, malformed or out of the model's range.
    """
    items = list(_find_items(source, classes))
    if not items:
        raise DataSetError(
            f"There are no images in {source}.",
            f"Known suffixes: {' '.join(sorted(IMAGE_SUFFIXES))}",
        )
    if limit is not None:
        items = [items[place] for place in sample_evenly([item.label for item in items], limit)]
    hashed = tuple(_with_content_hash(item) for item in items)
    return DataSet(source, hashed, _digest(hashed), tuple(_suspicions(hashed, classes)))


def _find_items(source: Path, classes: Classes) -> Iterator[Item]:
    if source.is_dir():
        return _from_folder(source, classes)
    if not source.is_file():
        raise DataSetError(
            f"There is no data set {str(source)!r}.",
            "--images takes a folder of images, of class folders, or a CSV with columns file,label",
        )
    if source.suffix.lower() == ".csv":
        return _from_manifest(source, classes)
    if source.suffix.lower() in IMAGE_SUFFIXES:
        return iter([Item(0, source.name, source, None, None)])
    raise DataSetError(
        f"{source} is neither a folder, nor a .csv, nor an image.",
        f"Known image suffixes: {' '.join(sorted(IMAGE_SUFFIXES))}",
    )


def _from_folder(folder: Path, classes: Classes) -> Iterator[Item]:
    images = _images_in(folder)
    class_folders = [path for path in _entries(folder) if path.is_dir() and _images_in(path)]
    if images and class_folders:
        raise DataSetError(
            f"{folder} holds images beside class folders such as {class_folders[0].name!r}.",
            "Move the images into their class folders, or use a CSV with columns file,label.",
        )
    labels = _folder_labels(class_folders, classes)
    labelled = [(path, None) for path in images] + [
        (path, label)
        for class_folder, label in zip(class_folders, labels, strict=True)
        for path in _images_in(class_folder)
    ]
    for index, (path, label) in enumerate(labelled):
        yield Item(index, path.relative_to(folder).as_posix(), path, label, None)


def _folder_labels(folders: list[Path], classes: Classes) -> list[int]:
    named_by_number = all(folder.name.isdecimal() for folder in folders)
    if classes.names is not None or named_by_number:
        return [classes.index_of(folder.name, f"Folder {folder}") for folder in folders]
    if len(folders) != classes.count:
        raise DataSetError(
            f"{folders[0].parent} has {len(folders)} class folders, the model has "
            f"{classes.count} classes whose names are not known.",
            off_by_one_hint(len(folders), classes.count)
            or "Name the classes with --labels FILE, one folder name a line in output order.",
        )
    return list(range(len(folders)))


def _images_in(folder: Path) -> list[Path]:
    return [
        path
        for path in _entries(folder)
        if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
    ]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataSetError(
            f"{folder} cannot be read: {error.strerror}", "Check its permissions."
        ) from error


def _from_manifest(path: Path, classes: Classes) -> Iterator[Item]:
    for index, (line, row) in enumerate(_csv_rows(path)):
        where = f"{path}, line {line}"
        file, label = row.get("file", ""), row.get("label", "")
        if not file:
            raise DataSetError(f"{where}: no file is named.", "Every row needs a file.")
        yield Item(
            index,
            file,
            _existing(path.parent / file, where),
            classes.index_of(label, where) if label else None,
            row.get("sha256", "").lower() or None,
        )


def _existing(path: Path, where: str) -> Path:
    try:
        if path.is_file():
            return path
    except (OSError, ValueError):  # a name too long, or with a NUL in it
        pass
    raise DataSetError(
        f"{where}: there is no file {str(path)!r}.",
        "Files are looked for relative to the folder of the CSV.",
    )


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column name of each row that is not empty."""
    hint = "It needs UTF-8 text and a header line: file,label (and, if you like, sha256)."
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            header = [name.strip().lower() for name in next(rows, [])]
            if "file" not in header:
                raise DataSetError(
                    f"{path}, line 1: no column 'file' in {','.join(header)[:80]!r}.",
                    f"{did_you_mean('file', header)}{hint}",
                )
            for cells in rows:
                line = rows.line_num
                if len(cells) > len(header):
                    raise DataSetError(
                        f"{path}, line {line}: {len(cells)} cells under {len(header)} columns.",
                        "Put names that contain a comma in double quotes.",
                    )
                if any(cells):
                    stripped = [cell.strip() for cell in cells]
                    yield line, dict(zip(header, stripped, strict=False))
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataSetError(f"{path}, line {line} or after: {error}", hint) from error
    except OSError as error:
        raise DataSetError(f"{path} cannot be read: {error.strerror}", hint) from error


def _with_content_hash(item: Item) -> Item:
    try:
        if item.path.stat().st_size > MAX_FILE_BYTES:
            return replace(item, sha256=None)
        actual = hashlib.sha256(item.path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataSetError(
            f"{item.path} cannot be read: {error.strerror}", "Check its permissions."
        ) from error
    if item.sha256 not in (None, actual):
        raise DataSetError(
            f"{item.path} is not the file that the manifest names: its SHA-256 is {actual}.",
            "Restore the file, or correct the sha256 column.",
        )
    return replace(item, sha256=actual)


def _digest(items: Iterable[Item]) -> str:
    """SHA-256 over index, name, label and content of every item."""
    whole = hashlib.sha256()
    for item in items:
        whole.update(repr((item.index, item.file, item.label, item.sha256)).encode())
    return whole.hexdigest()


def _suspicions(items: Iterable[Item], classes: Classes) -> Iterator[str]:
    labels = {item.label for item in items if item.label is not None}
    if classes.count == IMAGENET_CLASSES + 1 and 0 in labels and IMAGENET_CLASSES not in labels:
        yield (
            "An image is labelled 0, which is 'background' in a model of 1001 classes: "
            "are the labels 0..999? Then add 1 to each."
        )
