"""Choices by name: what is known, what is available, and what to type instead."""

from __future__ import annotations

import pytest

from mcuzoo.errors import UsageError
from mcuzoo.project.kinds import (
    PROJECTS,
    SMALL,
    check_optimization,
    check_project,
    check_runtime,
    check_weights,
    source_optimization,
)
from mcuzoo.resources import firmware_dir


def test_what_is_available_passes() -> None:
    assert (check_runtime("aot"), check_runtime("tflm")) == ("aot", "tflm")
    assert [check_project(name) for name in PROJECTS] == ["cmake", "mcuxpresso"]
    assert (check_weights("flash"), check_weights("ram")) == ("flash", "ram")
    assert check_optimization("s") == "-Os"


def test_what_is_unknown_is_corrected() -> None:
    with pytest.raises(UsageError, match="no such kind") as caught:
        check_runtime("tflmm")
    assert "Did you mean 'tflm'?" in caught.value.hint
    with pytest.raises(UsageError):
        check_weights("rom")
    with pytest.raises(UsageError):
        check_optimization("9")


@pytest.mark.parametrize(
    ("source", "levels"),
    [
        ("firmware/app/mz_app.c", "0 1 s s s"),
        ("firmware/port/cortex_m7/mz_string.c", "0 1 2 3 s"),
        ("firmware/kernels/mz_packed_block.c", "0 1 2 3 s"),
        ("firmware/kernels/mz_depthwise_taps.c", "0 1 s s s"),
    ],
)
def test_only_what_computes_is_built_for_speed(source: str, levels: str) -> None:
    found = [source_optimization(source, check_optimization(level)) for level in "0123s"]
    assert found == [f"-O{level}" for level in levels.split()]


def test_small_files_are_kernels_that_there_are() -> None:
    kernels = {path.stem for path in (firmware_dir() / "kernels").glob("*.c")}
    assert set(SMALL) - {"mz_model"} <= kernels
