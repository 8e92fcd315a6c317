"""Every command with a board that runs Linux: it takes it, or says why not and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.commands import invoke

from mcuzoo.cli.commands import COMMANDS
from mcuzoo.toolchain.find import linux_compiler_packages

EXPORT = ("export", "signs", "--board", "imx93", "--no-npu", "-o", "desk")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert invoke(EXPORT).exit_code == 0
    return tmp_path / "desk"


REFUSED = [
    (("flash", "desk"), "there is no flash to write", "README.md"),
    (("build", "desk", "--tflm", "x"), "--tflm: imx93-signs is a program for Linux", "Leave it"),
    (("build", "desk", "--sdk", "x"), "--sdk: imx93-signs is a program for Linux", "Leave it out"),
    (("emulate", "desk"), "has not been built", "mcuzoo build desk"),
    (("emulate", "desk", "--board", "rt1170"), "is a project for Linux", "Leave --board out"),
    (("run-serial", "--port", "emulator://desk"), "has not been built", "mcuzoo build desk"),
    (("run-serial", "--port", "ssh://-x@desk", "--project", "desk"), "is no user", "ssh://USER"),
    (("export", "signs", "--board", "imx93", "--universal"), "runs Linux", "docs/linux.md"),
    (("export", "signs", "--board", "imx8mp", "--tflm", "x"), "--tflm: ", "Leave it out"),
    (
        ("export", "signs", "--board", "rt1170", "--systemd"),
        "--systemd is for boards that",
        "Leave",
    ),
    (
        ("fit", "signs", "--board", "imx93", "--universal"),
        "--universal is for boards",
        "docs/linux",
    ),
    (
        ("fit", "signs", "--board", "imx8mp", "--measure"),
        "--measure is for boards",
        "docs/linux.md",
    ),
    (("fit", "signs", "--board", "imx8mp", "--pin", "1=x"), "is for boards with", "Leave"),
    (("try", "signs", "--board", "imx93", "--tflm", "x"), "--tflm is for boards", "Leave it"),
    (("try", "signs", "--board", "imx93", "--stream-input"), "--stream-input is for", "Leave it"),
    (("export", "signs", "--board", "imx94"), "There is no board 'imx94'", "Did you mean 'imx93'"),
]


@pytest.mark.parametrize(
    ("words", "said", "hint"), REFUSED, ids=["-".join(words[:4]) for words, _, _ in REFUSED]
)
def test_what_makes_no_sense_is_refused_with_a_hint(
    project: Path, words: tuple[str, ...], said: str, hint: str
) -> None:
    done = invoke(words)
    assert done.exit_code in (2, 3), (done.exit_code, done.stderr)
    told = " ".join(done.stderr.split())
    assert said in told and "hint: " in told and hint in told.partition("hint: ")[2]


TAKEN = [
    ("boards",),
    ("models", "mobilenet_v1_0.25_128"),
    ("models", "signs", "--json"),
    ("fit", "signs", "--board", "imx8mp"),
    ("fit", "signs", "--board", "i.MX 8M Plus", "--json"),
    ("export", "signs", "--board", "imx8mp", "-o", "plus", "--json"),
    ("init", "fresh", "--board", "imx93", "--github", "--gitlab"),
    ("config", "--json"),
    ("inspect", "signs"),
    ("schema", "fit-linux"),
]


@pytest.mark.parametrize("words", TAKEN, ids=" ".join)
def test_what_makes_sense_is_done(project: Path, words: tuple[str, ...]) -> None:
    done = invoke(words)
    assert done.exit_code == 0 and done.stdout, done.stderr
    if "--json" in words:
        json.loads(done.stdout)


def test_the_board_file_of_a_project_is_a_board(project: Path) -> None:
    own = project / "board" / "board.toml"
    words = ("export", "signs", "--board", str(own), "--no-npu", "-o", "own", "--json")
    done = invoke(words)
    assert done.exit_code == 0 and json.loads(done.stdout)["board"] == "imx93"


def test_each_command_is_thought_of_on_the_page() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "linux.md"
    text = page.read_text(encoding="utf-8").partition("## Each command")[2]
    of_models = {"fetch", "inspect", "convert", "quantize", "doctor-image", "doctor-data"}
    of_mcuzoo = {"schema", "completion", "boards", "ports"}
    for name in set(COMMANDS) - of_models - of_mcuzoo:
        assert f"`{name}`" in text, name


@pytest.mark.full
@pytest.mark.skipif(bool(linux_compiler_packages()), reason="no compiler for AArch64 Linux")
def test_try_and_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("unicorn")
    monkeypatch.chdir(tmp_path)
    done = invoke(("try", "signs", "--board", "imx8mp", "--limit", "2", "-o", "tried"))
    assert done.exit_code == 0 and "2 of 2 outputs byte-equal to the host's" in done.stdout
    assert "README.md says how it gets onto the board" in done.stdout.replace("\n", " ")
    names = {path.name for path in Path("tried").iterdir()}
    assert {"fit.txt", "fit.json", "run.html", "try.json", "project"} <= names
    document = json.loads(Path("tried", "try.json").read_text(encoding="utf-8"))
    assert document["fit"]["agent"]["runs"] and document["runtime"] == "aot"
    done = invoke(("demo", "--board", "imx8mp", "--images", "2", "-o", "shown"))
    assert done.exit_code == 0 and "verdict     pass" in done.stdout
