"""Measurements of models, kept with their origin.

One JSON object per line in the user's data directory; lines are only ever added.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Set
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from pathlib import Path

from mcuzoo import __version__
from mcuzoo.errors import InputError, UsageError
from mcuzoo.untrusted import parse_json

FILE_NAME = "measured.jsonl"
METRICS = ("top1", "top5")
_MAX_FILE_BYTES = 64 << 20


@dataclass(frozen=True)
class Measurement:
    """One figure. value: a fraction of the `n` images; date: ISO 8601, UTC, to the second.

    data_set: its name, and what tells it from others of that name; engine: what computed the
    outputs ("reference", "tflm", "emulator rt1050", ...). model_sha256: of the file. metric:
    "top1_int8" for example. tool_version: of mcuzoo.
    """

    model_sha256: str
    metric: str
    value: float
    n: int
    data_set: str
    engine: str
    date: str
    tool_version: str


def data_folder() -> Path:
    """Where measurements are kept: $MCUZOO_DATA, or the platform's data directory."""
    from platformdirs import user_data_path

    named = os.environ.get("MCUZOO_DATA")
    return Path(named).expanduser() if named else user_data_path("mcuzoo", appauthor=False)


def record(
    model_sha256: str,
    metric: str,
    value: float,
    n: int,
    data_set: str,
    engine: str,
    *,
    date: str | None = None,
) -> Measurement:
    """Remember a measurement of now (or of `date`) and return it.

    Raises UsageError for an unknown metric, a value outside 0..1 or no images, InputError when
    the store cannot be written.
    """
    if metric not in METRICS or not 0 <= value <= 1 or n < 1:
        raise UsageError(
            f"{metric} = {value} of {n} images is no measurement.",
            f"Metrics: {', '.join(METRICS)}, fractions of at least one image.",
        )
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    measurement = Measurement(
        model_sha256, metric, float(value), n, data_set, engine, date or now, __version__
    )
    path = data_folder() / FILE_NAME
    line = json.dumps(asdict(measurement), sort_keys=True) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One write in append mode: lines of processes that record at once do not mix.
        with path.open("ab", buffering=0) as file:
            file.write(line.encode())
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}.",
            "Set MCUZOO_DATA to a folder of yours.",
        ) from error
    return measurement


def measurements(model_sha256: str | None = None) -> tuple[Measurement, ...]:
    """All measurements, oldest first, of one model file or of all. Damaged lines are skipped.

    Raises InputError when the store is there and cannot be read.
    """
    path = data_folder() / FILE_NAME
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise InputError(
                f"{path} has more than {_MAX_FILE_BYTES:,} bytes.", "Move the file away."
            )
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}.", "Set MCUZOO_DATA to another folder."
        ) from error
    found = (_parsed(line) for line in lines)
    return tuple(item for item in found if item and model_sha256 in (None, item.model_sha256))


def best_measurement(model_sha256: str, metric: str) -> Measurement | None:
    """The measurement with the most images; of equal ones the newest."""
    return best_of(measurements(model_sha256), {model_sha256}, metric)


def best_of(items: Iterable[Measurement], hashes: Set[str], metric: str) -> Measurement | None:
    """The measurement of `metric` on these files with the most images; of equal ones the newest."""
    candidates = [item for item in items if item.metric == metric and item.model_sha256 in hashes]
    return max(candidates, key=lambda item: (item.n, item.date), default=None)


def _parsed(line: bytes) -> Measurement | None:
    try:
        raw = parse_json(line)
        item = Measurement(**{field.name: raw[field.name] for field in fields(Measurement)})
        texts = (item.model_sha256, item.metric, item.data_set, item.engine, item.date)
        sound = all(isinstance(text, str) for text in (*texts, item.tool_version))
        counted = isinstance(item.n, int) and item.n > 0 and 0 <= item.value <= 1
    except (ValueError, TypeError, KeyError):
        return None
    return item if sound and counted else None
