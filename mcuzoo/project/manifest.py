"""mcuzoo.json: what a project is made of, where it runs and what it was built from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from mcuzoo.errors import ProjectError
from mcuzoo.files import write_whole

MANIFEST_NAME = "mcuzoo.json"
BOARD_FILE = "board/board.toml"
"""The board file that a project was rendered from; not there when there was none."""
SCHEMA = 1


@dataclass(frozen=True)
class TensorSpec:
    """A tensor as it crosses the link: int8, real = scale * (q - zero_point)."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int
    bytes: int


@dataclass(frozen=True)
class Preprocessing:
    """From picture to input tensor: decode, central crop, resize, input = pixel + pixel_offset.

    color: "rgb" | "gray"; crop: fraction of each side that is kept (1.0: all of it);
    resize: "bilinear" (half-pixel centres, no antialias, uint8 rounding as OpenCV's INTER_LINEAR).
    float_low, float_high: what a float model takes for the pixels 0 and 255.
    """

    color: str = "rgb"
    crop: float = 0.875
    resize: str = "bilinear"
    pixel_offset: int = -128
    float_low: float = -1.0
    float_high: float = 1.0


@dataclass(frozen=True)
class ModelEntry:
    name: str
    file: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class RegionUse:
    region: str
    used_bytes: int
    size_bytes: int


@dataclass(frozen=True)
class ConstantEntry:
    """Where an array of constants lives, and why.

    op: its index in the model, -1 for a whole model file. passes: how often an inference goes
    through it. The seconds are estimates of the core's waiting per inference, had it been left in
    flash and where it is; None where the board file does not say how fast its memories are.
    """

    symbol: str
    op: int
    op_name: str
    bytes: int
    region: str
    passes: int
    flash_wait_s: float | None
    wait_s: float | None
    why: str = ""


@dataclass(frozen=True)
class PlanEntry:
    """The memory plan that the project was rendered from; all sizes in bytes.

    `regions` is what each memory region was expected to hold, by estimate where code is concerned.
    stream_input: the input is consumed as it arrives and has no place in the arena.
    weights_region has all constants but those of which `constants` says otherwise. rest_bytes: of
    the arena, what is in rest_region instead of arena_region.
    """

    arena_bytes: int
    arena_region: str
    weights_region: str
    stack_bytes: int
    constant_bytes: int
    peak_op: str
    regions: tuple[RegionUse, ...] = ()
    stream_input: bool = False
    constants: tuple[ConstantEntry, ...] = ()
    rest_region: str | None = None
    rest_bytes: int = 0

    @property
    def arena_text(self) -> str:
        """How large the arena is and where, in words."""
        if self.rest_region is None:
            return f"{self.arena_bytes:,} bytes in {self.arena_region}"
        hot = self.arena_bytes - self.rest_bytes
        return (
            f"{self.arena_bytes:,} bytes ({hot:,} in {self.arena_region}, "
            f"{self.rest_bytes:,} in {self.rest_region})"
        )

    def constant_bytes_in(self, region: str) -> int:
        """What of the constants stays in, or is copied to, `region`."""
        if not self.constants:
            return self.constant_bytes if region == self.weights_region else 0
        return sum(entry.bytes for entry in self.constants if entry.region == region)


@dataclass(frozen=True)
class MemoryEntry:
    region: str
    kind: str
    base: int
    size_bytes: int


@dataclass(frozen=True)
class TargetEntry:
    """What a build needs to know of the board. `image_base`: the address a .bin file starts at."""

    core: str
    fpu: str
    flash_region: str
    image_base: int
    memory: tuple[MemoryEntry, ...]


@dataclass(frozen=True)
class BuildEntry:
    """The newest build. Paths are relative to the project folder.

    code_bytes: machine code with its own tables, without the model's constants.
    """

    toolchain: str
    compiler_version: str
    optimization: str
    build_id: str
    elf: str
    bin: str
    hex: str
    regions: tuple[RegionUse, ...]
    code_bytes: int
    sha256: dict[str, str]


@dataclass(frozen=True)
class TflmEntry:
    """The TFLite-Micro that is linked in: a folder of the user's, which the build may override.

    `tree` is empty when the project was exported without one: an application for the MCUXpresso
    SDK, which may have TFLM itself. `kernel_files` are the stems of the kernels' file names.
    `sources` and `include_dirs` are relative to `tree`; `fingerprint` is the SHA-256 over all of
    its C and C++ files. `plan`: who places the activations ("offline" or "greedy").
    """

    tree: str
    kernels: str
    plan: str
    schema_version: int
    flatbuffers_version: str
    fingerprint: str
    sources: tuple[str, ...]
    include_dirs: tuple[str, ...]
    defines: tuple[str, ...]
    kernel_files: tuple[str, ...] = ()


@dataclass(frozen=True)
class SdkEntry:
    """What an application for NXP's MCUXpresso SDK is called in it. core_id: where it matters."""

    board: str
    core_id: str | None
    minimum_version: str


@dataclass(frozen=True)
class ArenaFigures:
    """Bytes of a tensor arena: activations, what persists, both; and the least that runs."""

    head_bytes: int
    tail_bytes: int
    used_bytes: int
    smallest_bytes: int


@dataclass(frozen=True)
class MeasuredEntry:
    """What a board said of its arena, beside what was predicted; see `mcuzoo fit --measure`.

    The stack's figures are 0 where the board does not know them.
    """

    emulated: bool
    toolchain: str
    predicted: ArenaFigures
    measured: ArenaFigures
    stack_bytes: int
    stack_used_bytes: int


@dataclass(frozen=True)
class RoomEntry:
    """Memory that a universal firmware sets aside for models."""

    region: str
    bytes: int


