"""The JSON Schema of every document that `--json` prints. A document names its own in `schema`.

The files NAME-VERSION.json beside this module are made by tools/schemas.py and never change once
they are released: a document that changes gets a new version here, and a new file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mcuzoo.errors import UsageError, did_you_mean

FOLDER = Path(__file__).parent

VERSIONS: Mapping[str, int] = {
    "bisect": 1,
    "boards": 1,
    "build": 1,
    "calibrate": 1,
    "compare": 1,
    "config": 1,
    "convert": 1,
    "doctor": 1,
    "doctor-data": 1,
    "doctor-image": 1,
    "emulate": 1,
    "emulate-faults": 1,
    "error": 1,
    "evaluate": 1,
    "export": 1,
    "fetch": 1,
    "fit": 1,
    "fit-linux": 1,
    "fit-linux-many": 1,
    "fit-measure": 1,
    "fit-universal": 1,
    "flash": 1,
    "flash-rig": 1,
    "history": 1,
    "init": 1,
    "inspect": 1,
    "inspect-vela": 1,
    "models": 1,
    "ports": 1,
    "probes": 1,
    "profile": 1,
    "quantize": 1,
    "rig-check": 1,
    "rig-scan": 1,
    "run": 1,
    "try": 1,
    "verify": 1,
    "watch": 1,
}
"""The version of each document as it is printed now."""


def schema_name(document: str) -> str:
    """The name of a document's schema as it is printed now: "run-1"."""
    return f"{document}-{VERSIONS[document]}"


def labelled(document: str, fields: Mapping[str, object]) -> dict[str, object]:
    """The document with the name of its schema."""
    return {"schema": schema_name(document), **fields}


def known_schemas() -> tuple[str, ...]:
    """The names of all schemas, those of older versions, too."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def schema_text(name: str) -> str:
    """The schema of a document by its name, such as "run" (as it is printed now) or "run-1".

    Raises UsageError for another name.
    """
    known = known_schemas()
    wanted = schema_name(name) if name in VERSIONS else name
    if wanted not in known:
        raise UsageError(
            f"There is no schema {name!r}.",
            f"{did_you_mean(name, (*VERSIONS, *known))}mcuzoo schema lists them.",
        )
    return (FOLDER / f"{wanted}.json").read_text(encoding="utf-8")
