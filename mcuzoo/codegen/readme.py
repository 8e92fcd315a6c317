"""The project's README."""

from __future__ import annotations

from mcuzoo.board.model import Board
from mcuzoo.codegen.templates import render
from mcuzoo.plan.memory import MemoryPlan
from mcuzoo.project.manifest import Manifest


def render_readme(manifest: Manifest, board: Board, plan: MemoryPlan) -> dict[str, str]:
    text = render(
        "cmake/README.md.j2", manifest=manifest, board=board, contents=region_contents(plan)
    )
    return {"README.md": text}


def region_contents(plan: MemoryPlan) -> dict[str, str]:
    """What each region of the board is planned to hold, in words."""
    return {region.region: ", ".join(part.name for part in region.parts) for region in plan.regions}
