"""The fuzz targets of tests/fuzz: NAME.c beside seeds/NAME, and how each is compiled.

A target is a file that defines LLVMFuzzerTestOneInput. Its lines `// sources: PATTERN ...` name the
files that it tests, from the root of the repository; `// flags: ...` adds to the compiler's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests/fuzz"
REPLAY = FOLDER / "replay.c"
_LINE = re.compile(r"^// (sources|flags): (.*)$", re.MULTILINE)


def targets() -> list[str]:
    """The names of all targets."""
    return sorted(path.stem for path in FOLDER.glob("*.c") if path != REPLAY)


def seeds(target: str) -> list[Path]:
    """The inputs of `target` that are kept in the repository."""
    return sorted((FOLDER / "seeds" / target).iterdir())


def compile_command(
    compiler: Sequence[str], target: str, executable: Path, *more: str | Path
) -> list[str]:
    """How to build `target`. Run it in ROOT. more: flags and other sources."""
    source = FOLDER / f"{target}.c"
    found: dict[str, list[str]] = {"sources": [], "flags": []}
    for kind, words in _LINE.findall(source.read_text(encoding="utf-8")):
        found[kind] += words.split()
    files = [path for pattern in found["sources"] for path in sorted(ROOT.glob(pattern))]
    return [
        *compiler, "-std=c11", "-Wall", "-Wextra", "-g", "-O1", "-Ifirmware",
        *found["flags"], *map(str, (*more, source, *files)), "-o", str(executable),
    ]  # fmt: skip
