"""`mcuzoo evaluate --engine PORT`: what the line took is shown, as by run-serial."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from helpers.commands import Said, invoke
from helpers.fake_agent import FakeAgent, make_agent_project, nudged
from helpers.fault_proxy import Line, faults_of
from helpers.host_firmware import HostBoard
from helpers.host_project import HostProject, make_host_project
from helpers.schemas import validator

from mcuzoo.link.rates import DEFAULT_MAX_BAUD
from mcuzoo.zoo.measured import measurements

IMAGES = 6

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs ptys")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    return make_host_project(tmp_path_factory.mktemp("host"), IMAGES)


def words(project: HostProject, *more: object) -> list[object]:
    model = project.folder.parent / "small.tflite"
    recipe = ("--crop", "0.875")
    data = ("--data", project.images, "--board", "rt1050", "--no-remember")
    return ["evaluate", model, *data, *recipe, *more]


def test_the_line_of_a_board(project: HostProject, tmp_path: Path) -> None:
    with Line(HostBoard(project.firmware, tmp_path)) as line:
        text = invoke(words(project, "--engine", line.url, "--against", "reference"))
        said = invoke(words(project, "--engine", line.url, "--json"))
        other = invoke(words(project, "--against", line.url, "--json"))
        slow = invoke(words(project, "--engine", line.url, "--baud", 115_200, "--json"))
    assert text.exit_code == said.exit_code == other.exit_code == slow.exit_code == 0, text.stderr
    assert f"{IMAGES} of {IMAGES} byte-equal" in text.stdout
    (wire,) = [one for one in text.stdout.splitlines() if one.startswith("wire  ")]
    assert "bytes to the board" in wire and "KB/s of tensors" in wire
    assert f"of the line at {DEFAULT_MAX_BAUD:,} baud" in text.stdout
    assert "\nbound by    " in text.stdout and "asks for one image at a time" in text.stdout

    documents = [json.loads(one.stdout) for one in (said, other, slow)]
    for document in documents:
        validator("evaluate").validate(document)
    alone, against, fixed = documents
    assert alone["line"]["bytes_to_board"] > IMAGES * 1000
    assert alone["line"]["bauds"] == [DEFAULT_MAX_BAUD]
    assert alone["line"]["images_resent"] == 0 and alone["against"] is None
    assert against["line"] is None and against["against"]["line"]["bytes_from_board"] > 0
    assert fixed["line"]["bauds"] == [115_200]
    assert fixed["line"]["why_no_other_baud"] == "--baud names it"


def test_what_was_lost_on_the_way(project: HostProject, tmp_path: Path) -> None:
    faults = faults_of(seed=3, mean_bytes=8_000, kinds=("flip",))
    with Line(HostBoard(project.firmware, tmp_path), faults) as line:
        said = invoke(words(project, "--engine", line.url, "--json"))
        text = invoke(words(project, "--engine", line.url))
    assert said.exit_code == text.exit_code == 0, said.stderr
    assert json.loads(said.stdout)["line"]["frames_resent"] > 0
    assert "frames sent again" in text.stdout


def test_no_board_no_line(project: HostProject) -> None:
    said = invoke(words(project, "--engine", "reference"))
    assert said.exit_code == 0 and "wire" not in said.stdout


def test_a_delegate_is_judged_by_its_answers(tmp_path: Path) -> None:
    project = make_agent_project(tmp_path, 12)
    asked = ("evaluate", project.model, "--data", project.images, "--crop", "1.0", "--json")

    def said(*more: object) -> Said:
        with Line(FakeAgent(project.folder, {"vx": nudged(20)})) as line:
            where = ("--engine", line.url, "--against", "reference", "--board", "rt1050")
            return invoke((*asked, *where, *more))

    bytes_only = said("--max-mismatches", 0)
    found = json.loads(bytes_only.stdout)
    assert found["model"]["delegate"] == "vx" and found["against"]["agreement"]["equal"] == 0
    assert bytes_only.exit_code == 0 and found["budgets"][0]["holds"] is None
    assert "--max-flips bounds its answers" in found["budgets"][0]["text"]
    flips = found["against"]["flips"]
    assert 0 < flips < 12
    assert said("--max-flips", flips).exit_code == 0
    beyond = said("--max-flips", flips - 1)
    (budget,) = json.loads(beyond.stdout)["budgets"]
    assert beyond.exit_code == 1 and budget["part"] == "delegate"
    assert not measurements()
