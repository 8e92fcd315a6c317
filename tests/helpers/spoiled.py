"""A project after somebody edited what it must not lose."""

from __future__ import annotations

import re
from pathlib import Path


def spoil_layer(project: Path, op: int) -> None:
    """Make the kernel of an op get one byte wrong, in the project's generated C."""
    source = project / "model/mz_model.c"
    text = source.read_text()
    block = re.search(rf"^    /\* {op} \w+ .*?(?=^    finish\(([^\n]*)\);)", text, re.DOTALL | re.M)
    assert block is not None
    offset, _ = block[1].split(", ")[-2:]
    source.write_text(f"{text[: block.end()]}    mz_arena[{offset}] ^= 64;\n{text[block.end() :]}")
