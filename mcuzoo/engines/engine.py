"""What every host engine offers, and the way into a model whose own input is not int8."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import InputError
from mcuzoo.graph.affine import dequantize
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
    """`values` of the program's int8 input as the model's own input takes them.

    If a leading QUANTIZE was cut, these are bytes or floats that it converts to exactly `values`.
    """
    own = program.model.tensor(program.model.inputs[0])
    if own.dtype is DType.INT8:
        return values
    if own.dtype is DType.UINT8:
        return (values.astype(np.int16) + 128).astype(np.uint8)
    quantization = program.input_tensor.quantization
    assert quantization is not None
    return dequantize(values, quantization)
