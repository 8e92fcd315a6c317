"""What was measured is remembered, and nothing in the store can break a reader."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo import __version__
from mcuzoo.errors import InputError, UsageError
from mcuzoo.zoo import measured
from mcuzoo.zoo.measured import best_measurement, measurements, record

MODEL, OTHER = "a" * 64, "b" * 64


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MCUZOO_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / measured.FILE_NAME


def test_the_largest_then_newest_counts(store: Path) -> None:
    assert measurements(MODEL) == () and best_measurement(MODEL, "top1") is None
    record(MODEL, "top1", 0.39, 200, "imagenet", "reference", date="2026-01-01T00:00:00+00:00")
    newest = record(MODEL, "top1", 0.40, 200, "imagenet", "tflm")
    record(MODEL, "top1", 0.9, 10, "imagenet", "tflm")
    record(MODEL, "top5", 0.7, 5000, "imagenet", "tflm")
    record(OTHER, "top1", 0.1, 900, "imagenet", "tflm")
    assert best_measurement(MODEL, "top1") == newest
    assert newest.tool_version == __version__
    assert len(measurements(MODEL)) == 4 and len(measurements()) == 5


def test_what_is_no_measurement_is_refused() -> None:
    for metric, value, n in (("top9", 0.5, 1), ("top1", 1.5, 1), ("top1", 0.5, 0)):
        with pytest.raises(UsageError):
            record(MODEL, metric, value, n, "x", "y")


@given(st.lists(st.one_of(st.binary(max_size=60), st.just(b'{"model_sha256": 3}'))))
@settings(deadline=None, max_examples=examples(60))
def test_damaged_lines_are_passed_over(store_lines: list[bytes]) -> None:
    path = measured.data_folder() / measured.FILE_NAME
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(store_lines) + b"\n")
    kept = record(MODEL, "top1", 0.5, 3, "x", "y")
    assert best_measurement(MODEL, "top1") == kept


def test_processes_that_record_at_once_lose_nothing() -> None:
    script = (
        "from mcuzoo.zoo.measured import record\n"
        f"for n in range(1, 40): record('{MODEL}', 'top1', 0.5, n, 'x', 'y' * 500)"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert len(measurements(MODEL)) == 3 * 39


def test_a_store_that_cannot_be_written_is_said(store: Path) -> None:
    store.mkdir(parents=True)
    with pytest.raises(InputError, match="cannot be written"):
        record(MODEL, "top1", 0.5, 3, "x", "y")
    with pytest.raises(InputError, match="cannot be read"):
        measurements()
