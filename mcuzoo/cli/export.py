"""mcuzoo export: render a project folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcuzoo.cli.options import ArenaRegion, Pin, Weights
from mcuzoo.cli.progress import step
from mcuzoo.project.kinds import DEFAULT_MODEL, DEFAULT_PROJECT, DEFAULT_RUNTIME

if TYPE_CHECKING:
    from mcuzoo.codegen.tflm.part import TflmOptions

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("signs", "--board", "rt1170"),
    ("model.tflite", "--board", "rt1050", "--runtime", "aot", "-o", "hello"),
)


def export(
    board: Annotated[str, typer.Option("--board", "-b", help="rt1170, rt1050 or a .toml file.")],
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL", help=f"A model of the zoo, or a .tflite file [{DEFAULT_MODEL}]."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Project folder [mcuzoo-BOARD-MODEL].")
    ] = None,
    runtime: Annotated[
        str, typer.Option(help="tflm (TFLite-Micro) or aot (mcuzoo's ahead-of-time C).")
    ] = DEFAULT_RUNTIME,
    project: Annotated[
        str | None,
        typer.Option(
            help="mcuxpresso (NXP's SDK builds it) or cmake (stand-alone) "
            "[mcuxpresso; cmake with --universal]."
        ),
    ] = None,
    weights: Weights = "auto",
    pin: Pin = None,
    arena_region: ArenaRegion = None,
    stream_input: Annotated[
        bool,
        typer.Option(
            "--stream-input",
            help="With --runtime aot: consume the input as it arrives, for a smaller arena.",
        ),
    ] = False,
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
    baud: Annotated[
        int | None,
        typer.Option(
            "--baud", min=1, help="Bits per second of the firmware's console [the board file's]."
        ),
    ] = None,
    universal: Annotated[
        bool,
        typer.Option(
            "--universal", help="TFLM without a model: it takes any over the link, see --ops."
        ),
    ] = False,
    ops: Annotated[
        str | None,
        typer.Option(
            help="With --universal: CONV_2D,SOFTMAX,... [those of the MODELs given, or all known]."
        ),
    ] = None,
    model_region: Annotated[
        str | None, typer.Option(help="With --universal: the one memory region for models.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write into a folder that is not a pristine project.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the manifest.")] = False,
) -> None:
    """Render MODEL for a board as an application for NXP's SDK, or as a project of its own.

    With --universal the firmware takes its model over the link: mcuzoo run-serial --upload.
    """
    import json
    from dataclasses import asdict

    from mcuzoo.board.baud import with_baud
    from mcuzoo.board.load import list_boards, load_board
    from mcuzoo.codegen.absent import absent_model_error
    from mcuzoo.codegen.project import export_project
    from mcuzoo.errors import MissingModelError
    from mcuzoo.files import making
    from mcuzoo.plan.place.pins import parse_pins
    from mcuzoo.plan.place.placement import usable_names
    from mcuzoo.project.kinds import check_weights
    from mcuzoo.quoting import file_stem
    from mcuzoo.report.project import export_text, universal_text
    from mcuzoo.zoo.registry import resolve_model

    chosen = load_board(board)
    if baud is not None:
        chosen = with_baud(chosen, baud)
    if universal:
        from mcuzoo.cli.export_universal import (
            export_universal_project,
            require_universal_choices,
        )

        require_universal_choices(runtime, project, plan, embed, stream_input)
        directory, made = export_universal_project(
            chosen, output, models or (), ops, tflm, kernels, arena_region, model_region, force
        )
        print(
            json.dumps(asdict(made), indent=2)
            if json_output
            else universal_text(directory, chosen, made)
        )
        return
    place = check_weights(weights, usable_names(chosen))
    model = _one_model(models or [DEFAULT_MODEL], ops, model_region)
    try:
        with step(f"reading {model}"):
            source = resolve_model(model)
    except MissingModelError as missing:
        with step(f"planning {model} by its layers"):
            absent = absent_model_error(
                model,
                missing,
                chosen,
                list_boards(),
                runtime,
                place,
                arena_region,
                project or DEFAULT_PROJECT,
                options=_typed(board, runtime, project),
            )
        raise absent from None
    if source.note:
        print(f"note: {source.note}", file=sys.stderr)
    directory = output or Path(f"mcuzoo-{chosen.id}-{file_stem(source.name)}")
    with making(directory), step(f"planning and writing {directory}"):
        manifest = export_project(
            source,
            chosen,
            directory,
            runtime=runtime,
            project=project or DEFAULT_PROJECT,
            weights=place,
            arena_region=arena_region,
            force=force,
            tflm=_tflm_options(runtime, tflm, kernels, plan, embed),
            stream_input=stream_input,
            pins=parse_pins(pin or []),
        )
    if json_output:
        print(json.dumps(asdict(manifest), indent=2))
        return
    sys.stdout.write(export_text(directory, chosen, manifest))


def _typed(board: str, runtime: str, project: str | None) -> list[str]:
    """The options that say what kind of project is wanted, for a command to type next."""
    return [
        *("--board", board),
        *(() if runtime == DEFAULT_RUNTIME else ("--runtime", runtime)),
        *(() if project is None else ("--project", project)),
    ]


def _one_model(models: list[str], ops: str | None, model_region: str | None) -> str:
    from mcuzoo.errors import UsageError

    if ops is not None or model_region is not None:
        raise UsageError("--ops and --model-region need --universal.", "Add it.")
    if len(models) > 1:
        raise UsageError(
            f"{len(models)} models: a project has one.",
            "Name one, or add --universal for a firmware with the operators of all of them.",
        )
    return models[0]


def _tflm_options(
    runtime: str, tree: Path | None, kernels: str | None, plan: str | None, embed: str | None
) -> TflmOptions | None:
    from mcuzoo.codegen.model_array import check_embed
    from mcuzoo.codegen.tflm.part import TflmOptions
    from mcuzoo.errors import UsageError
    from mcuzoo.plan.tflm.image import check_kernels, check_plan

    if tree is None:
        if runtime != "tflm" and (kernels or plan or embed):
            raise UsageError(
                "--kernels, --plan and --embed choose how TFLite-Micro is linked in.",
                "Add --runtime tflm.",
            )
        if runtime != "tflm":
            return None
    return TflmOptions(
        tree,
        check_kernels(kernels or "cmsis-nn"),
        check_plan(plan) if plan else None,
        check_embed(embed or "array"),
    )
