"""Put a rendered project into its folder: whole or not at all, and never over foreign files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from mcuzoo.errors import ProjectError
from mcuzoo.project.manifest import MANIFEST_NAME, AnyManifest, load_project, write_manifest
from mcuzoo.project.rules import inside

_BUILT = "build"


def check_target(directory: Path, force: bool) -> None:
    """May a project be written to `directory`?

    Yes if it is missing or empty, or a project of ours in which nothing was edited or added, or
    with `force`. Raises ProjectError otherwise.
    """
    if directory.exists() and not directory.is_dir():
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

    Files in the folder that no export listed are kept, unless a new file has the same name. Nothing
    is removed before the new project is complete: the new manifest is the last file to be written.
    Then the files that only the old manifest lists are removed, and its builds. Raises
    ProjectError, with nothing changed, where a folder or a link is in the way.
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
            _require_room(directory, files)
            old = _listed(directory)
            _move_into(fresh, directory)
            if old is not None:
                _remove(directory, old - files.keys())
                shutil.rmtree(directory / _BUILT, ignore_errors=True)
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


def _require_room(directory: Path, files: Iterable[str]) -> None:
    """Raise ProjectError unless every file can be written at its place."""
    for path in (*files, MANIFEST_NAME):
        target = inside(directory, path) if not (directory / path).is_symlink() else None
        above = inside(directory, path.rpartition("/")[0]) if "/" in path else directory
        blocked = [at for at in (above, *above.parents) if at.exists() and not at.is_dir()]
        if target is not None and target.is_dir():
            blocked.append(target)
        if blocked:
            raise ProjectError(
                f"{blocked[0]} is in the way of the project's {path}.",
                "Move it, or choose another folder with -o.",
            )


def _listed(directory: Path) -> set[str] | None:
    """The files that an earlier export wrote here; None if there is no known export."""
    try:
        return set(load_project(directory).files)
    except ProjectError:
        return None


def _remove(directory: Path, names: Iterable[str]) -> None:
    """Take away files that an earlier export listed; no folder, and nothing behind a link."""
    for name in names:
        path = directory / name
        if path.parent.resolve().is_relative_to(directory.resolve()) and (
            path.is_symlink() or path.is_file()
        ):
            path.unlink(missing_ok=True)


def _move_into(fresh: Path, directory: Path) -> None:
    """Move every file of `fresh` to its place below `directory`, the manifest last."""
    files = (path for path in fresh.rglob("*") if path.is_file())
    for path in sorted(files, key=lambda path: (path.name == MANIFEST_NAME, path)):
        target = directory / path.relative_to(fresh)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
