"""A profile over the line: every record arrives, whatever the line does."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from helpers.fault_proxy import Line, faults_of
from helpers.host_firmware import echo_output
from numpy.typing import NDArray

from mcuzoo.errors import FirmwareError
from mcuzoo.link.inference import Profile
from mcuzoo.link.session import Session, Timing

pytestmark = pytest.mark.slow

if sys.platform == "win32":
    pytest.skip("the host port needs POSIX", allow_module_level=True)

LineMaker = Callable[..., Line]
PATIENT = Timing(latency_s=0.1, connect_s=60.0, inference_s=60.0, tries=100, attempts=30)
IMAGE = np.random.default_rng(5).integers(-128, 128, 4096, dtype=np.int8)


def profile(line: Line, image: NDArray[np.int8] = IMAGE) -> Profile:
    with Session.open(line.url, timing=PATIENT) as session:
        return session.profile(1, image)


def check(profile: Profile, kernels: int) -> None:
    """What echo_runtime.c tells of so many kernels."""
    output = echo_output(IMAGE)
    assert np.array_equal(profile.inference.output, output)
    *early, last = profile.records
    assert [(record.first_op, record.last_op) for record in early] == [
        (2 * op - 2, 2 * op - 1) for op in range(1, kernels)
    ]
    for op, record in enumerate(early, 1):
        crc32 = None if op % 3 == 0 else zlib.crc32(output[op : op + 1].tobytes())
        assert (record.output_bytes, record.output_crc32) == (int(crc32 is not None), crc32)
    assert (last.first_op, last.output_bytes) == (2 * kernels, 1500)
    assert last.output_crc32 == zlib.crc32(output.tobytes())


def test_one_inference_gives_what_fits_the_table(plug_in: LineMaker) -> None:
    line = plug_in(ECHO_KERNELS="64")
    found = profile(line)
    check(found, 64)
    assert line.board.invocations == 1
    counts = [record.cycles or 0 for record in found.records]
    assert found.inference.cycles is not None
    assert 0 < sum(counts) <= found.inference.cycles


def test_more_kernels_take_more_inferences(plug_in: LineMaker) -> None:
    line = plug_in(ECHO_KERNELS="150")
    check(profile(line), 150)
    assert line.board.invocations == 3


@pytest.mark.parametrize("seed", range(2))
def test_faults_on_the_line_lose_no_record(plug_in: LineMaker, seed: int) -> None:
    line = plug_in(faults_of(seed, mean_bytes=4000), ECHO_KERNELS="100")
    with Session.open(line.url, timing=PATIENT) as session:
        for image_id in range(3):
            check(session.profile(image_id, IMAGE), 100)
    assert line.struck, "nothing went wrong: not a test"


def test_an_inference_between_two_profiles(plug_in: LineMaker) -> None:
    line = plug_in(ECHO_KERNELS="3")
    with Session.open(line.url, timing=PATIENT) as session:
        check(session.profile(1, IMAGE), 3)
        assert np.array_equal(session.infer(2, IMAGE).output, echo_output(IMAGE))
        check(session.profile(3, IMAGE), 3)


def test_a_failing_inference_has_no_profile(plug_in: LineMaker) -> None:
    with pytest.raises(FirmwareError, match=r"Profile.*operator 0 failed"):
        profile(plug_in(ECHO_INVOKE="fail"))
