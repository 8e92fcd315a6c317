"""Open a data set: find its format, pick the split and the sample, and refuse labels that count in
another order than the model."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from mcuzoo.data import cifar10, fer2013
from mcuzoo.data.drawn_signs import is_signs
from mcuzoo.data.folders import entries, folder_items, folders_in, has_images, images_in, is_empty
from mcuzoo.data.imagenet import (
    background_classes,
    class_order,
    ilsvrc_order,
    is_validation_folder,
    synset_in,
    validation_items,
)
from mcuzoo.data.images import IMAGE_SUFFIXES, DataSet, FilePicture, Item, digest_of
from mcuzoo.data.labels import IMAGENET_CLASSES, SORTED, Classes
from mcuzoo.data.manifest import header_of, manifest_items
from mcuzoo.data.signs import sign_items
from mcuzoo.data.splits import ALL, chosen_split, in_split, no_such_split, split_name
from mcuzoo.errors import DataSetError, UsageError
from mcuzoo.extras import require_packages

MANIFESTS = ("manifest.csv", "labels.csv")


@dataclass(frozen=True)
class _Found:
    format: str
    items: Iterator[Item]
    split: str | None = None


def load_data_set(
    source: Path,
    classes: Classes,
    limit: int | None = None,
    split: str | None = None,
    besides: Iterable[str] = (),
) -> DataSet:
    """`open_data_set` with every content hashed, so that a run can prove what it was made on.

    Raises DataSetError, too, for a file whose content is not what its manifest says. A file that
    cannot be read has no hash; the error is reported when the file is used.
    """
    found = open_data_set(source, classes, limit, split, besides)
    hashed = tuple(_with_content_hash(item) for item in found.items)
    return replace(found, items=hashed, digest=digest_of(hashed))


def open_data_set(
    source: Path,
    classes: Classes,
    limit: int | None = None,
    split: str | None = None,
    besides: Iterable[str] = (),
) -> DataSet:
    """Index the data set at `source` for a model that tells `classes` apart; no image is read.

    - FER2013: fer2013.csv or icml_face_data.csv, or a folder with one of them;
    - CIFAR-10's binary or Python batches: one of them, or a folder with them;
    - another `.csv`: columns file, label and sha256 (the last two optional), or a folder with
      one such CSV;
    - ImageNet's validation set: ILSVRC2012_val_*.JPEG with the ground truth in or near the folder;
    - a folder of train/, validation/ or test/ folders, of class folders, or of images;
    - one image file; or "signs", "signs:SEED": drawn ones.

    `split` picks a part, "all" takes them all; without it the test set is taken where there is
    one. `limit` picks that many, evenly over the classes, always the same ones.

    Raises DataSetError for anything missing, empty, malformed or out of the model's range, and
    for labels that are off by one; MissingExtraError for the packages that its pictures need and
    for those of `besides`, which the caller needs for other things, all at once.
    """
    classes = replace(classes, used=Counter())
    found = _find(source, classes, limit, split)
    items = list(found.items)
    if not items:
        raise DataSetError(
            f"There are no images in {source}.",
            f"Known suffixes: {' '.join(sorted(IMAGE_SUFFIXES))}",
        )
    refuse_shifted_labels(items, classes, str(source))
    names = _folder_names(items, classes) if SORTED in classes.used else None
    if limit is not None:
        items = [items[place] for place in sample_evenly([item.label for item in items], limit)]
    require_packages((*besides, *_packages(items)), "This command")
    labelled = any(item.label is not None for item in items)
    return DataSet(
        source,
        tuple(items),
        warnings=tuple(_warnings(items)),
        format=found.format,
        split=found.split,
        class_names=names,
        mapping=(classes.mapping or _OWN_LABELS.get(found.format, "")) if labelled else "",
    )


def _folder_names(items: Iterable[Item], classes: Classes) -> tuple[str, ...] | None:
    """The folders' names in the order of their labels, if each class has one."""
    folders = {item.label: PurePosixPath(item.file).parent.name for item in items}
    names = tuple(folders.get(label, "") for label in range(classes.count))
    return names if all(names) else None


_OWN_LABELS = {
    "cifar10": "CIFAR-10's numbers, by class",
    "fer2013": "FER2013's numbers, by emotion",
    "imagenet-validation": "ImageNet's ground truth",
    "images": "WordNet ids of the file names",
    "signs": "known: the pictures are drawn",
}
"""How labels are read in formats that have their own."""


def _packages(items: list[Item]) -> tuple[str, ...]:
    kinds = {type(item.picture): item.picture for item in items}
    return tuple(name for picture in kinds.values() for name in picture.packages)


def _warnings(items: list[Item]) -> Iterator[str]:
    unlabelled = sum(item.label is None for item in items)
    if 0 < unlabelled < len(items):
        yield f"{unlabelled} of {len(items)} images have no label."


