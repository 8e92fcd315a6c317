"""The part of a project that is special to TFLM: C that depends on the model, and the files of the
TFLM tree that are compiled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.codegen.aot.ends import sha256_rows, view_end
from mcuzoo.codegen.board_files import STANDALONE, Sections
from mcuzoo.codegen.model_array import Embed, check_embed, render_model_array
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.codegen.project_part import NO_UPLOAD_SOURCE, WHOLE_IMAGE_SOURCE, RuntimePart
from mcuzoo.codegen.templates import render
from mcuzoo.codegen.tflm.registration import (
    Registration,
    assumed_registrations,
    kernel_files,
    registrations,
)
from mcuzoo.codegen.tflm.tree import CMSIS_NN, KERNELS, MICRO, TflmTree, open_tree
from mcuzoo.errors import InputError
from mcuzoo.graph.program import Program
from mcuzoo.graph.schema import SCHEMA_VERSION
from mcuzoo.lowering.words import comment_text
from mcuzoo.plan.place.traffic import MODEL_SYMBOL
from mcuzoo.plan.tflm.image import HeadPlan, TflmImage
from mcuzoo.plan.tflm.requests import Kernels
from mcuzoo.project.manifest import TflmEntry

EMBEDDED_FILE = "model/mz_model_data.tflite"
"""The model file that the board runs: without conversions at its ends, with our plan."""


@dataclass(frozen=True)
class OpRow:
    """One mz_tflm_op of the firmware.

    index: of the op in the user's file. output: index of its first output in the file that the
    board runs; output_bytes: its size. name: of the operator.
    """

    index: int
    output: int
    output_bytes: int
    name: str


def render_tflm_model(
    program: Program,
    image: TflmImage,
    registered: Iterable[Registration],
    source: str,
    sections: Sections,
    embed: Embed = "array",
    recording: bool = False,
) -> dict[str, str]:
    """`model/...` files by project path. source: see render_model_array.

    recording: with TFLM's recording allocator at hand, see link protocol.

    Raises ModelError when the model's ends cannot be described.
    """
    title = comment_text(program.model.name)
    header = render(
        "tflm/mz_model.h.j2",
        title=title,
        plan=image.plan,
        used_bytes=image.arena.used_bytes,
        head_bytes=image.arena.head_bytes,
        tail_bytes=image.arena.tail_bytes,
        arena_bytes=image.arena_bytes,
        recording=recording,
        ops=image.model.ops,
    )
    facts = render(
        "tflm/mz_model.c.j2",
        title=title,
        sha256=sha256_rows(program.model.sha256),
        input=view_end(program.input_tensor),
        output=view_end(program.output_tensor),
        op_count=len(program.file.ops),
        ops=_op_rows(image),
        arena_section=sections.arena,
    )
    resolver = render("tflm/mz_resolver.h.j2", title=title, registrations=list(registered))
    return {
        "model/mz_model.h": header,
        "model/mz_model.c": facts,
        "model/mz_resolver.h": resolver,
        **render_model_array(
            image.model,
            source,
            sections.section_of(MODEL_SYMBOL),
            embed,
            EMBEDDED_FILE.removeprefix("model/"),
        ),
    }


def _op_rows(image: TflmImage) -> list[OpRow]:
    return [
        OpRow(index, op.outputs[0], image.model.tensor(op.outputs[0]).bytes, op.name)
        for index, op in zip(image.op_indices, image.model.ops, strict=True)
    ]


RUNTIME_SOURCE = "runtime/tflm/mz_runtime_tflm.cc"
FIXED_SOURCE = "runtime/tflm/fixed/mz_tflm_fixed.c"


def tflm_part(
    program: Program,
    image: TflmImage,
    options: ExportOptions,
    recording: bool,
    source: str,
    sections: Sections = STANDALONE,
) -> RuntimePart:
    """The model's files and the choice from the TFLM tree that `options` names.

    Without a tree, the choice is left to the build. Raises InputError when the tree is none, or
    lacks a kernel, UnsupportedOpError for an op that cannot be registered and ModelError when the
    model's ends cannot be described.
    """
    kernels = image.arena.kernels
    if options.tflm is None:
        registered = assumed_registrations(image.model)
        entry = treeless_entry(registered, kernels, image.plan)
    else:
        checked = open_tree(options.tflm, kernels)
        registered = registrations(image.model, checked.path, kernels)
        entry = tflm_entry(checked, registered, kernels, image.plan, recording)
    return RuntimePart(
        rendered=render_tflm_model(
            program,
            image,
            registered,
            source,
            sections,
            check_embed(options.embed or "array"),
            recording,
        ),
        compiled=(RUNTIME_SOURCE, FIXED_SOURCE, NO_UPLOAD_SOURCE, WHOLE_IMAGE_SOURCE),
        extra={EMBEDDED_FILE: image.model.raw},
        tflm=entry,
    )


def tflm_entry(
    tree: TflmTree,
    registered: Sequence[Registration],
    kernels: Kernels,
    plan: HeadPlan,
    recording: bool = False,
) -> TflmEntry:
    """What the manifest says of the tree. Raises InputError when it lacks what is asked for."""
    return TflmEntry(
        tree=tree.path.as_posix(),
        kernels=kernels,
        plan=plan,
        schema_version=tree.schema_version,
        flatbuffers_version=tree.flatbuffers_version,
        fingerprint=tree.fingerprint,
        sources=tree_sources(tree.path, registered, kernels, recording),
        include_dirs=tree_include_dirs(kernels),
        defines=tree_defines(kernels),
        kernel_files=kernel_files(registered),
    )


def treeless_entry(
    registered: Sequence[Registration], kernels: Kernels, plan: HeadPlan
) -> TflmEntry:
    """What the manifest says of a tree that only the build will know."""
    return TflmEntry(
        tree="",
        kernels=kernels,
        plan=plan,
        schema_version=SCHEMA_VERSION,
        flatbuffers_version="",
        fingerprint="",
        sources=(),
        include_dirs=(),
        defines=tree_defines(kernels),
        kernel_files=kernel_files(registered),
    )


_CORE = (
    f"{MICRO}/*.c[cp]*",
    f"{MICRO}/arena_allocator/*.c[cp]*",
    f"{MICRO}/memory_planner/*.c[cp]*",
    f"{MICRO}/tflite_bridge/*.c[cp]*",
    "tensorflow/lite/core/api/*.c[cp]*",
    "tensorflow/lite/core/c/*.c[cp]*",
    "tensorflow/lite/kernels/*.c[cp]*",
    "tensorflow/lite/kernels/internal/*.c[cp]*",
    "tensorflow/lite/kernels/internal/reference/*.c[cp]*",
    "tensorflow/compiler/mlir/lite/core/api/*.c[cp]*",
    "tensorflow/compiler/mlir/lite/schema/*.c[cp]*",
    f"{KERNELS}/kernel_util.c[cp]*",
    f"{KERNELS}/micro_tensor_utils.c[cp]*",
)
# Left out: files for tests and recordings, and files that the firmware has itself.
_NOT_CORE = re.compile(
    r"(_test|test_helpers|test_helper_custom_ops|fake_micro_context|mock_micro_graph|hexdump"
    r"|recording_\w+|debug_log|micro_time|benchmark\w*)\.(cc|cpp)$"
)
_RECORDING = (
    f"{MICRO}/recording_micro_allocator.cc",
    f"{MICRO}/arena_allocator/recording_single_arena_buffer_allocator.cc",
)
_INCLUDE_DIRS = (
    ".",
    "third_party/flatbuffers/include",
    "third_party/gemmlowp",
    "third_party/ruy",
)
_CMSIS_INCLUDE_DIRS = (
    "third_party/cmsis",
    "third_party/cmsis/CMSIS/Core/Include",
    CMSIS_NN,
    f"{CMSIS_NN}/Include",
)
# A function or table that begins in the first column, as CMSIS-NN writes them.
_DEFINITION = re.compile(
    r"^(?!static\b|typedef\b)(?:[A-Za-z_]\w* +\**)+(\w+)\s*[\[(]", re.MULTILINE
)
_WORD = re.compile(r"\b[A-Za-z_]\w+\b")
# Constants that kernels share by a header.
_CONSTANT = re.compile(r"^const int (k\w+) =", re.MULTILINE)
_DECLARED = re.compile(r"^extern const int (k\w+);", re.MULTILINE)


def tree_sources(
    tree: Path, registered: Iterable[Registration], kernels: Kernels, recording: bool = False
) -> tuple[str, ...]:
    """Relative to the tree, sorted: interpreter, the registered kernels and what they call.

    recording: with the allocator that keeps account. Raises InputError when the tree lacks it.
    """
    core = {
        file.relative_to(tree).as_posix()
        for pattern in _CORE
        for file in tree.glob(pattern)
        if not _NOT_CORE.search(file.name)
    }
    chosen = {item.file for item in registered}
    chosen |= {common for file in chosen if (tree / (common := _common(file))).is_file()}
    chosen |= _sharing(tree, chosen)
    library = _called(tree, chosen) if kernels == "cmsis-nn" else set()
    return tuple(sorted(core | chosen | library | (_recording(tree) if recording else set())))


def _recording(tree: Path) -> set[str]:
    missing = [name for name in _RECORDING if not (tree / name).is_file()]
    if missing:
        raise InputError(
            f"The TFLM tree {tree} cannot record its arena: looked for {', '.join(missing)}.",
            "Make the tree again with TFLM's create_tflm_tree.py.",
        )
    return set(_RECORDING)


def tree_include_dirs(kernels: Kernels) -> tuple[str, ...]:
    """Relative to the tree."""
    return _INCLUDE_DIRS + (_CMSIS_INCLUDE_DIRS if kernels == "cmsis-nn" else ())


def tree_defines(kernels: Kernels) -> tuple[str, ...]:
    """What every file that includes TFLM's headers is compiled with."""
    defines = ("TF_LITE_STATIC_MEMORY", "TF_LITE_DISABLE_X86_NEON", "NDEBUG")
    return (*defines, "CMSIS_NN") if kernels == "cmsis-nn" else defines


