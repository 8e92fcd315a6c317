"""Compare the host's reference engine with TFLM, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.engines.tflm import TflmEngine
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model


def random_inputs(shape: tuple[int, ...], seed: int, count: int = 3) -> list[NDArray[np.int8]]:
    """Full-range noise, and the two extremes where sums grow largest."""
    rng = np.random.default_rng(seed)
    noise = [rng.integers(-128, 128, shape, dtype=np.int8) for _ in range(count)]
    return [*noise, np.full(shape, -128, np.int8), np.full(shape, 127, np.int8)]


def assert_equals_tflm(raw: bytes, seed: int = 0) -> None:
    """Run a one-input int8 model on both engines and demand equal bytes."""
    model = parse_model(raw, "case")
    if not build_program(model).steps:
        return  # an op that gives its input is no step, and a model of it alone does not run
    ours, theirs = ReferenceEngine(model), TflmEngine(model)
    for values in random_inputs(ours.program.input_tensor.shape, seed):
        np.testing.assert_array_equal(ours.run(values), theirs.run(values))


def wheel(raw: bytes) -> Callable[[NDArray[np.int8]], NDArray[np.int8]]:
    """The tflite-micro wheel on an int8 file as it is, also on what mcuzoo refuses because another
    of TFLM's kernel libraries does not run it. ImportError without the wheel."""
    from tflite_micro.python.tflite_micro import runtime

    model = parse_model(raw, "case")
    shape = model.tensor(model.inputs[0]).shape
    interpreter: Any = runtime.Interpreter.from_bytes(raw, arena_size=1 << 22)

    def run(values: NDArray[np.int8]) -> NDArray[np.int8]:
        interpreter.set_input(values.reshape(shape), 0)
        interpreter.invoke()
        return np.array(interpreter.get_output(0), np.int8).reshape(-1)

    return run