def _find(source: Path, classes: Classes, limit: int | None, split: str | None) -> _Found:
    if source.is_dir():
        return _in_folder(source, classes, split)
    if is_signs(str(source)):
        _require_unsplit(split, source)
        return _Found("signs", sign_items(str(source), classes, limit))
    if not source.is_file():
        raise DataSetError(
            f"There is no data set {str(source)!r}.",
            "It is a folder of images or of class folders, a CSV with columns file,label, "
            "fer2013.csv, or signs.",
        )
    if source.suffix.lower() == ".csv":
        return _in_csv(source, classes, split)
    if cifar10.is_batch(source):
        return _in_batches([source], classes, split, source)
    if source.suffix.lower() in IMAGE_SUFFIXES:
        _require_unsplit(split, source)
        return _Found("image", iter([Item(0, source.name, FilePicture(source), None)]))
    raise DataSetError(
        f"{source} is neither a folder, nor a .csv, nor an image.",
        f"Known image suffixes: {' '.join(sorted(IMAGE_SUFFIXES))}",
    )


def _in_csv(path: Path, classes: Classes, split: str | None) -> _Found:
    if fer2013.is_header(header_of(path)):
        chosen, rows = fer2013.csv_items(path, classes, split)
        return _Found("fer2013", rows, chosen)
    _require_unsplit(split, path)
    return _Found("manifest", manifest_items(path, classes))


def _in_batches(
    batches: Sequence[Path], classes: Classes, split: str | None, source: Path
) -> _Found:
    chosen, items = cifar10.batch_items(batches, classes, split, str(source))
    return _Found("cifar10", items, chosen)


def _in_folder(folder: Path, classes: Classes, split: str | None) -> _Found:
    path = _table_of(folder)
    if path is not None:
        return _in_csv(path, classes, split)
    batches = cifar10.batches_in(folder)
    if batches:
        return _in_batches(batches, classes, split, folder)
    parts = _split_folders(folder)
    if parts:
        return _of_splits(folder, parts, classes, split)
    images = images_in(folder)
    _require_unsplit(split, folder)
    if is_validation_folder(images):
        return _Found("imagenet-validation", validation_items(folder, images, classes))
    return _Found("images" if images else "class-folders", folder_items(folder, classes))


def _table_of(folder: Path) -> Path | None:
    """The CSV that lists the images of `folder`, if it has one.

    The one with the usual name, else the only one, unless the folder has a layout of its own.
    Raises DataSetError where the user must say which.
    """
    tables = [
        path
        for entry in entries(folder)
        if entry.name.lower().endswith(".csv")
        and entry.is_file()
        and _is_table(header_of(path := Path(entry.path)))
    ]
    usual = [path for path in tables if path.name in (*fer2013.FILES, *MANIFESTS)]
    if usual or not tables:
        return usual[0] if usual else None
    folders = any(has_images(path) for path in folders_in(folder))
    if len(tables) == 1 and not folders:
        return tables[0]
    if folders and not has_images(folder):
        return None
    raise DataSetError(
        f"{folder} is no data set, but has {', '.join(path.name for path in tables)}.",
        f"Name one: {tables[0]}",
    )


def _is_table(header: tuple[str, ...]) -> bool:
    return "file" in header or fer2013.is_header(header)


def _split_folders(folder: Path) -> dict[str, Path]:
    """The folders that are named as a split, when all folders with something in them are."""
    folders = [path for path in folders_in(folder) if not is_empty(path)]
    named = {name: path for path in folders if (name := split_name(path.name)) is not None}
    return named if len(named) == len(folders) and not has_images(folder) else {}


def _of_splits(
    folder: Path, parts: dict[str, Path], classes: Classes, wanted: str | None
) -> _Found:
    """Images of split folders. In FER2013 the file name says which test an image belongs to."""
    finer = split_name(wanted or "")
    if finer in ("public-test", "private-test") and "test" in parts:
        inner = _in_folder(parts["test"], classes, None)
        kept = [item for item in inner.items if _part_by_name(item.file) == finer]
        if not kept:
            raise no_such_split(str(wanted), list(parts), str(folder))
        return _Found(inner.format, _below(folder, parts["test"], kept), finer)
    usable = [part for part in parts if not (part == "test" and _is_unlabelled(parts[part]))]
    split = chosen_split(wanted, usable if wanted is None and usable else parts, str(folder))
    found = [
        (path, _in_folder(path, classes, None))
        for part, path in parts.items()
        if in_split(part, split)
    ]
    items = (item for path, one in found for item in _below(folder, path, one.items))
    numbered = (replace(item, index=index) for index, item in enumerate(items))
    return _Found(found[0][1].format, numbered, split if split != ALL else ALL)


