"""Kernels that do the PAD before them, against the reference, which runs both operators."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import op_cases as cases
from helpers import window_cases
from helpers.compilers import COMPILERS
from helpers.core_kernels import CoreKernels, link_kernels
from helpers.engines import random_inputs
from helpers.examples import examples
from helpers.host_kernels import HostKernels
from helpers.kernel_library import build_kernel_library
from helpers.padded import padded
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import UnsupportedOpError
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.ops.lower import lower

SETTINGS = settings(
    max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck)
)

Kernels = HostKernels | CoreKernels
LAYERS = st.one_of(
    cases.convolutions(),
    cases.depthwise_convolutions(),
    cases.pools(),
    window_cases.depthwise_3x3(),
    window_cases.stems(),
)


@pytest.fixture(scope="module", params=["host", COMPILERS[0]])
def kernels(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    folder: Path = tmp_path_factory.mktemp("kernels")
    if request.param == "host":
        return HostKernels(build_kernel_library(folder))
    pytest.importorskip("unicorn")
    return CoreKernels(link_kernels(folder, request.param))


@SETTINGS
@given(LAYERS, st.tuples(*[st.integers(0, 3)] * 4), cases.SEEDS)
def test_padding_by_the_window(
    kernels: Kernels, raw: bytes, pads: tuple[int, int, int, int], seed: int
) -> None:
    top, bottom, left, right = pads
    _, height, width, _ = parse_model(raw, "case").tensors[0].shape
    if top + bottom >= height or left + right >= width or not any(pads):
        reject()
    model = padded(raw, [(0, 0), (top, bottom), (left, right), (0, 0)])
    try:
        calls = lower(build_program(model))
    except UnsupportedOpError:
        reject()
    if len(calls) != 1:
        reject()
    engine = ReferenceEngine(model)
    size = model.tensor(model.outputs[0]).elements
    for values in random_inputs(model.tensor(model.inputs[0]).shape, seed, count=1):
        expected = engine.run(values).reshape(-1)
        np.testing.assert_array_equal(kernels.run(calls[0], [values], size)[0], expected)
        for overlap in calls[0].overlaps:
            if overlap is not None:
                over = kernels.run_over(calls[0], values, size, overlap.before)
                np.testing.assert_array_equal(over, expected)
