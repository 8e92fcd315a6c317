"""From C sources to one ELF file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.errors import ToolchainError
from mcuzoo.project.flags import LINK_FLAGS, compile_flags, link_libraries, machine_flags
from mcuzoo.project.manifest import Manifest
from mcuzoo.toolchain.command import BuildLog, run_logged
from mcuzoo.toolchain.find import Compiler

_PARALLEL = 2

_OVERFLOW = re.compile(
    r"region [`'](?P<gnu>\w+)' overflowed by (?P<gnu_bytes>\d+) bytes"
    r"|will not fit in region '(?P<lld>\w+)': overflowed by (?P<lld_bytes>\d+) bytes"
)


@dataclass(frozen=True)
class CompileJob:
    """How to build `project` into the folder `output`; `defines` are KEY=VALUE."""

    compiler: Compiler
    project: Path
    output: Path
    optimization: str
    defines: tuple[str, ...] = ()


def build_elf(job: CompileJob, manifest: Manifest, log: BuildLog) -> Path:
    """Compile and link; returns the ELF's path in the output folder. Raises ToolchainError."""
    machine = machine_flags(job.compiler.kind, manifest.target.core, manifest.target.fpu)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        objects = list(
            pool.map(lambda source: _compile(job, manifest, source, machine, log), manifest.sources)
        )
    return _link(job, manifest, objects, machine, log)


def _compile(
    job: CompileJob, manifest: Manifest, source: str, machine: Sequence[str], log: BuildLog
) -> str:
    target = job.output / f"{source}.o"
    target.parent.mkdir(parents=True, exist_ok=True)
    command = (
        *job.compiler.command,
        *machine,
        *compile_flags(job.compiler.kind),
        job.optimization,
        # Relative paths only, so that the folder's place does not enter the ELF.
        f"-ffile-prefix-map={job.project}=.",
        *(f"-I{folder}" for folder in manifest.include_dirs),
        *(f"-D{define}" for define in job.defines),
        "-c",
        source,
        "-o",
        str(target),
    )
    run_logged(command, job.project, log)
    return str(target)


def _link(
    job: CompileJob,
    manifest: Manifest,
    objects: Sequence[str],
    machine: Sequence[str],
    log: BuildLog,
) -> Path:
    elf = job.output / "firmware.elf"
    command = (
        *job.compiler.command,
        *machine,
        *objects,
        "-T",
        manifest.linker_script,
        *LINK_FLAGS,
        *link_libraries(job.compiler.kind),
        "-o",
        str(elf),
    )
    try:
        run_logged(command, job.project, log)
    except ToolchainError as error:
        raise _by_region(error, log.entries[-1]) from error
    return elf


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
