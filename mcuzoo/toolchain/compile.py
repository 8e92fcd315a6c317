"""Compile C and C++ sources to one ELF file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from mcuzoo.codegen.tflm.tree import TflmTree
from mcuzoo.errors import ToolchainError
from mcuzoo.project.build_id import build_id, tflm_fact
from mcuzoo.project.kinds import (
    LINK_FLAGS,
    OPTIMIZATION,
    compile_flags,
    cxx_flags,
    is_cxx,
    link_libraries,
    linux_compile_flags,
    linux_link_flags,
    linux_machine_flags,
    machine_flags,
    source_optimization,
    tflm_flags,
)
from mcuzoo.project.manifest import LinuxTargetEntry, ProjectManifest, TflmEntry
from mcuzoo.toolchain.find import BuildLog, Compiler, run_logged
from mcuzoo.toolchain.objects import copy_object, kept_objects, read_source

_PARALLEL = 2
_MANY_CHARACTERS = 25_000

_OVERFLOW = re.compile(
    r"region [`'](?P<gnu>\w+)' overflowed by (?P<gnu_bytes>\d+) bytes"
    r"|will not fit in region '(?P<lld>\w+)': overflowed by (?P<lld_bytes>\d+) bytes"
)


OnCompiled = Callable[[int, int], None]
"""Gets (compiled sources, all sources)."""


@dataclass(frozen=True)
class CompileJob:
    """How to build `project` into the folder `output`; `defines` are KEY=VALUE.

    tflm_tree: the TFLM tree to take the manifest's TFLM sources from. on_compiled: gets (compiled
    sources, all sources). optimization: of mcuzoo's C, -O2 for example.
    """

    compiler: Compiler
    project: Path
    output: Path
    optimization: str
    defines: tuple[str, ...] = ()
    tflm_tree: TflmTree | None = None
    on_compiled: Callable[[int, int], None] = lambda done, total: None

    @property
    def tflm_optimization(self) -> str:
        """The level for TFLM: at -O0 it is nearly three times as large, and nobody debugs it."""
        return OPTIMIZATION if self.optimization == "-O0" else self.optimization

    def level_of(self, source: str, manifest: ProjectManifest) -> str:
        """The level for a source of the project: one for all on a board that runs Linux."""
        if isinstance(manifest.target, LinuxTargetEntry):
            return self.optimization
        return source_optimization(source, self.optimization)


@dataclass(frozen=True)
class TargetFlags:
    """Flags for one compiler and one target. machine: of every command. compile: of every C file of
    ours, less the optimization level. link: behind the objects."""

    machine: tuple[str, ...]
    compile: tuple[str, ...]
    link: tuple[str, ...]


def target_flags(kind: str, manifest: ProjectManifest) -> TargetFlags:
    """kind: of the compiler, "gcc" or "zig"."""
    target = manifest.target
    if isinstance(target, LinuxTargetEntry):
        return TargetFlags(
            linux_machine_flags(kind, target.core),
            linux_compile_flags(kind),
            linux_link_flags(kind),
        )
    libraries = link_libraries(kind, manifest.tflm is not None)
    return TargetFlags(
        machine_flags(kind, target.core, target.fpu),
        compile_flags(kind),
        (*LINK_FLAGS, *libraries),
    )


@dataclass(frozen=True)
class Compiled:
    """elf: in a scratch folder. build_id: of its sources and its build. flags: see build_flags."""

    elf: Path
    build_id: str
    flags: tuple[str, ...]


@contextmanager
def compiled(
    job: CompileJob,
    manifest: ProjectManifest,
    hashes: Mapping[str, str],
    before: Callable[[CompileJob, BuildLog], None] = lambda job, log: None,
) -> Iterator[Compiled]:
    """Do `job` in a scratch folder beside its output, which gets the log; the folder is there until
    the context ends. hashes: of what goes in. before: called first. Raises ToolchainError."""
    folder = job.output
    folder.mkdir(parents=True, exist_ok=True)
    log = BuildLog(folder / "build.log")
    identity = build_id(hashes, build_facts(job, manifest))
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        job = replace(job, output=Path(scratch), defines=(f'MZ_BUILD_ID="{identity}"',))
        try:
            before(job, log)
            elf = build_elf(job, manifest, log)
        finally:
            log.write()
        yield Compiled(elf, identity, build_flags(job, manifest))


def build_facts(job: CompileJob, manifest: ProjectManifest) -> tuple[str, ...]:
    """Lines that distinguish this build from others of the same sources, as cmake/build_id.cmake
    does for the project's presets."""
    used = {job.level_of(source, manifest) for source in manifest.sources}
    levels = (job.optimization, *sorted(used - {job.optimization}))
    return (
        f"compiler {job.compiler.kind} {job.compiler.version}",
        f"configuration {' '.join(levels)}",
        f"flags {' '.join(build_flags(job, manifest))}",
        *tflm_fact(job.tflm_tree.fingerprint if job.tflm_tree else ""),
    )