@dataclass(frozen=True)
class UniversalEntry:
    """What a universal firmware can run: models of these ops that fit one of the rooms.

    The first room with space enough takes a model.
    """

    ops: tuple[str, ...]
    rooms: tuple[RoomEntry, ...]

    @property
    def capacity_bytes(self) -> int:
        return max(room.bytes for room in self.rooms)


@dataclass(frozen=True, kw_only=True)
class ProjectManifest:
    """What every project has. `files`: each rendered file (relative POSIX path), its SHA-256."""

    tool_version: str
    name: str
    board: str
    runtime: str
    project: str
    target: TargetEntry
    plan: PlanEntry
    build_id: str
    sources: tuple[str, ...]
    include_dirs: tuple[str, ...]
    linker_script: str
    files: dict[str, str] = field(default_factory=dict)
    build: BuildEntry | None = None
    tflm: TflmEntry | None = None
    measured: MeasuredEntry | None = None
    sdk: SdkEntry | None = None
    schema: int = SCHEMA

    @property
    def newest_build_id(self) -> str:
        """That of the newest build, or of the rendered sources when there was none."""
        return self.build_id if self.build is None else self.build.build_id


@dataclass(frozen=True, kw_only=True)
class Manifest(ProjectManifest):
    """A project whose model is linked in; or a universal one together with an uploaded model."""

    model: ModelEntry
    input: TensorSpec
    output: TensorSpec
    preprocessing: Preprocessing
    labels: str | None = None
    samples: str | None = None


@dataclass(frozen=True, kw_only=True)
class UniversalManifest(ProjectManifest):
    """A project without a model: its firmware takes models over the link."""

    universal: UniversalEntry

    def with_model(
        self,
        model: ModelEntry,
        input: TensorSpec,
        output: TensorSpec,
        preprocessing: Preprocessing,
    ) -> Manifest:
        """The project as it is while the board runs `model`."""
        common = {
            item.name: getattr(self, item.name) for item in fields(self) if item.name != "universal"
        }
        return Manifest(
            **common, model=model, input=input, output=output, preprocessing=preprocessing
        )


AnyManifest = Manifest | UniversalManifest


def write_manifest(manifest: AnyManifest, project: Path) -> Path:
    """Write `project/mcuzoo.json` atomically; same manifest, same bytes."""
    text = json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n"
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
        f"Give it one: mcuzoo run-serial --project {project} --upload MODEL.",
    )


def load_project(project: Path) -> AnyManifest:
    """Read `project/mcuzoo.json`.

    Raises ProjectError when the folder is no mcuzoo project or the manifest is damaged.
    """
    path = project / MANIFEST_NAME
    hint = "mcuzoo export signs --board rt1170 makes one, of the bundled model."
    if not project.is_dir():
        raise ProjectError(f"There is no project folder {str(project)!r}.", hint)
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ProjectError(
            f"{project} is not an mcuzoo project: no {MANIFEST_NAME}.", hint
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        raise ProjectError(
            f"{path} is damaged: {error}",
            "Export it again: mcuzoo export MODEL --board BOARD -o DIR --force",
        ) from error


def _parse(raw: dict[str, Any]) -> AnyManifest:
    if raw.get("schema") != SCHEMA:
        raise ValueError(f"schema {raw.get('schema')!r}, this mcuzoo reads schema {SCHEMA}")
    build = raw.get("build")
    tflm = raw.get("tflm")
    measured = raw.get("measured")
    sdk = raw.get("sdk")
    common = {
        **raw,
        "plan": _plan(raw["plan"]),
        "target": _target(raw["target"]),
        "sources": tuple(raw["sources"]),
        "include_dirs": tuple(raw["include_dirs"]),
        "build": None if build is None else _build(build),
        "tflm": None if tflm is None else _tflm(tflm),
        "measured": None if measured is None else _measured(measured),
        "sdk": None if sdk is None else SdkEntry(**sdk),
    }
    if "universal" in raw:
        return UniversalManifest(**{**common, "universal": _universal(raw["universal"])})
    return Manifest(
        **{
            **common,
            "model": ModelEntry(**raw["model"]),
            "input": _tensor(raw["input"]),
            "output": _tensor(raw["output"]),
            "preprocessing": Preprocessing(**raw["preprocessing"]),
        }
    )


def _universal(raw: dict[str, Any]) -> UniversalEntry:
    return UniversalEntry(
        ops=tuple(raw["ops"]), rooms=tuple(RoomEntry(**room) for room in raw["rooms"])
    )


def _tensor(raw: dict[str, Any]) -> TensorSpec:
    return TensorSpec(**{**raw, "shape": tuple(raw["shape"])})


def _target(raw: dict[str, Any]) -> TargetEntry:
    return TargetEntry(**{**raw, "memory": tuple(MemoryEntry(**item) for item in raw["memory"])})


def _plan(raw: dict[str, Any]) -> PlanEntry:
    constants = tuple(ConstantEntry(**item) for item in raw.get("constants", ()))
    return PlanEntry(**{**raw, "regions": _uses(raw["regions"]), "constants": constants})


def _build(raw: dict[str, Any]) -> BuildEntry:
    return BuildEntry(**{**raw, "regions": _uses(raw["regions"])})


def _tflm(raw: dict[str, Any]) -> TflmEntry:
    lists = {
        name: tuple(raw.get(name, ()))
        for name in ("sources", "include_dirs", "defines", "kernel_files")
    }
    return TflmEntry(**{**raw, **lists})


def _measured(raw: dict[str, Any]) -> MeasuredEntry:
    figures = {name: ArenaFigures(**raw[name]) for name in ("predicted", "measured")}
    return MeasuredEntry(**{**raw, **figures})


def _uses(raw: list[dict[str, Any]]) -> tuple[RegionUse, ...]:
    return tuple(RegionUse(**use) for use in raw)
