"""Build an application in the user's MCUXpresso SDK, by the SDK's own CMake build system."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.codegen.mcuxpresso import CONFIGURATIONS, SDK_VARIABLE, SdkTree, open_sdk
from mcuzoo.codegen.tflm.tree import TflmTree
from mcuzoo.errors import ToolchainError, UsageError, command, did_you_mean
from mcuzoo.project.build_id import BUILD_ID_FILE, read_build_id
from mcuzoo.project.kinds import BUNDLED
from mcuzoo.project.manifest import AnyManifest, Manifest
from mcuzoo.toolchain.find import BuildLog, Compiler, find_compiler, run_logged
from mcuzoo.zoo.catalog import catalog

_PREFIX = "flexspi_nor_"
_GCC_VARIABLE = "ARMGCC_DIR"
_PYTHON_HINT = (
    "The SDK's build needs cmake, ninja and a python3 with the packages of its "
    "scripts/requirements-base.txt on the PATH."
)


def sdk_configuration(config: str | None) -> str:
    """The SDK's name of a configuration; None is release. Raises UsageError for one it has not."""
    wanted = config or "release"
    name = wanted if wanted.startswith(_PREFIX) else f"{_PREFIX}{wanted}"
    if name not in CONFIGURATIONS:
        short = [known.removeprefix(_PREFIX) for known in CONFIGURATIONS]
        raise UsageError(
            f"--config {wanted}: no configuration that runs from flash.",
            f"{did_you_mean(wanted, short)}--config release or --config debug.",
        )
    return name


@dataclass(frozen=True)
class SdkJob:
    """How to build `project`. tflm: the tree to take TFLM from. configuration: the SDK's name of
    it."""

    compiler: Compiler
    project: Path
    sdk: SdkTree
    configuration: str
    tflm: TflmTree | None = None

    @property
    def folder(self) -> Path:
        """The build folder; the project's README and presets name the same one."""
        return self.project / "build" / self.configuration


def find_sdk(manifest: AnyManifest, given: Path | None) -> SdkTree:
    """The checked SDK: `given`, or named by the environment.

    Raises UsageError when none is named, InputError when it is none that will do.
    """
    named = given or os.environ.get(SDK_VARIABLE)
    if not named:
        raise UsageError(
            f"{manifest.name} is built in NXP's MCUXpresso SDK: where is it?",
            f"--sdk DIR or the environment's {SDK_VARIABLE} names its folder mcuxsdk.\n"
            f"Without an SDK: {_without_sdk(manifest)}",
        )
    assert manifest.sdk is not None
    return open_sdk(Path(named), manifest.sdk.board)


def _without_sdk(manifest: AnyManifest) -> str:
    """The command for an export that needs neither SDK nor TFLM."""
    model = manifest.model.name if isinstance(manifest, Manifest) else BUNDLED
    name = model if model in catalog() else "MODEL.tflite"
    kind = ["--runtime", "aot", "--project", "cmake", "-o", f"{manifest.name}-aot"]
    return command("mcuzoo", "export", name, "--board", manifest.board, *kind)


def require_gcc(name: str | None) -> Compiler:
    """Arm's GCC; raises UsageError for another, ToolchainError when there is none."""
    if name == "zig":
        raise UsageError("--compiler zig: the SDK is built with Arm's GCC.", "Leave it out.")
    return find_compiler(name or "gcc")


def build_sdk_elf(job: SdkJob, log: BuildLog) -> tuple[Path, str]:
    """Configure and build; returns the ELF's path and the build id. Raises ToolchainError."""
    for program in ("cmake", "ninja"):
        if shutil.which(program) is None:
            raise ToolchainError(f"There is no {program}.", _PYTHON_HINT)
    environment = {_GCC_VARIABLE: os.environ.get(_GCC_VARIABLE) or _root(job.compiler)}
    configure = [
        "cmake", "-S", str(job.project), "-B", str(job.folder), "-G", "Ninja",
        f"-DSdkRootDirPath={job.sdk.path.as_posix()}",
        "-DCONFIG_TOOLCHAIN=armgcc",
        f"-DCMAKE_BUILD_TYPE={job.configuration}",
        f"-DTFLM_DIR={job.tflm.path.as_posix() if job.tflm else ''}",
        "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
    ]  # fmt: skip
    run_logged(configure, job.project, log, "The SDK's CMake", environment)
    build = ["cmake", "--build", str(job.folder)]
    run_logged(build, job.project, log, "The SDK's build", environment)
    elves = sorted(job.folder.glob("*.elf"))
    if len(elves) != 1:
        raise ToolchainError(
            f"{job.folder} holds {len(elves)} ELF files, not one.", "Remove it and build again."
        )
    identity = read_build_id(job.folder / BUILD_ID_FILE)
    if identity is None:
        raise ToolchainError(
            f"The build wrote no {BUILD_ID_FILE}: the project's CMake files are older than this "
            "mcuzoo, or were edited.",
            "Export the project again: mcuzoo export --force.",
        )
    return elves[0], identity


def sdk_gcc(compiler: Compiler) -> str:
    """The program that the SDK's build compiles with: ARMGCC_DIR's, if the environment names it."""
    folder = os.environ.get(_GCC_VARIABLE)
    return str(Path(folder) / "bin" / "arm-none-eabi-gcc") if folder else compiler.command[0]


def _root(compiler: Compiler) -> str:
    """The folder above bin/, by which the SDK knows a compiler."""
    program = shutil.which(compiler.command[0]) or compiler.command[0]
    return str(Path(program).absolute().parent.parent)
