"""The parts of a project's manifest: model, target, memory plan, build, TFLM, SDK."""

from __future__ import annotations

from dataclasses import dataclass, field

from mcuzoo.project.rules import (
    Arch,
    Bytes,
    Define,
    Dimension,
    FilePath,
    Flag,
    FolderPath,
    Fpu,
    Hash,
    Index,
    Kernels,
    MaybePath,
    Planner,
    Quant,
    Scale,
    Size,
    Text,
    TreePath,
    Word,
)


@dataclass(frozen=True)
class TensorSpec:
    """A tensor as it crosses the link: int8, real = scale * (q - zero_point).

    shape: with the batch of 1 as the model has it. bytes: the size of the whole tensor. name: in
    the model file. dtype: "int8".
    """

    name: Text
    shape: tuple[Dimension, ...]
    dtype: Word
    scale: Scale
    zero_point: Quant
    bytes: Size


@dataclass(frozen=True)
class ModelEntry:
    """The model of a project. name: of the zoo, or the file's. file: its copy in the project.

    Of a file that the zoo knows, as its registry says: source, in words; url, if it is on the web;
    licence. converted_from: the SHA-256 of the UINT8 file that mcuzoo made it from. Else all are
    empty, as in projects of an older mcuzoo. sha256, bytes: of the file.
    """

    name: Text
    file: FilePath
    sha256: Hash
    bytes: Size
    source: Text = ""
    url: Text = ""
    licence: Text = ""
    converted_from: Hash = ""


@dataclass(frozen=True)
class ProvenanceEntry:
    """What rendered a project. What it was rendered from are `model`, `preprocessing` and the board
    files in `files`.

    commit: of mcuzoo's repository; empty where nobody knows it, as in a checkout, which may have
    been edited. templates_sha256: over names and contents of all templates. options: of `export`,
    as typed, without folders and without the parts of a recipe.
    """

    commit: Hash
    templates_sha256: Hash
    options: tuple[Text, ...] = ()


@dataclass(frozen=True)
class PartEntry:
    """Code of somebody else in a build.

    version: as the part's own files say; empty where they say none. licence: an SPDX expression, or
    in words. purl: its package URL without version; empty where there is none. files: SHA-256 of
    each compiled source, by its path in the tree or SDK; none for headers and finished libraries.
    fingerprint: SHA-256 over all C and C++ files of a TFLM tree; empty for other parts. name: as
    its makers call it.
    """

    name: Text
    version: Text
    licence: Text
    purl: Text = ""
    files: dict[FilePath, Hash] = field(default_factory=dict)
    fingerprint: Hash = ""


@dataclass(frozen=True)
class RegionUse:
    """How full a memory region of the board is: planned, or as the linker placed it. size_bytes:
    all that it has.

    used_bytes: what is in it.
    """

    region: Word
    used_bytes: Size
    size_bytes: Size


@dataclass(frozen=True)
class ConstantEntry:
    """Where an array of constants lives, and why.

    op: its index in the model, -1 for a whole model file. passes: how often an inference goes
    through it. The seconds are estimates of the core's wait per inference: if the array were in
    flash, and at its place; None if the board file does not have the speeds of its memories.
    symbol: its name in C. op_name: "CONV_2D" for example. bytes: as the kernel wants it, which is
    not always as in the model. region: where it is while the model runs. flash_wait_s: in flash.
    wait_s: at its place.
    """

    symbol: Word
    op: Index
    op_name: Text
    bytes: Size
    region: Word
    passes: Size
    flash_wait_s: float | None
    wait_s: float | None
    why: Text = ""


@dataclass(frozen=True)
class PlanEntry:
    """The memory plan that the project was rendered from; all sizes in bytes.

    `regions` is what each memory region was expected to hold, by estimate where code is concerned.
    stream_input: the input is consumed as it arrives and has no place in the arena. weights_region
    has all constants except those that `constants` places elsewhere. rest_bytes: the part of the
    arena in rest_region instead of arena_region. peak_op: during which op the arena is fullest.
    ring_bytes: of the ring for what arrives while the board works, in ring_region or in .bss; 0 in
    projects of an older mcuzoo. arena_bytes: all of the arena, with rest_bytes. stack_bytes: what
    is kept free for the stack. constant_bytes: all constants together. estimated_cycles: modelled
    cycles that an inference is predicted to take, which silicon may differ from by so many
    estimate_percent; None where nothing is estimated.
    """

    arena_bytes: Size
    arena_region: Word
    weights_region: Word
    stack_bytes: Size
    constant_bytes: Size
    peak_op: Text
    regions: tuple[RegionUse, ...] = ()
    stream_input: bool = False
    constants: tuple[ConstantEntry, ...] = ()
    rest_region: Word | None = None
    rest_bytes: Size = 0
    ring_bytes: Size = 0
    ring_region: Word | None = None
    estimated_cycles: Size | None = None
    estimate_percent: Size | None = None

    def constant_bytes_in(self, region: str) -> int:
        """Bytes of constants that stay in, or are copied to, `region`."""
        if not self.constants:
            return self.constant_bytes if region == self.weights_region else 0
        return sum(entry.bytes for entry in self.constants if entry.region == region)


@dataclass(frozen=True)
class MemoryEntry:
    """A memory region of the board. kind: "flash", "itcm", "dtcm", "ocram" or "sdram". base: its
    first address. size_bytes: all that it has."""

    region: Word
    kind: Word
    base: Size
    size_bytes: Size


