"""The INT8 model made from a UINT8 one. It is kept in the cache, with a note of its origin."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcuzoo import __version__
from mcuzoo.errors import InputError
from mcuzoo.untrusted import parse_json, read_text
from mcuzoo.zoo.find import FoundFile, cache_folder, cache_hint, file_sha256


@dataclass(frozen=True)
class Derived:
    """made: whether it was converted just now, rather than found in the cache.

    report: of the conversion, as `mcuzoo convert --json` prints it, without its layers.
    """

    path: Path
    sha256: str
    made: bool
    report: dict[str, Any]


def derived_name(source: Path) -> str:
    """For example net_quant.tflite -> net_quant_to_int8.tflite."""
    return f"{source.stem}_to_int8.tflite"


def derived_int8(source: FoundFile) -> Derived:
    """The INT8 conversion of a UINT8 file; converted anew unless the cache has that very one.

    Raises as load_model and convert_model, InputError when the cache cannot be written.
    """
    from mcuzoo.files import write_output
    from mcuzoo.graph.read import load_model
    from mcuzoo.zoo.convert.convert import convert_model

    known = _known(source)
    if known is not None:
        return known
    path = _path(source)
    note = path.with_suffix(".json")
    conversion = convert_model(load_model(source.path))
    report = conversion.report.as_dict()
    del report["layers"]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"The cache {path.parent} cannot be made: {error.strerror}.",
            cache_hint(),
        ) from error
    sha256 = conversion.model.sha256
    write_output(path, conversion.model.raw)
    noted = json.dumps({**_made_from(source), "sha256": sha256, "report": report}, indent=2) + "\n"
    write_output(note, noted.encode())
    return Derived(path, sha256, True, report)


def known_derivative(source: FoundFile) -> Path | None:
    """The conversion of a UINT8 file if the cache has it; nothing is converted."""
    known = _known(source)
    return None if known is None else known.path


def converted_from(path: Path) -> str | None:
    """The SHA-256 of the UINT8 file that `path` was converted from, if a note beside it states it.

    The note must state the hash that the file has.
    """
    noted = _noted(path.with_suffix(".json"))
    origin = noted.get("source_sha256")
    return origin if isinstance(origin, str) and noted.get("sha256") == file_sha256(path) else None


def _path(source: FoundFile) -> Path:
    return cache_folder() / derived_name(source.path)


def _made_from(source: FoundFile) -> dict[str, Any]:
    return {"source_sha256": source.sha256, "tool_version": __version__}


def _known(source: FoundFile) -> Derived | None:
    path = _path(source)
    if not path.is_file():
        return None
    noted = _noted(path.with_suffix(".json"))
    report = noted.pop("report", None)
    sha256 = file_sha256(path)
    if not isinstance(report, dict) or noted != {**_made_from(source), "sha256": sha256}:
        return None
    return Derived(path, sha256, False, report)


def _noted(note: Path) -> dict[str, Any]:
    try:
        raw = parse_json(read_text(note))
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}
