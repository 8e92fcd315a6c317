"""What a shell offers at the Tab key: the words, and real shells that ask for them."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from helpers.commands import finished, invoke, mcuzoo

from mcuzoo.board.load import list_any_boards, list_boards
from mcuzoo.cli.commands import COMMANDS, command_of
from mcuzoo.cli.complete import (
    _KNOWN,
    FILES,
    PATHS,
    SHELLS,
    answer_lines,
    complete,
    split_line,
)
from mcuzoo.cli.terminal import WAYS as PICTURES
from mcuzoo.data.splits import ALL, split_name
from mcuzoo.evaluate.engines import HOST_ENGINES
from mcuzoo.evaluate.request import ROLES
from mcuzoo.flash.options import WAYS
from mcuzoo.options import RecipeOptions
from mcuzoo.project.kinds import PROJECTS, RUNTIMES, WEIGHTS
from mcuzoo.project.recipe import COLORS, FITS, KERNELS, LIBRARIES, Recipe
from mcuzoo.report.schemas import VERSIONS
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.names import model_names
from mcuzoo.zoo.recipe_flags import chosen_recipe
from mcuzoo.zoo.schema import Role


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with two projects and a model; and no port but one that is named."""
    for name in ("hello", "my project", "none"):
        (tmp_path / name).mkdir()
    for name in ("hello", "my project"):
        (tmp_path / name / "mcuzoo.json").touch()
    (tmp_path / "net.tflite").touch()
    (tmp_path / "mine.toml").touch()
    (tmp_path / "mcuzoo.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MCUZOO_PORTS", "socket://host:4000")
    monkeypatch.setattr("mcuzoo.link.ports.list_serial_ports", list)
    return tmp_path


def offered(line: str) -> list[str]:
    """The words for what is typed behind `mcuzoo `."""
    return list(complete(split_line(line)).words)


def test_commands_and_options() -> None:
    assert offered("e") == ["export", "emulate", "evaluate"]
    assert offered("--v") == ["--version"]
    assert set(COMMANDS) < set(offered(""))
    assert offered("fit --be") == [] and offered("fits --b") == []
    assert offered("export --ba") == ["--baud"]
    assert offered("evaluate --no-r") == ["--no-remember"]
    assert "--board" not in offered("export --board rt1170 --")
    assert "--board" not in offered("export --board=rt1170 --")
    assert "--port" in offered("run-serial --port /a --")  # may be given several times
    assert "--help" in offered("boards ")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_offered(name: str) -> None:
    found = offered(f"{name} -")
    for one in command_of(name).parameters:
        if not one.is_argument:
            assert max(one.flags, key=len) in found
    assert all(word.startswith("--") for word in found)


def test_boards_and_models() -> None:
    assert offered("export --board rt") == [board.id for board in list_boards()]
    assert offered("export -b rt105") == ["rt1050"]
    assert offered("fit --board=rt105") == ["--board=rt1050"]
    every = sorted(board.id for board in list_any_boards())
    assert offered("export --board ") == [*every, "mine.toml"]
    assert model_names() == list(catalog())
    assert offered("export sig") == ["signs"]
    assert offered("fetch ") == list(catalog())
    assert "net.tflite" in offered("inspect ") and offered("inspect ne") == ["net.tflite"]
    assert offered("export signs mobilenet_v1_0.25_1") == [
        "mobilenet_v1_0.25_128",
        "mobilenet_v1_0.25_160",
        "mobilenet_v1_0.25_192",
    ]


def test_projects_and_ports() -> None:
    assert offered("build ") == ["hello", "my project"]
    assert offered("run-serial --project h") == ["hello"]
    assert offered("compare hello my") == ["my project"]
    assert offered("emulate h") == ["hello"]
    assert offered("run-serial --port ") == [
        "socket://host:4000",
        "auto",
        "all",
        "emulator://hello",
        "emulator://my project",
    ]
    assert offered("run-serial --port emulator://h") == ["emulator://hello"]
    assert offered("profile ") == [
        *("hello", "my project", "socket://host:4000"),
        *("emulator://hello", "emulator://my project"),
    ]
    assert offered("ports so") == ["socket://host:4000"]


def test_projects_elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "none")
    assert offered("build ../") == ["../hello", "../my project"]
    assert complete(["build", ""]).files and not complete(["build", ""]).words
    monkeypatch.chdir(folder / "hello")
    assert offered("build ") == ["."]


