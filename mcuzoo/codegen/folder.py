"""Put a rendered project into its folder: whole or not at all, and never over foreign files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from mcuzoo.errors import ProjectError
from mcuzoo.project.manifest import MANIFEST_NAME, AnyManifest, load_project, write_manifest

_BUILT = "build"


def check_target(directory: Path, force: bool) -> None:
    """May a project be written to `directory`?

    Yes if it is missing or empty, or a project of ours in which nothing was edited or added, or
    with `force`. Raises ProjectError otherwise.
    """
    if directory.is_file():
        raise ProjectError(
            f"{directory} is a file, not a folder.", "Choose another folder with -o."
        )
    if force or not directory.is_dir() or not any(directory.iterdir()):
        return
    if not (directory / MANIFEST_NAME).is_file():
        raise ProjectError(
            f"{directory} holds files and is not an mcuzoo project.",
            "Choose another folder with -o; --force writes into this one.",
        )
    changed = _changes(directory, load_project(directory))
    if changed:
        raise ProjectError(
            f"{directory} was edited since its export: {', '.join(changed[:5])}.",
            "Choose another folder with -o; --force overwrites the edited files.",
        )


def write_project(directory: Path, files: Mapping[str, bytes], manifest: AnyManifest) -> None:
    """Write all files and the manifest to a scratch folder, then move them to `directory`.

    Files that are there already and that no export of ours listed are kept, unless a new one has
    the same name. The manifest goes first and comes last: a folder with a manifest is whole.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    home = directory if directory.is_dir() else directory.parent
    with tempfile.TemporaryDirectory(dir=home, prefix=".mcuzoo-export-") as scratch:
        fresh = Path(scratch) / "project"
        fresh.mkdir()
        for path, content in files.items():
            target = fresh / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        write_manifest(manifest, fresh)
        if directory.is_dir():
            _remove_own_files(directory)
            _move_into(fresh, directory)
        else:
            fresh.rename(directory)


def _changes(directory: Path, manifest: AnyManifest) -> list[str]:
    """Files that differ from the manifest, are missing, or were added."""
    present = {
        path.relative_to(directory).as_posix(): path
        for path in directory.rglob("*")
        if path.is_file()
    }
    ours = {
        name: path
        for name, path in present.items()
        if name != MANIFEST_NAME and name.split("/")[0] != _BUILT
    }
    edited = [
        name
        for name, path in ours.items()
        if manifest.files.get(name) != sha256(path.read_bytes()).hexdigest()
    ]
    return sorted({*edited, *(manifest.files.keys() - ours.keys())})


def _remove_own_files(directory: Path) -> None:
    """Take away what an earlier export listed, and its builds."""
    if not (directory / MANIFEST_NAME).is_file():
        return
    try:
        listed = load_project(directory).files
    except ProjectError:
        return
    (directory / MANIFEST_NAME).unlink()
    for name in listed:
        path = directory / name
        if path.resolve().is_relative_to(directory.resolve()):
            path.unlink(missing_ok=True)
    shutil.rmtree(directory / _BUILT, ignore_errors=True)


def _move_into(fresh: Path, directory: Path) -> None:
    """Move every file of `fresh` to its place below `directory`, the manifest last."""
    files = (path for path in fresh.rglob("*") if path.is_file())
    for path in sorted(files, key=lambda path: (path.name == MANIFEST_NAME, path)):
        target = directory / path.relative_to(fresh)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
