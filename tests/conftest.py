"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# xdist sets it in its workers; what goes into a pipe is broken only where somebody says how wide
# it may be.
os.environ.pop("COLUMNS", None)

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of published models, images and golden outputs (never part of this repository).

    $MCUZOO_TEST_DATA names it; tests that need it are skipped where it is missing, unless
    MCUZOO_REQUIRE_TEST_DATA=1 says that it must be there.
    """
    default = REPOSITORY.parent / "shared" / "data"
    folder = Path(os.environ.get("MCUZOO_TEST_DATA") or default)
    if (folder / "models").is_dir():
        return folder
    message = f"no test data in {folder}; set MCUZOO_TEST_DATA"
    if os.environ.get("MCUZOO_REQUIRE_TEST_DATA") == "1":
        pytest.fail(message)
    pytest.skip(message)
