"""Our copy of TFLM's planner against the planner itself, and against what any plan must keep."""

from __future__ import annotations

import pytest
from helpers import op_cases
from helpers.examples import examples
from helpers.mobilenet import mobilenet_v1
from helpers.small_net import small_net
from helpers.tflm_arena import tflm_head_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.graph.read import parse_model
from mcuzoo.graph.write import write_model
from mcuzoo.plan.tflm.buffers import PlannedBuffer
from mcuzoo.plan.tflm.predict import greedy_offsets, head_bytes, predict_arena


def buffer(bytes_: int, first: int, last: int) -> PlannedBuffer:
    return PlannedBuffer(None, bytes_, first, last)


def test_largest_first_and_of_equals_the_later_first() -> None:
    buffers = [buffer(16, 0, 3), buffer(32, 0, 3), buffer(16, 0, 3), buffer(32, 0, 3)]
    assert greedy_offsets(buffers) == (80, 32, 64, 0)


def test_a_gap_is_taken_where_it_is_wide_enough() -> None:
    # The third lives only beside the second and so lies under it; 32 bytes are left below the
    # first for the fourth, 16 are not enough for the fifth.
    buffers = [buffer(64, 0, 1), buffer(48, 1, 2), buffer(32, 0, 0), buffer(16, 2, 2)]
    assert greedy_offsets(buffers) == (0, 64, 64, 0)
    assert head_bytes(buffers, greedy_offsets(buffers)) == 112


def test_prescribed_offsets_are_kept_and_their_gaps_used() -> None:
    buffers = [buffer(32, 0, 2), buffer(32, 0, 2), buffer(16, 1, 1), buffer(64, 1, 1)]
    assert greedy_offsets(buffers, [48, None, 0, None]) == (48, 16, 0, 80)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 12), st.integers(0, 5)), max_size=30))
def test_no_two_share_bytes_at_a_time(drawn: list[tuple[int, int, int]]) -> None:
    buffers = [buffer(16 * units, first, first + more) for units, first, more in drawn]
    offsets = greedy_offsets(buffers)
    for number, (one, at) in enumerate(zip(buffers, offsets, strict=True)):
        for other, there in list(zip(buffers, offsets, strict=True))[number + 1 :]:
            together = one.first <= other.last and other.first <= one.last
            assert not together or at + one.bytes <= there or there + other.bytes <= at


@pytest.mark.parametrize("resolution", [32, 96])
@pytest.mark.parametrize("width", [0.25, 0.5])
def test_the_head_is_what_tflm_makes_it(width: float, resolution: int) -> None:
    pytest.importorskip("tflite_micro")
    raw = write_model(mobilenet_v1(width, resolution, classes=10))
    predicted = predict_arena(parse_model(raw, "net"), "reference").head_bytes
    assert predicted == tflm_head_bytes(raw)


@given(
    st.one_of(
        op_cases.convolutions(),
        op_cases.reductions(),
        op_cases.binaries(op_cases.BINARY),
        op_cases.log_softmaxes(),
        op_cases.l2_normalizations(),
        op_cases.activations(),
        op_cases.fully_connected(),
        op_cases.pools(),
    )
)
@settings(deadline=None, max_examples=examples(50))
def test_the_head_of_any_op(raw: bytes) -> None:
    pytest.importorskip("tflite_micro")
    assert predict_arena(parse_model(raw, "op"), "reference").head_bytes == tflm_head_bytes(raw)


def test_the_head_of_many_ops() -> None:
    pytest.importorskip("tflite_micro")
    raw = small_net()
    assert predict_arena(parse_model(raw, "net"), "reference").head_bytes == tflm_head_bytes(raw)
