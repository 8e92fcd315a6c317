"""Which project a port belongs to, and the host reference of its model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mcuzoo.emulator.url import emulated_project
from mcuzoo.errors import ProjectError, UsageError
from mcuzoo.graph.model import Model
from mcuzoo.project.manifest import MANIFEST_NAME, Manifest
from mcuzoo.project.rules import inside

if TYPE_CHECKING:
    from mcuzoo.zoo.engines.reference import ReferenceEngine


def find_project(port: str | None, given: Path | None) -> Path:
    """The project folder: the one given, that of an emulator:// port, or the current folder.

    Raises UsageError when there is none, PortError for a malformed URL.
    """
    if given is not None:
        return given.resolve()
    emulated = None if port is None else emulated_project(port)
    if emulated is not None:
        return emulated.resolve()
    if Path(MANIFEST_NAME).is_file():
        return Path.cwd()
    raise UsageError(
        "No project: the current folder is none, and --project was not given.",
        "Name the exported project that the board runs: --project DIR.",
    )


def project_model(project: Path, manifest: Manifest) -> Model:
    """The model that the project was exported from. Raises ProjectError when it is another one."""
    from mcuzoo.graph.read import load_model

    path = inside(project, manifest.model.file)
    model = load_model(path)
    if model.sha256 != manifest.model.sha256:
        raise ProjectError(
            f"{path} is not the model that the project was exported from.",
            "Export the project again.",
        )
    return model


def reference_engine(project: Path, manifest: Manifest) -> ReferenceEngine:
    """The host reference of the project's model. Raises ProjectError, ModelError."""
    from mcuzoo.zoo.engines.reference import ReferenceEngine

    return ReferenceEngine(project_model(project, manifest))
