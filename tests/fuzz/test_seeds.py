"""The inputs that fuzzing has kept, once more, with sanitizers and without a fuzzer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.fuzz_targets import FOLDER, REPLAY, ROOT, compile_command, seeds, targets
from helpers.host_firmware import find_host_compiler, sanitizer_flags

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(sys.platform == "win32", reason="the host port needs POSIX"),
]


@pytest.mark.parametrize("target", targets())
def test_seeds_are_harmless(target: str, tmp_path: Path) -> None:
    compiler = find_host_compiler()
    executable = tmp_path / target
    command = compile_command(compiler, target, executable, *sanitizer_flags(compiler), REPLAY)
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    files = seeds(target)
    assert files
    done = subprocess.run([executable, *files], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{len(files)} files\n"


def test_seeds_are_small_and_belong_to_a_target() -> None:
    names = {folder.name for folder in (FOLDER / "seeds").iterdir()}
    assert names == set(targets())
    for name in names:
        assert sum(path.stat().st_size for path in seeds(name)) < 64 * 1024, name
