"""Fuzz the C that reads what comes over the link, with libFuzzer: `make fuzz`, `make nightly`.

python tests/fuzz/fuzz.py [TARGET ...] [--seconds N] [--work DIR]

Starts from the inputs in tests/fuzz/seeds, and goes on in DIR, which keeps all that gave new
coverage and what made a target fail; such an input, once it is mended, becomes a seed. Needs clang;
without it, says so and exits 0. Exit code 1: a target failed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from helpers.fuzz_targets import FOLDER, ROOT, compile_command, targets

_FLAGS = ("-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all")
_LARGEST_BYTES = 8192
_ENVIRONMENT = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"}
_COVERED = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)")
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the firmware's readers.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(targets()))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--work", type=Path, default=ROOT / "build/fuzz")
    arguments = parser.parse_args()
    chosen = arguments.targets or targets()
    if unknown := set(chosen) - set(targets()):
        parser.error(f"no target {sorted(unknown)[0]!r}; there are {', '.join(targets())}")
    clang = shutil.which("clang")
    if clang is None or not _links(clang, arguments.work):
        print("fuzz: no clang with libFuzzer (Debian: apt install clang); nothing was fuzzed")
        return 0
    print(f"{'target':8} {'executions':>12} {'coverage':>16} {'inputs':>7}")
    failed = [
        name for name in chosen if not _fuzz(clang, name, arguments.work / name, arguments.seconds)
    ]
    return 1 if failed else 0


def _links(clang: str, work: Path) -> bool:
    """Whether this clang has its libFuzzer."""
    work.mkdir(parents=True, exist_ok=True)
    source = work / "probe.c"
    source.write_text(
        "#include <stddef.h>\n#include <stdint.h>\n"
        "int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) { (void)d; (void)n; return 0; }\n"
    )
    command = [clang, *_FLAGS, str(source), "-o", str(work / "probe")]
    return subprocess.run(command, capture_output=True).returncode == 0


def _fuzz(clang: str, target: str, work: Path, seconds: int) -> bool:
    """Search; print one line. False when an input made the target fail."""
    corpus, seeds = work / "corpus", FOLDER / "seeds" / target
    corpus.mkdir(parents=True, exist_ok=True)
    seeds.mkdir(parents=True, exist_ok=True)
    executable = work / "fuzz"
    subprocess.run(compile_command([clang], target, executable, *_FLAGS), cwd=ROOT, check=True)
    options = (
        f"-max_total_time={seconds}", f"-max_len={_LARGEST_BYTES}", "-timeout=20",
        "-print_final_stats=1", f"-artifact_prefix={work}/",
    )  # fmt: skip
    command = [str(executable), *options, str(corpus), str(seeds)]
    done = subprocess.run(command, capture_output=True, env=_ENVIRONMENT)
    said = done.stderr.decode("utf-8", "replace")
    (work / "log.txt").write_text(said, encoding="utf-8")
    covered, executed = _COVERED.findall(said), _EXECUTED.findall(said)
    if covered:
        growth = f"{covered[0][0]} -> {covered[-1][0]}"
        count = int(executed[-1]) if executed else 0
        print(f"{target:8} {count:>12,} {growth:>16} {covered[-1][2]:>7}", flush=True)
    if done.returncode != 0:
        print(f"{target} FAILED: {work / 'log.txt'}\n{said[-3000:]}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
