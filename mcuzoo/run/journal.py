"""The journal: an SQLite file in which every finished image is safe at once.

A run keeps it in its folder for `mcuzoo report`; an evaluation in the cache until it ends.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

from mcuzoo.data.images import Item
from mcuzoo.errors import InputError, UsageError, command
from mcuzoo.link.counts import StackUse
from mcuzoo.link.state import LinkState
from mcuzoo.locking import lock as lock_file
from mcuzoo.run.journal_schema import (
    BOARD_TABLES,
    BOARDS_SINCE,
    SCHEMA,
    TABLES,
    has_column,
    schema_of,
    statements_since,
)
from mcuzoo.run.journal_values import (
    decode_board,
    decode_meta,
    decode_row,
    encode_board,
    encode_found,
    encode_meta,
    require_classes,
)
from mcuzoo.run.record import BoardRecord, OtherResult, Row, RunMeta, Settings, Status, WrongLayer

JOURNAL_NAME = "run.sqlite"
LOCK_NAME = "run.lock"
# A rollback journal, not WAL: run.sqlite alone is then the whole run, also after a crash, and can
# be read from a read-only folder. FULL: a committed image survives a power cut as well; OFF, where
# images are many and quick: it survives the end of the process.
_PRAGMAS = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = {};"
_ITEM = "id, file, label, sha256"
_FOUND = (
    "status", "output", "top1", "score", "cycles", "input_crc32", "attempts",
    "reference_difference", "seconds", "error", "rank", "second", "dtype", "turned", "clipped",
    "board", "host_top1", "cpu_top1", "cpu_difference",
)  # fmt: skip


class RunLock:
    """An exclusive lock on a folder, held from construction to `release`: one writer a journal.

    The operating system frees it when the writer dies. Raises UsageError when another process (or
    another RunLock) holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._file = (folder / LOCK_NAME).open("ab")
        try:
            lock_file(self._file)
        except OSError as error:
            self._file.close()
            raise UsageError(
                f"Another mcuzoo process is writing to {folder}.",
                "Wait for it, or leave --out away to write to a folder of its own.",
            ) from error

    def __enter__(self) -> RunLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        self._file.close()


def begin_journal(folder: Path, meta: RunMeta, items: Sequence[Item]) -> Journal:
    """Make `folder` a run of `items`, all pending; the file appears whole or not at all. Its
    writer, which the caller closes.

    Raises UsageError when there is a run already, InputError when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Kept: another thread may start a process at any moment, which would hold what is released.
        lock = RunLock(folder)
        try:
            require_no_run(folder)
            create_rows(folder, encode_meta(meta), items)
            return Journal(folder, held=lock)
        except BaseException:
            lock.release()
            raise
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


def create_rows(
    folder: Path, about: Iterable[tuple[str, str]], items: Sequence[Item], sync: str = "FULL"
) -> None:
    """The journal of `items`, all pending, in `folder`; `about`: names and values of JSON.

    It replaces an existing one. Raises OSError and sqlite3.Error.
    """
    temporary = folder / f".{JOURNAL_NAME}.new"
    for leftover in (temporary, temporary.with_name(temporary.name + "-journal")):
        leftover.unlink(missing_ok=True)
    with closing(sqlite3.connect(temporary)) as database:
        database.executescript(_PRAGMAS.format(sync) + TABLES + BOARD_TABLES)
        with database:
            database.executemany("INSERT INTO run VALUES (?, ?)", [("schema", str(SCHEMA)), *about])
            _insert(database, items)
    temporary.replace(folder / JOURNAL_NAME)


def _insert(database: sqlite3.Connection, items: Iterable[Item]) -> None:
    database.executemany(
        f"INSERT INTO images ({_ITEM}, status) VALUES (?, ?, ?, ?, ?)",
        ((one.index, one.file, one.label, one.sha256, Status.PENDING.value) for one in items),
    )


class Journal:
    """The one writer of a journal. Use as a context manager; reading needs only `read_run`.

    sync: SQLite's `synchronous`. held: the folder's lock, if the caller has it. Raises
    UsageError when another process writes to the same one, InputError when there is none or it is
    damaged.
    """

    def __init__(self, folder: Path, sync: str = "FULL", held: RunLock | None = None) -> None:
        self._folder = folder
        _existing(folder)
        self._lock = held or RunLock(folder)
        try:
            with _damage_named(folder):
                self._database = _connect(folder)
                self._database.executescript(_PRAGMAS.format(sync))
                schema = schema_of(self._database)
                if schema < SCHEMA:
                    self._database.executescript(f"BEGIN; {statements_since(schema)} COMMIT;")
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._lock.release()

    @property
    def rows(self) -> tuple[Row, ...]:
        """All images, in data set order."""
        with _damage_named(self._folder):
            return tuple(_rows(self._database))

    def add(self, items: Iterable[Item]) -> None:
        """Images that were not known when the journal was begun, all pending. Raises InputError."""
        with _damage_named(self._folder), self._database:
            _insert(self._database, items)

    def record(self, row: Row, link: LinkState | None = None) -> None:
        """Commit `row`, and what is known of the line. After the return a kill loses nothing.

        Raises InputError when the disk refuses, or the image is finished already.
        """
        with _damage_named(self._folder), self._database:
            self._update(row)
            if link is not None:
                self._replace("link", asdict(link))

    def record_all(
        self,
        rows: Iterable[Row],
        boards: Iterable[BoardRecord],
        others: Iterable[OtherResult],
        elapsed_s: float,
    ) -> None:
        """Commit what boards have done since the last time, all of it or nothing.

        elapsed_s: how long boards have been at work by now. Raises as `record`.
        """
        with _damage_named(self._folder), self._database:
            for row in rows:
                self._update(row)
            self._database.executemany(
                "REPLACE INTO boards VALUES (?, ?)",
                [(board.name, encode_board(board)) for board in boards],
            )
            self._database.executemany(
                "REPLACE INTO others VALUES (?, ?, ?, ?)",
                [
                    (one.index, one.board, one.output_crc32, one.reference_difference)
                    for one in others
                ],
            )
            self._replace("elapsed_s", elapsed_s)

    def _update(self, row: Row) -> None:
        values = ", ".join(f"{column}=?" for column in _FOUND)
        done = self._database.execute(
            f"UPDATE images SET sha256=?, {values} WHERE id=? AND status NOT IN (?, ?)",
            (
                row.sha256,
                *encode_found(row),
                row.index,
                Status.DONE.value,
                Status.BAD_IMAGE.value,
            ),
        )
        if done.rowcount != 1:
            raise sqlite3.IntegrityError(f"image {row.index} is unknown or finished already")

    def record_cpu(self, index: int, top1: int, difference: int) -> None:
        """Save what the board's own CPU gave for an image that has an answer."""
        with _damage_named(self._folder), self._database:
            done = self._database.execute(
                "UPDATE images SET cpu_top1=?, cpu_difference=? WHERE id=? AND status=?",
                (top1, difference, index, Status.DONE.value),
            )
            if done.rowcount != 1:
                raise sqlite3.IntegrityError(f"image {index} has no answer")

    def note_cpu_engine(self, engine: str) -> None:
        """Save which engine of the board's own CPU runs the images as well."""
        self._put("cpu_engine", engine)

    def keep_link(self, link: LinkState) -> None:
        """Save what the run has learnt about the line, and the losses of the line."""
        self._put("link", asdict(link))

    def update_settings(self, settings: Settings) -> None:
        """Save the settings of the newest session."""
        self._put("settings", asdict(settings))

    def record_wrong_layer(self, wrong: WrongLayer) -> None:
        """Save which layer made an output wrong."""
        self._put("wrong_layer", asdict(wrong))

    def note_stack(self, stack: StackUse) -> None:
        """Save the board's stack use in the newest session."""
        self._put("stack", asdict(stack))

    def _put(self, key: str, value: object) -> None:
        with _damage_named(self._folder), self._database:
            self._replace(key, value)

    def _replace(self, key: str, value: object) -> None:
        self._database.execute("REPLACE INTO run VALUES (?, ?)", (key, json.dumps(value)))


