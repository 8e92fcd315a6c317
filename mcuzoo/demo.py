"""The main job in one call: export, build, boot the emulated EVK, stream fresh images, judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.project.manifest import BuildEntry
from mcuzoo.run.runner import Observer
from mcuzoo.run.summary import RunSummary

MODEL = "signs"
FRESH_SEED = 20_260
"""Seed of the demo's pictures; none that the model was trained or tuned with."""


@dataclass(frozen=True)
class Demo:
    """What a demo made, all below one folder."""

    project: Path
    images: Path
    run: Path
    build: BuildEntry
    summary: RunSummary


def run_demo(
    board_id: str,
    folder: Path,
    images: int,
    seed: int,
    talk: Callable[[str], None],
    make_observer: Callable[[Path], Observer],
) -> Demo:
    """Export the bundled model for `board_id` below `folder`, build it, run fresh pictures.

    `talk` is told each step; `make_observer` gets the run's folder. A project of an earlier demo
    in `folder` is replaced, its runs are kept. Raises McuzooError of whatever step fails.
    """
    from mcuzoo.board.load import load_board
    from mcuzoo.codegen.project import export_project
    from mcuzoo.data.drawn_signs.dataset import write_signs
    from mcuzoo.extras import EMULATOR, IMAGES, require_packages
    from mcuzoo.link.session import Session
    from mcuzoo.link.state import LinkState
    from mcuzoo.run.job import Request, make_job
    from mcuzoo.run.runner import run_images
    from mcuzoo.toolchain.build import build_project
    from mcuzoo.toolchain.find import compiler_packages
    from mcuzoo.zoo.registry import resolve_model

    board = load_board(board_id)
    require_packages((*EMULATOR, *compiler_packages(), *IMAGES), "The demo")
    project = folder / f"{board.id}-{MODEL}"
    talk(f"exporting {MODEL} for {board.name} to {project}")
    export_project(resolve_model(MODEL), board, project)
    talk("building the firmware")
    build = build_project(project)
    pictures = folder / f"images-{seed}-{images}"
    talk(f"drawing {images} pictures that the model has never seen (seed {seed})")
    manifest = write_signs(pictures, n=images, seed=seed)
    talk("booting the emulated EVK and streaming the pictures")
    job = make_job(
        Request(
            port=f"emulator://{project.resolve()}",
            project=project,
            images=manifest,
            out=_unused(folder / f"run-{board.id}"),
        )
    )
    settings = job.settings

    def connect(state: LinkState) -> Session:
        return Session.open(settings.port, settings.baud, state=state)

    summary = run_images(job, connect, make_observer(job.out))
    return Demo(project=project, images=pictures, run=job.out, build=build, summary=summary)


def _unused(wanted: Path) -> Path:
    number = 1
    folder = wanted
    while folder.exists():
        number += 1
        folder = wanted.with_name(f"{wanted.name}-{number}")
    return folder
