"""Runs on a delegate, whose arithmetic is not the host's: compared, and judged by its answers."""

from __future__ import annotations

import json
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.commands import Said, invoke
from helpers.fake_agent import AgentProject, FakeAgent, make_agent_project, nudged, same
from helpers.fault_proxy import Line
from helpers.page_runs import BOARD, PageRun, several_boards, signs_run

from mcuzoo.data.preprocess import input_of
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.read import load_model
from mcuzoo.project.manifest import load_manifest
from mcuzoo.report.claims import claims_of
from mcuzoo.report.run import csv_text, summary_text
from mcuzoo.report.run_outcome import run_outcome
from mcuzoo.run.journal import JOURNAL_NAME, read_run
from mcuzoo.run.record import Row, RunMeta, WrongLayer
from mcuzoo.run.summary import RunSummary, summarize
from mcuzoo.run.verdict import Broke

IMAGES = 24
STEP = 20
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs ptys")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> AgentProject:
    return make_agent_project(tmp_path_factory.mktemp("agent"), IMAGES)


def run(project: AgentProject, agent: FakeAgent, out: Path, *more: object) -> Said:
    with Line(agent) as line:
        where = ("--port", line.url, "--project", project.folder, "--images", project.images)
        return invoke(("run-serial", *where, "--out", out, *more))


