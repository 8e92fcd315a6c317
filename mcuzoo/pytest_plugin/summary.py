"""What stands at the end of pytest's output: the boards of the test run, and its journals."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from textwrap import wrap

from mcuzoo.errors import command
from mcuzoo.pytest_plugin.options import near
from mcuzoo.pytest_plugin.shared import Shared


def summary_lines(folder: Path, home: Path) -> list[str]:
    """A line per board and per journal, of all workers. home: where pytest was started."""
    shared = Shared(folder)
    retired, left = shared.retired(), shared.left()
    tests: Counter[str] = Counter()
    for one in left:
        tests.update(one.tests)
    lines = []
    for name in sorted(tests.keys() | retired.keys()):
        number = tests[name]
        text = f"{name}: {number} test{'' if number == 1 else 's'}"
        if name in retired:
            text += f"; retired in {retired[name].test}: {retired[name].reason}"
        lines += wrap(text, 80, subsequent_indent="    ", break_long_words=False)
    runs = [near(Path(run), home) for one in left for run in one.runs]
    return [*lines, *(command("mcuzoo", "report", run) for run in runs)]