@dataclass(frozen=True)
class TargetEntry:
    """What a build needs of the board. `image_base`: the address where a .bin file starts. core: as
    the compiler's -mcpu names it. fpu: its -mfpu. flash_region: the region that a .bin is for.
    memory: all regions."""

    core: Word
    fpu: Fpu
    flash_region: Word
    image_base: Size
    memory: tuple[MemoryEntry, ...]


@dataclass(frozen=True)
class LinuxTargetEntry:
    """What a build needs of a board that runs Linux. core: "cortex-a55"; arch: "aarch64".
    dram_bytes: what all programs have together."""

    core: Word
    arch: Arch
    dram_bytes: Bytes


@dataclass(frozen=True)
class NpuEntry:
    """The model as it was compiled for the board's NPU. file: the compiled .tflite file; report:
    what the compiler says, as JSON; both relative to the project. compiler: with its version.
    operators: how many the model has; npu_operators: how many of them are not left to the CPU;
    cpu_operators: the types of the others. sram_bytes: of the NPU's own memory, by the compiler;
    None if it does not say.
    """

    file: FilePath
    report: FilePath
    compiler: Text
    operators: Size
    npu_operators: Size
    cpu_operators: tuple[Text, ...]
    sram_bytes: Size | None = None


@dataclass(frozen=True)
class BuildEntry:
    """The newest build. Paths are relative to the project folder.

    toolchain: "gcc" or "zig". optimization: "-O2" or another. build_id: the hash that the board
    says in HELLO. sha256: of each file, by its name. code_bytes: machine code with its own tables,
    without the model's constants. flags: of compiler and linker, without the level; none where the
    SDK's build chose them. changed: SHA-256 of each file that went in and is not as it was
    exported; empty for one that is missing. parts: what was linked in that is not mcuzoo's. flags,
    changed and parts are empty in builds of an older mcuzoo. compiler_version: as the compiler
    states it. elf, bin, hex: the files; Linux has an ELF alone. regions: how full each is by the
    ELF's sections; none for Linux.
    """

    toolchain: Word
    compiler_version: Text
    optimization: Flag
    build_id: Hash
    elf: FilePath
    bin: MaybePath
    hex: MaybePath
    regions: tuple[RegionUse, ...]
    code_bytes: Size
    sha256: dict[Word, Hash]
    flags: tuple[Text, ...] = ()
    changed: dict[FilePath, Hash] = field(default_factory=dict)
    parts: tuple[PartEntry, ...] = ()


@dataclass(frozen=True)
class TflmEntry:
    """The TFLite-Micro that is linked in: a folder of the user's, which the build may override.

    `tree` is empty when the project was exported without one: an application for the MCUXpresso
    SDK, which may have TFLM itself. `kernel_files` are the stems of the kernels' file names.
    `sources` and `include_dirs` are relative to `tree`; `fingerprint` is the SHA-256 over all of
    its C and C++ files. `plan`: who places the activations ("offline" or "greedy"). schema_version:
    of the model files that it reads. flatbuffers_version: of the library in the tree; empty without
    a tree. defines: macros to compile with, NAME or NAME=VALUE.
    """

    tree: TreePath
    kernels: Kernels
    plan: Planner
    schema_version: Size
    flatbuffers_version: Text
    fingerprint: Hash
    sources: tuple[FilePath, ...]
    include_dirs: tuple[FolderPath, ...]
    defines: tuple[Define, ...]
    kernel_files: tuple[Word, ...] = ()


@dataclass(frozen=True)
class SdkEntry:
    """Names of the board in NXP's MCUXpresso SDK. core_id: None if the SDK needs none.
    minimum_version: the oldest release of the SDK that will do, "24.12"."""

    board: Word
    core_id: Word | None
    minimum_version: Word


@dataclass(frozen=True)
class ArenaFigures:
    """Bytes of a tensor arena. head_bytes: activations. tail_bytes: what persists. used_bytes:
    both. smallest_bytes: the least with which it runs."""

    head_bytes: Size
    tail_bytes: Size
    used_bytes: Size
    smallest_bytes: Size


@dataclass(frozen=True)
class MeasuredEntry:
    """The arena as a board reported it, beside the prediction; see `mcuzoo fit --measure`.

    The stack's figures are 0 where the board does not know them. emulated: by an emulated board,
    which is no measurement of a board. toolchain: compiler and version of the firmware that
    measured. stack_bytes: the size of the stack; stack_used_bytes: the most that it held.
    predicted, measured: the same figures of both.
    """

    emulated: bool
    toolchain: Text
    predicted: ArenaFigures
    measured: ArenaFigures
    stack_bytes: Size
    stack_used_bytes: Size


@dataclass(frozen=True)
class RoomEntry:
    """Memory that a universal firmware sets aside for models.

    bytes: the largest model that it takes. region: where it is.
    """

    region: Word
    bytes: Size


@dataclass(frozen=True)
class UniversalEntry:
    """What a universal firmware can run: models of these ops that fit one of the rooms.

    The first room with space enough takes a model.
    """

    ops: tuple[Word, ...]
    rooms: tuple[RoomEntry, ...]

    @property
    def capacity_bytes(self) -> int:
        return max(room.bytes for room in self.rooms)
