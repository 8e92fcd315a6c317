from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.graph.model import Op
from mcuzoo.graph.window import output_size, padding_before, window_of

SMALL = st.integers(1, 5)


@given(st.integers(1, 20), SMALL, SMALL, SMALL, st.sampled_from(["SAME", "VALID"]))
def test_every_window_starts_where_it_should(
    size: int, taps: int, stride: int, dilation: int, padding: str
) -> None:
    windows = output_size(size, taps, stride, dilation, padding)
    before = padding_before(size, taps, stride, dilation, windows)
    extent = (taps - 1) * dilation + 1
    last_end = (windows - 1) * stride - before + extent
    if padding == "VALID":
        assert max(windows, 0) == len(range(0, size - extent + 1, stride))
        assert windows <= 0 or (before == 0 and last_end <= size)
    else:
        assert windows == len(range(0, size, stride))
        after = max(last_end - size, 0)
        assert 0 <= after - before <= 1 or after == before == 0


def test_window_of_mobilenets_first_layer() -> None:
    options = {
        "padding": "SAME",
        "stride_h": 2,
        "stride_w": 2,
        "dilation_h_factor": 1,
        "dilation_w_factor": 1,
    }
    window = window_of(Op(0, "CONV_2D", 3, (), (), options), (128, 128), (3, 3))
    assert (window.output_height, window.output_width) == (64, 64)
    assert (window.pad_top, window.pad_left) == (0, 0)
