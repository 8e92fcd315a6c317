"""mcuzoo fit --measure: the arena as a board has it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcuzoo.errors import UsageError, command

if TYPE_CHECKING:
    from mcuzoo.codegen.tflm.part import TflmOptions
    from mcuzoo.measure.fit import MeasureRequest


@dataclass(frozen=True)
class MeasureOptions:
    """What was typed beside --measure."""

    model: str
    board: str
    runtime: str
    weights: str
    pins: list[str]
    arena_region: str | None
    kernels: str
    plan: str | None
    tflm: Path | None
    output: Path | None
    port: str | None
    baud: int | None
    stream_input: bool


def print_measurement(options: MeasureOptions, json_output: bool) -> None:
    """Measure, and print prediction and measurement side by side."""
    from mcuzoo.cli.output import width
    from mcuzoo.measure.fit import measure_fit
    from mcuzoo.report.fit import (
        measurement_document,
        measurement_findings,
        measurement_text,
    )

    request = _request(options)
    found = measure_fit(request, lambda step: print(step, file=sys.stderr))
    if json_output:
        print(json.dumps(measurement_document(found), indent=2))
        return
    print(f"{request.source.name} on {request.board.id}, runtime {request.runtime}")
    sys.stdout.write(measurement_text(found, width()))
    sys.stdout.write(measurement_findings(found))
    run = command("mcuzoo", "run-serial", "--port", f"emulator://{found.project}")
    images = "" if found.manifest.samples else " --images DIR"
    print(f"next: {run}{images}")


def _request(options: MeasureOptions) -> MeasureRequest:
    from mcuzoo.board.baud import with_baud
    from mcuzoo.board.load import load_board
    from mcuzoo.measure.fit import MeasureRequest
    from mcuzoo.plan.place.pins import parse_pins
    from mcuzoo.plan.place.placement import usable_names
    from mcuzoo.project.kinds import check_runtime, check_weights
    from mcuzoo.zoo.registry import resolve_model

    check_runtime(options.runtime)
    source = resolve_model(options.model)
    board = load_board(options.board)
    if options.baud is not None:
        board = with_baud(board, options.baud)
    return MeasureRequest(
        source=source,
        board=board,
        output=options.output or Path(f"mcuzoo-{board.id}-{source.name}"),
        runtime=options.runtime,
        tflm=_tflm(options),
        weights=check_weights(options.weights, usable_names(board)),
        pins=parse_pins(options.pins),
        arena_region=options.arena_region,
        port=options.port,
        stream_input=options.stream_input,
    )


def _tflm(options: MeasureOptions) -> TflmOptions | None:
    from mcuzoo.codegen.tflm.part import TflmOptions
    from mcuzoo.codegen.tflm.tree import tree_hint
    from mcuzoo.plan.tflm.image import check_kernels, check_plan

    kernels = check_kernels(options.kernels)
    if options.runtime != "tflm":
        if options.tflm is not None:
            raise UsageError(
                f"--tflm: the runtime {options.runtime} has no use for it.", "Add --runtime tflm."
            )
        return None
    if options.tflm is None:
        raise UsageError(
            "To measure the runtime tflm takes a TFLite-Micro tree: --tflm DIR is missing.",
            tree_hint(kernels),
        )
    return TflmOptions(options.tflm, kernels, check_plan(options.plan) if options.plan else None)
