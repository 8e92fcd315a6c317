"""Models of one operator, compiled by each Vela, computed from the command stream, beside TFLM.

    python tools/npu_fuzz.py                                    # by the Vela that mcuzoo finds
    python tools/npu_fuzz.py --vela VENV/bin/vela --vela OTHER/bin/vela --count 50 --seed 7
    python tools/npu_fuzz.py --kind conv --kind pool --accelerator ethos-u55-128 --uint8
    python tools/npu_fuzz.py --kind softmax --keep FOLDER       # the models that are not equal

A line per operator and Vela: how many models are equal to TFLM's bytes on five inputs each, how
many are not, how many Vela leaves to the CPU or refuses, how many the interpreter does not know;
then the first of each that is wrong. Exits 1 if one is unequal, broken or failed. Needs the extra
test.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from helpers.npu_cases import KINDS, Outcome, Trial, drawn, tried

from mcuzoo.board.linux import VelaConfig
from mcuzoo.npu.options import VelaOptions
from mcuzoo.npu.program import vela_command, vela_version

MEMORIES = {
    "ethos-u65": ("Ethos_U65_High_End", "Dedicated_Sram"),
    "ethos-u55": ("Ethos_U55_High_End_Embedded", "Shared_Sram"),
}
WRONG: tuple[Outcome, ...] = ("unequal", "broken", "failed")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--vela", action="append", type=Path, metavar="PROGRAM")
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument("--count", type=int, default=20, help="models of each kind [20]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--accelerator", default="ethos-u65-256")
    parser.add_argument("--arena-cache-size", type=int, default=393_216)
    parser.add_argument("--uint8", action="store_true", help="the same models on uint8")
    parser.add_argument("--keep", type=Path, help="a folder for the models that are wrong")
    asked = parser.parse_args()
    system, mode = MEMORIES[asked.accelerator[:9]]
    config = VelaConfig(
        source="the command line",
        accelerator_config=asked.accelerator,
        system_config=system,
        memory_mode=mode,
        arena_cache_size=asked.arena_cache_size,
    )
    bad = 0
    for kind in asked.kind or KINDS:
        models = drawn(kind, asked.count, asked.seed)
        for program in asked.vela or [None]:
            version = vela_version(vela_command(program))
            options = VelaOptions(vela_program=program)
            found: dict[str, list[tuple[int, Trial]]] = defaultdict(list)
            for number, raw in enumerate(models):
                trial = tried(raw, config, options, asked.uint8)
                if trial is None:
                    continue
                found[trial.operators].append((number, trial))
                if trial.outcome in WRONG and asked.keep is not None:
                    asked.keep.mkdir(parents=True, exist_ok=True)
                    (asked.keep / f"{kind}-{asked.seed}-{number}.tflite").write_bytes(raw)
            for operators, trials in sorted(found.items()):
                bad += _told(version, operators, trials)
    return 1 if bad else 0


def _told(version: str, operators: str, trials: list[tuple[int, Trial]]) -> int:
    counts = Counter(trial.outcome for _, trial in trials)
    listed = ", ".join(f"{counts[one]} {one}" for one in get_args(Outcome) if counts[one])
    print(f"{version:8} {operators}: {listed}", flush=True)
    shown: set[str] = set()
    for number, trial in trials:
        if trial.outcome not in ("equal", "cpu") and trial.outcome not in shown:
            shown.add(trial.outcome)
            print(f"           model {number} {trial.outcome}: {trial.detail}", flush=True)
    return sum(counts[one] for one in WRONG)


if __name__ == "__main__":
    sys.exit(main())
