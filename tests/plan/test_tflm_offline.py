"""Our arena plan inside TFLM: smaller, sound, and followed to the byte."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from helpers.mobilenet import mobilenet_v1
from helpers.small_net import small_net
from helpers.tflm_arena import tflm_head_bytes

from mcuzoo import zoo
from mcuzoo.graph.metadata import read_metadata
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.graph.schema import PLAN_METADATA
from mcuzoo.graph.write import write_model
from mcuzoo.plan.tflm.buffers import planned_buffers
from mcuzoo.plan.tflm.offline import OfflinePlan, embed_offsets, plan_offline

SIGNS = Path(zoo.__file__).parent / "signs" / "signs_mobilenet_v1_0.25_128_int8.tflite"


def sharing(model: Model, plan: OfflinePlan) -> set[tuple[int, int]]:
    """Pairs of tensors that hold data at the same time in the same bytes."""
    found: set[tuple[int, int]] = set()
    for one, other in combinations(planned_buffers(model, ()), 2):
        assert one.tensor is not None
        assert other.tensor is not None
        at, there = plan.offsets[one.tensor], plan.offsets[other.tensor]
        assert at is not None
        assert there is not None
        together = one.first <= other.last and other.first <= one.last
        if together and at < there + other.bytes and there < at + one.bytes:
            found.add((one.tensor, other.tensor))
    return found


def renamings(model: Model) -> set[tuple[int, int]]:
    return {(op.inputs[0], op.outputs[0]) for op in model.ops if op.name == "RESHAPE"}


@pytest.mark.parametrize("kernels", ["cmsis-nn", "reference"])
def test_the_bundled_model_runs_in_the_optimal_head(kernels: str) -> None:
    model = load_model(SIGNS)
    plan = plan_offline(model, "cmsis-nn" if kernels == "cmsis-nn" else "reference")
    assert plan.smaller
    assert plan.arena.head_bytes == plan.lower_bound_bytes == 98_304
    assert plan.greedy.head_bytes == 131_072
    assert plan.arena.tail_bytes == plan.greedy.tail_bytes
    assert sharing(model, plan) <= renamings(model)


def test_the_published_mobilenet_needs_less_than_134000_bytes(test_data: Path) -> None:
    model = load_model(test_data / "models" / "mobilenet_v1_0.25_128_quant_int8.tflite")
    assert plan_offline(model, "cmsis-nn").arena.arena_bytes == 98_304 + 35_072


@pytest.mark.parametrize(("width", "resolution"), [(0.25, 96), (0.5, 128), (1.0, 32)])
def test_other_mobilenets(width: float, resolution: int) -> None:
    model = mobilenet_v1(width, resolution, classes=10)
    plan = plan_offline(model, "cmsis-nn")
    assert sharing(model, plan) <= renamings(model)
    assert plan.arena.head_bytes == plan.lower_bound_bytes <= plan.greedy.head_bytes


def test_a_plan_that_saves_nothing_says_so() -> None:
    plan = plan_offline(parse_model(small_net(), "small"), "reference")
    assert not plan.smaller


def test_the_metadata_is_what_tflm_documents() -> None:
    raw = small_net()
    plan = plan_offline(parse_model(raw, "small"), "reference")
    table = np.frombuffer(read_metadata(embed_offsets(raw, plan.offsets))[PLAN_METADATA], "<i4")
    assert table[1:3].tolist() == [0, 17]
    assert [None if word == -1 else word for word in table[3:].tolist()] == list(plan.offsets)
    constants = {t.index for t in parse_model(raw, "small").tensors if t.data is not None}
    assert {index for index, offset in enumerate(plan.offsets) if offset is None} == constants


@pytest.mark.parametrize("source", ["signs", "small", "mobilenet"])
def test_tflm_follows_it_and_computes_the_same(source: str) -> None:
    pytest.importorskip("tflite_micro")
    files: dict[str, Callable[[], bytes]] = {
        "signs": SIGNS.read_bytes,
        "small": small_net,
        "mobilenet": lambda: write_model(mobilenet_v1(0.25, 64, classes=10)),
    }
    raw = files[source]()
    model = parse_model(raw, source)
    plan = plan_offline(model, "reference")
    embedded = embed_offsets(raw, plan.offsets)
    assert tflm_head_bytes(embedded) == plan.arena.head_bytes
    assert tflm_outputs(embedded, model) == tflm_outputs(raw, model)


def tflm_outputs(raw: bytes, model: Model) -> list[list[float]]:
    """Of TFLM with its ordinary planner, for a few images of rising contrast."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(raw)
    random = np.random.default_rng(5)
    shape = model.tensor(model.inputs[0]).shape
    found = []
    for contrast in (4, 16, 64, 128):
        interpreter.set_input(random.integers(-contrast, contrast, shape, dtype=np.int8), 0)
        interpreter.invoke()
        found.append(np.asarray(interpreter.get_output(0)).reshape(-1).tolist())
    assert any(output != found[0] for output in found)
    return found
