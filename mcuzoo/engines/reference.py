"""The host reference: TFLM's INT8 arithmetic in NumPy, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.engine import shaped_input
from mcuzoo.errors import ModelError
from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.program import Program, Step
from mcuzoo.ops.channels import without_constant_channels
from mcuzoo.ops.common.reference import Rounding, rounded_by
from mcuzoo.ops.coverage import judge
from mcuzoo.ops.table import computed

__all__ = ["ReferenceEngine", "Rounding"]

MAX_ACTIVATION_BYTES = 512 * 2**20


class ReferenceEngine:
    """Prepares a model once and runs it as often as asked; not tied to any board or wheel.

    rounding: how sums become int8. TWICE is TFLM's arithmetic. ONCE is that of engines that round
    once, in all that TFLM requantizes: convolutions, fully connected layers, sums, products, means.
    Tables and softmax stay as they are. It shows how near to rounding boundaries a model's answers
    are, and stands for no chip.

    program: the model's, if it is there already, or one that gives the same.

    Raises ModelError when the model is not one of int8 ends, UnsupportedOpError when an op is
    beyond the ahead-of-time runtime.
    """

    def __init__(
        self,
        model: Model,
        rounding: Rounding = Rounding.TWICE,
        program: Program | None = None,
    ) -> None:
        self._rounding = rounding
        self.program: Program = judge(model, "aot").require() if program is None else program
        total_bytes = sum(buffer.bytes for buffer in self.program.buffers)
        if total_bytes > MAX_ACTIVATION_BYTES:
            raise ModelError(
                f"The model's activations take {total_bytes} bytes in all.",
                "No board that mcuzoo knows could run it; use a smaller input or width.",
            )
        with rounded_by(rounding):  # some kernels are tables, computed here
            self._kernels = [
                computed(step.op).reference(self.program.model, step.op)
                for step in self.program.steps
            ]

    def run(self, input: NDArray[np.int8]) -> NDArray[np.int8]:
        """int8 of the input's size in any shape -> int8 (output elements,).

        Raises InputError when the input does not fit.
        """
        values = self._values(input, lambda op, output: None)
        return values[self.program.output_buffer].reshape(-1)

    def run_layers(self, input: NDArray[np.int8]) -> list[tuple[Op, NDArray[np.int8]]]:
        """Each step's op and its int8 output in its tensor's shape, in order."""
        layers: list[tuple[Op, NDArray[np.int8]]] = []
        self._values(input, lambda op, output: layers.append((op, output)))
        return layers

    @property
    def output_op(self) -> int:
        """The op, by its index in the file, that gives the program's output."""
        target = self.program.output_tensor.index
        return next(op.index for op in self.program.model.ops if target in op.outputs)

    def run_ops(self, input: NDArray[np.int8]) -> dict[int, NDArray[np.int8]]:
        """The int8 output of every op between the program's ends, by the op's index in the file.

        A RESHAPE has its input's values. Outputs are in their tensors' shapes.
        """
        program = self.program
        values = self._values(input, lambda op, output: None)
        held = {
            tensor: values[buffer.index] for buffer in program.buffers for tensor in buffer.tensors
        }
        return {
            op.index: held[tensor].reshape(program.model.tensor(tensor).shape)
            for op in program.model.ops
            for tensor in op.outputs[:1]
            if tensor in held and tensor != program.input_tensor.index
        }

    def without_constant_channels(self) -> ReferenceEngine | None:
        """The engine of what the ahead-of-time runtime computes; None where that is the same."""
        smaller, _ = without_constant_channels(self.program)
        return (
            None
            if smaller is self.program
            else ReferenceEngine(smaller.file, self._rounding, smaller)
        )

    def _values(
        self, input: NDArray[np.int8], seen: Callable[[Op, NDArray[np.int8]], None]
    ) -> dict[int, NDArray[np.int8]]:
        """Run every step; the value of each buffer, by index."""
        program = self.program
        values = {program.input_buffer: shaped_input(program, input)}
        with rounded_by(self._rounding):
            for step, kernel in zip(program.steps, self._kernels, strict=True):
                made = kernel(self._inputs(step, values))
                outputs = made if isinstance(made, tuple) else (made,)
                values.update(zip(step.writes, outputs, strict=True))
                seen(step.op, outputs[0])
        return values

    def _inputs(self, step: Step, values: dict[int, NDArray[np.int8]]) -> list[NDArray[Any] | None]:
        found: list[NDArray[Any] | None] = []
        for index in step.op.inputs:
            if index == -1:
                found.append(None)
                continue
            tensor = self.program.model.tensor(index)
            if tensor.data is not None:
                found.append(tensor.data)
            else:
                buffer = self.program.buffer_of(index)
                found.append(values[buffer.index].reshape(tensor.shape))
        return found