def test_words_that_an_option_takes() -> None:
    assert offered("export --runtime ") == sorted(RUNTIMES)
    assert sorted(offered("export --project ")) == sorted(PROJECTS)
    assert sorted(offered("export --weights ")) == sorted(WEIGHTS)
    assert sorted(offered("flash --via ")) == sorted(WAYS)
    assert offered("export --color ") == list(COLORS)
    assert offered("export --fit ") == list(FITS)
    assert sorted(offered("evaluate signs --engine ")) == sorted((*HOST_ENGINES, "emulator"))
    assert offered("rig ") == ["scan", "check"]
    assert offered("completion ") == list(SHELLS)
    assert offered("schema run") == ["run", f"run-{VERSIONS['run']}"]
    assert offered("config run") == ["run-serial"]
    assert not offered("config init")
    assert offered("export --baud ") == []
    assert offered("watch --picture s") == ["sixel"] and set(offered("watch --picture ")) == {
        *PICTURES
    }
    assert offered("evaluate signs --role ") == [*ROLES]
    assert offered("fetch signs --role ") == [*get_args(Role)]
    assert offered("evaluate signs --split p") == ["public-test", "private-test"]
    for word in offered("evaluate signs --split "):
        assert word == ALL or split_name(word) == word


def test_a_resize_word_by_word() -> None:
    whole = offered("export --resize ")
    assert len(whole) == len(KERNELS) * (len(LIBRARIES) + 1)
    assert offered("export --resize pillow:bi") == ["pillow:bilinear", "pillow:bicubic"]
    assert offered("export --resize pillow:bicubic:") == ["pillow:bicubic:antialias"]
    for word in (*whole, "pillow:bicubic:antialias"):
        assert chosen_recipe(Recipe(), "", RecipeOptions(resize=word))


def test_networks_that_are_converted_and_quantized(folder: Path) -> None:
    for name in ("net.keras", "net.onnx", "net.txt"):
        (folder / name).touch()
    assert offered("convert ne") == ["net.tflite"] and offered("convert sig") == ["signs"]
    assert offered("quantize ne") == ["net.keras", "net.onnx", "net.tflite"]
    assert offered("quantize sig") == ["signs"]


FREE = {
    *("command", "camera", "faults", "fill", "filter", "input", "labgrid", "lg_state", "mean"),
    *("arena_region", "model_region", "ops", "pin", "probe", "runner", "scale", "since", "std"),
}
"""Parameters whose words nobody can list without a project, a board or a number of the user's."""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_word_that_is_one_of_some_is_offered(name: str) -> None:
    for one in command_of(name).parameters:
        if one.kind is str and one.name not in FREE:
            assert (name, one.name) in _KNOWN or ("", one.name) in _KNOWN, one.shown


def test_files_are_left_to_the_shell() -> None:
    assert list(answer_lines(["fit", "--html", ""])) == [FILES]
    assert next(iter(answer_lines(["build", ""]))) == PATHS
    assert offered("convert a -- -") == [] and complete(["convert", "a", "--", "-"]).files


def test_words_that_bash_takes_apart() -> None:
    def of_bash(line: str) -> list[str]:
        return list(answer_lines(["--line", f"mcuzoo {line}", " \t\n\"'><=;|&(:"]))

    assert of_bash("run-serial --port socket:") == ["//host:4000\tMCUZOO_PORTS"]
    assert of_bash("fit --board=rt105") == ["rt1050\tboard"]
    assert of_bash("build 'my pr") == [PATHS, "my project\tproject"]
    assert of_bash("build my\\ pr") == [PATHS, "my project\tproject"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a b", ["a", "b"]),
        ("a b ", ["a", "b", ""]),
        ("a 'b c", ["a", "b c"]),
        ('a "b', ["a", "b"]),
        ("a b\\ c", ["a", "b c"]),
        ("a\\", ["a"]),
    ],
)
def test_an_unfinished_line(line: str, words: list[str]) -> None:
    assert split_line(line) == words


def test_it_never_says_more_than_words() -> None:
    Path("evil\n:files").mkdir()
    Path("evil\n:files", "mcuzoo.json").touch()
    said = invoke(["__complete", "build", ""])
    assert said.stdout.splitlines() == [PATHS, "hello\tproject", "my project\tproject"]
    assert invoke(["__complete"]).exit_code == 0
    assert invoke(["__complete", "build", "/root/\x00"]).exit_code == 0


@pytest.mark.slow
def test_it_loads_nothing_heavy() -> None:
    for words in (["export", "mob"], ["run-serial", "--port", ""], ["evaluate", "--"], ["e"]):
        code = (
            "import sys\nfrom mcuzoo.cli.program import run_command\n"
            f"run_command(['__complete', *{words!r}])\nprint(*sys.modules)"
        )
        loaded = finished([sys.executable, "-c", code]).stdout.split()
        assert not {"numpy", "pydantic", "jinja2", "typer", "rich", "cv2"} & set(loaded)


