"""What a TFLM project needs beside a C compiler: the tree and a C++ compiler."""

from __future__ import annotations

import shutil
from pathlib import Path

from mcuzoo.codegen.tflm.tree import TflmTree, open_tree
from mcuzoo.errors import InputError, ToolchainError, UsageError
from mcuzoo.plan.tflm.image import check_kernels
from mcuzoo.project.manifest import ProjectManifest, TflmEntry
from mcuzoo.toolchain.find import Compiler, find_compiler, require_newlib

_HINT = (
    "Install Arm's GNU toolchain with its C++ library (on Debian and Ubuntu gcc-arm-none-eabi and "
    "libstdc++-arm-none-eabi-newlib), or export with --runtime aot, which Zig can build."
)


EIQ_FOLDER = "middleware/eiq/tensorflow-lite"
"""TFLM in NXP's MCUXpresso SDK."""


def find_tree(
    manifest: ProjectManifest, override: Path | None, sdk: Path | None = None
) -> TflmTree | None:
    """The checked tree that the project's TFLM comes from; None for a project without TFLM.

    sdk: the SDK that has it when no tree is named. Raises InputError when the tree is not (or no
    longer) one that the project can be built from, UsageError for an `override` that a project
    without TFLM has no use for.
    """
    if manifest.tflm is None:
        if override is not None:
            raise UsageError(
                f"--tflm: {manifest.name} has the runtime {manifest.runtime}.",
                "Leave --tflm out, or export with --runtime tflm.",
            )
        return None
    folder = override or _named(manifest.tflm, sdk)
    tree = open_tree(folder, check_kernels(manifest.tflm.kernels))
    missing = [name for name in manifest.tflm.sources if not (tree.path / name).is_file()]
    if missing:
        raise InputError(
            f"The TFLM tree {tree.path} is another than {manifest.name} was exported with: looked "
            f"for {', '.join(missing[:5])}.",
            "Export the project again with --tflm and this tree.",
        )
    return tree


def _named(tflm: TflmEntry, sdk: Path | None) -> Path:
    if tflm.tree:
        return Path(tflm.tree)
    own = (sdk or Path()) / EIQ_FOLDER
    if sdk is None or not own.is_dir():
        raise InputError(
            f"The MCUXpresso SDK in {sdk} has no TFLite-Micro: looked for {EIQ_FOLDER}.",
            "west update --group-filter +eiq gets it; --tflm DIR names a tree of your own.",
        )
    return own


def find_tflm_compiler(name: str | None) -> Compiler:
    """Arm's GCC with its C++ compiler.

    Raises ToolchainError when there is none or `name` is zig, whose C++ library needs an operating
    system; UsageError for an unknown name.
    """
    if name == "zig":
        raise ToolchainError("TFLite-Micro is C++, which Zig cannot build for a bare board.", _HINT)
    try:
        compiler = find_compiler(name or "gcc")
    except ToolchainError as error:
        raise ToolchainError(
            "TFLite-Micro is C++ and needs arm-none-eabi-gcc, which was not found.", _HINT
        ) from error
    (program,) = compiler.cxx_command
    if shutil.which(program) is None:
        raise ToolchainError(f"There is no C++ compiler {program}.", _HINT)
    require_newlib(compiler.command[0])
    return compiler
