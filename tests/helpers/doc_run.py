"""Run the blocks of a page from top to bottom, in one empty directory, without a network."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest
from helpers.compilers import needs_compiler
from helpers.doc_blocks import PAGES, ROOT, SHELL, Block, Typed, as_pattern, blocks
from helpers.objects import FOLDER_VARIABLE

_PLUGIN = "mcuzoo.pytest_plugin"
_INSTALLED = any(one.value == _PLUGIN for one in entry_points(group="pytest11"))
_PROGRAMS = {
    "mcuzoo": "-m mcuzoo",
    "pytest": "-m pytest" if _INSTALLED else f"-m pytest -p {_PLUGIN}",
    "python": "",
    "python3": "",
}
_PREFIXES = ("MCUZOO_", "GITHUB_", "PYTEST_", "LG_", "XDG_")


@dataclass(frozen=True)
class Step:
    """One thing that is run. source: what bash gets. typed: it is a command of a reader."""

    where: str
    source: str
    typed: bool = True
    output: str | None = None
    exit: int = 0
    stop: bool = False


def runs(block: Block) -> bool:
    """Whether it is run here."""
    if block.needs is not None:
        return False
    return block.kind in (*SHELL, "python", "pycon") or block.marked("file") is not None


def steps(block: Block) -> list[Step]:
    found = [Step(block.where, line, typed=False) for line in block.setup]
    file = block.marked("file")
    if file is not None:
        return [*found, Step(block.where, _written(file, block.body), typed=False)]
    if block.kind == "python":
        return [*found, Step(block.where, f"python - {_here(block.body)}")]
    if block.kind == "pycon":
        program = f"import doctest\n{_DOCTEST}"
        session = _written(".session.txt", block.body)
        return [*found, Step(block.where, f"{session}\npython - {_here(program)}")]
    return [*found, *_of_commands(block, block.commands)]


_DOCTEST = "raise SystemExit(doctest.testfile('.session.txt', module_relative=False)[0])\n"


def _of_commands(block: Block, commands: tuple[Typed, ...]) -> list[Step]:
    last = len(commands) - 1
    return [
        Step(
            block.where,
            one.text,
            output=one.output,
            exit=int(block.marked("exit") or 0) if at == last else 0,
            stop=block.marked("stop") is not None,
        )
        for at, one in enumerate(commands)
    ]


def _here(text: str) -> str:
    return f"<<'END_OF_BLOCK'\n{text.rstrip()}\nEND_OF_BLOCK"


def _written(name: str, text: str) -> str:
    return f"cat > {shlex.quote(name)} {_here(text)}"


RUN = tuple(page for page in PAGES if any(runs(block) for block in blocks(page)))
"""The pages with something to run."""


def of_each(pages: Sequence[Path]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test with the argument `page` one of each of `pages`, where they can run."""

    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        for mark in (
            pytest.mark.parametrize("page", pages, ids=lambda page: page.name),
            pytest.mark.timeout(900),
            pytest.mark.skipif(find_spec("unicorn") is None, reason="no unicorn"),
            pytest.mark.skipif(shutil.which("bash") is None, reason="no bash"),
            pytest.mark.full,
            pytest.mark.pages,
            needs_compiler,
        ):
            test = mark(test)
        return test

    return decorated


def run_page(page: list[Block], folder: Path) -> int:
    """Run them in the empty `folder`/work; how many commands of a reader were run.

    Builds of all pages share their objects. Fails with the command, its place and what it said.
    """
    work, bin, said = folder / "work", folder / "bin", folder / "said"
    for one in (work, bin, said, folder / "home"):
        one.mkdir()
    for name, command in _PROGRAMS.items():
        program = bin / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n')
        program.chmod(0o755)
    todo = [step for block in page if runs(block) for step in steps(block)]
    script = folder / "page.sh"
    script.write_text("set -u\n" + "\n".join(_as_bash(at, step) for at, step in enumerate(todo)))
    environment = {name: value for name, value in os.environ.items() if _kept(name)} | {
        "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "XDG_CACHE_HOME": str(Path(os.environ[FOLDER_VARIABLE]) / "pages"),
        "XDG_DATA_HOME": str(folder / "home"),
        "MCUZOO_CHECKOUT": str(ROOT),
        "SAID": str(said),
        "COLUMNS": "80",
        # Nothing answers there: whoever wants a network is refused at once.
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    subprocess.run(
        ["bash", str(script)], cwd=work, env=environment, stdin=subprocess.DEVNULL, check=False
    )
    for at, step in enumerate(todo):
        _judge(step, said, at)
    return sum(step.typed for step in todo)


def _kept(name: str) -> bool:
    """Whether a variable of ours is one of a page, too: none of the user's, but for compilers."""
    if name.lower().endswith("_proxy"):
        return False
    return name in ("MCUZOO_GCC", "MCUZOO_ZIG") or not name.startswith(_PREFIXES)


def _as_bash(at: int, step: Step) -> str:
    out, err = f'"$SAID/{at}.out"', f'"$SAID/{at}.err"'
    where = f">{out} 2>&1" if step.output is not None else f">{out} 2>{err}"
    # In the shell itself, so that cd and export hold for what comes after.
    run = f"{{\n{step.source}\n}} {where}\ncode=$?"
    if step.stop:
        run = (
            f"set -m\n{{\n{step.source}\n}} {where} &\n"
            f"until [ -s {out} ] || ! kill -0 $! 2>/dev/null; do sleep 0.1; done\n"
            f"kill -INT -- -$!\nwait $!\ncode=$?\nset +m"
        )
    expected = 130 if step.stop else step.exit
    return f'{run}\necho $code >"$SAID/{at}.code"\n[ $code = {expected} ] || exit\n'


def _judge(step: Step, said: Path, at: int) -> None:
    def read(kind: str) -> str:
        file = said / f"{at}.{kind}"
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    code, out = read("code").strip(), read("out")
    told = f"{step.where}: {step.source}\n{out[-3000:]}{read('err')[-3000:]}"
    expected = 130 if step.stop else step.exit
    assert code == str(expected), f"exit code {code or 'none'}, not {expected}: {told}"
    if step.output is not None:
        # What takes long on a busy machine says so; a page shows what it does not depend on.
        quick = re.sub(r"^[^\n]* \.\.\. \d+ s\n", "", out, flags=re.M)
        printed = re.sub(r"[ \t]+$", "", quick, flags=re.M) + "\n"
        assert as_pattern(step.output).fullmatch(printed), (
            f"{told}\n-- but the page shows:\n{step.output}"
        )
