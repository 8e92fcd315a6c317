"""CIFAR-10: ten classes of 32x32 RGB, in binary batches, in Python's, or as folders of images.

https://www.cs.toronto.edu/~kriz/cifar.html describes both layouts. A picture is 3072 bytes: 1024
red, 1024 green, 1024 blue, each row by row.
"""

from __future__ import annotations

import pickletools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mcuzoo.data.images import Damaged, Item, Planes
from mcuzoo.data.labels import Classes
from mcuzoo.data.splits import chosen_split, in_split
from mcuzoo.errors import DataSetError

NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
"""In the order of the labels 0 to 9, which is also that of the sorted names."""

FOLDERS = ("cifar-10-batches-bin", "cifar-10-batches-py")
"""What the archives unpack to."""

SIDE = 32
_PICTURE_BYTES = 3 * SIDE * SIDE
_BATCH = re.compile(r"(data_batch_[1-9]|test_batch)(\.bin)?")
_ALSO = {"plane": "airplane", "aeroplane": "airplane", "car": "automobile"}
_MAX_BATCH_BYTES = 64 << 20
_AGAIN = "Take the data set from its source again: https://www.cs.toronto.edu/~kriz/cifar.html"


def labels_of(folders: Sequence[str], outputs: Sequence[str]) -> list[int] | None:
    """The output of each folder, both named as CIFAR-10's authors or PyTorch's tutorial do.

    None unless all folders are classes of CIFAR-10 and have an output.
    """
    known = [_class(name) for name in outputs]
    wanted = [_class(name) for name in folders]
    if None in wanted or not set(wanted) <= set(known):
        return None
    return [known.index(name) for name in wanted]


def _class(name: str) -> str | None:
    word = name.strip().casefold()
    word = _ALSO.get(word, word)
    return word if word in NAMES else None


def is_batch(path: Path) -> bool:
    """Whether a file is called like a batch of CIFAR-10 and has the size, or the start, of one."""
    if _BATCH.fullmatch(path.name) is None or not path.is_file():
        return False
    if path.suffix == ".bin":
        return path.stat().st_size % (1 + _PICTURE_BYTES) == 0
    with path.open("rb") as file:
        return file.read(1) == b"\x80"  # PROTO, with which a pickle of protocol 2 or later begins


def batches_in(folder: Path) -> list[Path]:
    """The batches of `folder`, or of the archive's folder in it, in order; the binary ones first.

    Each batch counts once, even where both archives were unpacked into one folder.
    """
    for place in (folder, *(folder / name for name in FOLDERS)):
        if not place.is_dir():
            continue
        found = sorted(path for path in place.iterdir() if is_batch(path))
        binary = [path for path in found if path.suffix == ".bin"]
        if found:
            return binary or found
    return []


def batch_items(
    batches: Sequence[Path], classes: Classes, wanted: str | None, where: str
) -> tuple[str, Iterator[Item]]:
    """The split that was chosen, "train" or "test" or "all", and its pictures.

    Pictures stay in their files until they are read. Raises DataSetError for a split that is not
    there, or for a batch that is none.
    """
    split = chosen_split(wanted, {_part(path) for path in batches}, where)
    chosen = [path for path in batches if in_split(_part(path), split)]
    return split, _items(chosen, classes)


def _part(path: Path) -> str:
    return "test" if path.name.startswith("test") else "train"


def _items(batches: Sequence[Path], classes: Classes) -> Iterator[Item]:
    outputs = _outputs(classes)
    index = 0
    for path in batches:
        records = _binary_records(path) if path.suffix == ".bin" else _pickled_records(path)
        for number, (label, offset) in enumerate(records):
            file = f"{path.name}:{number}"
            if label < len(NAMES):
                yield Item(index, file, Planes(path, number, offset, SIDE), outputs[label])
            else:
                reason = f"label {label} is not 0 to {len(NAMES) - 1}."
                yield Item(index, file, Damaged(f"{path}, picture {number}", reason), None)
            index += 1


