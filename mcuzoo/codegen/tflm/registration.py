"""How a model's ops are registered with TFLM: exactly those, INT8-only where TFLM can."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.codegen.tflm.tree import CMSIS_NN_KERNELS, KERNELS, RESOLVER
from mcuzoo.errors import InputError, UnsupportedOpError
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.plan.tflm.requests import Kernels

# MicroMutableOpResolver's method for each op; Register_<op> is the kernel.
_METHODS = {
    "ADD": "AddAdd",
    "AVERAGE_POOL_2D": "AddAveragePool2D",
    "CONCATENATION": "AddConcatenation",
    "CONV_2D": "AddConv2D",
    "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
    "DEQUANTIZE": "AddDequantize",
    "FULLY_CONNECTED": "AddFullyConnected",
    "HARD_SWISH": "AddHardSwish",
    "LEAKY_RELU": "AddLeakyRelu",
    "LOGISTIC": "AddLogistic",
    "MAXIMUM": "AddMaximum",
    "MAX_POOL_2D": "AddMaxPool2D",
    "MEAN": "AddMean",
    "MINIMUM": "AddMinimum",
    "MUL": "AddMul",
    "PAD": "AddPad",
    "PADV2": "AddPadV2",
    "PRELU": "AddPrelu",
    "QUANTIZE": "AddQuantize",
    "RELU": "AddRelu",
    "RELU6": "AddRelu6",
    "RESHAPE": "AddReshape",
    "RESIZE_BILINEAR": "AddResizeBilinear",
    "RESIZE_NEAREST_NEIGHBOR": "AddResizeNearestNeighbor",
    "SOFTMAX": "AddSoftmax",
    "STRIDED_SLICE": "AddStridedSlice",
    "SUB": "AddSub",
    "TANH": "AddTanh",
    "TRANSPOSE": "AddTranspose",
}


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


REGISTRABLE = tuple(_METHODS)
"""The ops that mcuzoo can register with TFLM, by name."""


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


def _registration(
    name: str, where: str, int8: bool, tree: Path, kernels: Kernels, resolver: str
) -> Registration:
    if name not in _METHODS:
        raise UnsupportedOpError(
            f"{where} is none that mcuzoo can register with TFLM.",
            f"It registers {', '.join(_METHODS)}.",
        )
    method = _METHODS[name]
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
        for file in sorted((tree / folder).glob("*.cc")):
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
