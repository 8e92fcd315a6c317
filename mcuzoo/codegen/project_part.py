"""The part of a project that its kind decides; the rest is the same for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mcuzoo.board.model import Board
from mcuzoo.codegen.board_files import render_board_files
from mcuzoo.codegen.build_files import render_build_files
from mcuzoo.codegen.readme import render_readme
from mcuzoo.codegen.sections import Sections, standalone_sections
from mcuzoo.codegen.sources import STANDALONE_SOURCES
from mcuzoo.plan.memory import MemoryPlan
from mcuzoo.project.manifest import Manifest, SdkEntry


@dataclass(frozen=True)
class ProjectPart:
    """sections: where the runtime puts what it renders. rendered: files by project path.

    firmware: patterns of C files below firmware/. documents: build files and README of the
    finished manifest, by project path.
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
        rendered=render_board_files(board, plan.placement),
        firmware=STANDALONE_SOURCES,
        linker_script=f"linker/{board.id}.ld",
        documents=lambda manifest: {
            **render_build_files(manifest),
            **render_readme(manifest, board, plan),
        },
    )
