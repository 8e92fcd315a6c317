"""Instructions per layer on the emulated board, exact and repeatable.

    python benchmarks/instructions.py PROJECT...              # projects as they were built last
    python benchmarks/instructions.py --model M --compilers gcc,zig --levels=-O2,-O3 [--layers]

Prints instructions per layer (with --layers) and per kind of layer, one column per firmware; every
layer's output is compared with the host reference first. --json FILE keeps the figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from classes import CLASSES, figures_by_class
from measure import Configuration, Figures, build, measure

from mcuzoo.errors import McuzooError
from mcuzoo.graph.read import load_model
from mcuzoo.project.manifest import load_manifest
from mcuzoo.report.profile import profile_document
from mcuzoo.zoo.registry import resolve_model


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("projects", nargs="*", type=Path)
    parser.add_argument("--model", help="export and build this one instead")
    parser.add_argument("--board", default="rt1170")
    parser.add_argument("--compilers", default="gcc")
    parser.add_argument("--levels", default="-O2")
    parser.add_argument("--layers", action="store_true", help="print every layer")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, Figures] = {}
    try:
        if options.model:
            source = resolve_model(options.model)
            path = source.path
            for compiler in options.compilers.split(","):
                for level in options.levels.split(","):
                    how = Configuration(options.board, compiler, level)
                    print(f"{how.name} ...", file=sys.stderr, flush=True)
                    with tempfile.TemporaryDirectory() as scratch:
                        found[how.name] = measure(build(source, how, Path(scratch) / "p"))
        for project in options.projects:
            path = project / load_manifest(project).model.file
            found[project.name] = measure(project)
    except McuzooError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return error.exit_code
    if not found:
        parser.error("name a project or a --model")
    model = load_model(path)
    if options.layers:
        print_layers(found)
    print(f"{'per MAC':30}" + "".join(f"{name:>22}" for name in found))
    table = {
        name: {row.name: row for row in figures_by_class(model, figures.profile.layers)}
        for name, figures in found.items()
    }
    for kind in CLASSES:
        rows = [by_class.get(kind) for by_class in table.values()]
        if any(rows):
            cells = [
                "" if row is None else f"{row.instructions:,}"
                + (f" {row.per_mac:6.3f}" if row.per_mac is not None else " " * 7)
                for row in rows
            ]  # fmt: skip
            print(f"{kind:30}" + "".join(f"{cell:>22}" for cell in cells))
    for heading, name in (
        ("instructions per inference", "instructions"),
        ("arena", "arena_bytes"),
        ("code", "code_bytes"),
        ("constants", "constant_bytes"),
        ("stack", "stack_bytes"),
    ):
        cells = [f"{getattr(figures, name):,}" for figures in found.values()]
        print(f"{heading:30}" + "".join(f"{cell:>22}" for cell in cells))
    if options.json:
        document = {
            name: {
                "instructions_per_inference": figures.instructions,
                "arena_bytes": figures.arena_bytes,
                "code_bytes": figures.code_bytes,
                "constant_bytes": figures.constant_bytes,
                "stack_bytes": figures.stack_bytes,
                "layers": profile_document(figures.profile)["layers"],
            }
            for name, figures in found.items()
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


def print_layers(found: dict[str, Figures]) -> None:
    print(f"{'layer':30}" + "".join(f"{name:>22}" for name in found))
    tables = [
        {layer.first_op: layer for layer in figures.profile.layers} for figures in found.values()
    ]
    for op in sorted({op for table in tables for op in table}):
        rows = [table.get(op) for table in tables]
        one = next(row for row in rows if row is not None)
        shape = "x".join(str(size) for size in one.shape[1:])
        cells = [
            "" if row is None else f"{row.count or 0:,}"
            + (f" {row.per_mac:6.3f}" if row.per_mac is not None else " " * 7)
            for row in rows
        ]  # fmt: skip
        head = f"{one.ops:>5} {one.name[:12]:12} {shape}"
        print(f"{head:30}" + "".join(f"{cell:>22}" for cell in cells))
    print()


if __name__ == "__main__":
    sys.exit(main())
