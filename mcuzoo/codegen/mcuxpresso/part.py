"""What an application for the MCUXpresso SDK has that a stand-alone project has not."""

from __future__ import annotations

from mcuzoo.board.model import Board
from mcuzoo.codegen.mcuxpresso.board_files import LINKER_SCRIPT, render_sdk_board_files
from mcuzoo.codegen.mcuxpresso.build_files import render_sdk_build_files
from mcuzoo.codegen.mcuxpresso.sdk import MINIMUM_VERSION
from mcuzoo.codegen.mcuxpresso.sections import sdk_sections
from mcuzoo.codegen.project_part import ProjectPart
from mcuzoo.codegen.sources import SDK_SOURCES
from mcuzoo.plan.memory import MemoryPlan
from mcuzoo.plan.place.reserved import sdk_of
from mcuzoo.project.manifest import SdkEntry


def sdk_part(board: Board, plan: MemoryPlan) -> ProjectPart:
    """Raises BoardError when the board file says nothing of the SDK."""
    core_id = board.sdk_core_id if sdk_of(board).multicore else None
    return ProjectPart(
        sections=sdk_sections(board, plan.placement),
        rendered=render_sdk_board_files(board, plan.placement),
        firmware=SDK_SOURCES,
        linker_script=LINKER_SCRIPT,
        documents=lambda manifest: render_sdk_build_files(manifest, board, plan),
        sdk=SdkEntry(board.sdk_board, core_id, MINIMUM_VERSION),
    )
