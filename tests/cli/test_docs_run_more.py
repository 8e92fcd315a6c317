"""The pages that `test_docs_run.py` leaves: workers share tests by files."""

from __future__ import annotations

from pathlib import Path

from helpers.doc_blocks import blocks
from helpers.doc_run import RUN, of_each, run_page


@of_each(RUN[1::2])
def test_the_blocks_of_a_page_run(page: Path, tmp_path: Path) -> None:
    assert run_page(blocks(page), tmp_path) > 0
