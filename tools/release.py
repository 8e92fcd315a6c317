"""Build sdist and wheel of a commit twice, under different circumstances, and compare: `make dist`.

    python tools/release.py --out dist

Only what is committed is built. The second time, folder, order of the files, their times, umask,
time zone, locale and hash seed are others, and the wheel is made from the sdist. Writes the two
files and SHA256SUMS into --out. Exit code 1: a file is not the same both times.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SUMS = "SHA256SUMS"
_FIRST = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"}
_SECOND = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "2"}


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition(":")[0])
    parser.add_argument("--repository", type=Path, default=REPOSITORY)
    parser.add_argument("--ref", default="HEAD", help="the commit or tag to build")
    parser.add_argument("--out", type=Path, default=Path("dist"))
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as scratch:
        made, again = build_twice(given.repository.resolve(), given.ref, Path(scratch))
        other = [path.name for path in made if sha(path) != sha_of(again, path.name)]
        for name in other:
            print(f"{name} is not the same when it is built again.", file=sys.stderr)
        if other:
            return 1
        given.out.mkdir(parents=True, exist_ok=True)
        for path in made:
            shutil.copyfile(path, given.out / path.name)
    sums = "".join(f"{sha(path)}  {path.name}\n" for path in made_in(given.out, made))
    (given.out / SUMS).write_text(sums, encoding="utf-8", newline="\n")
    print(sums, end="")
    return 0


def build_twice(repository: Path, ref: str, scratch: Path) -> tuple[list[Path], list[Path]]:
    """sdist and wheel from a clone; and again, the wheel from the sdist."""
    clone = scratch / "clone"
    run(["git", "clone", "--quiet", "--no-checkout", str(repository), str(clone)], scratch)
    commit = said(["git", "rev-parse", "--verify", f"{ref}^{{commit}}"], repository)
    run(["git", "checkout", "--quiet", "--detach", commit], clone)
    epoch = {"SOURCE_DATE_EPOCH": said(["git", "show", "-s", "--format=%ct", commit], clone)}

    first = scratch / "first"
    made = [build(clone, kind, first, epoch | _FIRST, 0o022) for kind in ("sdist", "wheel")]

    other = scratch / "another" / "folder"
    copy_backwards(clone, other)
    second = scratch / "second"
    again = [build(other, "sdist", second, epoch | _SECOND, 0o077)]
    unpacked = scratch / "unpacked"
    with tarfile.open(again[0]) as packed:
        packed.extractall(unpacked, filter="data")
    (source,) = unpacked.iterdir()
    again.append(build(source, "wheel", second, epoch | _SECOND, 0o077))
    return made, again


def copy_backwards(source: Path, target: Path) -> None:
    """A copy whose files are new, made in another order, and readable by their owner alone."""
    files = sorted((path for path in source.rglob("*") if path.is_file()), reverse=True)
    for path in files:
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        # git looks at this bit; at the others nobody should.
        copy.chmod(0o600 | path.stat().st_mode & 0o100)


def build(source: Path, kind: str, out: Path, environment: Mapping[str, str], umask: int) -> Path:
    """Build by hatchling, in this Python; `kind`: "sdist" or "wheel"."""
    before = set(out.iterdir()) if out.is_dir() else set()
    run(
        [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(out)],
        source,
        environment,
        umask,
    )
    (made,) = set(out.iterdir()) - before
    return made


def run(
    words: list[str], folder: Path, environment: Mapping[str, str] | None = None, umask: int = -1
) -> str:
    """What the program wrote. Ends this one, with the program's words, when it fails."""
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def said(words: list[str], folder: Path) -> str:
    return run(words, folder).strip()


def sha(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def sha_of(paths: list[Path], name: str) -> str:
    """Its SHA-256; "" if there is no such file."""
    return next((sha(path) for path in paths if path.name == name), "")


def made_in(folder: Path, made: list[Path]) -> list[Path]:
    return sorted(folder / path.name for path in made)


if __name__ == "__main__":
    sys.exit(main())
