"""The demo: the bundled model on the emulated EVK, with pictures that it has never seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.codegen.linux.npu import for_emulation
from mcuzoo.codegen.linux.project import export_linux_project
from mcuzoo.codegen.options import ALONE
from mcuzoo.codegen.project import export_project
from mcuzoo.data.drawn_signs.dataset import write_signs
from mcuzoo.extras import require_packages
from mcuzoo.project.kinds import BUNDLED
from mcuzoo.project.manifest import BuildEntry
from mcuzoo.run.options import RunOptions
from mcuzoo.run.summary import RunSummary
from mcuzoo.tryout.tryout import Say, Watch, build_and_run, packages_for, unused
from mcuzoo.zoo.registry import resolve_model

FRESH_SEED = 20_260
"""Seed of the demo's pictures; none that the model was trained or tuned with."""


@dataclass(frozen=True)
class Demo:
    """What a demo made, all below one folder.

    project: the exported folder. images: those that were drawn. run: the journal's folder. summary:
    of the run.
    """

    project: Path
    images: Path
    run: Path
    build: BuildEntry
    summary: RunSummary


def run_demo(
    board_id: str, folder: Path, images: int, seed: int, say: Say, watch: Watch | None
) -> Demo:
    """Export the bundled model for `board_id` below `folder`, build it, run fresh pictures.

    `say` is told each step; `watch` is that of `run`. A project of an earlier demo
    in `folder` is replaced, its runs are kept. Raises McuzooError of whatever step fails.
    """
    board = load_any_board(board_id)
    require_packages(packages_for(board), "The demo")
    project = folder / f"{board.id}-{BUNDLED}"
    say(f"exporting {BUNDLED} for {board.name} to {project}")
    if isinstance(board, LinuxBoard):
        export_linux_project(resolve_model(BUNDLED), board, project, for_emulation(board))
    else:
        export_project(resolve_model(BUNDLED), board, project, ALONE)
    pictures = folder / f"images-{seed}-{images}"
    say(f"drawing {images} pictures that the model has never seen (seed {seed})")
    manifest = write_signs(pictures, n=images, seed=seed)
    options = RunOptions(project=project, images=manifest, out=unused(folder / f"run-{board.id}"))
    build, found = build_and_run(project, options, say, watch)
    return Demo(
        project=project, images=pictures, run=found.folder, build=build, summary=found.summary
    )
