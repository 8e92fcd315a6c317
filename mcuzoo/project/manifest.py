"""mcuzoo.json, the manifest of a project: its files, its board, its builds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from math import prod
from pathlib import Path
from typing import Any, ClassVar

from mcuzoo.errors import ProjectError, command
from mcuzoo.files import write_whole
from mcuzoo.project.build_id import cmake_build_ids
from mcuzoo.project.entries import (
    ArenaFigures,
    BuildEntry,
    ConstantEntry,
    LinuxTargetEntry,
    MeasuredEntry,
    MemoryEntry,
    ModelEntry,
    NpuEntry,
    PartEntry,
    PlanEntry,
    ProvenanceEntry,
    RegionUse,
    RoomEntry,
    SdkEntry,
    TargetEntry,
    TensorSpec,
    TflmEntry,
    UniversalEntry,
)
from mcuzoo.project.kinds import MANIFEST_NAME
from mcuzoo.project.recipe import Recipe, upgraded
from mcuzoo.project.rules import FilePath, FolderPath, Hash, Kind, MaybePath, Runtime, Text, Word
from mcuzoo.quoting import one_line
from mcuzoo.untrusted import parse_json, read_text

__all__ = [
    "BOARD_FILE",
    "BOARD_FOLDER",
    "MANIFEST_NAME",
    "SCHEMA",
    "AnyManifest",
    "ArenaFigures",
    "BuildEntry",
    "ConstantEntry",
    "LinuxTargetEntry",
    "Manifest",
    "MeasuredEntry",
    "MemoryEntry",
    "ModelEntry",
    "NpuEntry",
    "PartEntry",
    "PlanEntry",
    "ProjectManifest",
    "ProvenanceEntry",
    "RegionUse",
    "RoomEntry",
    "SdkEntry",
    "TargetEntry",
    "TensorSpec",
    "TflmEntry",
    "UniversalEntry",
    "UniversalManifest",
    "checked_manifest",
    "load_manifest",
    "load_project",
    "write_manifest",
]

BOARD_FOLDER = "board"
"""The folder of a project with the files of board and chip, and what was rendered from them."""
BOARD_FILE = f"{BOARD_FOLDER}/board.toml"
"""The board file that a project was rendered from; missing if there was none."""
SCHEMA = 2
"""Schema 1 has no provenance: neither `provenance`, nor a model's source, nor a build's inputs."""
_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class ProjectManifest:
    """The part that every manifest has. files: SHA-256 by path (relative, POSIX) of rendered files.

    build_id: of the rendered sources, however they are built. cmake_builds: the build ids of builds
    that CMake or west made in the folder; they are not in mcuzoo.json, see load_project. baud: of
    the firmware's console; None in older projects: the board file has it. provenance: None in
    projects of schema 1. tool_version: of the mcuzoo that exported. name: of the board and the
    model, for people. runtime: "aot" or "tflm". project: "cmake", "mcuxpresso" or "linux". sources:
    what is compiled; include_dirs, linker_script (empty for Linux): what it is compiled and linked
    with; all relative to the project. tflm: None for the other runtime. measured: None until `fit
    --measure` has asked a board. sdk: None for a stand-alone project. target: what a build needs of
    the board. plan: of the memory.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    tool_version: Text
    name: Text
    board: Word
    runtime: Runtime
    project: Kind
    target: TargetEntry | LinuxTargetEntry
    plan: PlanEntry
    build_id: Hash
    sources: tuple[FilePath, ...]
    include_dirs: tuple[FolderPath, ...]
    linker_script: MaybePath
    files: dict[FilePath, Hash] = field(default_factory=dict)
    build: BuildEntry | None = None
    tflm: TflmEntry | None = None
    measured: MeasuredEntry | None = None
    sdk: SdkEntry | None = None
    baud: int | None = None
    provenance: ProvenanceEntry | None = None
    cmake_builds: tuple[Hash, ...] = field(default=(), compare=False)
    schema: int = SCHEMA

    @property
    def newest_build_id(self) -> str:
        """The id of the newest build, or of the rendered sources if there was none."""
        return self.build_id if self.build is None else self.build.build_id

    @property
    def chip(self) -> TargetEntry:
        """The target with a microcontroller. Raises ProjectError for a program for Linux."""
        if isinstance(self.target, LinuxTargetEntry):
            raise ProjectError(
                f"{self.name} is a program for Linux: it has no flash image.",
                "docs/linux.md says how it gets onto the board.",
            )
        return self.target

    @property
    def flash_bytes(self) -> int | None:
        """What the newest build by mcuzoo takes of the flash; None if there is none."""
        if self.build is None or isinstance(self.target, LinuxTargetEntry):
            return None
        flash = self.target.flash_region
        return next((one.used_bytes for one in self.build.regions if one.region == flash), None)

    @property
    def build_ids(self) -> tuple[str, ...]:
        """The build ids that a board of this project may have, the newest build by mcuzoo first."""
        return (self.newest_build_id, *self.cmake_builds)


