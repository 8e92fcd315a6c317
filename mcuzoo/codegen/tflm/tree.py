"""The user's TFLite-Micro tree, as TFLM's create_tflm_tree.py lays it out: is it one, and which?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.errors import InputError
from mcuzoo.graph.schema import SCHEMA_VERSION
from mcuzoo.plan.tflm.requests import Kernels
from mcuzoo.project.build_id import tree_sha256

MICRO = "tensorflow/lite/micro"
KERNELS = f"{MICRO}/kernels"
CMSIS_NN_KERNELS = f"{KERNELS}/cmsis_nn"
CMSIS_NN = "third_party/cmsis_nn"
RESOLVER = f"{MICRO}/micro_mutable_op_resolver.h"

MAKE_HINT = (
    "Make one in a checkout of TFLM: python3 "
    "tensorflow/lite/micro/tools/project_generation/create_tflm_tree.py "
    "--makefile_options 'TARGET=cortex_m_generic TARGET_ARCH=project_generation"
)
_OPTIMIZED = " OPTIMIZED_KERNEL_DIR=cmsis_nn"

_INTERPRETER = f"{MICRO}/micro_interpreter.h"
_LOG = f"{MICRO}/debug_log.h"
_SCHEMA = "tensorflow/lite/schema/schema_generated.h"
_FLATBUFFERS = "third_party/flatbuffers/include/flatbuffers/base.h"
_MARKS = (
    _INTERPRETER,
    RESOLVER,
    _SCHEMA,
    _FLATBUFFERS,
    "third_party/gemmlowp/fixedpoint/fixedpoint.h",
    "third_party/ruy/ruy/profiler/instrumentation.h",
)

_INTERFACE = (
    (_INTERPRETER, r"\bTfLiteContext ?& ?context\(\) const", "MicroInterpreter::context"),
    (_LOG, r"\bDebugLog\(const char ?\* ?\w+, va_list", "DebugLog with a va_list"),
    (f"{MICRO}/micro_common.h", r"\bTFLMRegistration\b", "TFLMRegistration"),
)
_NOT_IN_PATHS = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff;"$]')
_PARTS = ("MAJOR", "MINOR", "REVISION")


@dataclass(frozen=True)
class TflmTree:
    """A checked tree. TFLM numbers no versions; `fingerprint` tells one tree from another.

    fingerprint: SHA-256 over every C and C++ file and header, in hex. schema_version: of the model
    files that it reads. flatbuffers_version: of the library in it, such as 23.5.26.
    """

    path: Path
    schema_version: int
    flatbuffers_version: str
    fingerprint: str


def tree_hint(kernels: Kernels) -> str:
    """How to make a tree with these kernels."""
    return f"{MAKE_HINT}{_OPTIMIZED if kernels == 'cmsis-nn' else ''}' DIR, then --tflm DIR."


def open_tree(path: Path, kernels: Kernels) -> TflmTree:
    """Check that `path` is a tree that this version of mcuzoo can build, with `kernels` in it.

    Raises InputError naming what was looked for.
    """
    path = path.resolve()
    hint = tree_hint(kernels)
    if not path.is_dir():
        raise InputError(f"There is no folder {path}.", hint)
    found = _NOT_IN_PATHS.search(str(path))
    if found is not None:
        raise InputError(
            f"The TFLM tree is in {str(path)!r}: CMake cannot take a path with {found[0]!r} in it.",
            "Move or link it to another place.",
        )
    missing = [mark for mark in _MARKS if not (path / mark).is_file()]
    if missing:
        raise InputError(_no_tree(path, missing), hint)
    for file, pattern, what in _INTERFACE:
        if not re.search(pattern, _text(path / file)):
            raise InputError(
                f"The TFLM tree {path} is too old: {file} has no {what}.",
                f"Take a newer TFLM. {hint}",
            )
    _require_kernels(path, kernels)
    return TflmTree(path, _schema_version(path), _flatbuffers_version(path), fingerprint(path))


def fingerprint(path: Path) -> str:
    """SHA-256 in hex over name and content of every C and C++ file and header below `path`."""
    return tree_sha256(path, (".c", ".cc", ".cpp", ".h"))


def _no_tree(path: Path, missing: list[str]) -> str:
    looked = f"looked for {', '.join(missing)}"
    if (path / MICRO / "tools").is_dir() and _INTERPRETER not in missing:
        return f"{path} is TFLM's repository, not a tree made from it: {looked}."
    return f"{path} is no TFLM tree: {looked}."


def _require_kernels(path: Path, kernels: Kernels) -> None:
    optimized = _has_source(path / CMSIS_NN_KERNELS / "conv")
    if kernels == "cmsis-nn":
        library = (path / CMSIS_NN / "Include/arm_nnfunctions.h").is_file()
        if not (optimized and library):
            lacks = f"{CMSIS_NN_KERNELS}/conv.cc" if not optimized else CMSIS_NN
            raise InputError(
                f"The TFLM tree {path} has no CMSIS-NN kernels: looked for {lacks}.",
                f"Use --kernels reference, or a tree with them. {tree_hint(kernels)}",
            )
    elif not _has_source(path / KERNELS / "conv"):
        has = "only those of CMSIS-NN" if optimized else f"looked for {KERNELS}/conv.cc"
        raise InputError(
            f"The TFLM tree {path} has no reference kernels: {has}.",
            f"Use --kernels cmsis-nn, or a tree without them. {tree_hint(kernels)}",
        )


def _has_source(stem: Path) -> bool:
    return any(stem.with_suffix(suffix).is_file() for suffix in (".cc", ".cpp"))


def _schema_version(path: Path) -> int:
    match = re.search(r"TFLITE_SCHEMA_VERSION \(?(\d+)", _text(path / _INTERPRETER))
    version = int(match[1]) if match else None
    if version != SCHEMA_VERSION:
        raise InputError(
            f"The TFLM tree {path} reads models of schema {version}: {_INTERPRETER} should say "
            f"TFLITE_SCHEMA_VERSION {SCHEMA_VERSION}.",
            "Take a TFLM of this schema.",
        )
    return version


def _flatbuffers_version(path: Path) -> str:
    """The version of the FlatBuffers in the tree, which the schema's header must be made for."""
    found = _version(_text(path / _FLATBUFFERS), r"define FLATBUFFERS_VERSION_{} (\d+)")
    wanted = _version(_text(path / _SCHEMA), r"FLATBUFFERS_VERSION_{} == (\d+)")
    if found != wanted:
        raise InputError(
            f"The TFLM tree {path} contradicts itself: {_SCHEMA} wants FlatBuffers {wanted}, "
            f"third_party/flatbuffers is {found}.",
            "Make the tree again from one TFLM checkout.",
        )
    return found


def _version(text: str, pattern: str) -> str:
    matches = (re.search(pattern.format(part), text) for part in _PARTS)
    return ".".join(match[1] if match else "?" for match in matches)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
