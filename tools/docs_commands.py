"""Print what of each page the tests run: `python tools/docs_commands.py`, a table in Markdown."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from helpers.doc_blocks import NEEDS, PAGES, Block, blocks, inline
from helpers.doc_run import runs, steps


def commands(block: Block) -> int:
    """Of a reader: a line of a shell, or a whole program."""
    return len(block.commands) or int(block.kind in ("python", "pycon"))


@dataclass(frozen=True)
class Counts:
    """Of a page: commands that are run, how many of them with their output, commands that are only
    parsed, those that stand in sentences (parsed, too), and why some are only parsed."""

    run: int
    compared: int
    parsed: int
    inline: int
    why: Counter[str]


def counts(page: Path) -> Counts:
    found = blocks(page)
    run = [step for block in found if runs(block) for step in steps(block) if step.typed]
    why = Counter[str]()
    for block in found:
        if not runs(block) and commands(block):
            why[NEEDS[block.needs or ""]] += commands(block)
    compared = sum(step.output is not None for step in run)
    return Counts(len(run), compared, why.total(), len(inline(page)), why)


def row(name: str, one: Counts) -> str:
    why = "; ".join(f"{reason}: {count}" for reason, count in one.why.most_common())
    return f"| {name} | {one.run} | {one.compared} | {one.parsed} | {one.inline} | {why} |"


def main() -> None:
    print("| page | run | with its output | only parsed | in sentences, parsed | needs |")
    print("|---|---:|---:|---:|---:|---|")
    sums = Counts(0, 0, 0, 0, Counter())
    for page in PAGES:
        one = counts(page)
        print(row(page.name, one))
        sums = Counts(
            sums.run + one.run,
            sums.compared + one.compared,
            sums.parsed + one.parsed,
            sums.inline + one.inline,
            sums.why + one.why,
        )
    print(row(f"all {len(PAGES)}", sums))


if __name__ == "__main__":
    main()
