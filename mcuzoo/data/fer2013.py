"""FER2013: seven emotions, 48x48 grey, in two CSV layouts or as folders of JPEGs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mcuzoo.data.images import Damaged, Item, PixelRow
from mcuzoo.data.labels import Classes
from mcuzoo.data.splits import ALL, chosen_split, in_split, no_such_split, split_name
from mcuzoo.errors import DataSetError

FILES = ("fer2013.csv", "icml_face_data.csv")
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""In the order of the CSV's numbers 0 to 6, which is that of Deepface's outputs. Sorted by name,
as folders are, neutral would come before sad and surprise."""

_ALSO = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "scared": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}
_MAX_ROW_BYTES = 1 << 20


def is_header(cells: Sequence[str]) -> bool:
    """Whether the (lower case) column names of a CSV are those of FER2013."""
    return "pixels" in cells and "emotion" in cells


def are_emotions(names: Sequence[str]) -> bool:
    """Whether all of these are FER2013's emotions."""
    return bool(names) and all(_emotion(name) is not None for name in names)


def emotion_label(name: str, classes: Classes, where: str) -> int:
    """The output that stands for the emotion `name`; by name where the model's are known."""
    emotion = _emotion(name)
    if classes.names is not None:
        for index, known in enumerate(classes.names):
            if _emotion(known) == emotion:
                return index
        return classes.named(name, where)
    if classes.count != len(EMOTIONS):
        raise DataSetError(
            f"{where}: FER2013 has {len(EMOTIONS)} emotions, the model has {classes.count} "
            "classes whose names are not known.",
            "Name them with --labels FILE, one emotion a line in the order of the outputs.",
        )
    return EMOTIONS.index(emotion or name)


def _emotion(name: str) -> str | None:
    word = name.strip().casefold()
    word = _ALSO.get(word, word)
    return word if word in EMOTIONS else None


def csv_items(
    path: Path, classes: Classes, wanted: str | None
) -> tuple[str | None, Iterator[Item]]:
    """The split that was chosen, and its rows.

    `path` is fer2013.csv (emotion,pixels,Usage) or icml_face_data.csv (emotion, Usage, pixels);
    Usage may be missing. Rows are indexed, not read in: 35,887 of them have 300 MB.
    """
    columns = _columns(path)
    if "usage" not in columns:
        if wanted not in (None, ALL):
            raise no_such_split(str(wanted), [], str(path))
        return None, _rows(path, classes, columns, ALL)
    present = {part for _, part, _, _, _ in _lines(path, columns) if part}
    if not present:
        raise DataSetError(
            f"{path}: no row has a Usage that is known.",
            "It is Training, PublicTest or PrivateTest.",
        )
    split = chosen_split(wanted, present, str(path))
    return split, _rows(path, classes, columns, split)


def _columns(path: Path) -> dict[str, int]:
    with path.open("rb") as file:
        header = file.readline(_MAX_ROW_BYTES).decode("utf-8-sig", errors="replace")
    return {name.strip().strip('"').lower(): at for at, name in enumerate(header.split(","))}


def _lines(
    path: Path, columns: dict[str, int]
) -> Iterator[tuple[int, str | None, list[str], int, int]]:
    """Line number, split, cells, offset and length of each row that is not empty."""
    usage = columns.get("usage")
    number = 1
    with path.open("rb") as file:
        offset = len(file.readline(_MAX_ROW_BYTES))
        while row := file.readline(_MAX_ROW_BYTES):
            number += 1
            if row.strip():
                cells = row.decode("ascii", errors="replace").split(",")
                part = None
                if usage is not None and usage < len(cells):
                    part = split_name(cells[usage].strip().strip('"'))
                yield number, part, cells, offset, len(row)
            offset += len(row)


def _rows(path: Path, classes: Classes, columns: dict[str, int], split: str) -> Iterator[Item]:
    for index, (line, part, cells, offset, size) in enumerate(_lines(path, columns)):
        if not in_split(part, split):
            continue
        file = f"{path.name}:{line}"
        at = columns["emotion"]
        text = cells[at].strip().strip('"') if at < len(cells) else ""
        if text.isdecimal() and len(text) == 1 and int(text) < len(EMOTIONS):
            label = emotion_label(EMOTIONS[int(text)], classes, str(path))
            yield Item(index, file, PixelRow(path, line, offset, size, columns["pixels"]), label)
        else:
            reason = f"emotion {text[:20]!r} is not 0 to {len(EMOTIONS) - 1}."
            yield Item(index, file, Damaged(f"{path}, line {line}", reason), None)
