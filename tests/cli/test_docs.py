"""What the pages tell to type can be typed: options exist, names are known, Python runs."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from helpers.bare_image import build_bare_image
from helpers.commands import Said, finished, invoke, mcuzoo

from mcuzoo.board.load import load_board
from mcuzoo.cli.options import Command
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.registry import resolve_model

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKED = [*PAGES, *(ROOT / f"{name}.md" for name in ("CHANGELOG", "DESIGN", "SECURITY"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)")
_INLINE = re.compile(r"`(mcuzoo [^`]+)`")
PLACEHOLDERS = {"BOARD": "rt1170", "N": "1", "KERNELS": "cmsis-nn", "PLAN": "greedy"}


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return [body for kind, body in _BLOCK.findall(text) if kind == language]


def commands(page: Path) -> list[list[str]]:
    """The mcuzoo commands of its code blocks and lines, as argument lists without placeholders."""
    lines = [line for body in blocks(page, "") for line in body.splitlines()]
    lines += _INLINE.findall(_BLOCK.sub("", page.read_text(encoding="utf-8")))
    found = []
    for line in lines:
        for part in re.sub(r"\s#.*", "", line).split("&&"):
            if re.match(r"\s*(\.venv/bin/)?mcuzoo\b", part) and "…" not in part:
                words = shlex.split(part.replace("[", " ").replace("]", " "))
                found.append([PLACEHOLDERS.get(word, word) for word in words[1:]])
    return found


ALL = sorted({(page.name, tuple(words)) for page in PAGES for words in commands(page) if words})


def test_there_are_commands_on_every_page_that_should_have_some() -> None:
    assert {"README.md", "emulator.md", "mcuxpresso.md", "models.md", "universal.md"} <= {
        name for name, _ in ALL
    }
    assert len(ALL) > 50


def parsed(words: Sequence[str]) -> Said:
    """The command line as it is, with commands that do nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Command, "__call__", lambda self, **_: None)
        return invoke(words)


def test_an_option_that_is_none_would_be_found() -> None:
    assert parsed(["fit", "signs", "--board", "rt1170"]).exit_code == 0
    for wrong in (["fit", "signs", "--bord", "rt1170"], ["fits", "signs"]):
        refused = parsed(wrong)
        assert refused.exit_code == 2 and ": missing " not in refused.output


@pytest.mark.parametrize(("page", "words"), ALL, ids=lambda value: "-".join(value)[:60])
def test_every_command_can_be_typed(page: str, words: tuple[str, ...]) -> None:
    """Every option exists and takes what stands there; boards and models are known."""
    name, *rest = words
    said = parsed(words)
    # In a sentence a command may stand without its arguments, but with no wrong ones.
    told = f"{page}: {' '.join(words)}: {said.output}"
    assert said.exit_code == 0 or ": missing " in said.output, told
    for option, value in pairwise(rest):
        if option in ("--board", "-b") and not value.endswith(".toml"):
            load_board(value)
    if name in ("fetch", "models") and rest and rest[0].islower():
        assert rest[0] in catalog(), f"{page}: {' '.join(words)}"


@pytest.mark.slow
def test_the_first_lines_of_the_readme_work_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that take no build and no board; they are run as typed, in their order."""
    first = blocks(ROOT / "README.md", "")
    (offline,) = [body for body in first if "mcuzoo export signs" in body]
    monkeypatch.chdir(tmp_path)
    run = 0
    for line in offline.splitlines():
        words = shlex.split(line, comments=True)
        if words[1] in ("inspect", "fit", "export"):
            done = invoke(words[1:])
            assert done.exit_code == 0, (line, done.stderr)
            run += 1
    assert run >= 5 and (tmp_path / "alone" / "mcuzoo.json").is_file()
    assert (tmp_path / "fit.html").is_file()


def test_the_first_command_for_the_sdk_works_on_a_fresh_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MCUZOO_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    line = blocks(ROOT / "docs" / "mcuxpresso.md", "")[0].splitlines()[0]
    done = finished(mcuzoo(*shlex.split(line, comments=True)[1:]))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "hello" / "mcuzoo.json").is_file()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="builds an image")
def test_the_python_of_the_pages_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("unicorn")
    image = build_bare_image(tmp_path, load_board("rt1050"), "gcc")
    image.write_bin().rename(tmp_path / "firmware.bin")
    found = [body for page in PAGES for body in blocks(page, "python")]
    assert found
    monkeypatch.chdir(tmp_path)
    for body in found:
        exec(compile(body, "a page", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_links_between_the_pages_lead_somewhere(page: Path) -> None:
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    places = [place for place in _LINK.findall(text) if "://" not in place]
    missing = [place for place in places if not (page.parent / place).exists()]
    assert not missing


def test_the_bundled_model_is_what_the_pages_call_it() -> None:
    assert resolve_model("signs").path.is_file()