def build_flags(job: CompileJob, manifest: ProjectManifest) -> tuple[str, ...]:
    """Flags of compiler and linker; with TFLM, then those of its C++ and C as well."""
    ours = target_flags(job.compiler.kind, manifest)
    flags = [*ours.machine, *ours.compile, *ours.link]
    if job.tflm_tree is not None:
        flags += [*ours.machine, *cxx_flags(), *tflm_flags(".cc"), *tflm_flags(".c")]
    return tuple(flags)


def build_elf(job: CompileJob, manifest: ProjectManifest, log: BuildLog) -> Path:
    """Compile and link; returns the ELF's path in the output folder. Raises ToolchainError."""
    machine = target_flags(job.compiler.kind, manifest).machine
    units = [*_project_units(job, manifest)]
    if manifest.tflm is not None and job.tflm_tree is not None:
        units += _tflm_units(job, manifest.tflm, job.tflm_tree, machine)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        objects = []
        for compiled in pool.map(lambda unit: _compile(job, unit, machine, log), units):
            objects.append(compiled)
            job.on_compiled(len(objects), len(units))
    return _link(job, manifest, objects, log)


@dataclass(frozen=True)
class _Unit:
    """One source, its object, its command. kept: where builds keep that object for each other.
    target: the object. flags: behind the command and the machine's own. optimization: its level."""

    source: str
    target: Path
    command: tuple[str, ...]
    flags: tuple[str, ...]
    optimization: str
    kept: Path | None = None


def _project_units(job: CompileJob, manifest: ProjectManifest) -> Iterator[_Unit]:
    # Relative paths only, so that the folder's place does not enter the ELF.
    shared = (
        f"-ffile-prefix-map={job.project}=.",
        *(f"-I{folder}" for folder in manifest.include_dirs),
        *(f"-D{define}" for define in job.defines),
    )
    for source in manifest.sources:
        command, flags = job.compiler.command, target_flags(job.compiler.kind, manifest).compile
        if source.endswith(".cc") and manifest.tflm is not None and job.tflm_tree is not None:
            command = job.compiler.cxx_command
            flags = (*cxx_flags(), *_tree_flags(manifest.tflm, job.tflm_tree.path, "-isystem"))
        level = job.level_of(source, manifest)
        kept = _kept_object(job, manifest, source)
        target = job.output / f"{source}.o"
        yield _Unit(source, target, command, (*flags, *shared), level, kept)


def _kept_object(job: CompileJob, manifest: ProjectManifest, source: str) -> Path | None:
    """Where the object of a source is kept that other projects have, too.

    None for a source of one project: its model, C++ with TFLM's headers, and what says the build's
    identity, which is among the defines.
    """
    if source.startswith("model/") or is_cxx(source):
        return None
    text = read_source(job.project, source, manifest.include_dirs)
    if text is None or any(text.mentions(define.partition("=")[0]) for define in job.defines):
        return None
    compiler, flags = job.compiler, target_flags(job.compiler.kind, manifest)
    facts = (
        *compiler.command,
        compiler.version,
        job.level_of(source, manifest),
        *flags.machine,
        *flags.compile,
        *manifest.include_dirs,
    )
    return kept_objects("firmware") / f"{text.key(facts)}.o"


