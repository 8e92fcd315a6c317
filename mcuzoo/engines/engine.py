"""What every host engine offers, and the way into a model whose own input is not int8."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import InputError
from mcuzoo.graph.affine import dequantize
from mcuzoo.graph.executable import UINT8_OFFSET
from mcuzoo.graph.model import DType
from mcuzoo.graph.program import Program


class Engine(Protocol):
    """Runs one model on the host and returns its raw int8 output."""

    program: Program

    def run(self, input: NDArray[np.int8]) -> NDArray[np.int8]:
        """int8 (elements of program.input_tensor,) in any shape -> int8 (elements of the output,).

        The output is that of program.output_tensor, before any DEQUANTIZE, flat.
        """
        ...


def shaped_input(program: Program, input: NDArray[Any]) -> NDArray[np.int8]:
    """The input in its tensor's shape. Raises InputError when size or type do not fit."""
    tensor = program.input_tensor
    if input.dtype != np.int8 or input.size != tensor.elements:
        raise InputError(
            f"The model takes int8 {list(tensor.shape)}, not {input.dtype} {list(input.shape)}.",
            "Preprocess the image for this model first.",
        )
    return input.reshape(tensor.shape)


def model_input(program: Program, values: NDArray[np.int8]) -> NDArray[Any]:
    """`values` of the program's int8 input as the file's own input takes them.

    Where conversions and turns at the entry were cut, these are bytes or floats of which they make
    exactly `values`.
    """
    file = program.file
    given: NDArray[Any] = values.reshape(program.model.tensor(program.model.inputs[0]).shape)
    for op in reversed(program.entry):
        outer, inner = file.tensor(op.inputs[0]), file.tensor(op.outputs[0])
        if op.name == "TRANSPOSE":
            order = file.tensor(op.inputs[1]).data
            assert order is not None
            given = given.transpose(np.argsort(order.reshape(-1)))
        elif op.name == "QUANTIZE" and outer.dtype is DType.FLOAT32:
            assert inner.quantization is not None
            given = dequantize(given, inner.quantization)
        given = given.reshape(outer.shape)
    own = file.tensor(file.inputs[0])
    if own.dtype is DType.UINT8:
        given = (given.astype(np.int16) + UINT8_OFFSET).astype(np.uint8)
    return np.array(given, order="C")
