"""The pytest plugin: pytest runs tests of a user on boards, which are processes behind ptys."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from helpers.boards_at_work import Boards, boards_at_work, kill
from helpers.commands import invoke
from helpers.compilers import needs_compiler
from helpers.fake_tflm import fake_tree
from helpers.host_firmware import SLOT_RUNTIME, build_host_firmware
from helpers.host_project import HostProject, make_host_project
from helpers.one_op_nets import int8, int32, one_op

from mcuzoo.board.load import load_board
from mcuzoo.codegen.universal import UniversalOptions, export_universal
from mcuzoo.project.manifest import (
    UniversalManifest,
    load_manifest,
    load_project,
    write_manifest,
)
from mcuzoo.pytest_plugin import bench
from mcuzoo.pytest_plugin.options import chosen
from mcuzoo.rig import power
from mcuzoo.run import connected_board
from mcuzoo.run.journal import read_run
from mcuzoo.run.many import source
from mcuzoo.run.record import Status
from mcuzoo.run.summary import summarize
from mcuzoo.run.verdict import Broke

pytest.importorskip("PIL")
pytest.importorskip("cv2")  # before an inner pytest would load it, and forget it again
pytest_plugins = ["pytester"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs ptys and POSIX signals"),
]

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ("-p", "no:mcuzoo", "-p", "no:labgrid", "-p", "mcuzoo.pytest_plugin")
"""Also where the plugin is installed, and pytest would load it by its entry point."""

IMPATIENT = """
from mcuzoo.link.state import Timing
from mcuzoo.run import connected_board
connected_board._REOPEN_PAUSES_S = (0.0,)
Timing.of_port = classmethod(lambda cls, url, baud, fastest=0: cls(baud, connect_s=2.0, tries=3))
"""

HEAD = """
from pathlib import Path
import numpy as np
import pytest
IMAGES = sorted(Path({images!r}).parent.glob("*.png"))
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    return make_host_project(tmp_path_factory.mktemp("host"), 6)


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    """The same build by its own words, but its kernel gets a byte wrong."""
    return make_host_project(tmp_path_factory.mktemp("spoiled"), 1, spoiled=True)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    """Another model."""
    return make_host_project(tmp_path_factory.mktemp("other"), 1, seed=4)


@pytest.fixture
def boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Boards]:
    monkeypatch.delenv("MCUZOO_PORT", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "boards").mkdir()
    with boards_at_work(tmp_path / "boards") as found:
        yield found


@pytest.fixture
def write(pytester: pytest.Pytester, host: HostProject) -> Callable[[str], Path]:
    """Writes a test file of the user."""

    def written(text: str) -> Path:
        pytester.makefile(".ini", pytest="[pytest]")  # else a file above it would count
        return pytester.makepyfile(test_it=HEAD.format(images=str(host.images)) + text)

    return written


def runs_of(pytester: pytest.Pytester) -> dict[str, Path]:
    """The folders of the runs, by what their names say after the time, without the worker."""
    found = sorted((pytester.path / "runs").iterdir())
    return {folder.name.split("-", 2)[2]: folder for folder in found}


@pytest.mark.full
def test_two_boards_in_parallel_one_of_which_dies(
    pytester: pytest.Pytester, host: HostProject, boards: Boards, write: Callable[[str], Path]
) -> None:
    pytest.importorskip("xdist")
    boards.add(host.firmware)
    boards.add(host.firmware, kill, after_images=1.1)
    pytester.makeconftest(IMPATIENT)
    write(
        """
pytestmark = pytest.mark.hil

@pytest.mark.parametrize("turn", range(6))
def test_pictures(board, reference, turn):
    for picture in IMAGES[:3]:
        assert board.classify(picture) == reference(picture)
"""
    )
    found = pytester.runpytest_subprocess(
        *PLUGIN, "-n", "2", "--junitxml", "junit.xml", f"--mcuzoo-rig={boards.rig()}",
        f"--mcuzoo-project={host.folder}",
    )  # fmt: skip
    found.assert_outcomes(passed=5, failed=1)
    text = found.stdout.str()
    assert "broke    the rig: b1" in text and "Traceback" not in text
    assert re.search(r"E   \w+Error: The board cannot be reached again", text)
    assert re.search(
        r"\nb1: \d tests?; retired in test_it.py::test_pictures\[\d\]: The board", text
    )
    # Both have worked, and after that one the other worked for both workers.
    tests = {name: int(n) for name, n in re.findall(r"\n(b\d): (\d) test", text)}
    assert tests.keys() == {"b0", "b1"} and sum(tests.values()) == 6 and tests["b1"] >= 1
    cases = ElementTree.parse(pytester.path / "junit.xml").iter("testcase")
    said = [{one.get("name"): one.get("value") for one in case.iter("property")} for case in cases]
    assert len(said) == 6 and {one["mcuzoo_board"] for one in said} == {"b0", "b1"}
    assert {one["mcuzoo_port"] for one in said} == set(boards.ports)
    assert {one["mcuzoo_build_id"] for one in said} == {load_manifest(host.folder).build_id}
    rows = [row for folder in runs_of(pytester).values() for row in read_run(folder)[1]]
    done = [row for row in rows if row.status is Status.DONE]
    assert len(done) >= 15 and all(row.reference_difference == 0 for row in done)
    assert [row.board for row in rows if row.status is not Status.DONE] == ["b1"]
    retired = {
        record.name
        for folder in runs_of(pytester).values()
        for record in read_run(folder)[0].boards
        if record.retired
    }
    assert retired == {"b1"}


