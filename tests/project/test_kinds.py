"""Choices by name: what is known, what is available, and what to type instead."""

from __future__ import annotations

import pytest

from mcuzoo.errors import UsageError
from mcuzoo.project.flags import check_optimization
from mcuzoo.project.kinds import check_project, check_runtime, check_weights


def test_what_is_available_passes() -> None:
    assert (check_runtime("aot"), check_runtime("tflm")) == ("aot", "tflm")
    assert check_project("cmake") == "cmake"
    assert (check_weights("flash"), check_weights("ram")) == ("flash", "ram")
    assert check_optimization("s") == "-Os"


def test_what_is_to_come_says_so() -> None:
    with pytest.raises(UsageError, match="not available in this version") as caught:
        check_project("mcuxpresso")
    assert caught.value.hint == "Use --runtime aot or tflm with --project cmake."
    assert caught.value.exit_code == 2


def test_what_is_unknown_is_corrected() -> None:
    with pytest.raises(UsageError, match="no such kind") as caught:
        check_runtime("tflmm")
    assert "Did you mean 'tflm'?" in caught.value.hint
    with pytest.raises(UsageError):
        check_weights("rom")
    with pytest.raises(UsageError):
        check_optimization("9")
