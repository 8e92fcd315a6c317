"""Layers that TensorFlow's converter writes with operators that move bytes: the outputs of kernels
and reference, and of TFLM where it has the operator."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from helpers.engines import random_inputs, wheel
from helpers.forks import run_forked
from helpers.kernel_library import KernelRunner, build_kernel_library

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import load_model


@pytest.mark.full
@pytest.mark.skipif(find_spec("tensorflow") is None, reason="no tensorflow")
def test_converted_layers(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.importorskip("tflite_micro")
    done = run_forked(tmp_path_factory, ["helpers.keras_layers", str(tmp_path)])
    assert done.returncode == 0, done.stderr[-2000:]
    kernels = build_kernel_library(tmp_path)
    files = sorted(tmp_path.glob("*.tflite"))
    seen: set[str] = set()
    for file in files:
        model = load_model(file)
        seen |= {op.name for op in model.ops}
        runner, engine = KernelRunner(kernels, build_program(model)), ReferenceEngine(model)
        beyond = "TILE" in {op.name for op in model.ops}
        for values in random_inputs((1, 12, 12, 3), 3, 2):
            expected = engine.run(values)
            np.testing.assert_array_equal(runner.run(values), expected, file.stem)
            if not beyond:
                np.testing.assert_array_equal(wheel(model.raw)(values), expected, file.stem)
    assert len(files) == 20
    assert {"SPLIT", "SPLIT_V", "PACK", "GATHER", "MIRROR_PAD", "REVERSE_V2", "TILE"} <= seen
    assert {"TRANSPOSE", "TRANSPOSE_CONV", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE"} <= seen
    assert {"RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "STRIDED_SLICE"} <= seen