def _outputs(classes: Classes) -> list[int]:
    """The output of each label; by name where the model's names are known."""
    if classes.names is not None:
        by_name = labels_of(NAMES, classes.names)
        return by_name or [classes.index_of(name, "CIFAR-10") for name in NAMES]
    if classes.count != len(NAMES):
        raise DataSetError(
            f"CIFAR-10 has {len(NAMES)} classes, the model has {classes.count} whose names are not "
            "known.",
            "Name them with --labels FILE, one class a line in the order of the outputs.",
        )
    return list(range(len(NAMES)))


def _binary_records(path: Path) -> Iterator[tuple[int, int]]:
    """Label and offset of the pixels, of records of a label byte and a picture."""
    size = 1 + _PICTURE_BYTES
    content = _content(path)
    for start in range(0, len(content) - size + 1, size):
        yield content[start], start + 1


def _pickled_records(path: Path) -> list[tuple[int, int]]:
    """Label and offset of the pixels, of a dictionary with "labels" and "data" that was pickled.

    The file is not unpickled, which could run any code: its opcodes are only listed. "data" is a
    NumPy array of uint8, whose bytes lie in the file in one piece.
    """
    try:
        labels, offset, size_bytes = _scan(_content(path))
    except ValueError as error:
        raise DataSetError(f"{path} is no batch of CIFAR-10: {error}.", _AGAIN) from error
    if size_bytes != len(labels) * _PICTURE_BYTES:
        raise DataSetError(
            f"{path} has {len(labels)} labels for {size_bytes / _PICTURE_BYTES:g} pictures.", _AGAIN
        )
    return [(label, offset + at * _PICTURE_BYTES) for at, label in enumerate(labels)]


# Opcodes with bytes as their argument, and the bytes of its length before it. Python 2 pickled an
# array's data as BINSTRING, Python 3 as one of the others.
_BYTES = {"BINSTRING": 4, "BINBYTES": 4, "BINBYTES8": 8, "BYTEARRAY8": 8}
_KEYS = ("SHORT_BINSTRING", "BINUNICODE", "SHORT_BINUNICODE", "SHORT_BINBYTES")
_LIST = ("EMPTY_LIST", "MARK", "APPENDS", "APPEND", "FRAME")
_MEMO = ("BINPUT", "LONG_BINPUT", "MEMOIZE", "PUT")


def _scan(content: bytes) -> tuple[list[int], int, int]:
    """Labels, and place and size of the array's bytes. Raises ValueError for anything else."""
    labels: list[int] | None = None
    data: tuple[int, int] | None = None
    collects, by_columns = False, False
    types: set[Any] = set()
    for opcode, argument, position in pickletools.genops(content):
        assert position is not None
        if opcode.name in _MEMO:
            continue
        if collects and opcode.name in ("BININT1", "BININT", "BININT2", "INT"):
            assert labels is not None
            labels.append(_label(argument))
            continue
        collects = collects and opcode.name in _LIST
        if opcode.name in _BYTES and len(argument or b"") >= _PICTURE_BYTES:
            assert argument is not None
            data = position + 1 + _BYTES[opcode.name], len(argument)
            types |= {"F"} if by_columns else set()
        elif opcode.name in _KEYS and argument in ("labels", b"labels"):
            labels, collects = [], True
        elif opcode.name in _KEYS:
            types.add(argument)
        elif opcode.name in ("NEWTRUE", "NEWFALSE"):
            by_columns = opcode.name == "NEWTRUE"  # the last one before an array's data
    if labels is None or data is None:
        raise ValueError('it has no "labels", or no "data" that lies in it as bytes')
    if "F" in types or not types & {"u1", b"u1"}:
        raise ValueError('its "data" is no array of uint8 with one picture after the other')
    return labels, *data


def _label(argument: Any) -> int:
    if not isinstance(argument, int) or argument < 0:
        raise ValueError(f"label {argument!r} is no class")
    return argument


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BATCH_BYTES + 1)
    except OSError as error:
        raise DataSetError(
            f"{path} cannot be read: {error.strerror}.", "Check its permissions."
        ) from error
    if len(content) > _MAX_BATCH_BYTES:
        raise DataSetError(f"{path} is larger than {_MAX_BATCH_BYTES >> 20} MiB.", _AGAIN)
    return content