def _common(kernel: str) -> str:
    """The file of what all variants of `kernel` share, if there is one."""
    file = Path(kernel)
    return f"{KERNELS}/{file.stem}_common{file.suffix}"


def _sharing(tree: Path, chosen: Iterable[str]) -> set[str]:
    """The files that define constants of kernels' headers which `chosen` name and do not define:
    DEPTHWISE_CONV_2D has the places of its tensors from CONV_2D."""
    folder = tree / KERNELS
    homes = {
        name: f"{KERNELS}/{file.name}"
        for file in sorted(folder.glob("*_common.cc"))
        for name in _CONSTANT.findall(file.read_text(encoding="utf-8", errors="replace"))
    }
    declared = {
        name
        for file in folder.glob("*.h")
        for name in _DECLARED.findall(file.read_text(encoding="utf-8", errors="replace"))
    }
    named = {
        name
        for path in chosen
        for name in _WORD.findall((tree / path).read_text(encoding="utf-8", errors="replace"))
    }
    return {homes[name] for name in named & declared & homes.keys()}


def _called(tree: Path, callers: Iterable[str]) -> set[str]:
    """CMSIS-NN's C files that define what `callers` name, and so on from those."""
    texts = {
        file.relative_to(tree).as_posix(): file.read_text(encoding="utf-8", errors="replace")
        for file in sorted((tree / CMSIS_NN / "Source").glob("*/*.c"))
    }
    home = {name: path for path, text in texts.items() for name in _DEFINITION.findall(text)}
    found: set[str] = set()
    waiting = [(tree / path).read_text(encoding="utf-8", errors="replace") for path in callers]
    while waiting:
        for name in set(_WORD.findall(waiting.pop())) & home.keys():
            path = home[name]
            if path not in found:
                found.add(path)
                waiting.append(texts[path])
    return found
