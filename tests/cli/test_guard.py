"""Whatever happens ends in words and in the right exit code; only a verdict exits 1."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.commands import finished, invoke, mcuzoo

from mcuzoo.cli import streams
from mcuzoo.cli.commands import COMMANDS, command_of, examples_of
from mcuzoo.cli.guard import guarded
from mcuzoo.cli.parse import parse
from mcuzoo.cli.program import run_command
from mcuzoo.errors import FitError, InterruptedRunError, UsageError, command
from mcuzoo.options import FromEnvironment
from mcuzoo.report.schemas import labelled

pytestmark = pytest.mark.slow

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and pipes")


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def raising(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


def deep() -> int:
    return deep() + 1


@posix
def test_no_error_controls_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\x1b]0;b\x07\r"
    wrong = UsageError(f"{name} is\nnothing.", command("mcuzoo", "build", name))
    assert guarded(raising(wrong), as_json=False) == 2
    assert capsys.readouterr().err == (
        "error: a?]0;b?? is\nnothing.\nhint: mcuzoo build $'a\\033]0;b\\007\\015'\n"
    )


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), MemoryError(), ZeroDivisionError("division"), OSError("no number"),
     OSError(errno.EIO, "Input/output error"), AssertionError(), SystemError("planner\nis wrong"),
     BrokenPipeError(errno.EPIPE, "of a serial port"),
     FileNotFoundError(errno.ENOENT, "No such file", str(Path(streams.__file__).with_name("x")))],
)  # fmt: skip
def test_a_fault_of_mcuzoo_is_70_and_in_a_file(
    error: Exception, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert guarded(raising(error), as_json=True) == 70
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["error"] == "InternalError" and document["exit_code"] == 70
    assert said.err.startswith("error: a fault of mcuzoo") and said.err.count("\n") == 2
    assert "Traceback (most" not in said.err and document["traceback"] in said.err
    report = Path(document["traceback"])
    assert report.is_relative_to(tmp_path / "state")
    assert f"{type(error).__name__}" in report.read_text(encoding="utf-8")


def test_recursion_and_a_place_for_the_traceback_that_is_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text("a file, not a folder")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "state" / "here"))
    assert guarded(deep, as_json=False) == 70
    said = capsys.readouterr().err
    assert "no file could be written" in said and "RecursionError" in said
    assert "Traceback (most recent call last)" in said  # there is no other place for it


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (FitError("too large", "smaller"), 1, "too large"),
        (UsageError("what", "that"), 2, "what"),
        (PermissionError(errno.EACCES, "Permission denied", "/a b/c"), 2, "ls -ld '/a b/c'"),
        (OSError(errno.EROFS, "Read-only file system", "/ro/run"), 2, "/ro/run: Read-only"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "No space left on device"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "/dev/null/x"), 2, "/dev/null/x"),
        (FileExistsError(errno.EEXIST, "File exists", "/dev/null"), 2, "a folder is wanted"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_words_and_exit_codes(
    error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(raising(error), as_json=True) == code
    said = capsys.readouterr()
    assert json.loads(said.out)["exit_code"] == code
    assert says in said.err


@pytest.mark.parametrize(
    ("words", "says", "hint"),
    [
        (["exprt"], "no command 'exprt'", "'export'"),
        (["export", "--bord", "rt1170"], "no option --bord", "'--board'"),
        (["export"], "missing option '--board'", "mcuzoo export signs --board rt1170"),
        (["export", "-b"], "requires an argument", "mcuzoo export --help"),
        (["inspect"], "missing argument", "mcuzoo inspect signs"),
        (["inspect", "a", "b"], "too many: b", "mcuzoo inspect"),
        (["demo", "--images", "many"], "'--images'", "mcuzoo demo --help"),
        (["demo", "--images", "0"], "'--images'", "mcuzoo demo --help"),
        (["run-serial", "--out", "a", "-o", "b"], "--out was given 2 times", "--out"),
        (["evaluate", "m", "--data", "d", "--remember", "--no-remember"], "--remember", "Leave"),
        (["--jsn"], "no option --jsn", "follow its name"),
        ([], "no command was named", "mcuzoo demo"),
    ],
)
def test_the_parser_speaks_as_all_others_do(words: list[str], says: str, hint: str) -> None:
    done = invoke(words)
    assert done.exit_code == 2 and done.stdout == ""
    assert "Usage" not in done.stderr or not words
    message, told = done.stderr.split("error: ", 1)[1].split("\nhint: ")
    assert says in message and hint in told
    if words and words[0] in COMMANDS:
        document = json.loads(invoke([words[0], "--json", *words[1:]]).stdout)
        assert document["error"] == "UsageError" and document["exit_code"] == 2
        assert document["message"] == message


def test_the_process_exits_as_the_parser_says() -> None:
    done = finished(mcuzoo("exprt"))
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: ") and "no command 'exprt'" in done.stderr


def test_what_may_be_repeated_is() -> None:
    compare = command_of("compare")
    words = ["a", "b", "-p", "x", "--port", "y", "--json", "--json"]
    assert parse("compare", compare, words)["port"] == ("x", "y")
    with pytest.raises(UsageError, match="--baud was given 2 times"):
        parse("compare", compare, ["a", "b", "--baud", "1", "--baud=2"])


def test_words_after_two_dashes_are_no_options() -> None:
    values = parse("inspect", command_of("inspect"), ["--json", "--", "--odd.tflite"])
    assert values == {"model": "--odd.tflite", "json_output": True}
    values = parse("run-serial", command_of("run-serial"), ["-p/dev/x", "--trace", "-"])
    assert (values["port"], values["trace"]) == (("/dev/x",), Path("-"))


def test_arguments_and_options_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSIXLY_CORRECT", "1")
    words = ["a", "--limit", "3", "b", "--port=-", "c", "--json", "-"]
    values = parse("compare", command_of("compare"), words)
    assert [str(path) for path in values["projects"]] == ["a", "b", "c", "-"]
    assert (values["limit"], values["port"], values["json_output"]) == (3, ("-",), True)


def test_an_option_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    run_serial = command_of("run-serial")
    assert not parse("run-serial", run_serial, [])["port"]
    monkeypatch.setenv("MCUZOO_PORT", "emulator:///my projects/hello")
    (port,) = parse("run-serial", run_serial, [])["port"]
    assert port == "emulator:///my projects/hello" and isinstance(port, FromEnvironment)
    assert parse("run-serial", run_serial, ["-p", "/a", "--port", "/b"])["port"] == ("/a", "/b")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--boar", "rt1170"], "there is no option --boar"),
        (["-x"], "there is no option -x"),
        (["--force=yes", "-b", "rt1170"], "'--force' does not take a value"),
        (["--baud", "0", "-b", "rt1170"], "invalid value for '--baud'"),
        (["--baud", "fast", "-b", "rt1170"], "invalid value for '--baud'"),
    ],
)
def test_what_cannot_be_read(words: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse("export", command_of("export"), words)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_defaults_and_examples_that_parse(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert run_command([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Examples:" in text
    assert max(map(len, text.splitlines())) <= 80
    for words in examples_of(name):
        assert command("mcuzoo", name, *words) in text
        parse(name, command_of(name), words)  # raises for what does not parse


def test_defaults_in_brackets_are_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    run_command(["export", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for default in ("[mobilenet_v1_0.25_128]", "[mcuzoo-BOARD-MODEL]", "[cmsis-nn]", "[array]",
                    "[the smaller]", "[mcuxpresso; cmake with --universal]"):  # fmt: skip
        assert default in text


@posix
@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["boards"],
        pytest.param(["fit", "signs", "--board", "rt1050"], marks=pytest.mark.full),
        pytest.param(["inspect", "signs"], marks=pytest.mark.full),
    ],
)
def test_a_reader_that_goes_is_no_error(words: list[str]) -> None:
    process = subprocess.Popen(mcuzoo(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    said = process.stderr.read().decode()
    assert process.wait() == 0
    # Nothing but what a slow machine is told of: which step takes more than two seconds.
    assert all(re.fullmatch(r"\w.* \.\.\. \d+ s", line) for line in said.splitlines()), said


@posix
def test_stdout_on_a_full_disk() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(mcuzoo("boards"), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert "<stdout> cannot be written: No space left" in done.stderr


@posix
@pytest.mark.parametrize("imports", [0, 1, 3, 10, 40, 100, 250, 400])
def test_ctrl_c_at_any_moment(imports: int) -> None:
    """The signal comes at an import, the more of them the later, and not at a time of the clock."""
    code = f"""
