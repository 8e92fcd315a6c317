"""How a model's ops are registered with TFLM: exactly those, INT8-only where TFLM can."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.codegen.tflm.tree import CMSIS_NN_KERNELS, KERNELS, RESOLVER
from mcuzoo.errors import InputError, UnsupportedOpError
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.coverage import TFLM_OPS
from mcuzoo.plan.tflm.requests import Kernels

# File names of kernels that do not have the name of their op.
_FILES = {
    "ABS": "elementwise",
    "AVERAGE_POOL_2D": "pooling",
    "CONV_2D": "conv",
    "DEPTHWISE_CONV_2D": "depthwise_conv",
    "L2_NORMALIZATION": "l2norm",
    "MAXIMUM": "maximum_minimum",
    "MAX_POOL_2D": "pooling",
    "MEAN": "reduce",
    "MINIMUM": "maximum_minimum",
    "PADV2": "pad",
    "REDUCE_MAX": "reduce",
    "REDUCE_MIN": "reduce",
    "RELU": "activations",
    "RELU6": "activations",
    "REVERSE_V2": "reverse",
    "RSQRT": "elementwise",
    "SUM": "reduce",
}

# Ops that TFLM has INT8-only registrations of, in the release of December 2024 and since.
_INT8_FORMS = frozenset(
    {
        "ADD",
        "AVERAGE_POOL_2D",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "MAX_POOL_2D",
        "MUL",
        "SOFTMAX",
    }
)


@dataclass(frozen=True)
class Registration:
    """`resolver.<method>(<argument>)`; the kernel is in `file`, relative to the tree.

    argument: "" for the kernel that takes every type. header: declares what `argument` calls.
    """

    op: str
    method: str
    argument: str
    file: str
    header: str


UNCHECKED = frozenset(
    (
        *("BATCH_TO_SPACE_ND", "BROADCAST_TO", "DEPTH_TO_SPACE", "GATHER", "MIRROR_PAD", "PACK"),
        *("REVERSE_V2", "SLICE", "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V"),
        *("TRANSPOSE_CONV", "UNPACK"),
    )
)
"""Ops that a board cannot check in an uploaded model: firmware/runtime/tflm/mz_tflite_ops.c has no
rule for them."""

REGISTRABLE = tuple(name for name in TFLM_OPS if name not in UNCHECKED)
"""The ops that a universal firmware may have, by name."""


def register_int8(names: Iterable[str], tree: Path, kernels: Kernels) -> tuple[Registration, ...]:
    """One for each of the ops, for models whose activations and weights are int8.

    Raises UnsupportedOpError and InputError as `registrations`.
    """
    resolver = (tree / RESOLVER).read_text(encoding="utf-8", errors="replace")
    return tuple(
        _registration(name, f"Op {name}", True, tree, kernels, resolver) for name in sorted(names)
    )


def registrations(model: Model, tree: Path, kernels: Kernels) -> tuple[Registration, ...]:
    """One for each kind of op in `model`, by name.

    Raises UnsupportedOpError for an op that mcuzoo cannot register, InputError when the tree
    lacks its kernel.
    """
    resolver = (tree / RESOLVER).read_text(encoding="utf-8", errors="replace")
    kinds: dict[str, list[Op]] = {}
    for op in model.ops:
        kinds.setdefault(op.name, []).append(op)
    return tuple(
        _registration(
            name, f"Op {ops[0].index} {name}", _all_int8(model, ops), tree, kernels, resolver
        )
        for name, ops in sorted(kinds.items())
    )


def assumed_registrations(model: Model) -> tuple[Registration, ...]:
    """Like `registrations`, for a tree that is not at hand: TFLM of the end of 2024 or later.

    Raises UnsupportedOpError for an op that mcuzoo cannot register.
    """
    kinds: dict[str, list[Op]] = {}
    for op in model.ops:
        kinds.setdefault(op.name, []).append(op)
    return tuple(_assumed(model, name, ops) for name, ops in sorted(kinds.items()))


def _assumed(model: Model, name: str, ops: list[Op]) -> Registration:
    if name not in TFLM_OPS:
        raise _not_registrable(f"Op {ops[0].index} {name}")
    stem = _FILES.get(name, name.lower())
    file = f"{KERNELS}/{stem}.cc"
    if name in _INT8_FORMS and _all_int8(model, ops):
        argument = f"tflite::Register_{name}_INT8()"
        return Registration(name, TFLM_OPS[name].resolver, argument, file, f"{KERNELS}/{stem}.h")
    return Registration(name, TFLM_OPS[name].resolver, "", file, "")


def kernel_files(registered: Iterable[Registration]) -> tuple[str, ...]:
    """The stems of the kernels' file names, sorted."""
    return tuple(sorted({Path(item.file).stem for item in registered}))


def _not_registrable(where: str) -> UnsupportedOpError:
    return UnsupportedOpError(
        f"{where} is not one that mcuzoo can register with TFLM.",
        f"It registers {', '.join(TFLM_OPS)}.",
    )


def _registration(
    name: str, where: str, int8: bool, tree: Path, kernels: Kernels, resolver: str
) -> Registration:
    if name not in TFLM_OPS:
        raise _not_registrable(where)
    method = TFLM_OPS[name].resolver
    if not re.search(rf"\b{method}\(", resolver):
        raise _no_kernel(tree, name, f"{method} in {RESOLVER}")
    file = _kernel_file(tree, name, kernels)
    header = f"{KERNELS}/{Path(file).with_suffix('.h').name}"
    special = f"Register_{name}_INT8"
    takes_one = re.search(rf"\b{method}\(\s*const TFLMRegistration&", resolver)
    if takes_one and _declares(tree / header, special) and int8:
        return Registration(name, method, f"tflite::{special}()", file, header)
    return Registration(name, method, "", file, "")


def _kernel_file(tree: Path, name: str, kernels: Kernels) -> str:
    """Where Register_<name> is defined. Two files may have one name: CMSIS-NN's comes first."""
    folders = (CMSIS_NN_KERNELS, KERNELS) if kernels == "cmsis-nn" else (KERNELS,)
    definition = re.compile(rf"^TFLMRegistration\*? Register_{name}\(\)\s*\{{", re.MULTILINE)
    for folder in folders:
        for file in sorted((tree / folder).glob("*.c[cp]*")):
            if definition.search(file.read_text(encoding="utf-8", errors="replace")):
                return file.relative_to(tree).as_posix()
    raise _no_kernel(tree, name, f"Register_{name} in {' and '.join(folders)}")


def _no_kernel(tree: Path, name: str, looked: str) -> InputError:
    return InputError(
        f"The TFLM tree {tree} has no kernel for {name}: looked for {looked}.",
        "Make the tree from a newer TFLM, or use --runtime aot.",
    )


def _declares(header: Path, function: str) -> bool:
    if not header.is_file():
        return False
    return f"{function}()" in header.read_text(encoding="utf-8", errors="replace")


def _all_int8(model: Model, ops: list[Op]) -> bool:
    """Activations and weights; what a kernel adds up in (biases) and shapes are int32."""
    tensors = [
        model.tensor(index) for op in ops for index in (*op.inputs, *op.outputs) if index >= 0
    ]
    return all(tensor.dtype in (DType.INT8, DType.INT32) for tensor in tensors)
