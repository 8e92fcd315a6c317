"""The journal of a run: an SQLite file in which every finished image is safe at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mcuzoo.data.dataset import Item
from mcuzoo.errors import InputError, UsageError, command
from mcuzoo.link.stack_use import StackUse
from mcuzoo.link.state import LinkState
from mcuzoo.project.manifest import Preprocessing
from mcuzoo.run.lock import RunLock
from mcuzoo.run.record import BoardFacts, Row, RunMeta, Settings, Status, WrongLayer
from mcuzoo.untrusted import parse_json

JOURNAL_NAME = "run.sqlite"
SCHEMA = 1

# A rollback journal, not WAL: run.sqlite alone is then the whole run, also after a crash, and can
# be read from a read-only folder. FULL: a committed image survives a power cut as well.
_PRAGMAS = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
_TABLES = """
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    file TEXT NOT NULL,
    label INTEGER,
    sha256 TEXT,
    status TEXT NOT NULL,
    output BLOB,
    top1 INTEGER,
    score REAL,
    cycles INTEGER,
    input_crc32 INTEGER,
    attempts INTEGER,
    reference_difference INTEGER,
    seconds REAL,
    error TEXT
);
"""
_COLUMNS = (
    "id, file, label, sha256, status, output, top1, score, cycles, input_crc32, attempts, "
    "reference_difference, seconds, error"
)


def create_journal(folder: Path, meta: RunMeta, items: tuple[Item, ...]) -> None:
    """Make `folder` a run of `items`, all pending; the file appears whole or not at all.

    Raises UsageError when there is a run already, InputError when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with RunLock(folder):
            _create(folder, meta, items)
    except (OSError, sqlite3.Error) as error:
        raise InputError(f"{folder} cannot hold a run: {error}", "Choose another --out.") from error


def require_no_run(folder: Path) -> None:
    """Raise UsageError when `folder` holds a run already."""
    if (folder / JOURNAL_NAME).exists():
        resume = command("mcuzoo", "run-serial", "--resume", folder)
        raise UsageError(
            f"{folder} holds a run already.",
            f"Choose another --out, or go on with it: {resume}",
        )


def _create(folder: Path, meta: RunMeta, items: tuple[Item, ...]) -> None:
    require_no_run(folder)
    temporary = folder / f".{JOURNAL_NAME}.new"
    for leftover in (temporary, temporary.with_name(temporary.name + "-journal")):
        leftover.unlink(missing_ok=True)
    with closing(sqlite3.connect(temporary)) as database:
        database.executescript(_PRAGMAS + _TABLES)
        with database:
            database.executemany(
                "INSERT INTO run VALUES (?, ?)", [("schema", str(SCHEMA)), *_encode_meta(meta)]
            )
            database.executemany(
                "INSERT INTO images (id, file, label, sha256, status) VALUES (?, ?, ?, ?, ?)",
                [
                    (item.index, item.file, item.label, item.sha256, Status.PENDING.value)
                    for item in items
                ],
            )
    temporary.rename(folder / JOURNAL_NAME)


