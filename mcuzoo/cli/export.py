"""mcuzoo export: render a project folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mcuzoo.codegen.tflm.options import TflmOptions

DEFAULT_MODEL = "mobilenet_v1_0.25_128"


def export(
    board: Annotated[str, typer.Option("--board", "-b", help="rt1170, rt1050 or a .toml file.")],
    model: Annotated[
        str, typer.Argument(help="A model of the zoo, or a .tflite file.")
    ] = DEFAULT_MODEL,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Project folder [mcuzoo-BOARD-MODEL].")
    ] = None,
    runtime: Annotated[str, typer.Option(help="aot or tflm")] = "aot",
    project: Annotated[str, typer.Option(help="cmake")] = "cmake",
    weights: Annotated[str, typer.Option(help="Where the constants live: flash or ram.")] = "flash",
    arena_region: Annotated[
        str | None, typer.Option(help="Pin the tensor arena to this memory region.")
    ] = None,
    tflm: Annotated[
        Path | None, typer.Option("--tflm", help="TFLM's tree, as create_tflm_tree.py makes it.")
    ] = None,
    kernels: Annotated[
        str | None, typer.Option(help="TFLM's kernels: cmsis-nn or reference [cmsis-nn].")
    ] = None,
    plan: Annotated[
        str | None,
        typer.Option(
            help="Who plans TFLM's arena: offline (mcuzoo) or greedy (TFLM) [the smaller]."
        ),
    ] = None,
    embed: Annotated[
        str | None, typer.Option(help="TFLM's model file: array (C) or incbin (assembler) [array].")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write into a folder that is not a pristine project.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the manifest.")] = False,
) -> None:
    """Render MODEL for a board as a self-contained C project."""
    import json
    from dataclasses import asdict

    from mcuzoo.board.load import list_boards, load_board
    from mcuzoo.codegen.absent import absent_model_error
    from mcuzoo.codegen.project import export_project
    from mcuzoo.errors import MissingModelError
    from mcuzoo.project.kinds import check_weights
    from mcuzoo.zoo.registry import resolve_model

    chosen = load_board(board)
    try:
        source = resolve_model(model)
    except MissingModelError as missing:
        raise absent_model_error(
            model, missing, chosen, list_boards(), runtime, check_weights(weights), arena_region
        ) from None
    if source.note:
        print(f"note: {source.note}", file=sys.stderr)
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
        tflm=_tflm_options(tflm, kernels, plan, embed),
    )
    if json_output:
        print(json.dumps(asdict(manifest), indent=2))
        return
    entry = manifest.plan
    print(f"{directory}: {manifest.model.name} for {chosen.name}, runtime {manifest.runtime}")
    print(f"arena {entry.arena_bytes:,} bytes in {entry.arena_region}")
    print(f"constants {entry.constant_bytes:,} bytes in {entry.weights_region}")
    print(f"next: mcuzoo build {directory}")


def _tflm_options(
    tree: Path | None, kernels: str | None, plan: str | None, embed: str | None
) -> TflmOptions | None:
    from mcuzoo.codegen.model_array import check_embed
    from mcuzoo.codegen.tflm.options import TflmOptions
    from mcuzoo.errors import UsageError
    from mcuzoo.plan.tflm.image import check_kernels, check_plan

    if tree is None:
        if kernels or plan or embed:
            raise UsageError(
                "--kernels, --plan and --embed choose how TFLite-Micro is linked in.",
                "Add --runtime tflm --tflm DIR.",
            )
        return None
    return TflmOptions(
        tree,
        check_kernels(kernels or "cmsis-nn"),
        check_plan(plan) if plan else None,
        check_embed(embed or "array"),
    )
