"""Models of the zoo whose files are not at hand: what can be said without them is said."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from helpers.commands import finished, mcuzoo
from helpers.shared import shared_root


@pytest.fixture(autouse=True)
def nothing_at_hand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.delenv("MCUZOO_MODELS", raising=False)
    # One cache for all tests: it holds no models, only plans, which are right for each of them.
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared_root(tmp_path_factory) / "table-cache"))
    monkeypatch.setenv("MCUZOO_DATA", str(tmp_path / "data"))


def test_export_of_what_cannot_fit_says_so_by_region(tmp_path: Path) -> None:
    project = tmp_path / "project"
    done = finished(mcuzoo("export", "mobilenet_v1_1.0_224", "--board", "rt1050", "-o", project))
    assert done.returncode == 1 and not project.exists()
    assert "mobilenet_v1_1.0_224 does not fit EVKB-IMXRT1050: " in done.stderr
    assert "of 262,144 bytes" in done.stderr and "its layers say so" in done.stderr
    hint = done.stderr.split("hint: ")[1]
    assert re.search(r"Of its family, mobilenet_v1_\S+ fits", hint)


def test_export_of_what_would_fit_says_how_to_get_it(tmp_path: Path) -> None:
    done = finished(mcuzoo("export", "mobilenet_v1_0.25_160", "--board", "rt1050"))
    assert done.returncode == 2
    assert "not at hand" in done.stderr and "By its layers it fits" in done.stderr
    assert "mcuzoo fetch mobilenet_v1_0.25_160" in done.stderr


def test_fit_by_layers_is_marked_as_such() -> None:
    done = finished(mcuzoo("fit", "mobilenet_v1_1.0_224", "--board", "rt1050", "--json"))
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["fits"] is False and "random weights" in report["warnings"][0]
    over = {region["region"]: region for region in report["regions"] if not region["fits"]}
    assert set(over) == {"ocram"} and over["ocram"]["used_bytes"] > over["ocram"]["size_bytes"]
    assert "Of its family" in report["next_step"]
