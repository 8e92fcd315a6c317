"""A line that drops, flips, repeats, delays, invents and cuts bytes, and a board that restarts.

Whatever comes back must be right; at moderate rates everything must come back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.fault_proxy import KINDS, Line, faults_of
from helpers.host_firmware import build_echo_firmware, build_host_firmware, echo_output

from mcuzoo.errors import McuzooError
from mcuzoo.link.messages import Feature
from mcuzoo.link.session import Session, Timing

pytestmark = pytest.mark.slow

LineMaker = Callable[..., Line]
# Asks again soon, and gives up late: a board that is only slow, on a busy machine, is no fault.
PATIENT = Timing(latency_s=0.06, connect_s=60.0, inference_s=60.0, tries=100, attempts=30)
QUICK = Timing(latency_s=0.06, connect_s=60.0, inference_s=5.0, attempts=4)
ON_THE_LINE = tuple(kind for kind in KINDS if kind != "reset")


def stream(
    line: Line, images: int, size_bytes: int, seed: int, timing: Timing = PATIENT
) -> tuple[int, list[McuzooError]]:
    """Send images; how many came back (each proven right), and what went wrong."""
    source = np.random.default_rng(seed)
    right, errors = 0, []
    with Session.open(line.url, timing=timing) as session:
        for index in range(images):
            image = source.integers(-128, 128, size_bytes, dtype=np.int8)
            try:
                result = session.infer(index, image)
            except McuzooError as error:
                errors.append(error)
            else:
                assert np.array_equal(result.output, echo_output(image))
                right += 1
    assert line.struck, "nothing went wrong: not a test"
    return right, errors


@pytest.mark.parametrize("seed", range(4))
def test_moderate_faults_lose_nothing(plug_in: LineMaker, seed: int) -> None:
    line = plug_in(faults_of(seed, mean_bytes=8000))
    assert stream(line, images=10, size_bytes=4096, seed=seed) == (10, [])


@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_alone_loses_nothing(plug_in: LineMaker, kind: str) -> None:
    line = plug_in(faults_of(seed=7, mean_bytes=6000, kinds=(kind,)))
    assert stream(line, images=6, size_bytes=4096, seed=7) == (6, [])


def test_a_large_input_under_faults(plug_in: LineMaker, tmp_path: Path) -> None:
    large = build_host_firmware(tmp_path / "large", options=["-DINPUT_BYTES=49152"])
    line = plug_in(faults_of(3, mean_bytes=12000, kinds=ON_THE_LINE), firmware=large)
    assert stream(line, images=3, size_bytes=49152, seed=3) == (3, [])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A firmware that keeps its output, for it is small."""
    folder = tmp_path_factory.mktemp("kept")
    return build_host_firmware(folder / "kept", options=["-DOUTPUT_BYTES=1000"])


@pytest.mark.parametrize("kind", ["all", *ON_THE_LINE])
def test_images_sent_ahead_under_faults(plug_in: LineMaker, kept: Path, kind: str) -> None:
    """The next image is on its way while the board works, and may be lost with its requests."""
    kinds = KINDS if kind == "all" else (kind,)
    faults = faults_of(seed=11, mean_bytes=7000, kinds=kinds)
    line = plug_in(faults, firmware=kept, ECHO_INVOKE_MS="20")
    source = np.random.default_rng(11)
    images = [source.integers(-128, 128, 4096, dtype=np.int8) for _ in range(9)]
    with Session.open(line.url, timing=PATIENT) as session:
        assert session.hello().has(Feature.AHEAD)
        for index in range(8):
            result = session.infer(index, images[index], images[index + 1])
            assert np.array_equal(result.output, echo_output(images[index], 1000))
    assert line.struck, "nothing went wrong: not a test"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A firmware that consumes its input as it arrives."""
    folder = tmp_path_factory.mktemp("rows")
    return build_echo_firmware(folder / "rows", "rows")


@pytest.mark.parametrize(
    "kinds", [KINDS, pytest.param(ON_THE_LINE, marks=pytest.mark.full), ("reset",)]
)
def test_an_input_consumed_as_it_arrives(
    plug_in: LineMaker, rows: Path, kinds: tuple[str, ...]
) -> None:
    line = plug_in(faults_of(seed=5, mean_bytes=7000, kinds=kinds), firmware=rows)
    assert stream(line, images=10, size_bytes=4096, seed=5) == (10, [])


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.full)])
def test_a_terrible_line_brings_errors_but_nothing_wrong(plug_in: LineMaker, seed: int) -> None:
    line = plug_in(faults_of(seed, mean_bytes=900))
    right, errors = stream(line, images=3, size_bytes=4096, seed=seed, timing=QUICK)
    assert right + len(errors) == 3
    assert all(error.hint for error in errors)
