"""The planner's count of constants for portable kernels is what the generated C holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.mobilenet import mobilenet_v1

from mcuzoo.graph.program import Program, build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.ops.lower import lower, program_constant_bytes

RANDOM = np.random.default_rng(1)
IMAGE = (1, 8, 8, 4)


def _weights(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    return RANDOM.integers(-127, 128, shape, dtype=np.int8)


# Of shapes that only portable kernels take.
MODELS: dict[str, Callable[[], bytes]] = {
    "conv": lambda: build.conv_model(IMAGE, _weights(1, 3, 3, 4), np.zeros(1, np.int32)),
    "conv without bias": lambda: build.conv_model(IMAGE, _weights(1, 3, 3, 4), None),
    "depthwise": lambda: build.depthwise_model(IMAGE, _weights(1, 3, 3, 4), None),
    "fully connected": lambda: build.fully_connected_model((3, 31), _weights(5, 31), None),
    "softmax": lambda: build.softmax_model((1, 10)),
    "add to itself": lambda: build.add_model(IMAGE),
    "add a constant": lambda: build.add_model(IMAGE, _weights(1, 1, 1, 4)),
    "pad": lambda: build.pad_model(IMAGE, [(0, 0), (1, 1), (1, 1), (0, 0)]),
    "mean": lambda: build.mean_model(IMAGE, [1, 2]),
    "pool": lambda: build.pool_model("AVERAGE_POOL_2D", IMAGE),
}


def _generated_bytes(program: Program) -> int:
    return sum(constant.bytes for call in lower(program) for constant in call.constants())


@pytest.mark.parametrize("name", MODELS)
def test_one_op(name: str) -> None:
    program = build_program(parse_model(MODELS[name](), name))
    assert program_constant_bytes(program) == _generated_bytes(program)


def test_mobilenet() -> None:
    """Packed weights take a few bytes per channel more, and depthwise ones two each."""
    program = build_program(mobilenet_v1())
    assert program_constant_bytes(program) == 498_513
    assert 0.98 * 498_513 <= _generated_bytes(program) <= 520_000