@dataclass(frozen=True, kw_only=True)
class Manifest(ProjectManifest):
    """A project whose model is linked in; or a universal one together with an uploaded model.

    recipe_source: where `preprocessing` was from when the project was exported (zoo/recipes.py);
    empty in older projects. input, output: the tensors as they cross the link. labels: a text with
    a class name per line; None: the classes have numbers. samples: a CSV of images that came with
    the model. npu: the model compiled for an NPU; None if it is not.
    """

    model: ModelEntry
    input: TensorSpec
    output: TensorSpec
    preprocessing: Recipe
    recipe_source: Text = ""
    labels: FilePath | None = None
    samples: FilePath | None = None
    npu: NpuEntry | None = None


@dataclass(frozen=True, kw_only=True)
class UniversalManifest(ProjectManifest):
    """A project without a model: its firmware takes models over the link. universal: which models
    it takes."""

    universal: UniversalEntry

    def with_model(
        self,
        model: ModelEntry,
        input: TensorSpec,
        output: TensorSpec,
        preprocessing: Recipe,
        recipe_source: str = "",
    ) -> Manifest:
        """The project as it is while the board runs `model`."""
        common = {
            item.name: getattr(self, item.name) for item in fields(self) if item.name != "universal"
        }
        return Manifest(
            **common,
            model=model,
            input=input,
            output=output,
            preprocessing=preprocessing,
            recipe_source=recipe_source,
        )


AnyManifest = Manifest | UniversalManifest


def write_manifest(manifest: AnyManifest, project: Path) -> Path:
    """Write `project/mcuzoo.json` atomically; same manifest, same bytes."""
    raw = asdict(manifest)
    del raw["cmake_builds"]
    text = json.dumps(raw, indent=2, sort_keys=True) + "\n"
    target = project / MANIFEST_NAME
    write_whole(target, text.encode("utf-8"))
    return target


def load_manifest(project: Path) -> Manifest:
    """Read `project/mcuzoo.json` of a project with a model.

    Raises as load_project, and ProjectError when the project is a universal firmware.
    """
    manifest = load_project(project)
    if isinstance(manifest, Manifest):
        return manifest
    raise ProjectError(
        f"{project} is a universal firmware: it has no model of its own.",
        f"Give it one: {command('mcuzoo', 'run-serial', '--project', project)} --upload MODEL",
    )


def load_project(project: Path) -> AnyManifest:
    """Read `project/mcuzoo.json`, which is untrusted.

    Raises ProjectError when the folder is no mcuzoo project or the manifest is damaged.
    """
    path = project / MANIFEST_NAME
    hint = "mcuzoo export signs --board rt1170 makes one, of the bundled model."
    if not project.is_dir():
        raise ProjectError(f"There is no project folder {str(project)!r}.", hint)
    try:
        manifest = checked_manifest(parse_json(read_text(path)))
    except FileNotFoundError:
        raise ProjectError(
            f"{project} is not an mcuzoo project: no {MANIFEST_NAME}.", hint
        ) from None
    except (ValueError, OSError) as error:
        raise ProjectError(
            f"{path} is damaged: {error}",
            "Export it again: mcuzoo export MODEL --board BOARD -o DIR --force",
        ) from error
    return replace(manifest, cmake_builds=cmake_build_ids(project))


