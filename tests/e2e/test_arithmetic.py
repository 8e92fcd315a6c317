"""The arithmetic operators on an emulated board, whole and with the input row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.compilers import COMPILERS
from helpers.engines import random_inputs
from helpers.exported import export_project
from helpers.kernel_library import oracle

from mcuzoo.board.load import load_board
from mcuzoo.graph.read import load_model
from mcuzoo.link.session import Session
from mcuzoo.project.recipe import Recipe
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.zoo.registry import ModelSource

IMAGE = (1, 8, 4, 6)
NONE = {"fused_activation_function": "NONE"}


class Net:
    """A chain of ops, each of the tensor before and of constants or earlier tensors."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.tensors = [build.T("image", shape, scale=0.03, zero_point=-7)]
        self.ops: list[build.O] = []
        self.random = np.random.default_rng(5)

    def constant(self, *shape: int, scale: float = 0.02) -> int:
        data = self.random.integers(-128, 128, shape, dtype=np.int8)
        return self._add(build.T("constant", shape, scale=scale, zero_point=-3, data=data))

    def axes(self, *axes: int) -> int:
        data = np.array(axes, np.int32)
        return self._add(build.T("axes", data.shape, "int32", data=data))

    def op(
        self,
        name: str,
        *inputs: int,
        shape: tuple[int, ...] = IMAGE,
        options: dict[str, Any] | None = None,
        scale: float = 0.03,
        zero_point: int = 5,
    ) -> int:
        scale, zero_point = build.FIXED_OUTPUTS.get(name, (scale, zero_point))
        output = self._add(build.T(name, shape, scale=scale, zero_point=zero_point))
        self.ops.append(build.O(name, inputs, (output,), options or {}))
        return output

    def _add(self, tensor: build.T) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1


def arithmetic_net() -> bytes:
    """int8 (1, 8, 4, 6) -> each op -> int8 (1, 6)."""
    net = Net(IMAGE)
    one = net.op("SUB", 0, net.constant(1), options=NONE)
    two = net.op("MUL", net.constant(1, 1, 1, 1), one, options=NONE)
    three = net.op("PRELU", two, net.constant(1, 1, 6))
    four = net.op("HARD_SWISH", net.op("LEAKY_RELU", three, options={"alpha": 0.2}))
    five = net.op("TANH", net.op("ELU", net.op("ABS", four)))
    six = net.op("MUL", five, four, options=NONE, scale=0.02)
    mean = net.op(
        "MEAN", six, net.axes(3), shape=(1, 8, 4, 1), options={"keep_dims": True}, scale=0.02
    )
    spread = net.op("SQUARED_DIFFERENCE", six, mean, scale=0.02, zero_point=-128)
    variance = net.op(
        "SUM", spread, net.axes(3), shape=(1, 8, 4, 1), options={"keep_dims": True}, scale=0.05,
        zero_point=-128,
    )  # fmt: skip
    root = net.op("RSQRT", variance, shape=(1, 8, 4, 1), zero_point=-128)
    centred = net.op("SUB", six, mean, options=NONE, scale=0.02)
    seven = net.op("ADD", net.op("MUL", centred, root, options=NONE), four, options=NONE)
    eight = net.op("MINIMUM", net.op("MAXIMUM", seven, net.constant(6)), four)
    nine = net.op("L2_NORMALIZATION", eight, options=NONE)
    least = net.op(
        "REDUCE_MIN", nine, net.axes(1), shape=(1, 1, 4, 6), options={"keep_dims": True},
        scale=1 / 128, zero_point=0,
    )  # fmt: skip
    greatest = net.op(
        "REDUCE_MAX", least, net.axes(1, 2), shape=(1, 6), options={"keep_dims": False},
        scale=1 / 128, zero_point=0,
    )  # fmt: skip
    last = net.op("LOG_SOFTMAX", greatest, shape=(1, 6))
    return build.build_model(net.tensors, net.ops, [0], [last])


@pytest.mark.parametrize(
    ("stream", "compiler"),
    [
        pytest.param(stream, *each.values, marks=(*each.marks, *([pytest.mark.full] * more)))
        for number, each in enumerate(COMPILERS)
        for stream, more in ((bool(number), 0), (not number, 1))
    ],
)
def test_the_board_gives_what_tflm_gives(compiler: str, stream: bool, tmp_path: Path) -> None:
    pytest.importorskip("unicorn")
    file, project = tmp_path / "arithmetic.tflite", tmp_path / "project"
    file.write_bytes(arithmetic_net())
    source = ModelSource("arithmetic", file, Recipe())
    export_project(source, load_board("rt1050"), project, stream_input=stream)
    build_project(project, BuildOptions(compiler))
    engine = oracle(load_model(file))
    with Session.open(f"emulator://{project}") as session:
        for number, values in enumerate(random_inputs(IMAGE, 11)):
            output = session.infer(number, values.reshape(-1)).output
            np.testing.assert_array_equal(output, engine.run(values).reshape(-1))
