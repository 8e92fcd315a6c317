"""The tables of a journal, their schemas, and how an older one becomes the newest."""

from __future__ import annotations

import sqlite3

SCHEMA = 6
_SINCE = {
    2: (("rank", "INTEGER"), ("second", "TEXT"), ("dtype", "TEXT")),
    3: (("turned", "INTEGER"), ("clipped", "REAL")),
    4: (("board", "TEXT"),),
    5: (("host_top1", "INTEGER"),),
    6: (("cpu_top1", "INTEGER"), ("cpu_difference", "INTEGER")),
}
"""The columns that came with a schema: an older journal is read, and a resume updates it."""

TABLES = """
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
    error TEXT,
    rank INTEGER,
    second TEXT,
    dtype TEXT,
    turned INTEGER,
    clipped REAL,
    board TEXT,
    host_top1 INTEGER,
    cpu_top1 INTEGER,
    cpu_difference INTEGER
);
"""
BOARD_TABLES = """
CREATE TABLE boards (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE others (
    id INTEGER NOT NULL,
    board TEXT NOT NULL,
    output_crc32 INTEGER NOT NULL,
    reference_difference INTEGER,
    PRIMARY KEY (id, board)
) WITHOUT ROWID;
"""
BOARDS_SINCE = 4


def schema_of(database: sqlite3.Connection) -> int:
    """The number of the schema. Raises ValueError for one that is not known."""
    found = database.execute("SELECT value FROM run WHERE key = 'schema'").fetchone()
    if found is None or found[0] not in map(str, range(1, SCHEMA + 1)):
        name = None if found is None else found[0]
        raise ValueError(f"schema {name}, this mcuzoo reads schema {SCHEMA}")
    return int(found[0])


def statements_since(schema: int) -> str:
    """SQL that makes a journal of `schema` one of SCHEMA."""
    columns = [column for since, new in _SINCE.items() if since > schema for column in new]
    added = "".join(f"ALTER TABLE images ADD COLUMN {name} {kind};" for name, kind in columns)
    if schema < BOARDS_SINCE:
        added += BOARD_TABLES
    return f"{added} UPDATE run SET value = '{SCHEMA}' WHERE key = 'schema';"


def has_column(database: sqlite3.Connection, name: str) -> bool:
    """Whether the images of this journal have `name`, one of the columns of today."""
    schema = schema_of(database)
    since = (number for number, new in _SINCE.items() if name in dict(new))
    return next(since, 1) <= schema
