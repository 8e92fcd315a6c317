"""Which files of a TFLM tree a model's firmware is compiled from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from mcuzoo.codegen.tflm.registration import Registration
from mcuzoo.codegen.tflm.tree import CMSIS_NN, KERNELS, MICRO
from mcuzoo.errors import InputError
from mcuzoo.plan.tflm.requests import Kernels

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
# What tests and recordings need, and what the firmware brings itself.
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