@posix
def test_a_run_on_a_delegate(project: AgentProject, tmp_path: Path) -> None:
    agent = FakeAgent(project.folder, {"ethosu": nudged(STEP)})
    done = run(project, agent, tmp_path / "run", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    flips, steps = _expected(project)
    assert 0 < flips < IMAGES, "the pictures should show both"
    assert (found["flips"]["count"], found["flips"]["compared"]) == (flips, IMAGES)
    assert found["flips"]["low95"] < flips / IMAGES < found["flips"]["high95"]
    assert found["reference"]["largest_difference"] == max(steps)
    assert found["delegates"] == ["ethosu"] and found["board"]["delegate"] == "ethosu"
    verdict = found["verdict"]
    assert (verdict["passed"], verdict["judged"], verdict["broke"]) == (None, False, None)
    assert "--max-flips" in verdict["warnings"][0]
    meta, rows = read_run(tmp_path / "run")
    assert [row.reference_difference for row in rows] == steps
    header = csv_text(meta, rows).splitlines()[0]
    assert header.endswith("host_top1,cpu_top1,cpu_difference")

    told = invoke(("report", tmp_path / "run"))
    assert "\nverdict     compared, not judged\n" in told.stdout
    assert f"\nflips       {flips} of {IMAGES} answers are not the host's" in told.stdout
    within = invoke(("report", tmp_path / "run", "--max-flips", flips))
    assert within.exit_code == 0 and within.stdout.endswith("verdict     pass\n")
    share = invoke(("report", tmp_path / "run", "--max-flips", flips / IMAGES + 0.001))
    assert share.exit_code == 0, share.stdout
    junit = tmp_path / "run.xml"
    beyond = invoke(("report", tmp_path / "run", "--max-flips", flips - 1, "--junit", junit))
    assert beyond.exit_code == 1 and 'type="delegate"' in junit.read_text(encoding="utf-8")
    strict = invoke(("report", tmp_path / "run", "--strict-budgets"))
    assert strict.exit_code == 1 and strict.stdout.endswith("verdict     FAIL: delegate\n")


@posix
def test_the_same_outputs_by_kernels_that_must_be_equal(
    project: AgentProject, tmp_path: Path
) -> None:
    agent = FakeAgent(project.folder, {"": nudged(STEP)})
    done = run(project, agent, tmp_path / "run", "--max-flips", IMAGES)
    assert done.exit_code == 1 and "verdict     FAIL: firmware" in done.stdout
    right = run(project, FakeAgent(project.folder, {"": same}), tmp_path / "right")
    assert right.exit_code == 0 and right.stdout.endswith("verdict     pass\n")


def _expected(project: AgentProject, step: int = STEP) -> tuple[int, list[int]]:
    """Flips, and the largest step of each image, by hand."""
    from mcuzoo.data.dataset import load_data_set
    from mcuzoo.data.labels import Classes

    engine = ReferenceEngine(load_model(project.model))
    input = input_of(load_manifest(project.folder))
    flips, steps = 0, []
    for item in load_data_set(project.images, Classes(7)).items:
        tensor = input.tensor(input.decoded(item.picture, item.picture.read()).pixels)
        right = engine.run(tensor)
        wrong = nudged(step)(right)
        flips += int(right.argmax() != wrong.argmax())
        steps.append(int(np.abs(right.astype(int) - wrong).max()))
    return flips, steps


def on_delegate(
    delegate: str = "ethosu",
    every: int = 2,
    flip: int = 8,
    wrong: WrongLayer | None = None,
    **budgets: Any,
) -> RunSummary:
    """Drawn signs: every n-th output is a step off, and the answer flips on some of these."""

    def change(row: Row) -> Row:
        assert row.top1 is not None
        off = int(row.index % every == 0)
        host = (row.top1 + 1) % 16 if row.index % flip == 0 and off else row.top1
        return replace(row, reference_difference=off * 3, host_top1=host)

    def meta(meta: RunMeta) -> RunMeta:
        settings = replace(meta.settings, **{"min_top1": None, **budgets})
        board = replace(BOARD, delegate=delegate)
        return replace(meta, settings=settings, board=board, wrong_layer=wrong)

    return signs_run(32, change, meta).summary


def claims(summary: RunSummary) -> dict[str, bool | None]:
    return {one.name: one.holds for one in claims_of(summary)}


def test_nothing_passes_silently() -> None:
    found = on_delegate()
    assert found.flips is not None and (found.flips.count, found.flips.compared) == (4, 32)
    assert (found.verdict.passed, found.verdict.exit_code) == (None, 0)
    assert found.verdict.text == "compared, not judged"
    assert claims(found)["flips"] is None is claims(found)["bit-exactness"]
    outcome = run_outcome(found, Path("r"))
    assert outcome.passed is None and outcome.headline == "compared, not judged"
    assert {one.name: one.value for one in outcome.measures}["flips"] == 4
    assert "4 of 32 answers are not the host's" in outcome.facts[-1]


def test_every_byte_equal_is_a_proof_for_a_delegate_too() -> None:
    found = on_delegate(every=99, flip=99)  # image 0 alone
    assert found.verdict.passed is None
    rows = [replace(row, reference_difference=0, host_top1=row.top1) for row in found.rows]
    equal = summarize(found.meta, rows)
    assert equal.verdict.passed and claims(equal)["bit-exactness"] is True


@pytest.mark.parametrize(
    ("budgets", "passed", "broke"),
    [
        ({"max_flips": 4}, True, None),
        ({"max_flips": 3}, False, Broke.DELEGATE),
        ({"max_flips": 0.125}, True, None),
        ({"max_flips": 0.12}, False, Broke.DELEGATE),
        ({"max_flips": 0}, False, Broke.DELEGATE),
        ({"min_top1": 0.7}, True, None),
        ({"min_top1": 0.9}, False, Broke.MODEL),
        ({"min_top1": 0.7, "max_flips": 3}, False, Broke.DELEGATE),
        ({"max_mismatches": 0}, None, None),
        ({"max_mismatches": 0, "strict_budgets": True}, False, Broke.DELEGATE),
        ({"max_line_errors": 0}, None, None),
    ],
)
def test_what_judges_a_delegate(
    budgets: dict[str, Any], passed: bool | None, broke: Broke | None
) -> None:
    found = on_delegate(**budgets)
    assert (found.verdict.passed, found.verdict.broke) == (passed, broke)
    failed = [one for one in claims_of(found) if one.holds is False]
    assert bool(failed) is (passed is False)
    assert all(one.part is broke for one in failed)


def test_without_the_host_the_boards_own_cpu_judges() -> None:
    with_host = on_delegate(max_flips=2)
    rows = [
        replace(
            row, host_top1=None, reference_difference=None, cpu_top1=row.host_top1, cpu_difference=1
        )
        for row in with_host.rows
    ]
    found = summarize(with_host.meta, rows)
    assert found.cpu is not None and (found.cpu.flips.count, found.cpu.host_flips) == (4, None)
    assert found.verdict.broke is Broke.DELEGATE
    assert "not those of the board's own CPU" in found.budgets[0].text
    alone = [replace(row, cpu_top1=None, cpu_difference=None) for row in rows]
    nothing = summarize(with_host.meta, alone)
    assert nothing.budgets[0].holds is None and nothing.verdict.passed is None


def test_the_boards_own_cpu_beside_the_host() -> None:
    drawn = on_delegate()
    rows = [replace(row, cpu_top1=row.host_top1, cpu_difference=2) for row in drawn.rows]
    found = summarize(replace(drawn.meta, cpu_engine="builtin"), rows)
    assert found.cpu is not None and found.cpu.host_flips is not None
    assert (found.cpu.flips.count, found.cpu.host_flips.count) == (4, 0)
    text = " ".join(summary_text(found).split())
    assert "4 of 32 answers are not those of builtin" in text
    assert "0 of 32 outputs byte-equal to those of builtin, off by up to 2 steps" in text
    assert "there, 0 of 32 answers are not the host's" in text


NPU = WrongLayer("a.png", "3", "CONV_2D", "op 3 CONV_2D is the first that differs", "npu")


def test_an_npu_that_does_not_what_its_file_says() -> None:
    found = on_delegate(wrong=NPU)
    assert (found.verdict.broke, found.verdict.exit_code) == (Broke.NPU, 1)
    assert "op 3 CONV_2D" in found.verdict.reasons[0] and claims(found)["npu"] is False
    file = on_delegate(wrong=replace(NPU, part="compiler"))
    assert file.verdict.broke is Broke.COMPILER and claims(file)["compiler"] is False
    nothing = on_delegate(wrong=replace(NPU, part=None))
    assert nothing.verdict.passed is None and "npu" not in claims(nothing)
    assert nothing.verdict.warnings[0].startswith("On a.png, op 3 CONV_2D")


def test_flips_that_are_bounded_let_the_bytes_of_an_npu_pass() -> None:
    found = on_delegate(wrong=NPU, max_flips=4)
    assert found.verdict.passed and claims(found)["npu"] is None
    assert "op 3 CONV_2D" in found.verdict.warnings[0]
    assert on_delegate(wrong=NPU, max_flips=3).verdict.broke is Broke.NPU


def test_boards_of_a_run_need_not_agree_on_a_delegate() -> None:
    """One of several boards computes by a delegate, and its outputs are not the host's."""

    def again(run: PageRun, delegate: str) -> RunSummary:
        meta = run.summary.meta
        boards = tuple(
            replace(one, facts=one.facts and replace(one.facts, delegate=delegate))
            for one in meta.boards
        )
        return summarize(replace(meta, boards=boards), run.summary.rows)

    exact = again(several_boards(), "")
    assert exact.verdict.broke is Broke.FIRMWARE
    found = again(several_boards(), "xnnpack")
    assert found.meta.delegates == ("xnnpack",) and found.verdict.broke is None
    assert claims(found)["boards"] is True
    assert [board.wrong for board in found.boards[:2]] == [None, None]


@posix
def test_the_boards_own_cpu_in_the_same_session(project: AgentProject, tmp_path: Path) -> None:
    engines = {"ethosu": nudged(STEP), "none": same, "builtin": nudged(1)}
    agent = FakeAgent(project.folder, engines, choice=True)
    done = run(project, agent, tmp_path / "run", "--json")
    assert done.exit_code == 0, done.stderr
    assert agent.asked == ["ethosu"] * IMAGES + ["builtin"] * IMAGES and agent.selected == "ethosu"
    assert "once more, on the board's CPU (builtin)" in done.stderr
    cpu = json.loads(done.stdout)["board_cpu"]
    assert cpu["engine"] == "builtin"
    assert cpu["reference"]["largest_difference"] == STEP - 1
    assert cpu["flips"]["compared"] == cpu["host_flips"]["compared"] == IMAGES
    assert cpu["host_flips"]["count"] == _expected(project, 1)[0]
    assert cpu["accuracy"]["total"] == IMAGES
    told = invoke(("report", tmp_path / "run")).stdout
    told = invoke(("report", tmp_path / "run")).stdout
    assert f"there, top-1 {cpu['accuracy']['value']:.4f} (" in told
    _, rows = read_run(tmp_path / "run")
    assert all(row.cpu_difference == STEP - 1 for row in rows)
    later = FakeAgent(project.folder, engines, choice=True)
    assert run_again(later, tmp_path / "run").exit_code == 0 and not later.asked


@posix
def test_which_engine_of_the_cpu(project: AgentProject, tmp_path: Path) -> None:
    engines = {"vx": nudged(STEP), "none": same}
    reference = FakeAgent(project.folder, engines, choice=True)
    done = run(project, reference, tmp_path / "ref", "--json", "--board-cpu", "none")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["board_cpu"]["host_flips"]["count"] == 0
    alone = FakeAgent(project.folder, engines, choice=True)
    off = run(project, alone, tmp_path / "off", "--json", "--board-cpu", "no")
    assert json.loads(off.stdout)["board_cpu"] is None and "none" not in alone.asked
    other = FakeAgent(project.folder, engines, choice=True)
    bad = run(project, other, tmp_path / "bad", "--board-cpu", "xnnpack")
    assert bad.exit_code == 2 and "the agent has vx, none" in bad.stderr


@posix
def test_a_run_on_several_boards_has_no_engine_of_a_cpu(
    project: AgentProject, tmp_path: Path
) -> None:
    said = invoke((
        "run-serial", "--port", "/dev/null", "--port", "/dev/zero", "--project", project.folder,
        "--images", project.images, "--board-cpu", "builtin", "--out", tmp_path / "run",
    ))  # fmt: skip
    assert said.exit_code == 2 and "--board-cpu builtin is for a run on one board" in said.stderr


@posix
def test_a_run_that_stopped_on_the_cpu_goes_on_there(project: AgentProject, tmp_path: Path) -> None:
    engines = {"ethosu": nudged(STEP), "builtin": same}
    first = FakeAgent(project.folder, engines, choice=True)
    run(project, first, tmp_path / "run")
    with sqlite3.connect(tmp_path / "run" / JOURNAL_NAME) as database:
        database.execute("UPDATE images SET cpu_top1 = NULL, cpu_difference = NULL WHERE id >= 20")
    agent = FakeAgent(project.folder, engines, choice=True)
    agent.selected = "builtin"  # an agent that stays remembers what was selected last
    done = run_again(agent, tmp_path / "run")
    assert done.exit_code == 0, done.stderr
    assert agent.asked == ["builtin"] * (IMAGES - 20) and agent.selected == "ethosu"
    assert all(row.cpu_top1 is not None for row in read_run(tmp_path / "run")[1])


def run_again(agent: FakeAgent, folder: Path) -> Said:
    with Line(agent) as line:
        return invoke(("run-serial", "--resume", folder, "--port", line.url))