def test_a_failing_assert_says_which_of_the_three_broke(
    pytester: pytest.Pytester,
    host: HostProject,
    spoiled: HostProject,
    boards: Boards,
    write: Callable[[str], Path],
) -> None:
    good, bad = boards.add(host.firmware), boards.add(spoiled.firmware)
    write(
        """
def test_output(board, reference):
    assert board.classify(IMAGES[1]) == reference(IMAGES[1])

def test_answer(board):
    seen = board.classify(IMAGES[0], label=5)
    assert seen.best.name == "stop"

def test_tensor(board, reference):
    tensor = np.zeros((48, 48, 3), np.int8)
    assert board.infer(tensor) == reference(tensor)

def test_usage(board):
    board.infer(np.zeros(3, np.int8))

def test_of_others():
    assert 1 == 2
"""
    )
    options = (*PLUGIN, f"--mcuzoo-project={host.folder}")
    found = pytester.runpytest_inprocess(*options, f"--mcuzoo-port={good.url}")
    found.assert_outcomes(passed=2, failed=3)
    assert found.stdout.str().count("- mcuzoo -") == 2
    found.stdout.fnmatch_lines(
        [
            "E*AssertionError: assert '4' == 'stop'",
            "*- mcuzoo -*",
            "broke     the model (with its recipe), or what the test expects of it: the",
            f"board     {good.url} (host, process), build *",
            "image     *000.png",
            "expected  5, says the test",
            "got       4 (184), *",
            "host      the same output, byte for byte",
            "link      2 images, *; nothing lost",
            "journal   mcuzoo report runs/*-tests",
        ]
    )
    found.stdout.fnmatch_lines(
        [
            "test_it.py:*: in test_usage",
            "    board.infer(np.zeros(3, np.int8))",
            "E   UsageError: The model takes int8 of shape (1, 48, 48, 3), not int8 of shape",
            "E     (3,).",
            "E   hint: classify() makes such a tensor of a picture.",
            "broke    the test: it asked for something that cannot be done",
        ]
    )
    found = pytester.runpytest_inprocess(*options, f"--mcuzoo-port={bad.url}")
    found.assert_outcomes(failed=5)
    found.stdout.fnmatch_lines(
        [
            f"E*assert the output of {bad.url} == that of the host",
            "E*image     *001.png",
            "E*expected  2 (320), *",
            "E*output    1 of 7 values differ, by up to 64 steps; the first is [[]0]: 7, not 71",
            "E*broke     the firmware",
            "broke    the firmware: from the same input *",
            "layer    on 001.png, op 0 CONV_2D is the first whose output differs",
        ]
    )
    newest = max(runs_of(pytester).values())
    report = re.sub(r"\s+", " ", invoke(["report", newest]).output)
    assert "verdict FAIL: firmware" in report and "op 0 CONV_2D" in report


