"""The parts of a project that its kind and its runtime decide; the rest is the same for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mcuzoo.board.model import Board
from mcuzoo.codegen.aot.emit import render_model
from mcuzoo.codegen.aot.sources import hot_sources, kernel_sources
from mcuzoo.codegen.benchmarks import BenchmarkRow, render_benchmarks
from mcuzoo.codegen.board_files import (
    Sections,
    render_board_files,
    render_build_files,
    standalone_sections,
)
from mcuzoo.codegen.project_files import render_readme
from mcuzoo.codegen.sources import STANDALONE_SOURCES
from mcuzoo.ops.lower import lower
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.project.manifest import Manifest, SdkEntry, TflmEntry


@dataclass(frozen=True)
class ProjectPart:
    """sections: where the runtime puts what it renders. rendered: files by project path.

    firmware: patterns of C files below firmware/. documents: build files and README of the finished
    manifest, by project path. linker_script: its project path. sdk: None for a stand-alone project.
    """

    sections: Sections
    rendered: Mapping[str, str]
    firmware: tuple[str, ...]
    linker_script: str
    documents: Callable[[Manifest], Mapping[str, str]]
    sdk: SdkEntry | None = None


def standalone_part(board: Board, plan: MemoryPlan) -> ProjectPart:
    """A project with its own start-up code and linker script."""
    return ProjectPart(
        sections=standalone_sections(plan.placement),
        rendered=render_board_files(board, plan.placement, hot=hot_sources(plan)),
        firmware=STANDALONE_SOURCES,
        linker_script=f"linker/{board.id}.ld",
        documents=lambda manifest: {
            **render_build_files(manifest),
            **render_readme(manifest, board, plan),
        },
    )


NO_UPLOAD_SOURCE = "upload/none/mz_upload_none.c"
"""For a firmware whose model is linked in."""

WHOLE_IMAGE_SOURCE = "image/whole/mz_image_whole.c"
STREAMED_IMAGE_SOURCE = "image/rows/mz_image_rows.c"
"""For a firmware that keeps its input until it is run, or consumes it as it arrives."""


@dataclass(frozen=True)
class RuntimePart:
    """Rendered files by project path, C and C++ files below firmware/, files for the reader.

    rendered: text by project path. compiled: sources below firmware/. extra: other files, by
    project path. tflm: None for the other runtime.
    """

    rendered: Mapping[str, str]
    compiled: tuple[str, ...]
    extra: Mapping[str, bytes] = field(default_factory=dict)
    tflm: TflmEntry | None = None


def aot_part(
    plan: MemoryPlan, sections: Sections, board: Board, benchmarks: Sequence[BenchmarkRow] = ()
) -> RuntimePart:
    """benchmarks: micro-benchmarks behind the ops. Raises UnsupportedOpError for an op that has no
    kernel of ours."""
    calls = lower(plan.program) if plan.calls is None else plan.calls
    image = WHOLE_IMAGE_SOURCE if plan.chain is None else STREAMED_IMAGE_SOURCE
    return RuntimePart(
        rendered={
            **render_model(plan.program, plan.arena, sections, calls, len(benchmarks)),
            **render_benchmarks(board, benchmarks),
        },
        compiled=(*kernel_sources(calls), NO_UPLOAD_SOURCE, image),
    )
