"""Measure mcuzoo's ahead-of-time runtime against its peers and targets.

    python benchmarks/bench.py [--model M] [--compilers gcc,zig] [--levels=-O2,-O3] [--tflm DIR]
    python benchmarks/bench.py PROJECT... [--tflm DIR]

Exact instructions per inference and per layer on the emulated board and, as a witness, under QEMU;
sizes; stack; wall time. Prints the table of figures, peers, ratios and targets and writes one JSON
file per firmware, and one for the best, to benchmarks/results/. With --tflm DIR the peer is counted
in the same run; else its published figures are quoted. Without --model it takes NXP's MobileNet V1
0.25 128 where the test data are at hand, else the bundled `signs`.
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

import numpy as np
from classes import figures_by_class
from estimate import Estimate, estimate
from measure import SEED, Configuration, Figures, build, measure
from targets import published, rows
from witness import BOARD, Testimony, absent, testify

from mcuzoo.errors import McuzooError, ToolchainError, UsageError
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import load_model
from mcuzoo.project.manifest import Manifest, load_manifest
from mcuzoo.toolchain.find import find_compiler
from mcuzoo.zoo.engines.reference import ReferenceEngine
from mcuzoo.zoo.registry import ModelSource, resolve_model

HERE = Path(__file__).resolve().parent
NXP_FILE = "mobilenet_v1_0.25_128_quant_int8.tflite"


def default_model() -> str:
    """NXP's file where the test data are at hand, else the bundled model."""
    data = Path(os.environ.get("MCUZOO_TEST_DATA") or HERE.parent.parent / "shared" / "data")
    file = data / "models" / NXP_FILE
    return str(file) if file.is_file() else "signs"


class Bench:
    """One model on one board, in several firmwares."""

    def __init__(
        self, source: ModelSource, board: str, scratch: Path, *, witness: bool, guess: bool
    ) -> None:
        self.source = source
        self.model: Model = load_model(source.path)
        self.board = board
        self._scratch = scratch
        self._engine = ReferenceEngine(self.model)
        why = absent()
        if witness and why is None and board != BOARD:
            say(f"no witness but for {BOARD}: QEMU has its memories only")
        if witness and why is not None:
            say(f"no witness: {why}")
        self._witness = witness and why is None
        self._guess = guess

    def build(self, how: Configuration) -> Path:
        """A project of the model. Raises McuzooError."""
        say(f"{how.name}: building")
        return build(self.source, how, self._scratch / how.name.replace(" ", ""))

    def measure(self, project: Path, name: str) -> tuple[dict[str, Any], Estimate | None]:
        """The figures of a project's newest build as its JSON file has them. Raises McuzooError."""
        say(f"{name}: measuring")
        figures = measure(project)
        manifest = load_manifest(project)
        testimony = self._testify(project) if self._witness and manifest.board == BOARD else None
        document = self._document(manifest, name, figures, testimony)
        if testimony is None or manifest.build is None or not self._guess:
            return document, None
        guess = estimate(project / manifest.build.elf, testimony.blocks)
        if guess is not None:
            document["estimated_cycles"] = {
                "what": "a static estimate, not a count",
                "tool": f"{guess.tool}, cortex-m7",
                "cycles": round(guess.cycles),
                "instructions": guess.instructions,
                "covered": guess.covered,
            }
        return document, guess

    def _testify(self, project: Path) -> Testimony:
        shape = load_manifest(project).input.shape
        tensor = np.random.default_rng(SEED).integers(-128, 128, shape, dtype=np.int8)
        return testify(project, tensor, self._engine.run(tensor))

    def _document(
        self, manifest: Manifest, name: str, figures: Figures, testimony: Testimony | None
    ) -> dict[str, Any]:
        profile = figures.profile
        layers = [
            {
                **layer,
                "witness": None if testimony is None else testimony.layers[index],
            }
            for index, layer in enumerate(profile.as_dict()["layers"])
        ]
        kinds = list(figures_by_class(self.model, profile.layers))
        per_mac = {kind.name: kind.per_mac for kind in kinds if kind.per_mac is not None}
        depthwise = [kind for kind in kinds if kind.name.startswith("depthwise")]
        if depthwise:
            per_mac["depthwise"] = sum(kind.instructions for kind in depthwise) / sum(
                kind.macs for kind in depthwise
            )
        return {
            "model": self.source.name,
            "model_sha256": self.model.sha256,
            "board": manifest.board,
            "firmware": name,
            "runtime": profile.runtime,
            "toolchain": profile.toolchain,
            "optimization": manifest.build.optimization if manifest.build else None,
            "input": f"numpy default_rng({SEED}), int8",
            "instructions_per_inference": figures.instructions,
            "witness_instructions": None if testimony is None else testimony.instructions,
            "macs": profile.macs,
            "instructions_per_mac": figures.instructions / profile.macs,
            "per_mac": per_mac,
            "arena_bytes": figures.arena_bytes,
            "code_bytes": figures.code_bytes,
            "constant_bytes": figures.constant_bytes,
            "stack_bytes": figures.stack_bytes,
            "emulator_seconds": figures.seconds,
            "layers": layers,
        }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    options = parse()
    try:
        source = subject(options)
        with tempfile.TemporaryDirectory() as scratch:
            bench = Bench(
                source,
                options.board,
                Path(scratch),
                witness=not options.no_witness,
                guess=not options.no_estimate,
            )
            if options.projects:
                ours, guesses = measure_built(bench, options.projects)
            else:
                ours, guesses = measure_all(bench, ours_of(options))
            theirs, _ = measure_all(bench, peers_of(options))
    except McuzooError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return error.exit_code
    if not ours:
        say("nothing could be measured")
        return 5
    best = min(ours, key=lambda document: document["instructions_per_inference"])
    best["others"] = [
        {key: value for key, value in document.items() if key not in ("layers", "others")}
        for document in ours + theirs
        if document is not best
    ]
    write_results(options.out, best, ours + theirs)
    print_firmwares(ours + theirs)
    print_layers(best, theirs)
    print_targets(bench.model.sha256, best, theirs)
    print_estimate(guesses.get(best["firmware"]))
    return 0


