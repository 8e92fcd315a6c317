"""Measure mcuzoo's ahead-of-time runtime against its peers and targets.

    python benchmarks/bench.py [--model M]... [--compilers gcc,zig] [--levels=-O2,-O3] [--tflm DIR]
    python benchmarks/bench.py PROJECT... [--tflm DIR]

Exact instructions per inference and per layer on the emulated board and, as a witness, under QEMU;
sizes; stack; wall time. Prints the tables of firmwares, layers, kinds of layers, and of figures,
peers, ratios and targets, and writes one JSON file per firmware, and one for the best, to
benchmarks/results/. With --tflm DIR the peer is counted in the same run; else its published figures
are quoted. Without --model it takes NXP's MobileNet V1 0.25 128 and Deepface-emotion where the test
data are at hand, else the bundled `signs`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from estimate import Estimate
from measure import Configuration
from subject import Subject, say
from tables import print_estimate, print_firmwares, print_kinds, print_layers, print_targets
from targets import columns, goals, published, rows
from witness import BOARD

from mcuzoo.errors import McuzooError, ToolchainError, UsageError
from mcuzoo.project.manifest import load_manifest
from mcuzoo.toolchain.find import find_compiler
from mcuzoo.zoo.registry import ModelSource, resolve_model

HERE = Path(__file__).resolve().parent
FILES = (
    "mobilenet_v1_0.25_128_quant_int8.tflite",
    "derived_deepface_emotion_int8io.tflite",
)


def default_models() -> list[str]:
    """NXP's file and Deepface-emotion where the test data are at hand, else the bundled model."""
    data = Path(os.environ.get("MCUZOO_TEST_DATA") or HERE.parent.parent / "shared" / "data")
    files = [data / "models" / name for name in FILES]
    return [str(file) for file in files if file.is_file()] or ["signs"]


def main() -> int:
    options = parse()
    try:
        for source in sources(options):
            if not bench(source, options):
                say(f"{source.name}: nothing could be measured")
                return 5
    except McuzooError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return error.exit_code
    return 0


def bench(source: ModelSource, options: argparse.Namespace) -> bool:
    """Measure one model, write its files, print its tables. False when there is no firmware."""
    with tempfile.TemporaryDirectory() as scratch:
        subject = Subject(
            source,
            options.board,
            Path(scratch),
            witness=not options.no_witness,
            guess=not options.no_estimate,
        )
        if options.projects:
            ours, guesses = measure_built(subject, options.projects)
        else:
            ours, guesses = measure_all(subject, ours_of(options))
        theirs, _ = measure_all(subject, peers_of(options))
    if not ours:
        return False
    best = best_of(ours, theirs)
    best["others"] = [
        {key: value for key, value in document.items() if key not in ("layers", "others")}
        for document in ours + theirs
        if document is not best
    ]
    write_results(options.out, best, ours + theirs)
    print_firmwares(ours + theirs)
    print_layers(best, theirs)
    print_kinds(best, theirs)
    print_targets(best, theirs)
    print_estimate(guesses.get(best["firmware"]))
    sys.stdout.flush()
    return True


def best_of(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> dict[str, Any]:
    """The firmware that misses the fewest targets, then reaches most aims, then takes fewest
    instructions."""
    known = published(ours[0]["model_sha256"])
    peers = columns(known, theirs)

    def rank(document: dict[str, Any]) -> tuple[int, int, int]:
        states = [row.state for row in rows(document, peers, goals(known, peers))]
        counted: int = document["instructions_per_inference"]
        return states.count("MISSED"), -states.count("aim"), counted

    return min(ours, key=rank)


def sources(options: argparse.Namespace) -> list[ModelSource]:
    """The models to measure: that of the first project, those named, or the default ones."""
    if not options.projects:
        return [resolve_model(name) for name in options.model or default_models()]
    manifest = load_manifest(options.projects[0])
    file = options.projects[0] / manifest.model.file
    return [ModelSource(manifest.model.name, file, manifest.preprocessing)]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("projects", nargs="*", type=Path, help="measure these, as they are built")
    parser.add_argument(
        "--model", action="append", help="a name of the zoo or a .tflite file; once or more"
    )
    parser.add_argument("--board", default=BOARD)
    parser.add_argument("--compilers", default="gcc,zig", help="gcc,zig")
    parser.add_argument("--levels", default="-Os,-O2,-O3", help="of -O0 -O1 -O2 -O3 -Os")
    parser.add_argument("--tflm", type=Path, help="measure TFLite-Micro out of this tree, too")
    parser.add_argument("--kernels", default="cmsis-nn", help="of that tree")
    parser.add_argument("--no-witness", action="store_true", help="do without QEMU")
    parser.add_argument("--no-estimate", action="store_true", help="do without llvm-mca")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    return parser.parse_args()


def ours_of(options: argparse.Namespace) -> list[Configuration]:
    found = []
    for compiler in options.compilers.split(","):
        try:
            find_compiler(compiler)
        except ToolchainError as error:
            say(f"without {compiler}: {error.message}")
            continue
        found += [
            Configuration(options.board, compiler, level) for level in options.levels.split(",")
        ]
    return found


def peers_of(options: argparse.Namespace) -> list[Configuration]:
    if options.tflm is None:
        return []
    return [Configuration(options.board, "gcc", "-O2", options.tflm.resolve(), options.kernels)]


def measure_all(
    subject: Subject, configurations: Iterable[Configuration]
) -> tuple[list[dict[str, Any]], dict[str, Estimate]]:
    documents, guesses = [], {}
    for how in configurations:
        try:
            project = subject.build(how)
        except ToolchainError as error:
            say(f"{how.name}: left out: {error.message}")
            continue
        document, guess = subject.measure(project, how.name)
        documents.append(document)
        if guess is not None:
            guesses[how.name] = guess
    return documents, guesses


def measure_built(
    subject: Subject, projects: Iterable[Path]
) -> tuple[list[dict[str, Any]], dict[str, Estimate]]:
    """As `measure_all`, of projects that are there; all have to be of the subject's model."""
    documents, guesses = [], {}
    for project in projects:
        manifest = load_manifest(project)
        if manifest.model.sha256 != subject.model.sha256:
            raise UsageError(
                f"{project} is of another model than {subject.source.name}.",
                "Measure projects of one model at a time.",
            )
        document, guess = subject.measure(project, project.resolve().name)
        documents.append(document)
        if guess is not None:
            guesses[document["firmware"]] = guess
    return documents, guesses


def write_results(folder: Path, best: dict[str, Any], documents: Iterable[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{best['model']}-{best['board']}"
    files = {f"{stem}.json": best}
    for document in documents:
        name = document["firmware"].replace(" -", "-").replace(" ", "-")
        files[f"{stem}-{name}.json"] = document
    for name, document in files.items():
        (folder / name).write_text(json.dumps(document, indent=2) + "\n")
    say(f"written: {folder / stem}*.json")


if __name__ == "__main__":
    sys.exit(main())
