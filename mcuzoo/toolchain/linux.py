"""Build the C agent of a project for Linux: a static program, by Zig or by GCC."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from mcuzoo.errors import UsageError
from mcuzoo.project.build_id import BUILD_FOLDER, build_id
from mcuzoo.project.kinds import OPTIMIZATION
from mcuzoo.project.manifest import (
    AnyManifest,
    BuildEntry,
    PartEntry,
    ProjectManifest,
    write_manifest,
)
from mcuzoo.toolchain.compile import (
    CompileJob,
    OnCompiled,
    build_elf,
    build_facts,
    build_flags,
    target_flags,
)
from mcuzoo.toolchain.find import (
    BuildLog,
    Compiler,
    find_linux_compiler,
    glibc_version,
    run_logged,
    zig_cache,
)
from mcuzoo.toolchain.inputs import changed_inputs, input_hashes
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.toolchain.parts import linux_library_parts
from mcuzoo.toolchain.sizes import code_bytes, read_sections

_WEIGHTS_SECTION = ".rodata.mz_weights"
_PROBE = "int main(void) { return 0; }\n"


def build_for_linux(
    project: Path,
    manifest: AnyManifest,
    options: BuildOptions,
    on_compiled: OnCompiled,
    say: Callable[[str], None],
) -> BuildEntry:
    """Build into project/build/<compiler>/firmware.elf and write the manifest's entry.

    Zig builds its C library for the first program; `say` is told. Raises as build_project.
    """
    given = [f"--{name}" for name in ("tflm", "sdk", "config") if getattr(options, name)]
    if given:
        raise UsageError(
            f"{', '.join(given)}: {manifest.name} is a program for Linux, which needs none.",
            "Leave it out.",
        )
    hashes = input_hashes(project, manifest)
    compiler = find_linux_compiler(options.compiler)
    level = options.optimization or OPTIMIZATION
    folder = project / BUILD_FOLDER / compiler.kind
    folder.mkdir(parents=True, exist_ok=True)
    log = BuildLog(folder / "build.log")
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{compiler.kind}-") as scratch:
        job = CompileJob(compiler, project, Path(scratch), level, on_compiled=on_compiled)
        identity = build_id(hashes, build_facts(job, manifest))
        job = replace(job, defines=(f'MZ_BUILD_ID="{identity}"',))
        try:
            _prepare_library(job, manifest, log, say)
            elf = build_elf(job, manifest, log)
        finally:
            log.write()
        sections = read_sections(elf)
        product = folder / elf.name
        elf.replace(product)
    entry = BuildEntry(
        toolchain=compiler.kind,
        compiler_version=compiler.version,
        optimization=level,
        build_id=identity,
        elf=product.relative_to(project).as_posix(),
        bin="",
        hex="",
        regions=(),
        code_bytes=code_bytes(sections, {}),
        sha256={"elf": sha256(product.read_bytes()).hexdigest()},
        flags=build_flags(job, manifest),
        changed=changed_inputs(manifest, hashes),
        parts=_parts(compiler),
    )
    write_manifest(replace(manifest, build=entry), project)
    return entry


def _parts(compiler: Compiler) -> tuple[PartEntry, ...]:
    glibc = glibc_version(compiler.command[0]) if compiler.kind == "gcc" else ""
    return linux_library_parts(compiler.kind, compiler.version, glibc)


def _prepare_library(
    job: CompileJob, manifest: ProjectManifest, log: BuildLog, say: Callable[[str], None]
) -> None:
    """Let Zig build its C library before anything is compiled, so that the minutes are explained.

    A mark in its cache says that it has.
    """
    if job.compiler.kind != "zig":
        return
    flags = target_flags(job.compiler.kind, manifest)
    facts = "\0".join((*job.compiler.command, job.compiler.version, *flags.machine, *flags.link))
    mark = zig_cache() / f"mcuzoo-library-{sha256(facts.encode()).hexdigest()[:16]}"
    if mark.exists():
        return
    say(
        "note: Zig builds its C library for this core first. That takes minutes, once; it is kept "
        f"in {zig_cache()}."
    )
    source = job.output / "library.c"
    source.write_text(_PROBE, encoding="utf-8")
    output = ("-o", str(job.output / "library"))
    command = (*job.compiler.command, *flags.machine, str(source), *flags.link, *output)
    run_logged(command, job.project, log)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