def subject(options: argparse.Namespace) -> ModelSource:
    """The model that is measured: that of the first project, the one named, or the default."""
    if not options.projects:
        return resolve_model(options.model or default_model())
    manifest = load_manifest(options.projects[0])
    file = options.projects[0] / manifest.model.file
    return ModelSource(manifest.model.name, file, manifest.preprocessing)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("projects", nargs="*", type=Path, help="measure these, as they are built")
    parser.add_argument("--model", help="a name of the zoo or a .tflite file")
    parser.add_argument("--board", default=BOARD)
    parser.add_argument("--compilers", default="gcc,zig", help="gcc,zig")
    parser.add_argument("--levels", default="-O2,-O3", help="of -O0 -O1 -O2 -O3 -Os")
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
    bench: Bench, configurations: Iterable[Configuration]
) -> tuple[list[dict[str, Any]], dict[str, Estimate]]:
    documents, guesses = [], {}
    for how in configurations:
        try:
            project = bench.build(how)
        except ToolchainError as error:
            say(f"{how.name}: left out: {error.message}")
            continue
        document, guess = bench.measure(project, how.name)
        documents.append(document)
        if guess is not None:
            guesses[how.name] = guess
    return documents, guesses


def measure_built(
    bench: Bench, projects: Iterable[Path]
) -> tuple[list[dict[str, Any]], dict[str, Estimate]]:
    """As `measure_all`, of projects that are there; all have to be of the bench's model."""
    documents, guesses = [], {}
    for project in projects:
        manifest = load_manifest(project)
        if manifest.model.sha256 != bench.model.sha256:
            raise UsageError(
                f"{project} is of another model than {bench.source.name}.",
                "Measure projects of one model at a time.",
            )
        document, guess = bench.measure(project, project.resolve().name)
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


