"""Tests of a user, by the pytest plugin, on places of a farm."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers.boards_at_work import boards_at_work
from helpers.host_project import make_host_project
from helpers.labgrid_cluster import NEEDS_LABGRID, Cluster, serial_place

from mcuzoo.run.journal import read_run
from mcuzoo.run.record import Status

pytest_plugins = ["pytester"]
pytestmark = NEEDS_LABGRID


def test_two_workers_on_two_places(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("xdist")
    monkeypatch.delenv("MCUZOO_PORT", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    host = make_host_project(tmp_path / "host", 4)
    pytester.makefile(".ini", pytest="[pytest]")
    pytester.makepyfile(
        test_it=f"""
from pathlib import Path
import pytest
IMAGES = sorted(Path({str(host.images)!r}).parent.glob("*.png"))

@pytest.mark.parametrize("turn", range(4))
def test_pictures(board, reference, turn):
    for picture in IMAGES[:3]:
        assert board.classify(picture) == reference(picture)

def test_run(run_images):
    assert run_images({str(host.images)!r}).verdict.passed
"""
    )
    (tmp_path / "boards").mkdir()
    with boards_at_work(tmp_path / "boards") as boards:
        boards.add(host.firmware)
        boards.add(host.firmware)
        places = [
            serial_place(name, port, board="rt1050")
            for name, port in zip(("p0", "p1"), boards.ports, strict=True)
        ]
        with Cluster(tmp_path / "cluster", places) as cluster:
            found = pytester.runpytest_subprocess(
                "-p", "no:mcuzoo", "-p", "no:labgrid", "-p", "mcuzoo.pytest_plugin", "-n", "2",
                f"--mcuzoo-labgrid={cluster.address}", "--mcuzoo-filter=board=rt1050",
                f"--mcuzoo-project={host.folder}",
            )  # fmt: skip
            assert cluster.holders() == {} and cluster.reservations() == []
    found.assert_outcomes(passed=5)
    tests = dict(re.findall(r"\n(p\d): (\d) test", found.stdout.str()))
    assert sum(map(int, tests.values())) == 5
    rows = [row for run in (pytester.path / "runs").iterdir() for row in read_run(run)[1]]
    assert len(rows) == 16 and all(row.status is Status.DONE for row in rows)
