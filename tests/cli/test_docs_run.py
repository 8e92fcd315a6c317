"""The blocks of the pages run: each page from top to bottom, in an empty directory of its own,
without a network, with the outputs that it shows.

Every second page is in `test_docs_run_more.py`: workers share tests by files.

What cannot run here is marked with what it needs (`helpers/doc_blocks.py` says how), and is only
parsed, by `test_docs.py`. `python tools/docs_commands.py` prints what of each page is run."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.doc_blocks import as_pattern, blocks
from helpers.doc_run import RUN, of_each, run_page


@of_each(RUN[::2])
def test_the_blocks_of_a_page_run(page: Path, tmp_path: Path) -> None:
    assert run_page(blocks(page), tmp_path) > 0


def test_a_page_that_shows_what_is_not_printed_would_be_found(tmp_path: Path) -> None:
    def page(text: str) -> Path:
        file = tmp_path / f"{abs(hash(text))}.md"
        file.write_text(text, encoding="utf-8")
        return file

    def run(text: str) -> int:
        return run_page(blocks(page(text)), _fresh(tmp_path))

    shown = "<!-- setup: touch a -->\n```console\n$ ls\na\n$ cat a; exit 1\n```\n"
    assert run("```console\n$ echo 3 s\n4 s\n```\n```sh\nexport A=1\ntest $A = 1\n```\n") == 3
    for wrong in (
        "```console\n$ echo a\nb\n```\n",
        "```sh\nfalse\n```\n",
        "<!-- exit: 1 -->\n```sh\ntrue\n```\n",
        "```python\nraise SystemExit(3)\n```\n",
        "```pycon\n>>> 1 + 1\n3\n```\n",
        shown,
    ):
        with pytest.raises(AssertionError):
            run(wrong)
    assert (
        run("<!-- exit: 1 -->\n```sh\nfalse\n```\n<!-- needs: board -->\n```sh\nfalse\n```\n") == 1
    )


def _fresh(folder: Path) -> Path:
    fresh = folder / f"run{sum(1 for _ in folder.iterdir())}"
    fresh.mkdir()
    return fresh


def test_only_what_is_said_may_vary() -> None:
    shown = "rate 3.57 images/s\n...\nhash ...\nend 12"
    pattern = as_pattern(shown)
    assert pattern.fullmatch("rate 1,204.1 images/s\nhash ab cd\nend 12\n")
    assert pattern.fullmatch("rate 1 images/s\nx\ny\nhash ab\nend 12\n")
    assert not pattern.fullmatch("rate 1 images/s\nhash ab\nend 13\n")
    assert not pattern.fullmatch("rate 1 images/s\nhash ab\n")