def test_runs_and_questions_are_in_journals(
    pytester: pytest.Pytester, host: HostProject, boards: Boards, write: Callable[[str], Path]
) -> None:
    boards.add(host.firmware)
    write(
        f"""
def test_run(board, run_images, project):
    right = board.classify(IMAGES[0]).best.name
    board.classify(IMAGES[0], label=right)
    summary = run_images({str(host.images)!r}, limit=4)
    assert summary.verdict.passed and summary.agreement.equal == 4
    board.classify(np.zeros((60, 50, 3), np.uint8))
    assert project.manifest.board == board.hello.board == "host"
    assert run_images(resume=Path(summary.meta.settings.project).parent / "none") is None

def test_accuracy(run_images):
    assert run_images({str(host.images)!r}, min_top1=1.0).verdict.passed

def test_field(run_images):
    run_images(limmit=3)
"""
    )
    found = pytester.runpytest_inprocess(
        *PLUGIN, f"--mcuzoo-port={boards.ports[0]}", f"--mcuzoo-project={host.folder}"
    )
    found.assert_outcomes(failed=3)
    found.stdout.fnmatch_lines(["E   InputError: *"])
    # Where the line breaks, depends on the length of the folder's name.
    assert " holds no run: " in re.sub(r"\s+(E +)?", " ", found.stdout.str())
    found.stdout.fnmatch_lines(
        ["E   UsageError: *no field 'limmit' in RunOptions.", "E   hint: Did you mean 'limit'? *"]
    )
    found.stdout.fnmatch_lines(["broke  *the model: Top-1 is 0.*", "run  *FAIL: model: 6 images*"])
    runs = runs_of(pytester)
    run, tests = summarize(*read_run(runs["test_run"])), summarize(*read_run(runs["tests"]))
    assert run.verdict.passed and len(run.rows) == 4 and not run.boards
    assert "000.png" not in repr(run) and len(repr(run)) < 1000
    assert run.meta.settings.port == boards.ports[0]
    assert [Path(row.file).name for row in tests.rows][:2] == ["000.png", "000.png"]
    assert tests.rows[2].file == "uint8 of shape (60, 50, 3)"
    assert tests.top1 is not None and (tests.top1.correct, tests.top1.total) == (1, 1)
    accuracy = summarize(*read_run(runs["test_accuracy"])).verdict
    assert accuracy.broke is Broke.MODEL
    page = pytester.path / "run.html"
    assert invoke(["report", runs["tests"], "--html", page]).exit_code == 0
    assert "test_it.py::test_run" in (runs["tests"] / "images.csv").read_text()


