"""A run on a farm whose parts are killed one after the other: nothing is lost, doubled or wrong.

Coordinator, exporters and ser2net are real processes; each board is the firmware of a project as a
process of this machine, behind a pty.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from helpers.board_switch import board_switch
from helpers.commands import done_images, mcuzoo
from helpers.fault_proxy import Line
from helpers.host_firmware import HostBoard
from helpers.host_project import HostProject, make_host_project
from helpers.labgrid_cluster import NEEDS_LABGRID, Cluster, serial_place, wait_until

from mcuzoo.data.images import decode_image
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.read import load_model
from mcuzoo.project.manifest import load_manifest
from mcuzoo.run.journal import read_run
from mcuzoo.run.record import BoardRecord, Row, Status

pytestmark = NEEDS_LABGRID

IMAGES = 150
STRIKE_AFTER = 15
"""Images that are done when something is killed."""
BUDGET = 40
"""Images that each board can get until then: no run is at its end before, however slow we are."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    return make_host_project(tmp_path_factory.mktemp("host"), IMAGES)


@pytest.fixture(scope="module")
def expected(project: HostProject) -> list[bytes]:
    """The output of each image, computed apart from any run."""
    manifest = load_manifest(project.folder)
    engine = ReferenceEngine(load_model(project.folder / manifest.model.file))
    input = PictureInput(manifest.preprocessing, manifest.input.shape)
    files = sorted(project.images.parent.glob("*.png"))
    pictures = [decode_image(file.read_bytes(), "rgb", file.name) for file in files]
    return [engine.run(input.tensor(picture)).tobytes() for picture in pictures]


@dataclass
class Lab:
    """Places b0 and b1 at the exporter lab1, b2 at lab2, each with a board on a line."""

    cluster: Cluster
    lines: list[Line]
    project: HostProject
    folder: Path

    def budget(self, images: int | None) -> None:
        """Let each board get so many more images, or any number."""
        size = load_manifest(self.project.folder).input.bytes * 5 // 4
        for line in self.lines:
            line.stop_after(None if images is None else images * size)

    def start(self, name: str, *more: object) -> Run:
        """`mcuzoo run-serial --labgrid ...` on all three boards."""
        run = self.folder / name
        words = mcuzoo(
            "run-serial", "--labgrid", self.cluster.address, "--filter", "board=rt1050",
            "--boards", 3, "--project", self.project.folder, "--images", self.project.images,
            "--out", run, *more,
        )  # fmt: skip
        return Run(self, run, words)

    def resume(self, run: Run) -> Run:
        return Run(self, run.folder, mcuzoo("run-serial", "--resume", run.folder))


class Run:
    """A run as a process."""

    def __init__(self, lab: Lab, folder: Path, words: list[str]) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            words,
            env={**os.environ, "XDG_STATE_HOME": str(lab.folder / "state")},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def strike(self, lab: Lab, what: Callable[[], None]) -> None:
        """Do `what` in the middle of the run."""
        wait_until(
            lambda: done_images(self.folder) >= STRIKE_AFTER or self.process.poll() is not None,
            "no images",
        )
        assert self.process.poll() is None, self.process.communicate()
        what()
        lab.budget(None)

    def end(self) -> tuple[int, str]:
        """Its exit code and what it has said."""
        _, said = self.process.communicate(timeout=240)
        return self.process.returncode, said

    @property
    def rows(self) -> tuple[Row, ...]:
        return read_run(self.folder)[1]

    @property
    def boards(self) -> dict[str, BoardRecord]:
        return {record.name: record for record in read_run(self.folder)[0].boards}


@pytest.fixture
def lab(project: HostProject, tmp_path: Path) -> Iterator[Lab]:
    with ExitStack() as stack:
        lines = [_line(stack, project, tmp_path / f"b{at}") for at in range(3)]
        places = [
            serial_place(f"b{at}", line.url, exporter, board="rt1050")
            for at, (line, exporter) in enumerate(zip(lines, ("lab1", "lab1", "lab2"), strict=True))
        ]
        cluster = stack.enter_context(Cluster(tmp_path / "cluster", places))
        made = Lab(cluster, lines, project, tmp_path)
        made.budget(BUDGET)
        yield made


def _line(stack: ExitStack, project: HostProject, folder: Path) -> Line:
    folder.mkdir()
    return stack.enter_context(Line(HostBoard(project.firmware, folder)))


