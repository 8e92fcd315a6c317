"""What every project has beside its C: licence, README, labels, samples; each file's hash and the
build id over all of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TypeVar

from mcuzoo.board.load import AnyBoard
from mcuzoo.board.model import Board
from mcuzoo.codegen.folder import write_project
from mcuzoo.codegen.sources import encoded
from mcuzoo.codegen.templates import render
from mcuzoo.graph.model import Model
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.project.build_id import BUILD_ID_HEADER, build_id, tflm_fact
from mcuzoo.project.manifest import BOARD_FOLDER, Manifest, ModelEntry, UniversalManifest
from mcuzoo.project.rules import path_complaint
from mcuzoo.quoting import one_line, shortened
from mcuzoo.resources import licence_file
from mcuzoo.zoo.registry import ModelSource


def render_readme(manifest: Manifest, board: Board, plan: MemoryPlan) -> dict[str, str]:
    text = render(
        "cmake/README.md.j2", manifest=manifest, board=board, contents=region_contents(plan)
    )
    return {"README.md": text}


def region_contents(plan: MemoryPlan) -> dict[str, str]:
    """What each region of the board is planned to hold, in words."""
    return {region.region: ", ".join(part.name for part in region.parts) for region in plan.regions}


AnyProject = TypeVar("AnyProject", Manifest, UniversalManifest)


def write_finished(
    directory: Path, files: Mapping[str, bytes], manifest: AnyProject, documents: Mapping[str, str]
) -> AnyProject:
    """Write the project with `documents`, which were made of `manifest`; return what was written.

    Raises as write_project.
    """
    every = {**files, **encoded(documents)}
    finished = identified(manifest, every)
    write_project(directory, every, finished)
    return finished


def identified(manifest: AnyProject, files: dict[str, bytes]) -> AnyProject:
    """`manifest` with build id and hashes of `files`, to which the build id's header is added."""
    tflm = tflm_fact(manifest.tflm.fingerprint) if manifest.tflm else ()
    identity = build_id(_hashes(files), tflm)
    files[BUILD_ID_HEADER] = _header(identity).encode()
    return replace(manifest, build_id=identity, files=_hashes(files))


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 in hex of each file, by path."""
    return {path: sha256(content).hexdigest() for path, content in sorted(files.items())}


def _header(identity: str) -> str:
    return (
        "/* SPDX-License-Identifier: Apache-2.0\n"
        " * Copyright (c) 2026 The mcuzoo authors */\n"
        "/* The identity of the sources, for a build that does not compute its own. */\n"
        "#ifndef MZ_BUILD_ID\n"
        f'#define MZ_BUILD_ID "{identity}"\n'
        "#endif\n"
    )


LICENCE_FILE = "LICENSE"
LABELS_FILE = "model/labels.txt"
SAMPLES_FOLDER = "samples"
_MANIFEST = "manifest.csv"
MODEL_FILE = "model/model.tflite"
_MOST_NAME = 300
"""Characters of a model's name that a manifest has."""

_SAMPLE_SUFFIXES = frozenset({".csv", ".jpg", ".jpeg", ".png", ".bmp"})


def model_files(source: ModelSource, model: Model) -> dict[str, bytes]:
    """The model, its labels and its samples."""
    return {
        MODEL_FILE: model.raw,
        **label_file(source.labels),
        **sample_files(source.samples),
    }


def model_entry(source: ModelSource, model: Model) -> ModelEntry:
    name = shortened(one_line(source.name), _MOST_NAME)
    return ModelEntry(name, MODEL_FILE, model.sha256, model.bytes, **asdict(source.origin))


def licence_text() -> dict[str, bytes]:
    """A copy of mcuzoo's licence, which whoever passes the firmware on has to pass on, too."""
    return {LICENCE_FILE: licence_file().read_bytes()}


def board_texts(board: AnyBoard) -> dict[str, bytes]:
    """The board's own files."""
    return encoded({f"{BOARD_FOLDER}/{name}": text for name, text in board.files.items()})


def label_file(labels: Sequence[str] | None) -> dict[str, bytes]:
    """One label a line, in the order of the output's scores; one that is blank is its number."""
    if labels is None:
        return {}
    names = [one_line(label).strip() or str(index) for index, label in enumerate(labels)]
    return {LABELS_FILE: "".join(f"{name}\n" for name in names).encode()}


def sample_files(folder: Path | None) -> dict[str, bytes]:
    """The images of `folder` and its manifest.csv.

    A file whose name cannot be in a manifest gets another name.
    """
    if folder is None:
        return {}
    found = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in _SAMPLE_SUFFIXES and path.is_file()
    }
    names = {name: _safe_name(number, name) for number, name in enumerate(found)}
    files = {f"{SAMPLES_FOLDER}/{names[name]}": path.read_bytes() for name, path in found.items()}
    manifest = f"{SAMPLES_FOLDER}/{_MANIFEST}"
    renamed = any(name != safe for name, safe in names.items())
    if manifest in files and renamed:
        files[manifest] = _manifest(files[manifest].decode("utf-8"), names)
    return files


def _safe_name(number: int, name: str) -> str:
    if not path_complaint(name):
        return name
    return f"renamed/{number:04d}{PurePosixPath(name).suffix.lower()}"


def _manifest(text: str, names: Mapping[str, str]) -> bytes:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    columns = list(rows.fieldnames or [])
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "file": names.get(row["file"], row["file"])})
    return written.getvalue().encode("utf-8", "replace")
