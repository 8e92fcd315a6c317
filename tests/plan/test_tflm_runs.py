"""What mcuzoo accepts for TFLM, the tflite-micro wheel allocates and runs.

`make test` tries a few hundred models; MCUZOO_NIGHTLY_MODELS=20000 sets another number.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from helpers import move_cases, op_cases
from helpers.mutations import spoiled
from helpers.one_op_nets import sound_nets
from helpers.tflm_trial import TflmTrial
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcuzoo.errors import McuzooError
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.plan.tflm.image import TflmImage, prepare_image

pytest.importorskip("tflite_micro")

MODELS = int(os.environ.get("MCUZOO_NIGHTLY_MODELS", "300"))
MANY = settings(max_examples=MODELS, deadline=None, suppress_health_check=list(HealthCheck))
FEWER = settings(MANY, max_examples=MODELS // 3)
# The wheel's pointers are wider than the target's, its own structures larger.
SPARE_BYTES = 1 << 20
LARGEST_ARENA_BYTES = 1 << 24
NETS = sound_nets()
OP_CASES = st.one_of(
    op_cases.convolutions(),
    op_cases.depthwise_convolutions(),
    op_cases.fully_connected(),
    op_cases.pools(),
    op_cases.reductions(),
    op_cases.binaries(op_cases.BINARY),
    op_cases.log_softmaxes(),
    op_cases.l2_normalizations(),
    op_cases.activations(),
    op_cases.pads(),
    op_cases.softmaxes(),
    op_cases.elementwise(),
    *move_cases.MOVES.values(),
)


@pytest.fixture(scope="module")
def trial() -> Iterator[TflmTrial]:
    with TflmTrial() as started:
        yield started


def runs(trial: TflmTrial, image: TflmImage) -> bool:
    return trial.runs(image.model.raw, 2 * image.arena.arena_bytes + SPARE_BYTES)


@pytest.mark.parametrize("name", NETS)
def test_a_sound_network_runs(trial: TflmTrial, name: str) -> None:
    for plan in ("offline", "greedy"):
        assert runs(trial, prepare_image(parse_model(NETS[name], name), "reference", plan))


@pytest.mark.slow
@FEWER
@given(OP_CASES)
def test_an_op_that_is_accepted_runs(trial: TflmTrial, raw: bytes) -> None:
    try:
        image = prepare_image(parse_model(raw, "case"), "reference")
    except McuzooError:
        return
    assert runs(trial, image)


@pytest.mark.slow
@MANY
@given(st.integers(0, 2**32 - 1))
def test_a_spoiled_model_that_is_accepted_runs(trial: TflmTrial, seed: int) -> None:
    random = Random(seed)
    raw = spoiled(NETS[random.choice(list(NETS))], random)
    try:
        image = prepare_image(parse_model(raw, "spoiled"), "reference")
    except McuzooError:
        return
    if image.arena.arena_bytes <= LARGEST_ARENA_BYTES:
        assert runs(trial, image)


@pytest.mark.slow
def test_models_of_the_wild_run(trial: TflmTrial, test_data: Path) -> None:
    ran = 0
    for file in sorted((test_data / "wild").glob("*.tflite")):
        try:
            image = prepare_image(load_model(file), "reference")
        except McuzooError:
            continue
        assert runs(trial, image), file.name
        ran += 1
    assert ran >= 8


@pytest.mark.slow
def test_a_crash_is_a_no(trial: TflmTrial) -> None:
    """TFLM aborts on an ADD whose output has too small a scale; mcuzoo refuses it before."""
    from helpers.one_op_nets import int8, int8_constant, one_op

    raw = one_op("ADD", [int8(1, 4), int8_constant(1, 4)], int8(1, 4, scale=1.5e-7))
    assert not trial.runs(raw, SPARE_BYTES)
    assert trial.runs(NETS["small"], SPARE_BYTES)
