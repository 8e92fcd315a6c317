"""Figures of the benchmarks on the pages of docs/."""

from __future__ import annotations

from pathlib import Path


def write_table(page: Path, name: str, text: str) -> None:
    """Put `text` between `<!-- begin of NAME -->` and `<!-- end of NAME -->` of `page`.

    A page without these marks holds nothing else.
    """
    begin, end = f"<!-- begin of {name} -->\n", f"<!-- end of {name} -->\n"
    before = page.read_text(encoding="utf-8") if page.is_file() else ""
    if begin in before and end in before:
        head, rest = before.split(begin, 1)
        text = f"{head}{begin}\n{text.rstrip()}\n\n{end}{rest.split(end, 1)[1]}"
    page.write_text(text, encoding="utf-8")
