"""A CSV that names image files and, optionally, their labels and SHA-256."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from mcuzoo.data.images import Damaged, FilePicture, Item, Picture
from mcuzoo.data.labels import Classes
from mcuzoo.errors import DataSetError

_DELIMITERS = (",", ";", "\t")
_FILE_NAMES = ("filename", "file_name", "filepath", "file_path", "path", "image", "images", "img")
_LABEL_NAMES = ("labels", "class", "class_name", "classname", "class_id", "category", "target")
"""Other tools' names of these columns: refused, so that no label column is overlooked."""

_HINT = "It needs UTF-8 text and a header line: file,label (and, if you like, sha256)."


def manifest_items(path: Path, classes: Classes) -> Iterator[Item]:
    """The images of a CSV: files are relative to the CSV, labels are class indices or names.

    A missing file is reported when it is read. It is an error if all files are missing.
    """
    found = 0
    first_missing = None
    for index, (line, row) in enumerate(csv_rows(path)):
        where = f"{path}, line {line}"
        file, label = row.get("file", ""), row.get("label", "")
        if not file:
            raise DataSetError(f"{where}: no file is named.", "Every row needs a file.")
        target = path.parent / file
        there = _is_file(target)
        found += there
        if not there and first_missing is None:
            first_missing = f"{where}: there is no file {str(target)[:300]!r}."
        picture: Picture = (
            FilePicture(target) if there else Damaged(where, f"there is no file {file[:300]!r}.")
        )
        number = classes.index_of(label, where) if label else None
        yield Item(index, file, picture, number, row.get("sha256", "").lower() or None)
    if first_missing is not None and not found:
        raise DataSetError(
            f"{first_missing} Nor is any other.",
            "Files are looked for relative to the folder of the CSV.",
        )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a NUL in it
        return False


def header_of(path: Path) -> tuple[str, ...]:
    """The column names of a CSV in lower case; empty when there is no such line."""
    try:
        with path.open("rb") as file:
            line = file.readline(1 << 16).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ()
    return _names(line, _delimiter(line))


def _names(line: str, delimiter: str) -> tuple[str, ...]:
    return tuple(name.strip().strip('"').lower() for name in line.split(delimiter))


def _delimiter(header: str) -> str:
    """What separates the cells: the first that gives a column `file`, else the most frequent.

    Spreadsheets write semicolons where the comma is the decimal sign.
    """
    for delimiter in _DELIMITERS:
        if "file" in _names(header, delimiter):
            return delimiter
    return max(_DELIMITERS, key=header.count)


def _require_columns(header: Sequence[str], path: Path) -> None:
    """Raise DataSetError for a missing column `file`, or a `label` under another name."""
    for wanted, others in (("file", _FILE_NAMES), ("label", _LABEL_NAMES)):
        other = next((name for name in header if name in others), None)
        if wanted not in header and (other is not None or wanted == "file"):
            raise DataSetError(
                f"{path}, line 1: no column {wanted!r} among {', '.join(header)[:80] or 'none'}.",
                (f"Call the column {other!r} {wanted!r}. " if other else "") + _HINT,
            )


def csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column name of each row that is not empty."""
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file.readline(1 << 16))
            file.seek(0)
            rows = csv.reader(file, delimiter=delimiter, strict=True)
            header = [name.strip().lower() for name in next(rows, [])]
            _require_columns(header, path)
            for cells in rows:
                line = rows.line_num
                if len(cells) > len(header):
                    raise DataSetError(
                        f"{path}, line {line}: {len(cells)} cells under {len(header)} columns.",
                        f"Put names that contain a {delimiter!r} in double quotes.",
                    )
                if any(cells):
                    stripped = [cell.strip() for cell in cells]
                    yield line, dict(zip(header, stripped, strict=False))
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataSetError(f"{path}, line {line} or after: {error}", _HINT) from error
    except OSError as error:
        raise DataSetError(f"{path} cannot be read: {error.strerror}", _HINT) from error
