"""C compiled for tests. A source that a test run has compiled before, with the same flags and the
same headers, is not compiled again; a test of the compiler itself gives `-c`, which always does."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from mcuzoo.toolchain.objects import SourceText, copy_object, read_source

FOLDER_VARIABLE = "MCUZOO_TEST_OBJECTS"
"""Names the folder of the objects; tests/conftest.py makes one for all processes of a run."""

_OF_THE_LINKER = ("-Wl,", "-l", "-T", "-nostdlib", "-shared")
_ROOT = Path("/")


def compile_c(command: Sequence[str]) -> None:
    """Run a C compiler, which must have nothing to say against it."""
    _succeeded(compiled(command))


def compiled(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a C compiler; the caller looks at how linking went."""
    sources = [word for word in command if word.endswith(".c")]
    if not sources or "-c" in command or "-fsyntax-only" in command:
        return _run(command)
    output = command.index("-o")
    assert output == len(command) - 2
    options = [word for word in command[:output] if not word.endswith(".c")]
    flags = list(_compile_flags(options))
    objects = [_object(flags, Path(source).absolute()) for source in sources]
    # Before the libraries, which the linker searches for what is still missing.
    first = command.index(sources[0])
    before = [word for word in command[:first] if word in options]
    after = [word for word in command[first:output] if word in options]
    return _run([*before, *objects, *after, *command[output:]])


def _compile_flags(options: Sequence[str]) -> Iterator[str]:
    """`options` without those of the linker."""
    script = False
    for option in options:
        if not script and not option.startswith(_OF_THE_LINKER):
            yield option
        script = option == "-T"


def _object(flags: Sequence[str], source: Path) -> str:
    kept = _kept(flags, source)
    if kept is None or not kept.is_file():
        with tempfile.TemporaryDirectory(dir=_folder()) as scratch:
            fresh = Path(scratch) / f"{source.stem}.o"
            _succeeded(_run([*flags, "-c", str(source), "-o", str(fresh)]))
            kept = kept or _folder() / f"{Path(scratch).name}-{source.stem}.o"
            assert copy_object(fresh, kept)
    return str(kept)


def _kept(flags: Sequence[str], source: Path) -> Path | None:
    """Where the object is, or will be; None for a source that has to be compiled each time."""
    folders = [flag[2:] for flag in flags if flag.startswith("-I")]
    text = read_source(_ROOT, str(source), folders)
    if text is None:
        return None
    facts = [flag for flag in flags if not flag.startswith("-I") and _counts(flag, text)]
    facts.sort(key=lambda flag: flag.startswith("-D"))  # which may stand anywhere
    return _folder() / f"{source.stem}-{text.key(facts)}.o"


def _counts(flag: str, text: SourceText) -> bool:
    """A macro does where it is mentioned, any other flag always."""
    return not flag.startswith("-D") or text.mentions(re.split(r"[=(]", flag[2:], maxsplit=1)[0])


@cache
def _folder() -> Path:
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named or tempfile.mkdtemp(prefix="mcuzoo-objects-"))


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True)


def _succeeded(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, f"{' '.join(done.args)}\n{done.stderr}"