def test_an_unknown_shell() -> None:
    said = invoke(["completion", "fsh"])
    assert said.exit_code == 2 and "Did you mean 'fish'?" in said.stderr


# Real shells.


@pytest.fixture
def scripts(folder: Path) -> Iterator[Path]:
    """A folder with the scripts, and with a program mcuzoo of this Python."""
    made = folder / ".bin"
    made.mkdir()
    for shell in SHELLS:
        (made / f"mcuzoo.{shell}").write_text(invoke(["completion", shell]).stdout)
    (made / "_mcuzoo").write_text(invoke(["completion", "zsh"]).stdout)
    program = made / "mcuzoo"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m mcuzoo "$@"\n')
    program.chmod(0o755)
    yield made


def environment(scripts: Path) -> dict[str, str]:
    path = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    kept = {"PATH": path, "HOME": str(scripts), "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    return {**kept, "MCUZOO_PORTS": "socket://host:4000", "INPUTRC": "/dev/null"}


class Terminal:
    """A shell on a terminal. What it writes is read until it has what is waited for."""

    def __init__(self, words: list[str], scripts: Path) -> None:
        import pty

        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.execvpe(words[0], words, environment(scripts))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._terminal)

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def until(self, wanted: str) -> str:
        """What it writes, without escapes, up to where it has `wanted`."""
        seen = ""
        while wanted not in seen:
            ready, _, _ = select.select([self._terminal], [], [], 120)
            assert ready, f"{wanted!r} never came: {seen!r}"
            piece = os.read(self._terminal, 4096).decode(errors="replace")
            seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x07|\r", "", seen + piece)
        return seen


LINES = [
    ("mcuzoo exp", "mcuzoo export "),
    ("mcuzoo fit --bo", "mcuzoo fit --board "),
    ("mcuzoo fit --board rt105", "mcuzoo fit --board rt1050 "),
    ("mcuzoo inspect sig", "mcuzoo inspect signs "),
    ("mcuzoo run-serial --port socket:", "mcuzoo run-serial --port socket://host:4000 "),
]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="no bash")
def test_bash(scripts: Path) -> None:
    with Terminal(["bash", "--norc", "--noprofile", "-i"], scripts) as shell:
        shell.type("PS1='ready'\\> ; source .bin/mcuzoo.bash\n")
        shell.until("\nready>")
        for typed, wanted in LINES:
            shell.type(f"{typed}\t")
            shell.until(wanted)
            shell.type("\x15")
        shell.type("mcuzoo build my\t")
        shell.until("mcuzoo build my\\ project/")
        shell.type("\x15mcuzoo fit --html net\t")
        shell.until("mcuzoo fit --html net.tflite ")
        shell.type("\x15mcuzoo rig \t\t")
        shell.until("check")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh")
@pytest.mark.parametrize("way", ["fpath", pytest.param("source", marks=pytest.mark.full)])
def test_zsh(scripts: Path, way: str) -> None:
    with Terminal(["zsh", "-f", "-i"], scripts) as shell:
        first = "fpath=($PWD/.bin $fpath); " if way == "fpath" else ""
        then = "" if way == "fpath" else "; source .bin/mcuzoo.zsh"
        shell.type(f"{first}autoload -U compinit; compinit -u -D{then}; PS1='read''y>'\n")
        shell.until("ready>")
        for typed, wanted in LINES:
            shell.type(f"{typed}\t")
            shell.until(wanted.rstrip())
            shell.type("\x15")
        shell.type("mcuzoo build my\t")
        shell.until("mcuzoo build my\\ project")
        shell.type("\x15mcuzoo fit --html net\t")
        shell.until("mcuzoo fit --html net.tflite")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
def test_fish(scripts: Path) -> None:
    def of_fish(line: str) -> list[str]:
        code = f"source .bin/mcuzoo.fish; complete -C {line!r}"
        done = subprocess.run(
            ["fish", "--no-config", "-c", code],
            env=environment(scripts),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return [word.partition("\t")[0] for word in done.stdout.splitlines()]

    for typed, wanted in LINES:
        assert wanted.split()[-1] in of_fish(typed)
    assert of_fish("mcuzoo build my") == ["my project"]
    assert of_fish("mcuzoo rig ") == ["check", "scan"]
    assert "net.tflite" in of_fish("mcuzoo fit --html net")


def test_the_scripts_call_what_there_is() -> None:
    for shell in SHELLS:
        assert "__complete" in invoke(["completion", shell]).stdout
    assert finished(mcuzoo("__complete", "exp")).stdout.startswith("export\t")
