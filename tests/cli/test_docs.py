"""What the pages tell to type can be typed: options exist, names are known, files are there.

`test_docs_run.py` runs it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from helpers.commands import Said, invoke
from helpers.doc_blocks import KINDS, NEEDS, PAGES, ROOT, Block, blocks, inline, words

from mcuzoo.board.load import load_any_board
from mcuzoo.cli.options import Command
from mcuzoo.untrusted import parse_toml
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.registry import resolve_model

LINKED = [*PAGES, *(ROOT / f"{name}.md" for name in ("CHANGELOG", "DESIGN", "SECURITY"))]
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)")
_IMAGE = re.compile(r'src(?:set)?="([^"]+)"')
_SCRIPT = re.compile(r"\b(?:tools|benchmarks|examples|tests)/[\w/]+\.(?:py|ipynb)\b")
_EXTRAS = re.compile(r"(?:mcuzoo|\.)\[([a-z,]+)\]")
PLACEHOLDERS = {"BOARD": "rt1170", "N": "1", "KERNELS": "cmsis-nn", "PLAN": "greedy"}
BLOCKS = [block for page in PAGES for block in blocks(page)]


def commands(page: Path) -> list[list[str]]:
    """The mcuzoo commands of its blocks and sentences, as argument lists without placeholders."""
    lines = [one.text for block in blocks(page) for one in block.commands]
    lines += [line for block in blocks(page) if block.kind == "yaml" for line in _steps(block.body)]
    lines += inline(page)
    return [
        [PLACEHOLDERS.get(word, word) for word in command]
        for line in lines
        for command in words(line)
    ]


def _steps(body: str) -> list[str]:
    """The lines of a workflow's steps, where a step goes on in lines that are indented deeper."""
    one_line = re.sub(r"\n\s+(?=--\w)", " ", re.sub(r">\n\s+", "", body))
    return [re.sub(r"^\s*-?\s*(?:run:\s*)?", "", line) for line in one_line.splitlines()]


ALL = sorted({(page.name, tuple(typed)) for page in PAGES for typed in commands(page) if typed})


def test_there_are_commands_on_every_page_that_should_have_some() -> None:
    assert {"README.md", "emulator.md", "mcuxpresso.md", "models.md", "rig.md", "universal.md"} <= {
        name for name, _ in ALL
    }
    assert len(ALL) > 100


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.where)
def test_a_block_says_what_it_is(block: Block) -> None:
    assert block.kind in KINDS, "begin the fence with one of: " + ", ".join(sorted(KINDS))
    assert {name for name, _ in block.marks} <= {"needs", "setup", "file", "exit", "stop"}
    assert block.needs is None or block.needs in NEEDS
    if block.kind == "toml":
        parse_toml(block.body)
    if block.kind == "python":
        compile(block.body, block.where, "exec")
    for one in block.commands:
        checked = subprocess.run(["bash", "-n"], input=one.text, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr


def test_no_block_is_hidden_in_a_list() -> None:
    """An indented fence would not be found."""
    found = [
        f"{page.name}: {line}"
        for page in PAGES
        for line in page.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s+```", line)
    ]
    assert not found


def test_every_mark_stands_above_a_block() -> None:
    """One that does not would be without effect."""
    for page in PAGES:
        said = re.findall(r"^<!-- \w+: .*-->$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(said) == sum(len(block.marks) for block in blocks(page)), page.name


def parsed(typed: Sequence[str]) -> Said:
    """The command line as it is, with commands that do nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Command, "__call__", lambda self, **_: None)
        return invoke(typed)


def test_an_option_that_is_none_would_be_found() -> None:
    assert parsed(["fit", "signs", "--board", "rt1170"]).exit_code == 0
    for wrong in (["fit", "signs", "--bord", "rt1170"], ["fits", "signs"]):
        refused = parsed(wrong)
        assert refused.exit_code == 2 and ": missing " not in refused.output


@pytest.mark.parametrize(
    ("page", "typed"),
    ALL,
    ids=lambda value: value if isinstance(value, str) else "-".join(value)[:60],
)
def test_every_command_can_be_typed(page: str, typed: tuple[str, ...]) -> None:
    """Every option exists and takes what stands there; boards and models are known."""
    name, *rest = typed
    said = parsed(typed)
    # In a sentence a command may stand without its arguments, but with no wrong ones.
    told = f"{page}: {' '.join(typed)}: {said.output}"
    shortened = (": missing ", "requires an argument")
    assert said.exit_code == 0 or any(words in said.output for words in shortened), told
    for option, value in pairwise(rest):
        if option in ("--board", "-b") and not value.endswith(".toml"):
            load_any_board(value)
    if name in ("fetch", "models") and rest and rest[0].islower():
        assert rest[0] in catalog(), f"{page}: {' '.join(typed)}"


def test_every_target_of_make_is_one() -> None:
    lines = [one.text for block in BLOCKS for one in block.commands]
    named = {target for line in lines for target in re.findall(r"^make (\w[\w-]*)", line)}
    named |= {
        target
        for page in PAGES
        for target in re.findall(r"`make (\w[\w-]*)[^`]*`", page.read_text(encoding="utf-8"))
    }
    assert {"demo", "test", "docs"} <= named
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {target for target in named if not re.search(rf"^{target}:", rules, re.M)} == set()


def test_every_script_and_extra_that_is_named_is_there() -> None:
    extras = set(
        parse_toml((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
            "optional-dependencies"
        ]
    )
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        missing = [path for path in set(_SCRIPT.findall(text)) if not (ROOT / path).is_file()]
        assert not missing, page.name
        for names in _EXTRAS.findall(text):
            assert set(names.split(",")) <= extras, page.name


@pytest.mark.slow
def test_the_first_lines_of_the_readme_work_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that take no build and no board; `test_docs_run.py` runs all, in `make pages`."""
    lines = [one.text for block in blocks(ROOT / "README.md") for one in block.commands]
    monkeypatch.chdir(tmp_path)
    run = 0
    for line in lines:
        for typed in words(line):
            if typed[0] in ("inspect", "fit", "export") and "signs" in typed:
                done = invoke(typed)
                assert done.exit_code == 0, (line, done.stderr)
                run += 1
    assert run >= 5 and (tmp_path / "alone" / "mcuzoo.json").is_file()
    assert (tmp_path / "hello" / "mcuzoo.json").is_file()


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_links_between_the_pages_lead_somewhere(page: Path) -> None:
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    places = [*_LINK.findall(text), *_IMAGE.findall(text)]
    missing = [
        place for place in places if "://" not in place and not (page.parent / place).exists()
    ]
    assert not missing


def test_the_bundled_model_is_what_the_pages_call_it() -> None:
    assert resolve_model("signs").path.is_file()
