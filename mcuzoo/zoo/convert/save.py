"""A converted model as a file that appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

from mcuzoo.errors import InputError, UsageError
from mcuzoo.files import write_whole


def require_target(source: Path, target: Path) -> None:
    """Raise UsageError when `target` cannot take the conversion of `source`."""
    if target.is_dir():
        raise UsageError(f"{target} is a folder.", "Name the .tflite file to write.")
    if target.exists() and target.samefile(source):
        raise UsageError(
            f"{target} is the model to convert itself.", "Give the conversion another name."
        )


def write_model_file(target: Path, raw: bytes) -> None:
    """Write `raw` under a temporary name beside `target`, then rename.

    Raises InputError when that is not possible.
    """
    try:
        write_whole(target, raw)
    except OSError as error:
        raise InputError(
            f"{target} cannot be written: {error.strerror}.", "Name a file in a folder of yours."
        ) from error
