"""Build a project: compile, link, make flash images, measure, and enter it in the manifest."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from mcuzoo.errors import ProjectError
from mcuzoo.project.build_id import build_id, firmware_inputs, hash_files
from mcuzoo.project.flags import OPTIMIZATION
from mcuzoo.project.manifest import BuildEntry, ProjectManifest, load_project, write_manifest
from mcuzoo.toolchain.command import BuildLog
from mcuzoo.toolchain.compile import CompileJob, build_elf
from mcuzoo.toolchain.find import find_compiler
from mcuzoo.toolchain.image import flash_bytes, write_bin, write_hex
from mcuzoo.toolchain.sections import read_sections, read_symbols
from mcuzoo.toolchain.sizes import CODE_SYMBOLS, code_bytes, region_uses
from mcuzoo.toolchain.tflm import find_tflm_compiler, find_tree

BUILD_FOLDER = "build"


def build_project(
    project: Path,
    compiler: str | None = None,
    optimization: str = OPTIMIZATION,
    tflm: Path | None = None,
) -> BuildEntry:
    """Build into project/build/<toolchain>/firmware.{elf,bin,hex} and write the manifest's entry.

    tflm: take TFLM from this tree instead of the one the project was exported with. Raises
    ProjectError (no project, files missing), InputError (no TFLM tree, or not a fitting one) and
    ToolchainError (no compiler, or it failed; build/<toolchain>/build.log has its words).
    """
    project = project.resolve()
    manifest = load_project(project)
    tree = find_tree(manifest, tflm)
    identity = _current_build_id(project, manifest, tree.fingerprint if tree else None)
    chosen = find_tflm_compiler(compiler) if tree else find_compiler(compiler)
    folder = project / BUILD_FOLDER / chosen.kind
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{chosen.kind}-") as scratch:
        defines = () if identity == manifest.build_id else (f'MZ_BUILD_ID="{identity}"',)
        job = CompileJob(chosen, project, Path(scratch), optimization, defines, tree)
        log = BuildLog(folder / "build.log")
        try:
            elf = build_elf(job, manifest, log)
        finally:
            log.write()
        sections = read_sections(elf)
        symbols = read_symbols(elf, CODE_SYMBOLS)
        image = flash_bytes(sections, manifest.target)
        write_bin(image, elf.with_suffix(".bin"))
        write_hex(image, manifest.target.image_base, elf.with_suffix(".hex"))
        products = {suffix: folder / f"firmware.{suffix}" for suffix in ("elf", "bin", "hex")}
        for product in products.values():
            (job.output / product.name).replace(product)
    entry = BuildEntry(
        toolchain=chosen.kind,
        compiler_version=chosen.version,
        optimization=optimization,
        build_id=identity,
        **{suffix: path.relative_to(project).as_posix() for suffix, path in products.items()},
        regions=region_uses(sections, manifest.target),
        code_bytes=code_bytes(sections, symbols),
        sha256={suffix: sha256(path.read_bytes()).hexdigest() for suffix, path in products.items()},
    )
    write_manifest(replace(manifest, build=entry), project)
    return entry


def _current_build_id(project: Path, manifest: ProjectManifest, tflm: str | None) -> str:
    """The manifest's, unless files were edited since the export.

    Raises ProjectError when files that the manifest lists are gone.
    """
    missing = [
        path
        for path in sorted({*manifest.sources, manifest.linker_script})
        if not (project / path).is_file()
    ]
    if missing:
        raise ProjectError(
            f"{project} lacks {', '.join(missing)}.",
            "Export the project again: mcuzoo export --force.",
        )
    return build_id(hash_files(project, firmware_inputs(project)), tflm)
