"""Whether a project's newest build is of the files that are in the folder now."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mcuzoo.project.build_id import build_id, firmware_inputs, hash_files
from mcuzoo.project.manifest import BuildEntry, ProjectManifest
from mcuzoo.toolchain.compile import CompileJob, build_facts
from mcuzoo.toolchain.find import Compiler


def same_sources(project: Path, manifest: ProjectManifest, build: BuildEntry) -> bool | None:
    """Whether the build id of the files that are there now is that of the build. None if that
    cannot be said: the build was made of files outside of the project, too."""
    hashes = hash_files(project, firmware_inputs(project))
    job = CompileJob(
        Compiler(build.toolchain, (), build.compiler_version), project, project, build.optimization
    )
    same = build_id(hashes, build_facts(job, manifest)) == build.build_id
    alone = manifest.tflm is None and manifest.sdk is None
    return same if same or alone else None


def newer_inputs(project: Path, inputs: Iterable[str], product: Path) -> list[str]:
    """Those of `inputs`, paths in the project, that were changed after `product` was written."""
    made = product.stat().st_mtime_ns
    found = []
    for name in inputs:
        with suppress(OSError):
            if (project / name).stat().st_mtime_ns > made:
                found.append(name)
    return found
