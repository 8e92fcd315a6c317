"""How often kernels go through their constants, as lowering declares it and as the core loads."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.core_kernels import CoreKernels, link_kernels
from helpers.mobilenet import mobilenet_v1

from mcuzoo.graph.program import Program, build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.variant import Work
from mcuzoo.ops.kernels.pointwise_depthwise_dsp import fuse
from mcuzoo.ops.lower import lower
from mcuzoo.ops.table import computed


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> CoreKernels:
    return CoreKernels(link_kernels(tmp_path_factory.mktemp("passes"), "gcc"))


@pytest.fixture(scope="module")
def program() -> Program:
    return build_program(mobilenet_v1(resolution=32, classes=37))


def _passes(kernels: CoreKernels, program: Program, call: Call) -> dict[str, tuple[int, float]]:
    """Of every constant: declared, loaded."""
    random = np.random.default_rng(5)
    source = program.model.tensor(call.ops[0].inputs[0])
    values = random.integers(-128, 128, source.bytes, dtype=np.int8)
    loaded = kernels.loads(call, [values], program.model.tensor(call.op.outputs[0]).bytes)
    return {
        constant.symbol: (passes, loaded[constant.symbol] / constant.bytes)
        for constant, passes in call.constant_passes()
    }


def test_every_kernel_of_a_mobilenet(kernels: CoreKernels, program: Program) -> None:
    """But softmax, whose look-ups depend on its input, and images without whole groups of columns,
    for whose rest the depthwise kernel loads the numbers of a channel again."""
    names = set()
    for call in lower(program):
        width = program.model.tensor(call.op.outputs[0]).shape[-2]
        narrow = call.kernel == "mz_depthwise_3x3_s8_dsp" and width % 4
        for symbol, (declared, loaded) in _passes(kernels, program, call).items():
            if call.kernel != "mz_softmax_s8" and not narrow:
                names.add(call.kernel)
                # A pass over many quads begins with weights that the one before has loaded, too; by
                # pixels two words of each four channels are loaded twice.
                assert declared <= loaded < 1.06 * declared, (symbol, call.kernel)
    assert len(names) == 5


@pytest.mark.parametrize(
    ("image", "taps", "passes"), [((70, 1, 8), (3, 1), 2), ((9, 1, 8), (7, 1), 3)]
)
def test_depthwise_over_time(
    kernels: CoreKernels, image: tuple[int, int, int], taps: tuple[int, int], passes: int
) -> None:
    """Two tiles of a row; three pixels, which load two words of each four channels twice."""
    weights = np.ones((1, *taps, image[2]), np.int8)
    raw = build.depthwise_model((1, *image), weights, None, padding="VALID")
    found = build_program(parse_model(raw, "depthwise"))
    (call,) = lower(found)
    for symbol, (declared, loaded) in _passes(kernels, found, call).items():
        assert declared == passes
        assert declared <= loaded < 1.1 * declared, symbol


@pytest.mark.parametrize("position", [2, 4, 8])
def test_fused_kernels(kernels: CoreKernels, program: Program, position: int) -> None:
    whole, *_, by_row = fuse(*lower(program)[position : position + 2])
    for one in (whole, by_row):
        for symbol, (declared, loaded) in _passes(kernels, program, one).items():
            assert loaded == declared, symbol


def test_a_table_is_looked_up_as_often_as_there_are_elements(kernels: CoreKernels) -> None:
    found = build_program(parse_model(build.logistic_model((1, 16, 16, 3)), "logistic"))
    (call,) = lower(found)
    ((declared, loaded),) = _passes(kernels, found, call).values()
    assert loaded == declared == 3


@pytest.mark.parametrize("step", [0, 1, 3, 4])
def test_portable_kernels(kernels: CoreKernels, program: Program, step: int) -> None:
    """Windows over the edge go one by one, and load more than is declared."""
    chosen = program.steps[step]
    lowering = computed(chosen.op)
    work: Work = lowering.prepare(program, chosen)
    (call,) = next(one for one in reversed(lowering.variants) if one.accepts(work)).lower(work)
    assert not call.kernel.endswith("_dsp")
    for symbol, (declared, loaded) in _passes(kernels, program, call).items():
        assert declared * 0.8 <= loaded <= declared * 1.3, symbol