def is_right(run: Run, expected: list[bytes], fault: str) -> None:
    """Every image is done once, with the right bytes."""
    rows = run.rows
    states = Counter(row.status for row in rows)
    wrong = [
        row.file
        for row, right in zip(rows, expected, strict=True)
        if row.output is not None and row.output.astype(np.int8).tobytes() != right
    ]
    boards = ", ".join(
        f"{one.name} {sum(row.board == one.name for row in rows)}"
        + (f" (brought back {one.recoveries}x)" if one.recoveries else "")
        + (" (retired)" if one.retired else "")
        for one in run.boards.values()
    )
    print(f"KILL {fault}: {states[Status.DONE]} of {len(rows)} done, {len(wrong)} wrong; {boards}")
    assert states == {Status.DONE: IMAGES}
    assert [row.index for row in rows] == list(range(IMAGES))
    assert wrong == []


def all_free(lab: Lab) -> bool:
    return lab.cluster.holders() == {} and lab.cluster.reservations() == []


def test_nothing_is_killed(lab: Lab, expected: list[bytes]) -> None:
    lab.budget(None)
    run = lab.start("run")
    code, said = run.end()
    assert code == 0, said
    is_right(run, expected, "nothing")
    assert {row.board for row in run.rows} == {"b0", "b1", "b2"}
    assert all_free(lab)


def kill_ser2nets(lab: Lab) -> None:
    for pid in lab.cluster.ser2nets():
        os.kill(pid, signal.SIGKILL)


def test_ser2net_is_killed(lab: Lab, expected: list[bytes]) -> None:
    run = lab.start("run")
    run.strike(lab, lambda: kill_ser2nets(lab))
    code, said = run.end()
    assert code == 0, said
    is_right(run, expected, "ser2net of lab1, kill -9")
    assert [run.boards[name].recoveries for name in ("b0", "b1", "b2")] == [1, 1, 0]
    assert all_free(lab)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_an_exporter_is_killed_and_started_again(
    lab: Lab, expected: list[bytes], how: signal.Signals
) -> None:
    def strike() -> None:
        lab.cluster.exporters["lab1"].send(how)
        lab.cluster.exporters["lab1"].process.wait()
        lab.cluster.start_exporter("lab1")

    run = lab.start("run")
    run.strike(lab, strike)
    code, said = run.end()
    assert code == 0, said
    is_right(run, expected, f"exporter lab1, {how.name}, started again")
    assert run.boards["b0"].recoveries >= 1
    assert all_free(lab)


def test_an_exporter_is_killed_for_good(lab: Lab, expected: list[bytes]) -> None:
    run = lab.start("run", "--lg-wait", 1)
    run.strike(lab, lambda: lab.cluster.exporters["lab1"].send(signal.SIGKILL))
    code, said = run.end()
    assert code == 0, said
    is_right(run, expected, "exporter lab1, kill -9, for good")
    assert run.boards["b2"].retired is None
    assert all_free(lab)


def test_an_exporter_is_stopped(lab: Lab, expected: list[bytes]) -> None:
    run = lab.start("run")
    run.strike(lab, lambda: lab.cluster.exporters["lab1"].send(signal.SIGSTOP))
    code, said = run.end()
    lab.cluster.exporters["lab1"].send(signal.SIGCONT)
    assert code == 0, said
    is_right(run, expected, "exporter lab1, stopped")
    wait_until(lambda: all_free(lab), "a place is held")


def restart(lab: Lab) -> None:
    """A coordinator, and exporters as their service manager starts them again."""
    lab.cluster.restart_coordinator()
    for name, exporter in list(lab.cluster.exporters.items()):
        exporter.process.wait()
        lab.cluster.start_exporter(name)


def test_the_coordinator_is_killed_and_started_again(lab: Lab, expected: list[bytes]) -> None:
    run = lab.start("run")
    run.strike(lab, lambda: restart(lab))
    code, said = run.end()
    assert code == 0, said
    is_right(run, expected, "coordinator, kill -9, started again")
    assert all_free(lab)


def test_the_coordinator_is_killed_for_good(lab: Lab, expected: list[bytes]) -> None:
    run = lab.start("run", "--lg-wait", 1)
    run.strike(lab, lab.cluster.coordinator.end)
    code, said = run.end()
    assert code == 3, said
    assert "No labgrid coordinator answers" in said
    assert f"--resume {run.folder}" in said
    states = Counter(row.status for row in run.rows)
    assert states[Status.DONE] >= STRIKE_AFTER and states[Status.DONE] < IMAGES
    assert set(states) == {Status.DONE, Status.PENDING}
    restart(lab)
    again = lab.resume(run)
    code, said = again.end()
    assert code == 0, said
    is_right(again, expected, "coordinator, kill -9, for good; --resume")
    assert all_free(lab)


