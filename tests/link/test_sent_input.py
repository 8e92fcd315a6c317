"""Inputs as they are sent: encoded where both sides can and it pays."""

from __future__ import annotations

import sys
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from mcuzoo.link.codec import encode
from mcuzoo.link.messages import Encoding, InputBegin
from mcuzoo.link.sent_input import sent_input

SMOOTH = np.add.outer(np.arange(64), np.arange(64)).astype(np.int8)
NOISE = np.random.default_rng(4).integers(-128, 128, (64, 64)).astype(np.int8)


def test_what_pays_is_encoded() -> None:
    sent = sent_input(SMOOTH, compress=True)
    assert sent.data == encode(SMOOTH)
    crc = zlib.crc32(SMOOTH.tobytes())
    assert sent.begin(7) == InputBegin(7, 4096, crc, Encoding.CODEC, len(sent.data))


@pytest.mark.parametrize(
    ("tensor", "compress"), [(SMOOTH, False), (NOISE, True), (SMOOTH[:8, :8].copy(), True)]
)
def test_what_does_not_pay_is_sent_as_it_is(tensor: NDArray[np.int8], compress: bool) -> None:
    sent = sent_input(tensor, compress)
    raw = tensor.tobytes()
    assert sent.data == raw
    assert sent.begin(7) == InputBegin(7, len(raw), zlib.crc32(raw))


if sys.platform != "win32":
    from helpers.host_firmware import echo_output
    from link.conftest import LineMaker

    from mcuzoo.link.session import Session
    from mcuzoo.link.state import LinkState

    @pytest.mark.slow
    @pytest.mark.parametrize("compress", [True, False])
    def test_sessions_count_what_they_send(plug_in: LineMaker, compress: bool) -> None:
        line = plug_in()
        state = LinkState()
        with Session.open(line.url, state=state) as session:
            session.compress = compress
            for number, image in enumerate((SMOOTH, NOISE, SMOOTH)):
                output = session.infer(number, image).output
                assert np.array_equal(output, echo_output(image))
        encoded = len(encode(SMOOTH) or b"") if compress else 4096
        assert state.use.input_bytes == 3 * 4096
        assert state.use.sent_input_bytes == 4096 + 2 * encoded