def test_who_names_a_board(
    pytester: pytest.Pytester,
    host: HostProject,
    boards: Boards,
    write: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boards.add(host.firmware)
    write(
        """
@pytest.mark.hil
def test_marked():
    pass

def test_asked(board):
    assert board.port == board.name

def test_host(reference):
    assert reference(IMAGES[0]).answer.by == "the host"
"""
    )
    found = pytester.runpytest_inprocess(*PLUGIN, "-rs")
    found.assert_outcomes(skipped=3)
    found.stdout.fnmatch_lines(["SKIPPED * test_it.py:*: no board is named: --mcuzoo-port=PORT*"])
    pytester.runpytest_inprocess(*PLUGIN, "--mcuzoo-require").assert_outcomes(errors=3)
    ini = f"[pytest]\nmcuzoo_project = {host.folder}\nmcuzoo_require = true\n"
    pytester.makefile(".ini", pytest=ini)
    pytester.runpytest_inprocess(*PLUGIN).assert_outcomes(passed=1, errors=2)
    monkeypatch.setenv("MCUZOO_PORT", boards.ports[0])
    pytester.runpytest_inprocess(*PLUGIN).assert_outcomes(passed=3)
    # What is typed comes before the environment; and a port of nobody is the rig's fault.
    found = pytester.runpytest_inprocess(*PLUGIN, "--mcuzoo-port=/dev/nobody", "-k", "asked")
    found.assert_outcomes(errors=1)
    found.stdout.fnmatch_lines(["E   PortError: There is no port '/dev/nobody'.", "broke  the rig"])
    rig = f"--mcuzoo-rig={boards.rig()}"
    found = pytester.runpytest_inprocess(*PLUGIN, rig, "--mcuzoo-labgrid=x")
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    found.stderr.fnmatch_lines(["ERROR: --mcuzoo-rig and --mcuzoo-labgrid exclude each other."])
    found = pytester.runpytest_inprocess(*PLUGIN, "--mcuzoo-port=a", "--mcuzoo-filter=b=c")
    found.stderr.fnmatch_lines(["ERROR: --mcuzoo-filter needs *"])
    # mcuzoo.toml comes last.
    monkeypatch.delenv("MCUZOO_PORT")
    monkeypatch.delenv("MCUZOO_CONFIG")
    configured = pytester.path / "mcuzoo.toml"
    configured.write_text(f'port = "{boards.ports[0]}"\n')
    pytester.runpytest_inprocess(*PLUGIN).assert_outcomes(passed=3)
    budget = f'project = "{host.folder}"\n[budgets]\nmin_top1 = 1.0\n[run-serial]\nlimit = 4\n'
    configured.write_text(f'port = "{boards.ports[0]}"\nimages = "{host.images}"\n{budget}')
    write(
        """
def test_budget(run_images):
    summary = run_images(limit=5)
    assert len(summary.rows) == 5 and summary.meta.settings.min_top1 == 1.0
    assert run_images(min_top1=0.1).verdict.passed and len(run_images(min_top1=0.2).rows) == 4
"""
    )
    pytester.runpytest_inprocess(*PLUGIN).assert_outcomes(passed=1)
    configured.write_text('prot = "x"\n')
    found = pytester.runpytest_inprocess(*PLUGIN)
    found.stdout.fnmatch_lines(["E   InputError: *mcuzoo.toml*prot*", "E   hint: *"])


def test_the_boards_that_are_there_are_found(
    pytester: pytest.Pytester,
    host: HostProject,
    boards: Boards,
    write: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boards.add(host.firmware)
    monkeypatch.setenv("MCUZOO_PORTS", boards.ports[0])
    write("def test_it(board): assert board.classify(IMAGES[0]).answer.equal\n")
    for port in ("auto", "all"):
        found = pytester.runpytest_inprocess(
            *PLUGIN, f"--mcuzoo-port={port}", f"--mcuzoo-project={host.folder}"
        )
        found.assert_outcomes(passed=1)
        found.stdout.fnmatch_lines([f"mcuzoo: boards of {port}; *", f"{boards.ports[0]}: 1 test"])


def test_a_lost_board_is_switched_off_and_on(
    pytester: pytest.Pytester,
    host: HostProject,
    boards: Boards,
    write: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = boards.add(host.firmware)
    switched = boards.folder / "switched"
    rig = boards.rig(b0=f'{{ cycle = ["touch", "{switched}"] }}')
    cycle = power.cycle

    def switch(board: Any, sleep: Any) -> None:
        cycle(board, sleep)
        assert switched.exists()
        line.press_reset()

    monkeypatch.setattr(source, "cycle", switch)
    monkeypatch.setattr(connected_board, "_REOPEN_PAUSES_S", ())
    write(
        """
def test_one(board):
    board.lose(RigError("It is silent.", "Look at it."))

def test_two(board):
    assert board.classify(IMAGES[0]).answer.equal
""".replace("\n", "\nfrom mcuzoo.errors import RigError\n", 1)
    )
    found = pytester.runpytest_inprocess(
        *PLUGIN, f"--mcuzoo-rig={rig}", f"--mcuzoo-project={host.folder}"
    )
    found.assert_outcomes(passed=2)
    (record,) = read_run(runs_of(pytester)["tests"])[0].boards
    assert (record.name, record.recoveries, record.retired) == ("b0", 1, None)


def test_a_board_with_another_firmware_is_flashed_once(
    pytester: pytest.Pytester,
    host: HostProject,
    other: HostProject,
    boards: Boards,
    write: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = boards.add(other.firmware)
    flashed: list[tuple[Path, Any]] = []

    def flash(project: Path, options: Any, say: object) -> Any:
        flashed.append((project, options))
        line.board.executable = host.firmware
        line.press_reset()
        return SimpleNamespace(build_id="its build")

    monkeypatch.setattr(bench, "flash", flash)
    write("def test_one(board): pass\ndef test_two(board): assert board.hello.board == 'host'\n")
    options = (*PLUGIN, f"--mcuzoo-port={line.url}", f"--mcuzoo-project={host.folder}")
    found = pytester.runpytest_inprocess(*options)
    found.assert_outcomes(errors=2)
    found.stdout.fnmatch_lines(["E   WrongFirmwareError: *", "broke  the firmware"])
    found.stdout.fnmatch_lines(["E   WrongFirmwareError: No board is left. * was retired in", "*"])
    probe = "--mcuzoo-probe=AB12"
    never = pytester.runpytest_inprocess(*options, probe, "--mcuzoo-flash=never")
    never.assert_outcomes(errors=2)
    assert not flashed
    pytester.runpytest_inprocess(*options, probe).assert_outcomes(passed=2)
    ((project, given),) = flashed
    assert (project, given.probe, given.port) == (host.folder, "AB12", line.url)
    # It runs the project now.
    pytester.runpytest_inprocess(*options, probe).assert_outcomes(passed=2)
    assert len(flashed) == 1
    always = pytester.runpytest_inprocess(*options, probe, "--mcuzoo-flash=always")
    always.assert_outcomes(passed=2)
    assert len(flashed) == 2


def test_a_universal_firmware_gets_the_model_first(
    pytester: pytest.Pytester, boards: Boards, tmp_path: Path
) -> None:
    project, model = tmp_path / "universal", tmp_path / "net.tflite"
    options = UniversalOptions(fake_tree(tmp_path / "tree"), ("RESHAPE", "CONV_2D"), "reference")
    export_universal(load_board("rt1170"), project, options)
    manifest = load_project(project)
    assert isinstance(manifest, UniversalManifest)
    universal = replace(manifest.universal, ops=(*manifest.universal.ops, "RESHAPE"))
    write_manifest(replace(manifest, board="host", build=None, universal=universal), project)
    identity = f'-DMZ_BUILD_ID="{manifest.build_id}"'
    firmware = build_host_firmware(tmp_path / "slot", [SLOT_RUNTIME], [identity], upload="slot")
    model.write_bytes(one_op("RESHAPE", [int8(1, 10, 50, 3), int32([1, 1500])], int8(1, 1500)))
    boards.add(firmware)
    pytester.makefile(".ini", pytest="[pytest]")
    pytester.makepyfile(
        test_it="""
import numpy as np

def test_it(board):
    answer = board.infer(np.zeros((10, 50, 3), np.int8))
    assert answer.output.shape == (1500,)
    assert answer.equal
"""
    )
    found = pytester.runpytest_inprocess(
        *PLUGIN, f"--mcuzoo-project={project}", f"--mcuzoo-upload={model}",
        f"--mcuzoo-port={boards.ports[0]}",
    )  # fmt: skip
    found.assert_outcomes(failed=1)
    # The host has nothing to compute there, so that it cannot say who is right.
    found.stdout.fnmatch_lines(
        ["E*assert None", "broke    not known: the board answered, and nothing was compared *"]
    )


def test_projects_of_ports_are_relative_to_the_ini_file(pytester: pytest.Pytester) -> None:
    ports = ("/dev/x", "emulator://", "emulator://?count=2", "Emulator://a b?count=2")
    lines = "".join(f"  {port}\n" for port in ports)
    pytester.makefile(".ini", pytest=f"[pytest]\nmcuzoo_port =\n{lines}")
    found = chosen(pytester.parseconfig(*PLUGIN)).ports
    assert found == (*ports[:3], f"emulator://{pytester.path}/a b?count=2")


def test_it_costs_nothing_where_nobody_uses_it(pytester: pytest.Pytester) -> None:
    script = (
        "import sys, pytest\n"
        f"assert pytest.main([*{PLUGIN!r}, '--help']) == 0\n"
        "print('loaded', *(name for name in sys.modules if name.startswith('mcuzoo')))\n"
        "print('heavy', *{'numpy', 'serial', 'pydantic', 'jinja2', 'cv2'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "\nmcuzoo: tests on boards, real or emulated:\n" in done.stdout
    assert "--mcuzoo-port=PORT" in done.stdout and "mcuzoo_port (linelist):" in done.stdout
    loaded, heavy = done.stdout.splitlines()[-2:]
    names = {"mcuzoo", "mcuzoo.pytest_plugin", "mcuzoo.pytest_plugin.options"}
    # A build writes _version, and only then it is there.
    assert set(loaded.split()) - {"mcuzoo._version"} == {"loaded", *names} and heavy == "heavy"


@pytest.mark.full
@needs_compiler
def test_the_example_passes_on_the_emulator(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("unicorn")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    where = ["--board", "rt1050", "--runtime", "aot", "--project", "cmake", "-o", "hello"]
    assert invoke(["export", "signs", *where]).exit_code == 0
    assert invoke(["build", "hello"]).exit_code == 0
    example = ROOT / "examples" / "test_board.py"
    found = pytester.runpytest_inprocess(
        *PLUGIN, str(example), "--mcuzoo-port=emulator://hello", "--mcuzoo-require"
    )
    found.assert_outcomes(passed=4)