class Journal:
    """The one writer of a run. Use as a context manager; reading needs only `read_run`.

    Raises UsageError when another process writes to the same run, InputError when there is no run
    or it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        _existing(folder)
        self._lock = RunLock(folder)
        try:
            with _damage_named(folder):
                self._database = _connect(folder)
                self._database.executescript(_PRAGMAS)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._lock.release()

    def record(self, row: Row, link: LinkState | None = None) -> None:
        """Commit `row`, and what the run has learnt of the line; it is on the disk when this
        returns.

        Raises InputError when the disk says no, or the image is finished already.
        """
        with _damage_named(self._folder), self._database:
            done = self._database.execute(
                "UPDATE images SET status=?, output=?, top1=?, score=?, cycles=?, input_crc32=?, "
                "attempts=?, reference_difference=?, seconds=?, error=? "
                "WHERE id=? AND status NOT IN (?, ?)",
                (
                    row.status.value,
                    None if row.output is None else row.output.tobytes(),
                    row.top1,
                    row.score,
                    row.cycles,
                    row.input_crc32,
                    row.attempts,
                    row.reference_difference,
                    row.seconds,
                    row.error,
                    row.index,
                    Status.DONE.value,
                    Status.BAD_IMAGE.value,
                ),
            )
            if done.rowcount != 1:
                raise sqlite3.IntegrityError(f"image {row.index} is unknown or finished already")
            if link is not None:
                self._replace("link", asdict(link))

    def keep_link(self, link: LinkState) -> None:
        """Remember what the run has learnt of the line, and what that cost."""
        self._put("link", asdict(link))

    def update_settings(self, settings: Settings) -> None:
        """Remember the settings of the newest session."""
        self._put("settings", asdict(settings))

    def blame(self, wrong: WrongLayer) -> None:
        """Remember which layer made an output wrong."""
        self._put("wrong_layer", asdict(wrong))

    def note_stack(self, stack: StackUse) -> None:
        """Remember what the board used of its stack in the newest session."""
        self._put("stack", asdict(stack))

    def _put(self, key: str, value: object) -> None:
        with _damage_named(self._folder), self._database:
            self._replace(key, value)

    def _replace(self, key: str, value: object) -> None:
        self._database.execute("REPLACE INTO run VALUES (?, ?)", (key, json.dumps(value)))


def newest_run(folder: Path) -> Path:
    """`folder` itself when it is a run, else the run in it that was begun last.

    Raises InputError when there is none.
    """
    if (folder / JOURNAL_NAME).is_file():
        return folder
    begun: list[tuple[str, int, Path]] = []
    for journal in folder.glob(f"*/{JOURNAL_NAME}"):
        with suppress(InputError):  # a damaged run beside others
            meta, _ = read_run(journal.parent)
            begun.append((meta.started, journal.stat().st_mtime_ns, journal.parent))
    if not begun:
        _existing(folder)
    return max(begun)[2]


def read_run(folder: Path) -> tuple[RunMeta, tuple[Row, ...]]:
    """A run as it stands, also while it is being written; rows in data set order.

    Raises InputError when `folder` holds no run or a damaged one.
    """
    _existing(folder)
    with _damage_named(folder), closing(_connect(folder)) as database:
        return _read(database)


def _existing(folder: Path) -> None:
    if not (folder / JOURNAL_NAME).is_file():
        raise InputError(
            f"{folder} holds no run: there is no {JOURNAL_NAME}, in it or one folder below.",
            "mcuzoo run-serial makes one and prints its folder.",
        )


def _connect(folder: Path) -> sqlite3.Connection:
    # mode=rw for readers, too: SQLite must be able to undo what a crash left half written. It
    # falls back to reading by itself where the file is write-protected.
    location = (folder / JOURNAL_NAME).resolve().as_uri()
    return sqlite3.connect(f"{location}?mode=rw", uri=True, timeout=10)


@contextmanager
def _damage_named(folder: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"The journal {folder / JOURNAL_NAME} cannot be used: {error}",
            "Start a new run; if the disk is full, make room and --resume this one.",
        ) from error


def _read(database: sqlite3.Connection) -> tuple[RunMeta, tuple[Row, ...]]:
    pairs = dict(database.execute("SELECT key, value FROM run"))
    if pairs["schema"] != str(SCHEMA):
        raise ValueError(f"schema {pairs['schema']}, this mcuzoo reads schema {SCHEMA}")
    rows = database.execute(f"SELECT {_COLUMNS} FROM images ORDER BY id")
    return _decode_meta(pairs), tuple(_decode_row(*cells) for cells in rows)


def _encode_meta(meta: RunMeta) -> list[tuple[str, str]]:
    return [(key, json.dumps(value)) for key, value in asdict(meta).items()]


def _decode_meta(pairs: dict[str, str]) -> RunMeta:
    values: dict[str, Any] = {
        key: parse_json(value) for key, value in pairs.items() if key != "schema"
    }
    names, wrong = values["class_names"], values.get("wrong_layer")
    link = values.get("link")
    stack = values.get("stack")
    return RunMeta(
        **{
            **values,
            "class_names": None if names is None else tuple(names),
            "preprocessing": Preprocessing(**values["preprocessing"]),
            "board": BoardFacts(**values["board"]),
            "settings": Settings(**values["settings"]),
            "wrong_layer": None if wrong is None else WrongLayer(**wrong),
            "link": None if link is None else LinkState.of(link),
            "stack": None if stack is None else StackUse(**stack),
        }
    )


def _decode_row(
    index: int, file: str, label: int | None, sha256: str | None, status: str, output: bytes | None,
    *measured: Any,
) -> Row:  # fmt: skip
    tensor = None if output is None else np.frombuffer(output, dtype=np.int8)
    return Row(index, file, label, sha256, Status(status), tensor, *measured)
