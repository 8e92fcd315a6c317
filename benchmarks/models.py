"""Any .tflite files on any boards: what each step says of each, in a table and as JSON.

    python benchmarks/models.py DIR|FILE... [--boards rt1170,rt1050] [--tflm DIR] [--json FILE]

inspect: the runtimes that run the file. fit: of the ahead-of-time runtime, and the arena that it
needs. aot: exported, built, booted on the emulated board, inputs that gave the host reference's
bytes. tflm: whether TFLite-Micro fits; with --tflm (its tree) built and run likewise. wheel: inputs
for which the tflite-micro wheel gives the host reference's bytes. Below a row is why not.

Each file has a process of its own, which may crash or be ended after --timeout seconds; the next
file is then tried. Exits 1 if a byte differs anywhere, if inspect, fit and export disagree, or if a
process crashed or was ended.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcuzoo.files import write_whole
from mcuzoo.processes import apart
from mcuzoo.tables import Column, table_text

TRIAL = Path(__file__).resolve().parent / "model_trial.py"
SUFFIXES = (".tflite", ".lite")


@dataclass
class Trial:
    """What was found of one file. stages: what each said; ended: the bad end of the process."""

    file: Path
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended: str | None = None
    seconds: float = 0.0

    def of(self, stage: str) -> dict[str, Any]:
        return self.stages.get(stage, {})

    def document(self) -> dict[str, Any]:
        return {
            "file": str(self.file),
            "ended": self.ended,
            "seconds": round(self.seconds, 1),
            "stages": self.stages,
        }


def main() -> int:
    options = parse()
    boards: list[str] = options.boards.split(",")
    absent = [str(place) for place in options.what if not place.exists()]
    if absent:
        print(f"error: there is no {', '.join(absent)}", file=sys.stderr)
        return 2
    files = list(found_files(options.what))
    if not files:
        print(f"error: no .tflite file in {', '.join(map(str, options.what))}", file=sys.stderr)
        return 2
    trials = []
    for number, file in enumerate(files, 1):
        print(f"{number} of {len(files)}: {file}", file=sys.stderr, flush=True)
        trials.append(tried(file, options))
        if options.json is not None:
            documents = [trial.document() for trial in trials]
            write_whole(options.json, (json.dumps(documents, indent=1) + "\n").encode())
    sys.stdout.write(table(trials, boards))
    faults = [f"{trial.file}: {fault}" for trial in trials for fault in judged(trial, boards)]
    for fault in faults:
        print(fault)
    print(summary(trials, boards, len(faults)))
    return 1 if faults else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", nargs="+", type=Path, help="files, or folders of files")
    parser.add_argument("--boards", default="rt1170")
    parser.add_argument(
        "--tflm", type=Path, help="run TFLite-Micro on the boards, out of this tree"
    )
    parser.add_argument("--inputs", type=int, default=4, help="inputs per board [4]")
    parser.add_argument("--timeout", type=float, default=300, help="seconds per file [300]")
    parser.add_argument("--host-only", action="store_true", help="build and boot nothing")
    parser.add_argument("--json", type=Path, help="keep the findings there")
    return parser.parse_args()


def found_files(places: Sequence[Path]) -> Iterator[Path]:
    """The files named, and those below the folders named, in order."""
    for place in places:
        if place.is_dir():
            yield from sorted(path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES)
        else:
            yield place


def tried(file: Path, options: argparse.Namespace) -> Trial:
    """Run model_trial.py on a file, at most options.timeout seconds."""
    command = [sys.executable, str(TRIAL), str(file), "--boards", options.boards]
    command += ["--inputs", str(options.inputs)]
    command += ["--host-only"] if options.host_only else []
    command += [] if options.tflm is None else ["--tflm", str(options.tflm)]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    trial, began = Trial(file), time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **quiet},
        **apart(),
    )  # fmt: skip
    try:
        output, said = process.communicate(timeout=options.timeout)
    except (subprocess.TimeoutExpired, KeyboardInterrupt) as error:
        process.kill()
        output, said = process.communicate()
        if isinstance(error, KeyboardInterrupt):
            raise
        trial.ended = f"not finished after {options.timeout:g} s"
    else:
        if process.returncode:
            last = said.decode(errors="replace").strip().splitlines()[-1:]
            trial.ended = f"CRASHED with {process.returncode}: {' '.join(last)}"
    trial.seconds = time.monotonic() - began
    running = read_stages(output, trial)
    if trial.ended is not None and running is not None:
        trial.stages[running] = {"ok": False, "reason": trial.ended}
    return trial


def read_stages(output: bytes, trial: Trial) -> str | None:
    """Enter what model_trial.py printed; return the stage that it began and did not finish."""
    running = None
    for line in output.decode(errors="replace").splitlines():
        try:
            said = json.loads(line)
        except ValueError:  # a library's own words, or half a line
            continue
        if "begin" in said:
            running = said["begin"]
        elif "stage" in said:
            trial.stages[said.pop("stage")] = said
            running = None
    return running


def table(trials: Sequence[Trial], boards: Sequence[str]) -> str:
    columns = (
        Column("file"), Column("board"), Column("inspect"), Column("fit", right=True),
        Column("aot", right=True), Column("tflm", right=True), Column("wheel", right=True),
        Column("", rank=9),
    )  # fmt: skip
    rows = [row(trial, board) for trial in trials for board in boards]
    return table_text(columns, rows, 80)


def row(trial: Trial, board: str) -> tuple[str, ...]:
    name = trial.file.stem
    short = name if len(name) <= 26 else f"{name[:12]}..{name[-12:]}"
    runs = trial.of("inspect").get("runs", {})
    covered = " ".join(runtime for runtime, said in runs.items() if said is True)
    return (
        short,
        board,
        covered or "none",
        fit_word(trial.of(f"fit aot {board}")),
        run_word(trial.of(f"aot {board}")),
        run_word(trial.of(f"tflm {board}")) if trial.of(f"tflm {board}")
        else fit_word(trial.of(f"fit tflm {board}")),
        run_word(trial.of("wheel")),
        first_reason(trial, board) or "",
    )  # fmt: skip


def fit_word(said: dict[str, Any]) -> str:
    return f"{said['arena_bytes']:,}" if said.get("ok") else "no" if said else "-"


def run_word(said: dict[str, Any]) -> str:
    if "equal" in said:
        return f"{said['equal']}/{said['of']}"
    return "runs" if "ran" in said else "no" if said else "-"


def first_reason(trial: Trial, board: str) -> str | None:
    """Why the file does not run, by the first step that says so; then what only TFLM refuses."""
    order = ("read", "inspect", f"fit aot {board}", "reference", "resolve", f"aot {board}",
             f"tflm {board}", "wheel")  # fmt: skip
    for stage in order:
        said = trial.of(stage)
        if said.get("ok") is False:
            return f"{stage.split()[0]}: {said['reason']}"
    return trial.ended


def runs(trial: Trial, board: str) -> bool:
    said = trial.of(f"aot {board}")
    return said.get("ok") is True and said["equal"] == said["of"]


def judged(trial: Trial, boards: Sequence[str]) -> Iterator[str]:
    """The faults of mcuzoo: whatever is not a sound refusal."""
    if trial.ended is not None:
        yield trial.ended
    for stage, said in trial.stages.items():
        why = str(said.get("reason", ""))
        if why.startswith(("FAULT", "DIFFERS")):
            yield f"{stage}: {why}"
    told = trial.of("inspect").get("runs", {}).get("aot") is True
    for board in boards:
        fits, built = trial.of(f"fit aot {board}"), trial.of(f"aot {board}")
        if fits.get("ok") and not told:
            yield f"{board}: fit says that it fits, inspect that aot does not run it"
        if told and "reference" in trial.stages and not trial.of("reference").get("ok"):
            yield f"{board}: inspect says that aot runs it, the host reference refuses it"
        if not built and trial.of("reference").get("ok"):  # --host-only
            continue
        if fits.get("ok") and "equal" not in built:
            yield f"{board}: fit says that it fits, but it did not run"
        if fits and not fits.get("ok") and "equal" in built:
            yield f"{board}: fit says that it does not fit, but it ran"


def summary(trials: Sequence[Trial], boards: Sequence[str], faults: int) -> str:
    ran = {board: sum(runs(trial, board) for trial in trials) for board in boards}
    wheel = [trial.of("wheel") for trial in trials]
    equal = sum(said.get("ok") is True and "equal" in said for said in wheel)
    tried_by_wheel = sum("equal" in said for said in wheel)
    told = ", ".join(f"{board} {count}" for board, count in ran.items())
    return (
        f"{len(trials)} files; byte-equal on the emulated board: {told}; by the wheel: {equal} of "
        f"{tried_by_wheel}; faults: {faults}"
    )


if __name__ == "__main__":
    sys.exit(main())