def test_a_board_is_stopped(lab: Lab, expected: list[bytes]) -> None:
    stopped = lab.lines[0].board.process
    run = lab.start("run")
    run.strike(lab, lambda: stopped.send_signal(signal.SIGSTOP))
    code, said = run.end()
    stopped.send_signal(signal.SIGCONT)
    assert code == 0, said
    is_right(run, expected, "board b0, stopped")
    assert run.boards["b0"].retired is not None
    assert all_free(lab)


def test_a_stopped_board_comes_back_with_its_power(
    project: HostProject, tmp_path: Path, expected: list[bytes]
) -> None:
    with ExitStack() as stack:
        line = _line(stack, project, tmp_path / "b0")
        switch = stack.enter_context(board_switch())
        switch.switched = lambda index, on: line.press_reset() if on else None
        place = serial_place("b0", line.url, board="rt1050")
        place = place.with_resource("NetworkPowerPort", switch.resource(7))
        cluster = stack.enter_context(Cluster(tmp_path / "cluster", [place]))
        lab = Lab(cluster, [line], project, tmp_path)
        lab.budget(BUDGET)
        run = lab.start("run")
        run.strike(lab, lambda: line.board.process.send_signal(signal.SIGSTOP))
        code, said = run.end()
        assert code == 0, said
        is_right(run, expected, "the only board, stopped; switched off and on by labgrid")
        assert switch.seen == ["7/0", "7/1"]
        assert all_free(lab)


def test_places_of_others_are_left_alone(lab: Lab, expected: list[bytes]) -> None:
    lab.cluster.client("-p", "b1", "acquire")
    lab.budget(None)
    run = lab.start("run", "--lg-wait", 1)
    code, said = run.end()
    assert code == 0, said
    assert "2 of 3 boards" in said and "b1: desk/jane has it" in said
    is_right(run, expected, "place b1 held by another user")
    assert {row.board for row in run.rows} == {"b0", "b2"}
    assert lab.cluster.holders() == {"b1": "desk/jane"}


def test_a_place_is_taken_away(lab: Lab, expected: list[bytes]) -> None:
    def strike() -> None:
        lab.cluster.client("-p", "b0", "release", "--kick")
        lab.cluster.client("-p", "b0", "acquire")

    run = lab.start("run")
    run.strike(lab, strike)
    code, said = run.end()
    assert code == 0, said
    is_right(run, expected, "place b0 taken away by another user")
    assert run.boards["b0"].retired is not None
    assert "The place b0 was released by somebody" in run.boards["b0"].retired
    assert lab.cluster.holders() == {"b0": "desk/jane"}


def test_all_places_are_held(lab: Lab) -> None:
    for place in ("b0", "b1", "b2"):
        lab.cluster.client("-p", place, "acquire")
    run = lab.start("run", "--lg-wait", 1)
    code, said = run.end()
    assert code == 3
    assert "No place was free within 1 s" in said
    assert not run.folder.exists()
    assert set(lab.cluster.holders().values()) == {"desk/jane"}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_releases_its_places(
    lab: Lab, expected: list[bytes], how: signal.Signals
) -> None:
    # Below nohup, as a CI may be, a run would ignore SIGHUP.
    before = signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        run = lab.start("run")
    finally:
        signal.signal(signal.SIGHUP, before)
    run.strike(lab, lambda: run.process.send_signal(how))
    code, said = run.end()
    assert code == 130, said
    assert all_free(lab)
    again = lab.resume(run)
    code, said = again.end()
    assert code == 0, said
    is_right(again, expected, f"mcuzoo, {how.name}; --resume")


def test_a_killed_run_is_cleaned_up_by_the_next(lab: Lab, expected: list[bytes]) -> None:
    run = lab.start("run")
    run.strike(lab, run.process.kill)
    assert run.end()[0] == -signal.SIGKILL
    assert len(lab.cluster.holders()) == 3
    again = lab.resume(run)
    code, said = again.end()
    assert code == 0, said
    assert "released b2, which a run that was killed had" in said
    is_right(again, expected, "mcuzoo, kill -9; --resume")
    assert all_free(lab)