def checked_manifest(raw: Any) -> AnyManifest:
    """Check a JSON value and make a manifest of it. Raises ValueError, which names the key.

    The schema is checked first. If it is another one, no other error is reported.
    """
    if not isinstance(raw, dict):
        raise ValueError("it is no object")
    schema = raw.get("schema")
    if type(schema) is not int or schema not in range(1, SCHEMA + 1):  # True and 1.0 are equal to 1
        raise ValueError(f"schema {schema!r}, this mcuzoo reads schema {SCHEMA}")
    raw = {**raw, "schema": SCHEMA}  # what an older one has not got has a default
    from pydantic import ValidationError

    try:
        if "preprocessing" in raw:
            raw = {**raw, "preprocessing": upgraded(raw["preprocessing"])}
        # Strict, but lists are accepted as tuples, because JSON has no tuples.
        manifest: AnyManifest = _adapter("universal" in raw).validate_json(
            json.dumps(raw), strict=True
        )
    except ValidationError as error:
        kind = LinuxTargetEntry if raw.get("project") == "linux" else TargetEntry
        raise ValueError(_complaints(error.errors(), kind.__name__)) from None
    _check(manifest)
    return manifest


@cache
def _adapter(universal: bool) -> Any:
    from pydantic import TypeAdapter

    kind: type[AnyManifest] = UniversalManifest if universal else Manifest
    return TypeAdapter(kind)


def _complaints(errors: Sequence[Any], kind: str) -> str:
    """The first few, on one line. kind: the type of its target; pydantic tells what each of the
    types lacks."""
    types = {TargetEntry.__name__, LinuxTargetEntry.__name__}
    found = [{**item, "loc": [part for part in item["loc"] if part != kind]} for item in errors]
    errors = [item for item in found if not types & set(map(str, item["loc"]))]
    plain = {
        "missing": "is missing",
        "unexpected_keyword_argument": "unknown key",
        "json_invalid": "a text with half of a surrogate pair",
    }
    said = [
        f"{'.'.join(map(str, item['loc']))[:200] or 'somewhere'}: "
        f"{plain.get(item['type'], item['msg'].removeprefix('Value error, '))}"
        for item in errors
    ]
    more = [f"and {len(said) - _SHOWN} more"] if len(said) > _SHOWN else []
    return one_line("; ".join([*said[:_SHOWN], *more]))


def _check_chip(target: TargetEntry, build: BuildEntry | None) -> None:
    for key in ("bin", "hex") if build is not None else ():
        if not getattr(build, key):
            raise ValueError(f"build.{key}: '' is no path of a file")
    flash = next((item for item in target.memory if item.region == target.flash_region), None)
    if flash is None:
        raise ValueError(f"target.flash_region: {target.flash_region!r} is none of target.memory")
    if not flash.base <= target.image_base < flash.base + flash.size_bytes:
        raise ValueError(f"target.image_base: {target.image_base:#x} is not in that flash")


def _check(manifest: AnyManifest) -> None:
    """Raise ValueError if two fields contradict each other."""
    target = manifest.target
    if isinstance(target, LinuxTargetEntry) != (manifest.project == "linux"):
        raise ValueError(f"target: does not go with project {manifest.project!r}")
    if isinstance(target, TargetEntry):
        _check_chip(target, manifest.build)
        if not manifest.linker_script:
            raise ValueError("linker_script: there is none")
    if (manifest.project == "mcuxpresso") != (manifest.sdk is not None):
        raise ValueError(f"sdk: does not go with project {manifest.project!r}")
    if (manifest.runtime == "tflm") != (manifest.tflm is not None):
        raise ValueError(f"tflm: does not go with runtime {manifest.runtime!r}")
    if isinstance(manifest, UniversalManifest):
        if not manifest.universal.rooms:
            raise ValueError("universal.rooms: there is none")
        return
    for key, tensor in (("input", manifest.input), ("output", manifest.output)):
        if prod(tensor.shape) != tensor.bytes:
            raise ValueError(f"{key}.bytes: {tensor.bytes} are not what {tensor.shape} takes")
