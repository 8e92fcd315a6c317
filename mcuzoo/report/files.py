"""A run as files: CSV for spreadsheets, .npy for numpy. They appear whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import InputError
from mcuzoo.files import write_output
from mcuzoo.run.record import Row, RunMeta

CSV_COLUMNS = (
    "index", "file", "label", "top1", "score", "cycles", "input_crc32", "status", "label_name",
    "top1_name", "attempts", "reference_difference", "seconds", "sha256", "error",
)  # fmt: skip


def csv_text(meta: RunMeta, rows: Sequence[Row]) -> str:
    """One line per image in data set order; a cell is empty where nothing is known.

    `score` is the top-1 class's output, dequantized; `input_crc32` is hexadecimal (0x…);
    `cycles` are instructions where the board was emulated.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_cells(row, meta.class_names) for row in rows)
    return text.getvalue()


def outputs_array(rows: Sequence[Row]) -> NDArray[np.int8]:
    """The raw outputs, int8 [N, classes], of the rows that have one, in data set order.

    Raises InputError when no row has one.
    """
    outputs = [row.output for row in rows if row.output is not None]
    if not outputs:
        raise InputError("No image of this run has an output.", "mcuzoo run-serial --resume RUN")
    return np.stack(outputs)


def write_page(path: Path, text: str) -> None:
    """Write an HTML page to `path`. Raises InputError when it cannot be written."""
    write_output(path, text.encode("utf-8"))


def write_csv(path: Path, meta: RunMeta, rows: Sequence[Row]) -> None:
    """Write `csv_text` to `path`. Raises InputError when it cannot be written."""
    write_output(path, csv_text(meta, rows).encode("utf-8"))


def write_outputs(path: Path, rows: Sequence[Row], partial: bool) -> None:
    """Write `outputs_array` to `path`, in numpy's .npy format.

    Raises InputError when an image has no output, unless `partial`, which leaves its row out; and
    when `path` cannot be written.
    """
    missing = [row.file for row in rows if row.output is None]
    if missing and not partial:
        raise InputError(
            f"{len(missing)} of {len(rows)} images have no output, the first is {missing[0]}.",
            "--partial leaves their rows out; the CSV's status column says which are there.",
        )
    data = io.BytesIO()
    np.save(data, outputs_array(rows))
    write_output(path, data.getvalue())


def _cells(row: Row, names: Sequence[str] | None) -> dict[str, object]:
    known = {column: getattr(row, column) for column in CSV_COLUMNS if hasattr(row, column)}
    crc = None if row.input_crc32 is None else f"0x{row.input_crc32:08x}"
    return {
        **known,
        "status": row.status.value,
        "input_crc32": crc,
        "label_name": _name(row.label, names),
        "top1_name": _name(row.top1, names),
    }


def _name(index: int | None, names: Sequence[str] | None) -> str | None:
    return None if index is None or names is None else names[index]
