"""The same model on two boards: instructions, sizes, and whether the outputs are equal.

python examples/compare_boards.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import mcuzoo
from mcuzoo import CompareOptions, ExportOptions


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "two-boards")
    projects = []
    for board in ("rt1050", "rt1170"):
        options = ExportOptions(runtime="aot", project="cmake", output=folder / board)
        projects.append(mcuzoo.export("signs", board, options))
        mcuzoo.build(projects[-1])
    found = mcuzoo.compare(projects, CompareOptions(limit=2), say=print)
    for column in found.columns:
        trial = column.trial
        print(f"{trial.board}: {trial.total:,} {trial.unit}, {trial.sizes.code:,} bytes of code")
    print(f"outputs equal: {found.equal}")
    return 0 if found.equal else 1


if __name__ == "__main__":
    sys.exit(main())
