"""Measure mcuzoo's ahead-of-time runtime against its peers and targets.

    python benchmarks/bench.py [--models DIR]... [--tflm DIR] [--resume] [--markdown FILE]
    python benchmarks/bench.py --model M... [--compilers gcc,zig] [--levels=-O2,-O3] [--tflm DIR]
    python benchmarks/bench.py PROJECT... [--tflm DIR]

Exact instructions per inference and per layer on the emulated board and, as a witness, under QEMU;
modelled cycles and what they are spent for; sizes; stack; wall time. Without --model and PROJECT it
takes all models of peers.toml: their files are looked for in the folders of --models and in the
test data; networks without a file are built. Prints the tables of each model, then one of all of
them, with published figures of others, and writes a JSON file per firmware, and one for the best,
to benchmarks/results/. With --tflm DIR the peer is counted in the same run. --resume keeps the
results of models that are there. What could not be built or measured has its reason in its row;
the exit code is then 5.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from estimate import Estimate
from measure import Configuration
from networks import mobilenet_v2
from pages import write_table
from subject import Subject, say
from tables import (
    page_text,
    print_estimate,
    print_firmwares,
    print_kinds,
    print_layers,
    print_targets,
    slower_layers,
)
from targets import columns, goals, published, registered, rows
from witness import BOARD

from mcuzoo.errors import McuzooError, ToolchainError, UsageError
from mcuzoo.project.manifest import load_manifest
from mcuzoo.toolchain.find import find_compiler
from mcuzoo.zoo.registry import ModelSource, resolve_model

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Wanted:
    """A model to measure. title: as tables name it. source: None where `missing` says why."""

    title: str
    source: ModelSource | None
    missing: str = ""


def registered_models(folders: Iterable[Path], scratch: Path) -> Iterator[Wanted]:
    """Those of peers.toml: found by their hash in `folders`, or built in `scratch`."""
    by_name: dict[str, list[Path]] = {}
    for folder in folders:
        for file in folder.rglob("*.tflite"):
            by_name.setdefault(file.name, []).append(file)
    for known in registered():
        file = known["file"]
        found = [
            one
            for one in by_name.get(file, ())
            if "network" in known or sha256(one.read_bytes()).hexdigest() == known["sha256"]
        ]
        if found:
            yield Wanted(known["name"], resolve_model(str(found[0])))
        elif "network" in known:
            yield built(known, scratch / file)
        else:
            yield Wanted(known["name"], None, f"no {file} here: {known['how']}")


def built(known: Mapping[str, Any], file: Path) -> Wanted:
    try:
        file.write_bytes(mobilenet_v2(**known["network"]))
    except ImportError as error:
        return Wanted(known["name"], None, f"building the network takes TensorFlow: {error}")
    return Wanted(known["name"], resolve_model(str(file)))


def default_folders() -> list[Path]:
    data = Path(os.environ.get("MCUZOO_TEST_DATA") or HERE.parent.parent / "shared" / "data")
    return [data / "models"]


def main() -> int:
    options = parse()
    models: list[list[dict[str, Any]]] = []
    with tempfile.TemporaryDirectory() as scratch:
        try:
            for wanted in wanted_models(options, Path(scratch)):
                models.append(documents_of(wanted, options))
        except McuzooError as error:
            print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
            return error.exit_code
    text = page_text(models)
    print(f"\n{text}")
    print("cycles are modelled, not measured; those of other engines are measured on other chips")
    if options.markdown is not None:
        write_table(options.markdown, "make bench", text)
    return 5 if any("missing" in one for documents in models for one in documents) else 0


def wanted_models(options: argparse.Namespace, scratch: Path) -> Iterator[Wanted]:
    """The model of the projects, those named, or all of peers.toml."""
    if options.projects:
        manifest = load_manifest(options.projects[0])
        file = options.projects[0] / manifest.model.file
        source = ModelSource(manifest.model.name, file, manifest.preprocessing)
        yield Wanted(source.name, source)
        return
    if options.model:
        for name in options.model:
            source = resolve_model(name)
            yield Wanted(source.name, source)
        return
    for wanted in registered_models([*options.models, *default_folders()], scratch):
        if options.only is None or options.only.lower() in wanted.title.lower():
            yield wanted


def documents_of(wanted: Wanted, options: argparse.Namespace) -> list[dict[str, Any]]:
    """The figures of all firmwares of a model, ours first; or a reason in their place."""
    if wanted.source is None:
        return [{"model": wanted.title, "firmware": "-", "missing": wanted.missing}]
    result = options.out / f"{wanted.source.name}-{options.board}.json"
    if options.resume and result.is_file():
        say(f"{wanted.title}: taken from {result}")
        best: dict[str, Any] = json.loads(result.read_text())
        return [best, *best["others"]]
    documents = bench(wanted, options)
    return sorted(documents, key=lambda one: one["firmware"].startswith("tflm"))


def bench(wanted: Wanted, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure one model, write its files, print its tables."""
    assert wanted.source is not None
    say(wanted.title)
    with tempfile.TemporaryDirectory() as scratch:
        subject = Subject(
            wanted.source,
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
    for document in ours + theirs:
        document["title"] = wanted.title
    documents = ours + theirs
    if not documents:
        return [{"model": wanted.title, "firmware": "-", "missing": "there is no compiler"}]
    print_firmwares(documents)
    measured = [document for document in ours if "missing" not in document]
    peers = [document for document in theirs if "missing" not in document]
    if measured:
        best = best_of(measured, peers)
        best["others"] = [
            {key: value for key, value in document.items() if key not in ("layers", "others")}
            for document in documents
            if document is not best
        ]
        best["slower_layers"] = slower_layers(best, peers)
        write_results(options.out, best, measured + peers)
        print_layers(best, peers)
        print_kinds(best, peers)
        print_targets(best, peers)
        print("\n".join(best["slower_layers"]) or "no layer is slower than a peer's")
        print_estimate(guesses.get(best["firmware"]))
        documents = [best, *(one for one in documents if one is not best)]
    sys.stdout.flush()
    return documents


def best_of(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> dict[str, Any]:
    """The firmware that misses the fewest targets, then reaches most aims, then takes fewest
    instructions."""
    known = published(ours[0]["model_sha256"], ours[0]["model"])
    peers = columns(known, theirs)

    def rank(document: dict[str, Any]) -> tuple[int, int, int]:
        states = [row.state for row in rows(document, peers, goals(known, peers))]
        counted: int = document["instructions_per_inference"]
        return states.count("MISSED"), -states.count("aim"), counted

    return min(ours, key=rank)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("projects", nargs="*", type=Path, help="measure these, as they are built")
    parser.add_argument(
        "--model", action="append", help="a name of the zoo or a .tflite file; once or more"
    )
    parser.add_argument(
        "--models", action="append", type=Path, default=[], help="a folder of .tflite files"
    )
    parser.add_argument("--only", help="models of peers.toml with this in their name")
    parser.add_argument("--resume", action="store_true", help="keep results that are there")
    parser.add_argument("--markdown", type=Path, help="put the tables of all models into this page")
    parser.add_argument("--board", default=BOARD)
    parser.add_argument("--compilers", default="gcc", help="gcc,zig")
    parser.add_argument("--levels", default="-O2", help="of -O0 -O1 -O2 -O3 -Os")
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
            Configuration(options.board, compiler, level, weights=None)
            for level in options.levels.split(",")
        ]
    return found


def peers_of(options: argparse.Namespace) -> list[Configuration]:
    if options.tflm is None:
        return []
    return [
        Configuration(
            options.board, "gcc", "-O2", options.tflm.resolve(), options.kernels, weights=None
        )
    ]


def measure_all(
    subject: Subject, configurations: Iterable[Configuration]
) -> tuple[list[dict[str, Any]], dict[str, Estimate]]:
    documents, guesses = [], {}
    for how in configurations:
        try:
            document, guess = subject.measure(subject.build(how), how.name)
        except McuzooError as error:
            say(f"{how.name}: {error.message}")
            document, guess = subject.missing(how.name, error.message), None
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
