"""Send images to a board and act on the verdict, as a CI job does.

python examples/run_and_judge.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import mcuzoo
from mcuzoo import ExportOptions, RunOptions


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "judged-signs")
    options = ExportOptions(runtime="aot", project="cmake", output=folder / "project")
    project = mcuzoo.export("signs", "rt1050", options)
    mcuzoo.build(project)
    # Without `images` it sends the model's own pictures; images=Path("photos") sends a folder.
    chosen = RunOptions(limit=8, min_top1=0.5, out=folder / "run")
    found = mcuzoo.run(project, chosen, say=print)
    summary = found.summary
    if summary.top1 is not None:
        print(f"top-1 {summary.top1.value:.3f} of {summary.top1.total} images")
    if summary.agreement is not None:
        print(f"{summary.agreement.equal} of {summary.agreement.compared} equal to the host")
    print(f"{'pass' if found.passed else 'FAIL'}; the run is {found.folder}")
    return 0 if found.passed else summary.verdict.exit_code


if __name__ == "__main__":
    sys.exit(main())
