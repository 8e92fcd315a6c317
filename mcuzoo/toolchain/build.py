"""Build a project: compile, link, make flash images, measure, and enter it in the manifest."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from os import PathLike
from pathlib import Path

from mcuzoo.codegen.mcuxpresso import require_plain_path
from mcuzoo.codegen.tflm.tree import TflmTree, open_tree
from mcuzoo.errors import InputError, ToolchainError, UsageError
from mcuzoo.plan.tflm.image import check_kernels
from mcuzoo.project.build_id import BUILD_FOLDER
from mcuzoo.project.kinds import OPTIMIZATION, check_optimization
from mcuzoo.project.manifest import (
    AnyManifest,
    BuildEntry,
    LinuxTargetEntry,
    PartEntry,
    ProjectManifest,
    TargetEntry,
    TflmEntry,
    load_project,
    write_manifest,
)
from mcuzoo.toolchain.compile import CompileJob, OnCompiled, compiled
from mcuzoo.toolchain.find import (
    BuildLog,
    Compiler,
    find_compiler,
    newlib_version,
    require_newlib,
)
from mcuzoo.toolchain.inputs import Inputs, Toolset, changed_inputs, input_hashes
from mcuzoo.toolchain.linux import build_for_linux
from mcuzoo.toolchain.mcuxpresso import (
    SdkJob,
    build_sdk_elf,
    find_sdk,
    require_gcc,
    sdk_configuration,
    sdk_gcc,
)
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.toolchain.parts import compiled_sources, library_parts, sdk_parts, tflm_parts
from mcuzoo.toolchain.sizes import (
    CODE_SYMBOLS,
    Section,
    code_bytes,
    read_sections,
    read_symbols,
    region_uses,
)

ERASED = 0xFF
"""The byte that erased NOR flash reads."""


def flash_bytes(sections: tuple[Section, ...], target: TargetEntry) -> bytes:
    """The image from `target.image_base` to the last loaded byte, gaps as erased flash.

    Raises ToolchainError when a section would be loaded outside the flash behind image_base.
    """
    loaded = [section for section in sections if section.content]
    flash = next(item for item in target.memory if item.region == target.flash_region)
    for section in loaded:
        if (
            not target.image_base
            <= section.load_address
            <= section.load_end
            <= flash.base + flash.size_bytes
        ):
            raise ToolchainError(
                f"Section {section.name} would be loaded at 0x{section.load_address:08X}, "
                f"which is not in the image's flash.",
                "The linker script was changed: export the project again.",
            )
    end = max((section.load_end for section in loaded), default=target.image_base)
    image = bytearray([ERASED]) * (end - target.image_base)
    for section in loaded:
        start = section.load_address - target.image_base
        image[start : start + len(section.content)] = section.content
    return bytes(image)


def write_bin(image: bytes, path: Path) -> None:
    path.write_bytes(image)


def write_hex(image: bytes, base: int, path: Path) -> None:
    """Intel HEX of `image` at address `base`."""
    from intelhex import IntelHex

    records = IntelHex()
    records.frombytes(image, offset=base)
    records.write_hex_file(str(path))


_HINT = (
    "Install Arm's GNU toolchain with its C++ library (on Debian and Ubuntu gcc-arm-none-eabi and "
    "libstdc++-arm-none-eabi-newlib), or export with --runtime aot, which Zig can build."
)


EIQ_FOLDER = "middleware/eiq/tensorflow-lite"
"""The folder of TFLM in NXP's MCUXpresso SDK."""


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
            f"The TFLM tree {tree.path} is not the one that {manifest.name} was exported with: "
            f"looked for {', '.join(missing[:5])}.",
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


def build_project(
    project: str | PathLike[str],
    options: BuildOptions = BuildOptions(),
    on_compiled: OnCompiled = lambda done, total: None,
    say: Callable[[str], None] = lambda text: None,
) -> BuildEntry:
    """Build into project/build/<folder>/firmware.{elf,bin,hex} and write the manifest's entry.

    The folder is called after the compiler, or mcuxpresso. on_compiled: gets (compiled sources, all
    sources), but not from the SDK's build, which reports no progress. say: is told what takes long.
    A project for Linux gets firmware.elf alone.

    Raises ProjectError (no project, files missing), InputError (no TFLM tree or SDK, or not a
    fitting one), UsageError (an option that this project has no use for) and ToolchainError (no
    compiler, or it failed; build.log in that folder has its words).
    """
    folder = Path(project).resolve()
    if options.optimization is not None:
        options = replace(options, optimization=check_optimization(options.optimization))
    manifest = load_project(folder)
    if manifest.project == "mcuxpresso":
        return _build_in_sdk(folder, manifest, options)
    if isinstance(manifest.target, LinuxTargetEntry):
        return build_for_linux(folder, manifest, options, on_compiled, say)
    return _build_standalone(folder, manifest, options, on_compiled)


