"""Build the C agent of a project for Linux: a static program, by Zig or by GCC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from mcuzoo.errors import UsageError
from mcuzoo.project.build_id import BUILD_FOLDER
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
    compiled,
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
    output = project / BUILD_FOLDER / compiler.kind
    job = CompileJob(compiler, project, output, level, on_compiled=on_compiled)

    def prepare(job: CompileJob, log: BuildLog) -> None:
        _prepare_library(job, manifest, log, say)

    with compiled(job, manifest, hashes, prepare) as made:
        sections = read_sections(made.elf)
        product = output / made.elf.name
        made.elf.replace(product)
    entry = BuildEntry(
        toolchain=compiler.kind,
        compiler_version=compiler.version,
        optimization=level,
        build_id=made.build_id,
        elf=product.relative_to(project).as_posix(),
        bin="",
        hex="",
        regions=(),
        code_bytes=code_bytes(sections, {}),
        sha256={"elf": sha256(product.read_bytes()).hexdigest()},
        flags=made.flags,
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