import os, signal, sys
from mcuzoo.cli.main import main
class Interrupts:
    left = {imports}
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if cls.left == 0:
            os.kill(os.getpid(), signal.SIGINT)
        cls.left -= 1
sys.meta_path.insert(0, Interrupts)
sys.argv = ["mcuzoo", "evaluate", "signs", "--data", "signs", "--no-remember", "--json"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr and "interrupted" in done.stderr
    assert json.loads(done.stdout) == labelled("error", InterruptedRunError().as_dict())


@posix
@pytest.mark.parametrize("encoding", ["ascii", pytest.param("cp1252", marks=pytest.mark.full)])
def test_no_character_is_too_much(tmp_path: Path, encoding: str) -> None:
    labels = tmp_path / "zeichen-ö.txt"
    labels.write_text("\n".join(["停"] + [f"c{n}" for n in range(15)]) + "\n", encoding="utf-8")
    done = subprocess.run(
        mcuzoo("evaluate", "signs", "--data", "signs", "--limit", "16", "--no-remember",
               "--labels", labels),
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
    )  # fmt: skip
    assert done.returncode in (0, 2), done.stderr
    assert b"Traceback" not in done.stderr and b"a fault of" not in done.stderr
    missing = subprocess.run(
        mcuzoo("inspect", tmp_path / "ö-停.tflite"),
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert missing.returncode == 2 and rb"\u505c" in missing.stderr