def _build_standalone(
    project: Path, manifest: AnyManifest, options: BuildOptions, on_compiled: OnCompiled
) -> BuildEntry:
    if options.sdk is not None or options.config is not None:
        raise UsageError(
            f"--sdk and --config: {manifest.name} is not built in the MCUXpresso SDK.",
            "Leave them out, or export with --project mcuxpresso.",
        )
    tree = find_tree(manifest, options.tflm)
    hashes = input_hashes(project, manifest)
    chosen = find_tflm_compiler(options.compiler) if tree else find_compiler(options.compiler)
    level = options.optimization or OPTIMIZATION
    output = project / BUILD_FOLDER / chosen.kind
    job = CompileJob(chosen, project, output, level, tflm_tree=tree, on_compiled=on_compiled)
    with compiled(job, manifest, hashes) as made:
        tools = Toolset(
            chosen.kind,
            chosen.version,
            level,
            chosen.kind,
            made.flags,
            _standalone_parts(manifest, chosen, tree),
        )
        return _enter(project, manifest, made.elf, tools, Inputs(made.build_id, hashes))


def _standalone_parts(
    manifest: AnyManifest, compiler: Compiler, tree: TflmTree | None
) -> tuple[PartEntry, ...]:
    libraries = library_parts(
        compiler.kind, compiler.version, newlib_version(compiler.command[0]) if tree else None
    )
    if tree is None or manifest.tflm is None:
        return libraries
    return (*tflm_parts(tree, manifest.tflm.sources), *libraries)


def _build_in_sdk(project: Path, manifest: AnyManifest, options: BuildOptions) -> BuildEntry:
    if options.optimization is not None:
        raise UsageError(
            f"-O: {manifest.name} is optimized as its SDK configuration says.",
            "Leave it out; --config release or --config debug chooses the configuration.",
        )
    require_plain_path(project, f"The project {manifest.name}")
    chosen = require_gcc(options.compiler)
    if manifest.tflm is not None:
        chosen = find_tflm_compiler(options.compiler)
    sdk = find_sdk(manifest, options.sdk)
    configuration = sdk_configuration(options.config)
    require_newlib(sdk_gcc(chosen))
    tree = find_tree(manifest, options.tflm, sdk.path)
    hashes = input_hashes(project, manifest)
    log = BuildLog(project / BUILD_FOLDER / "mcuxpresso" / "build.log")
    job = SdkJob(chosen, project, sdk, configuration, tree)
    try:
        elf, identity = build_sdk_elf(job, log)
    finally:
        log.write()
    tools = Toolset(
        chosen.kind, chosen.version, job.configuration, "mcuxpresso", (), _parts_in_sdk(job)
    )
    return _enter(project, manifest, elf, tools, Inputs(identity, hashes))


def _parts_in_sdk(job: SdkJob) -> tuple[PartEntry, ...]:
    sources = [path.resolve() for path in compiled_sources(job.folder)]
    libraries = library_parts(
        job.compiler.kind, job.compiler.version, newlib_version(sdk_gcc(job.compiler))
    )
    if job.tflm is None:
        return (*sdk_parts(job.sdk.path, job.sdk.version, sources), *libraries)
    tree = job.tflm.path.resolve()
    of_tflm = [path for path in sources if path.is_relative_to(tree)]
    others = [path for path in sources if not path.is_relative_to(tree)]
    return (
        *tflm_parts(job.tflm, sorted({path.relative_to(tree).as_posix() for path in of_tflm})),
        *sdk_parts(job.sdk.path, job.sdk.version, others),
        *libraries,
    )


def _enter(
    project: Path, manifest: AnyManifest, elf: Path, tools: Toolset, inputs: Inputs
) -> BuildEntry:
    """Make the products of `elf`, whole or not at all, and enter them in the manifest."""
    folder = project / BUILD_FOLDER / tools.folder
    folder.mkdir(parents=True, exist_ok=True)
    sections = read_sections(elf)
    symbols = read_symbols(elf, CODE_SYMBOLS)
    target = manifest.chip
    image = flash_bytes(sections, target)
    flash = target.flash_region
    in_code = manifest.plan.constant_bytes_in(flash) if manifest.sdk is not None else 0
    products = {suffix: folder / f"firmware.{suffix}" for suffix in ("elf", "bin", "hex")}
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fresh-") as scratch:
        fresh = {suffix: Path(scratch) / path.name for suffix, path in products.items()}
        fresh["elf"].write_bytes(elf.read_bytes())
        write_bin(image, fresh["bin"])
        write_hex(image, target.image_base, fresh["hex"])
        for suffix, product in products.items():
            fresh[suffix].replace(product)
    placed = {suffix: path.relative_to(project).as_posix() for suffix, path in products.items()}
    entry = BuildEntry(
        toolchain=tools.toolchain,
        compiler_version=tools.compiler_version,
        optimization=tools.optimization,
        build_id=inputs.identity,
        elf=placed["elf"],
        bin=placed["bin"],
        hex=placed["hex"],
        regions=region_uses(sections, target),
        code_bytes=code_bytes(sections, symbols, in_code),
        sha256={suffix: sha256(path.read_bytes()).hexdigest() for suffix, path in products.items()},
        flags=tools.flags,
        changed=changed_inputs(manifest, inputs.hashes),
        parts=tools.parts,
    )
    write_manifest(replace(manifest, build=entry), project)
    return entry
