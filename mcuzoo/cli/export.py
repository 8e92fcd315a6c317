"""mcuzoo export: render a project folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_MODEL = "mobilenet_v1_0.25_128"


def export(
    board: Annotated[str, typer.Option("--board", "-b", help="rt1170, rt1050 or a .toml file.")],
    model: Annotated[
        str, typer.Argument(help="A model of the zoo, or a .tflite file.")
    ] = DEFAULT_MODEL,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Project folder [mcuzoo-BOARD-MODEL].")
    ] = None,
    runtime: Annotated[str, typer.Option(help="aot")] = "aot",
    project: Annotated[str, typer.Option(help="cmake")] = "cmake",
    weights: Annotated[str, typer.Option(help="Where the constants live: flash or ram.")] = "flash",
    arena_region: Annotated[
        str | None, typer.Option(help="Pin the tensor arena to this memory region.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write into a folder that is not a pristine project.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the manifest.")] = False,
) -> None:
    """Render MODEL for a board as a self-contained C project."""
    import json
    from dataclasses import asdict

    from mcuzoo.board.load import load_board
    from mcuzoo.codegen.project import export_project
    from mcuzoo.project.kinds import check_weights
    from mcuzoo.zoo.registry import resolve_model

    source = resolve_model(model)
    chosen = load_board(board)
    directory = output or Path(f"mcuzoo-{chosen.id}-{source.name}")
    manifest = export_project(
        source,
        chosen,
        directory,
        runtime=runtime,
        project=project,
        weights=check_weights(weights),
        arena_region=arena_region,
        force=force,
    )
    if json_output:
        print(json.dumps(asdict(manifest), indent=2))
        return
    plan = manifest.plan
    print(f"{directory}: {manifest.model.name} for {chosen.name}, runtime {manifest.runtime}")
    print(f"arena {plan.arena_bytes:,} bytes in {plan.arena_region}")
    print(f"constants {plan.constant_bytes:,} bytes in {plan.weights_region}")
    print(f"next: mcuzoo build {directory}")
