"""The table of kernel cycles: how its terms are found, and that it says what the model counts."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from helpers.core_kernels import link_kernels
from helpers.mobilenet import mobilenet_v1

from mcuzoo.graph.program import build_program
from mcuzoo.lowering.call import Activation
from mcuzoo.ops.lower import lower
from mcuzoo.plan.cycles.predict import core_cycles
from mcuzoo.plan.cycles.work import Work

if TYPE_CHECKING:
    from timing import Sample


def _loaded() -> Any:
    """benchmarks/timing.py, without its folder on the path: others there have names of folders
    here."""
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "timing.py"
    spec = importlib.util.spec_from_file_location("benchmarks_timing", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TIMING = _loaded()


def drawn(noise: float = 0.0) -> list[Sample]:
    """100 cycles a call, 3 a row, and 0.5 a MAC; "inputs" costs nothing."""
    random = np.random.default_rng(3)
    found = []
    for draw in range(30):
        rows, macs, inputs = random.integers(1, 10_000, 3).tolist()
        cycles = (100 + 3 * rows + 0.5 * macs) * (1 + noise * random.uniform(-1, 1))
        amounts = {"calls": 1.0, "rows": rows, "macs": macs, "inputs": inputs}
        found.append(TIMING.Sample(Work("mz_it", "mz_it", amounts), cycles, 10, draw))
    return found


def test_the_terms_that_explain_the_cycles_are_found() -> None:
    assert TIMING.fitted(drawn()) == {
        "calls": pytest.approx(100), "rows": pytest.approx(3), "macs": pytest.approx(0.5)
    }  # fmt: skip


def test_a_kind_that_is_not_explained_is_left_out() -> None:
    known, unknown = (
        TIMING.kind_table("mz_it", drawn()),
        TIMING.kind_table("mz_it", drawn(noise=0.9)),
    )
    assert known[0] == '["mz_it"]' and "error = 0.000" in known
    assert len(unknown) == 1 and unknown[0].startswith("# mz_it: not estimated, an error of ")
    few = TIMING.kind_table("mz_it", drawn()[:5])
    assert few == ["# mz_it: not estimated, only 5 calls were drawn"]


@pytest.mark.full
def test_the_table_says_what_the_cycle_model_counts(tmp_path: Path) -> None:
    """Of a network that it was not fitted to: each call to 25 %, all together to 8 %."""
    pytest.importorskip("capstone")
    kernels = TIMING.MeteredKernels(link_kernels(tmp_path, "gcc"))
    random = np.random.default_rng(1)
    program = build_program(mobilenet_v1(resolution=96, classes=37))
    found, counted = [], []
    for call in lower(program):
        inputs = [
            random.integers(-128, 128, program.buffers[one.buffer].bytes, dtype=np.int8)
            for one in call.inputs
            if isinstance(one, Activation)
        ]
        cycles, _ = kernels.cycles(call, inputs, program.buffers[call.outputs[0].buffer].bytes)
        predicted = core_cycles(program, call)
        assert predicted is not None, call.kernel
        assert predicted[0] == pytest.approx(cycles, rel=0.25, abs=1000), call.kernel
        found.append(predicted[0])
        counted.append(cycles)
    assert sum(found) == pytest.approx(sum(counted), rel=0.08)
