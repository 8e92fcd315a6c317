"""The CMake files of a stand-alone project: list, presets, one toolchain file per compiler."""

from __future__ import annotations

from mcuzoo.codegen.templates import render
from mcuzoo.project.build_id import TFLM_DIR_FILE
from mcuzoo.project.flags import (
    LINK_FLAGS,
    OPTIMIZATION,
    TFLM_TOOLCHAINS,
    TOOLCHAINS,
    compile_flags,
    cxx_flags,
    link_libraries,
    machine_flags,
    tflm_flags,
)
from mcuzoo.project.manifest import ProjectManifest
from mcuzoo.quoting import file_stem

_TITLES = {"gcc": "Arm GNU toolchain", "zig": "Zig's C compiler"}


def render_build_files(manifest: ProjectManifest) -> dict[str, str]:
    """CMakeLists.txt, CMakePresets.json and cmake/*.cmake by relative path."""
    tflm = manifest.tflm is not None
    toolchains = TFLM_TOOLCHAINS if tflm else TOOLCHAINS
    files = {
        "CMakeLists.txt": render(
            "cmake/CMakeLists.txt.j2",
            manifest=manifest,
            cmake_name=file_stem(manifest.name),
            optimization=OPTIMIZATION,
            assembly=any(source.endswith(".S") for source in manifest.sources),
        ),
        **id_files(manifest),
        "CMakePresets.json": render(
            "cmake/CMakePresets.json.j2",
            toolchains=[(toolchain, _TITLES[toolchain]) for toolchain in toolchains],
        ),
    }
    for toolchain in toolchains:
        files[f"cmake/{toolchain}.cmake"] = render(
            f"cmake/{toolchain}.cmake.j2",
            machine_flags=machine_flags(toolchain, manifest.target.core, manifest.target.fpu),
            compile_flags=compile_flags(toolchain),
            link_flags=LINK_FLAGS,
            link_libraries=link_libraries(toolchain, tflm),
            tflm=tflm,
            cxx_flags=cxx_flags(),
            tflm_cxx_flags=tflm_flags(".cc"),
            tflm_c_flags=tflm_flags(".c"),
        )
    return files


def id_files(manifest: ProjectManifest) -> dict[str, str]:
    """What names a build, and where TFLM is on this machine, which does not belong to its name."""
    files = {"cmake/build_id.cmake": render("shared/build_id.cmake.j2")}
    if manifest.tflm is not None:
        files[TFLM_DIR_FILE] = render(
            "shared/tflm_dir.cmake.j2", tree=manifest.tflm.tree, sdk=manifest.sdk is not None
        )
    return files