def print_firmwares(documents: list[dict[str, Any]]) -> None:
    """A row per firmware."""
    first = documents[0]
    print(f"\n{first['model']} on {first['board']}, {first['macs']:,} MACs, {first['input']}")
    heads = ("instructions", "by QEMU", "per MAC", "arena", "code", "constants", "stack", "wall s")
    print(f"{'firmware':24}" + "".join(f"{head:>14}" for head in heads))
    for document in documents:
        witness = document["witness_instructions"]
        cells = (
            f"{document['instructions_per_inference']:,}",
            "-" if witness is None else f"{witness:,}",
            f"{document['instructions_per_mac']:.3f}",
            *(f"{document[f'{name}_bytes']:,}" for name in ("arena", "code", "constant", "stack")),
            f"{document['emulator_seconds']:.2f}",
        )
        print(f"{document['firmware']:24}" + "".join(f"{cell:>14}" for cell in cells))


def print_layers(best: dict[str, Any], theirs: list[dict[str, Any]]) -> None:
    """A row per layer of the best firmware, and what measured peers take for it."""
    print(f"\n{'layers of ' + best['firmware']:50}{'MACs':>12}{'instructions':>14}{'by QEMU':>14}"
          f"{'per MAC':>9}" + "".join(f"{peer['firmware']:>22}" for peer in theirs))  # fmt: skip
    tables = [{layer["last_op"]: layer["count"] for layer in peer["layers"]} for peer in theirs]
    for layer in best["layers"]:
        ops = f"{layer['first_op']}"
        if layer["last_op"] != layer["first_op"]:
            ops += f"-{layer['last_op']}"
        shape = "x".join(str(size) for size in layer["shape"][1:])
        rate = "" if layer["per_mac"] is None else f"{layer['per_mac']:.3f}"
        witness = "-" if layer["witness"] is None else f"{layer['witness']:,}"
        peers = []
        for table in tables:
            span = range(layer["first_op"], layer["last_op"] + 1)
            peers.append(sum(table.get(op, 0) for op in span))
        print(f"{ops:>5} {layer['name'][:30]:30} {shape:13}{layer['macs']:>12,}"
              f"{layer['count']:>14,}{witness:>14}{rate:>9}"
              + "".join(f"{peer:>22,}" for peer in peers))  # fmt: skip


def print_targets(sha256: str, best: dict[str, Any], theirs: list[dict[str, Any]]) -> None:
    """The table of figures, peers, ratios and targets."""
    known = published()
    same = sha256 == known["model_sha256"]
    peers: dict[str, Any] = {document["firmware"]: document for document in theirs}
    if same:
        quoted = known["peers"]
        if theirs:
            quoted = {name: figures for name, figures in quoted.items() if "tflm" not in name}
        peers |= {f"{name} (quoted)": figures for name, figures in quoted.items()}
    goals = known if same else {}
    print(f"\n{'figures of ' + best['firmware']:38}{'ours':>14}" + "".join(
        f"{peer:>26}{'ratio':>8}" for peer in peers) + f"{'must':>12}{'aim':>12}")  # fmt: skip
    for row in rows(best, peers, goals):
        cells = ""
        for peer in peers:
            ratio = row.ratio(peer)
            cells += (
                f"{number(row.peers[peer]):>26}" + f"{'' if ratio is None else f'{ratio:.2f}':>8}"
            )
        print(f"{row.name:38}{number(row.ours):>14}{cells}{number(row.must):>12}"
              f"{number(row.aim):>12}  {row.state}")  # fmt: skip
    for name, figures in known["peers"].items():
        if f"{name} (quoted)" in peers:
            print(f"{name}: {figures['source']}")


def number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def print_estimate(guess: Estimate | None) -> None:
    if guess is None:
        print("\nno estimate of cycles: it takes QEMU, llvm-mca and llvm-objdump")
        return
    print(
        f"\nESTIMATE, not a count: {guess.tool}'s model of the Cortex-M7 gives {guess.cycles:,.0f} "
        f"cycles for {guess.instructions:,} instructions\n({guess.covered:.1%} of all), "
        f"{guess.per_instruction:.2f} per instruction: loads hit, branches are foreseen."
    )
    print(f"{'hottest blocks':36}{'address':>12}{'times':>12}{'instructions':>14}{'cycles':>10}")
    for block in guess.blocks[:10]:
        print(f"{block.function:36}{block.address:>12x}{block.times:>12,}"
              f"{block.instructions:>14}{block.cycles:>10.1f}")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