def _is_unlabelled(folder: Path) -> bool:
    """ImageNet's test images, whose labels were never published."""
    return any(path.name.startswith("ILSVRC2012_test_") for path in images_in(folder)[:1])


def _below(root: Path, folder: Path, items: Iterator[Item] | list[Item]) -> Iterator[Item]:
    for item in items:
        yield replace(item, file=f"{folder.relative_to(root).as_posix()}/{item.file}")


def _part_by_name(file: str) -> str | None:
    """PrivateTest_10131363.jpg -> private-test."""
    return split_name(file.rsplit("/", 1)[-1].split("_", 1)[0])


def _require_unsplit(split: str | None, source: Path) -> None:
    if split is not None and split.lower() != ALL:
        raise no_such_split(split, [], str(source))


def _with_content_hash(item: Item) -> Item:
    try:
        actual = hashlib.sha256(item.picture.read()).hexdigest()
    except DataSetError:
        return replace(item, sha256=None)
    if item.sha256 not in (None, actual):
        raise DataSetError(
            f"{item.picture.place} is not the file that the manifest names: its SHA-256 is "
            f"{actual}.",
            "Restore the file, or correct the sha256 column.",
        )
    return replace(item, sha256=actual)


def sample_evenly(labels: Sequence[int | None], limit: int) -> list[int]:
    """Positions of `limit` of the labels, ascending; all of them when there are no more.

    Every class gives the same number, as far as it has that many; what is left over goes to
    classes spread evenly over the range. Within a class the picks are spread evenly, too. No
    chance is involved. Unlabelled images count as one class. Raises UsageError for a limit < 1.
    """
    if limit < 1:
        raise UsageError(f"--limit {limit} leaves no images.", "Give a number from 1 up.")
    by_class: dict[int, list[int]] = defaultdict(list)
    for position, label in enumerate(labels):
        by_class[-1 if label is None else label].append(position)
    members = [by_class[label] for label in sorted(by_class)]
    shares = _even_shares([len(positions) for positions in members], limit)
    return sorted(
        positions[pick]
        for positions, share in zip(members, shares, strict=True)
        for pick in _spread(len(positions), share)
    )


def _even_shares(sizes: list[int], limit: int) -> list[int]:
    shares = [0] * len(sizes)
    while (left := min(limit, sum(sizes)) - sum(shares)) > 0:
        open_classes = [at for at, size in enumerate(sizes) if shares[at] < size]
        for turn in _spread(len(open_classes), min(left, len(open_classes))):
            shares[open_classes[turn]] += 1
    return shares


def _spread(count: int, picks: int) -> list[int]:
    """`picks` of range(count), evenly apart."""
    return [pick * count // picks for pick in range(picks)]


def refuse_shifted_labels(items: Sequence[Item], classes: Classes, where: str) -> None:
    """Raise DataSetError when labels are ImageNet's, but counted otherwise than by the model.

    A model with 1001 classes has 'background' for class 0, which no image shows; and where files
    are named by WordNet id, the ids say what the labels ought to be.
    """
    labels = {item.label for item in items if item.label is not None}
    with_background = classes.count == IMAGENET_CLASSES + 1 and (
        classes.names is None or classes.names[0] in ("background", "")
    )
    if with_background and 0 in labels and IMAGENET_CLASSES not in labels:
        raise DataSetError(
            f"{where}: an image is labelled 0, which is 'background' in a model of 1001 classes.",
            "Labels 0..999 need 1 added to each.",
        )
    if classes.count in (IMAGENET_CLASSES, IMAGENET_CLASSES + 1):
        _compare_with_synsets(items, classes, where)


def _compare_with_synsets(items: Sequence[Item], classes: Classes, where: str) -> None:
    first = background_classes(classes, where)
    named = [
        (item, item.label, synset)
        for item in items
        if item.label is not None and (synset := synset_in(item.file)) is not None
    ]
    wrong = [found for found in named if found[1] != first + class_order()[found[2]]]
    if not named or 2 * len(wrong) <= len(named):
        return

    def all_are(meaning: Callable[[str], int]) -> bool:
        return all(label == meaning(synset) for _, label, synset in named)

    item, label, synset = wrong[0]
    right = first + class_order()[synset]
    hint = "Label by the sorted WordNet ids."
    if all_are(lambda synset: ilsvrc_order().index(synset) + 1):
        hint = (
            "The labels are ILSVRC2012_IDs of the development kit, which are not in the order of "
            "the classes: translate each to its WordNet id."
        )
    elif all_are(lambda synset: class_order()[synset] + 1 - first):
        hint = f"All labels are off by one: {'add 1 to' if first else 'subtract 1 from'} each."
    raise DataSetError(
        f"{where}: {item.file} is labelled {label}, but its WordNet id {synset} is class {right} "
        f"of {classes.count}, and {len(wrong)} of {len(named)} such labels are wrong.",
        hint,
    )