def _tflm_units(
    job: CompileJob, tflm: TflmEntry, tree: TflmTree, machine: Sequence[str]
) -> Iterator[_Unit]:
    """Objects keep their folders: TFLM and CMSIS-NN have files of the same name."""
    folder = _object_folder(job, tflm, machine, tree.fingerprint)
    for source in tflm.sources:
        cxx = is_cxx(source)
        yield _Unit(
            str(tree.path / source),
            job.output / "tflm" / f"{source}.o",
            job.compiler.cxx_command if cxx else job.compiler.command,
            (
                *tflm_flags(source),
                *_tree_flags(tflm, tree.path, "-I"),
                f"-ffile-prefix-map={job.project}=.",
            ),
            job.tflm_optimization,
            folder / f"{source}.o",
        )


def _object_folder(
    job: CompileJob, tflm: TflmEntry, machine: Sequence[str], fingerprint: str
) -> Path:
    """The folder for objects of one tree, compiler and set of flags; all projects share it."""
    flags = (*machine, *tflm_flags(".cc"), *tflm_flags(".c"), *tflm.include_dirs, *tflm.defines)
    parts = (
        *job.compiler.command,
        job.compiler.version,
        job.tflm_optimization,
        *flags,
        fingerprint,
    )
    key = sha256("\0".join(parts).encode()).hexdigest()[:32]
    return kept_objects("tflm") / key


def _tree_flags(tflm: TflmEntry, tree: Path, include: str) -> tuple[str, ...]:
    return (
        f"-ffile-prefix-map={tree}=tflm",
        *(f"{include}{tree / folder}" for folder in tflm.include_dirs),
        *(f"-D{define}" for define in tflm.defines),
    )


def _compile(job: CompileJob, unit: _Unit, machine: Sequence[str], log: BuildLog) -> str:
    unit.target.parent.mkdir(parents=True, exist_ok=True)
    if unit.kept is not None and copy_object(unit.kept, unit.target):
        log.entries.append(f"{unit.source}: as compiled before: {unit.kept}\n")
        return str(unit.target)
    command = (
        *unit.command,
        *machine,
        *unit.flags,
        unit.optimization,
        "-c",
        unit.source,
        "-o",
        str(unit.target),
    )
    run_logged(command, job.project, log)
    if unit.kept is not None:
        copy_object(unit.target, unit.kept)
    return str(unit.target)


def _link(
    job: CompileJob,
    manifest: ProjectManifest,
    objects: Sequence[str],
    log: BuildLog,
) -> Path:
    elf = job.output / "firmware.elf"
    flags = target_flags(job.compiler.kind, manifest)
    command = (
        *job.compiler.command,
        *flags.machine,
        *_listed(objects, job.output),
        *(("-T", manifest.linker_script) if manifest.linker_script else ()),
        *flags.link,
        "-o",
        str(elf),
    )
    try:
        run_logged(command, job.project, log)
    except ToolchainError as error:
        raise _by_region(error, log.entries[-1]) from error
    return elf


def _listed(objects: Sequence[str], folder: Path) -> Sequence[str]:
    """`objects` as arguments. Many objects go into a response file, because a command line on
    Windows has fewer than 32,767 characters."""
    if sum(len(path) + 3 for path in objects) < _MANY_CHARACTERS:
        return objects
    listed = folder / "objects.txt"
    listed.write_text("".join(f'"{Path(path).as_posix()}"\n' for path in objects), encoding="utf-8")
    return (f"@{listed}",)


def _by_region(error: ToolchainError, said: str) -> ToolchainError:
    """A linker's overflow message in our words; any other error as it is."""
    over = {
        (match["gnu"] or match["lld"]).lower(): int(match["gnu_bytes"] or match["lld_bytes"])
        for match in _OVERFLOW.finditer(said)
    }
    if not over:
        return error
    regions = " ".join(f"Region {name} overflows by {over[name]:,} bytes." for name in over)
    return ToolchainError(f"The firmware does not fit. {regions}", error.hint)