def recorded(
    rows: Iterable[Row],
    journal: Journal | None,
    link: Callable[[], LinkState | None] = lambda: None,
) -> Generator[Row, None, None]:
    """Commit each row to the journal, with the time that it took, then yield it.

    link: returns what the run has learnt about the line.
    """
    begun = time.perf_counter()
    for row in rows:
        now = time.perf_counter()
        timed = replace(row, seconds=now - begun)
        begun = now
        if journal is not None:
            journal.record(timed, link())
        yield timed


def newest_run(folder: Path) -> Path:
    """`folder` itself if it is a run, else the run in it that was started last.

    Raises InputError when there is none.
    """
    if (folder / JOURNAL_NAME).is_file():
        return folder
    begun: list[tuple[str, int, Path]] = []
    for journal in folder.glob(f"*/{JOURNAL_NAME}"):
        with suppress(InputError):  # a damaged run beside others
            meta = read_meta(journal.parent)
            begun.append((meta.started, journal.stat().st_mtime_ns, journal.parent))
    if not begun:
        _existing(folder)
    return max(begun)[2]


def read_run(folder: Path) -> tuple[RunMeta, tuple[Row, ...]]:
    """A run as it stands, also while it is being written; rows in data set order.

    Raises InputError when `folder` holds no run or a damaged one.
    """
    with reading(folder) as database:
        meta, rows = read_meta_of(database), tuple(_rows(database))
        require_classes(rows, meta.classes)
        return meta, rows


def read_meta(folder: Path) -> RunMeta:
    """What a run's journal says of the run itself, without its images. Raises as `read_run`."""
    with reading(folder) as database:
        return read_meta_of(database)


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """The run's database, to be read within the block, where SQLite's errors and those of values
    become InputError. Raises InputError when `folder` holds no run."""
    _existing(folder)
    with _damage_named(folder), closing(_connect(folder)) as database:
        yield database


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
    except (sqlite3.Error, LookupError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"The journal {folder / JOURNAL_NAME} cannot be used: {error}",
            "Start a new run; if the disk is full, make room and --resume this one.",
        ) from error


def read_meta_of(database: sqlite3.Connection) -> RunMeta:
    """As `read_meta`, from within `reading`."""
    pairs = dict(database.execute("SELECT key, value FROM run"))
    boards: tuple[BoardRecord, ...] = ()
    others: tuple[OtherResult, ...] = ()
    if schema_of(database) >= BOARDS_SINCE:
        found = database.execute("SELECT name, value FROM boards ORDER BY name")
        boards = tuple(decode_board(name, value) for name, value in found)
        columns = "id, board, output_crc32, reference_difference"
        found = database.execute(f"SELECT {columns} FROM others ORDER BY id, board")
        others = tuple(OtherResult(*cells) for cells in found)
    return replace(decode_meta(pairs), boards=boards, others=others)


def _rows(database: sqlite3.Connection) -> Iterator[Row]:
    columns = [name for name in _FOUND if has_column(database, name)]
    names = ("index", *_ITEM.split(", ")[1:], *columns)
    for cells in database.execute(f"SELECT {_ITEM}, {', '.join(columns)} FROM images ORDER BY id"):
        yield decode_row(dict(zip(names, cells, strict=True)))
