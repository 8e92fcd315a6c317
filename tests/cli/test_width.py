"""Whatever is printed fits the terminal, and says so in colours only to one that takes them."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.commands import finished, invoke, mcuzoo
from PIL import Image

from mcuzoo.cli.output import Wrapping
from mcuzoo.prose import wrapped, wrapped_line

pytestmark = pytest.mark.slow

COMMANDS = [
    ["boards"],
    ["models", "signs"],
    ["inspect", "signs"],
    ["fit", "signs", "--board", "rt1050"],
    ["fit", "signs", "--board", "rt1170", "--runtime", "aot", "--stream-input"],
    ["fit", "signs", "--universal", "--board", "rt1170"],
    ["evaluate", "signs", "--data", "signs", "--limit", "32", "-j1", "--no-remember"],
    ["doctor-image", "IMAGE", "--model", "signs"],
]


def printed(words: list[str]) -> str:
    """As the program prints it; all commands but one in this process, for the time."""
    if words == ["boards"]:
        done = finished(mcuzoo(*words))
        assert done.returncode == 0, done.stderr
        return done.stdout
    said, out = invoke(words), io.StringIO()
    assert said.exit_code == 0, said.stderr
    wrapping = Wrapping(out)
    wrapping.write(said.stdout)
    wrapping.flush()
    return out.getvalue()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_line_is_longer_than_the_terminal(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (150, 130), (200, 30, 30)).save(tmp_path / "IMAGE", "png")
    monkeypatch.chdir(tmp_path)
    said = {}
    for columns in (80, 60):
        monkeypatch.setenv("COLUMNS", str(columns))
        said[columns] = printed(words)
        # A path, a hash or a command to paste stays in one piece.
        long = [text for text in said[columns].splitlines() if len(text) > columns]
        assert not [text for text in long if " " in text.strip() and "next: " not in text
                    and max(map(len, text.split())) < columns // 2]  # fmt: skip
    if words[0] in ("boards", "models", "inspect"):  # whose figures do not depend on the width
        kept = [sorted(re.findall(r"[0-9][0-9,.x]*[0-9]", text)) for text in said.values()]
        assert kept[0] == kept[1]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        pytest.param({"TERM": "dumb"}, False, marks=pytest.mark.full),
        pytest.param({"NO_COLOR": ""}, True, marks=pytest.mark.full),
    ],
)
def test_colours(environment: dict[str, str], colours: bool, tmp_path: Path) -> None:
    import pty

    Image.new("RGB", (150, 130), (200, 30, 30)).save(tmp_path / "a.png")
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "70", **environment}
    if "NO_COLOR" not in environment:
        env.pop("NO_COLOR", None)
    process = subprocess.Popen(
        mcuzoo("doctor-image", tmp_path / "a.png", "--model", "signs"), stdout=slave, env=env
    )
    os.close(slave)
    said = b""
    try:
        while part := os.read(master, 65536):
            said += part
    except OSError:  # so Linux tells the end
        pass
    os.close(master)
    assert process.wait() == 0
    assert (b"\x1b[" in said) == colours
    assert b"crc32" in said


BUDGETS = ("--max-latency-ms", 3, "--max-instructions", 1, "--max-flash-bytes", 1,
           "--max-arena-bytes", 1, "--max-line-errors", 0, "--min-top1", 1)  # fmt: skip


@pytest.fixture(scope="module")
def run_text(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run on the emulated board, and what run-serial has printed of it into a pipe."""
    here = tmp_path_factory.mktemp("width")
    project, run = here / "p", here / "run"
    words = ("export", "signs", "--board", "rt1170", "--runtime", "aot", "--project", "cmake")
    assert invoke((*words, "-o", project)).exit_code == 0
    assert invoke(("build", project)).exit_code == 0
    images = ("--images", "signs", "--limit", 16, "--out", run)
    said = invoke(("run-serial", "--port", f"emulator://{project}", *images, *BUDGETS))
    assert said.exit_code == 1, said.stderr
    return run, said.stdout


def too_wide(text: str, columns: int = 80) -> list[str]:
    """Lines beyond the limit, except commands to paste and what has no blank to break at."""
    long = [line for line in text.splitlines() if len(line) > columns]
    return [line for line in long if "next: " not in line and " " in line[:columns].strip()]


@pytest.mark.full
def test_a_run_is_told_in_80_columns(run_text: tuple[Path, str]) -> None:
    run, said = run_text
    assert too_wide(said) == [] and "max_line_errors" in said and "verdict" in said
    report = invoke(("report", run, *BUDGETS))
    assert report.exit_code == 1 and too_wide(report.stdout) == []
    assert report.stdout == said


@pytest.mark.parametrize(
    "words",
    [
        ("signs", "--board", "rt1050"),
        ("signs", "--board", "rt1170", "--runtime", "aot", "--stream-input"),
        ("signs", "--board", "rt1170", "--max-arena-bytes", 1, "--max-flash-bytes", 1),
        ("signs", "--universal", "--board", "rt1170", "--max-arena-bytes", 1),
    ],
)
def test_a_fit_is_told_in_80_columns(words: tuple[object, ...]) -> None:
    said = invoke(("fit", *words))
    assert said.exit_code == int("--max-arena-bytes" in words), said.stderr
    assert (too_wide(said.stdout) == [] and "verdict: " in said.stdout) or "--universal" in words


def test_prose_is_broken_between_words_and_commands_are_not() -> None:
    assert wrapped_line("x" * 90, 80) == "x" * 90
    assert wrapped_line("next: " + "mcuzoo fit " * 10, 80) == "next: " + "mcuzoo fit " * 10
    assert wrapped_line("latency     one two three four five six seven", 40).splitlines() == [
        "latency     one two three four five six",
        "            seven",
    ]
    assert wrapped(["a b\nc d", "", "e"], 2) == "a\n  b\nc\n  d\n\ne\n"
    assert wrapped_line("  a b c d e f g h", 10).splitlines() == ["  a b c d", "    e f g", "    h"]
