"""What a page takes from the run's project, and when it takes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.boards import without_sdram
from helpers.exported import export_project
from helpers.page_runs import signs_meta

from mcuzoo.board.load import load_board
from mcuzoo.board.model import Board
from mcuzoo.project.manifest import Manifest, write_manifest
from mcuzoo.report.html.at_hand import at_hand
from mcuzoo.report.html.memory import arena_picture, project_memory
from mcuzoo.run.record import RunMeta
from mcuzoo.zoo.registry import resolve_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    folder = tmp_path_factory.mktemp("page") / "signs"
    return folder, export_project(resolve_model("signs"), load_board("rt1050"), folder)


def meta_of(folder: Path, manifest: Manifest) -> RunMeta:
    meta = signs_meta(16, None, 8)
    board = replace(
        meta.board, model_sha256=manifest.model.sha256, build_id=manifest.newest_build_id
    )
    return replace(meta, board=board, settings=replace(meta.settings, project=str(folder)))


def test_the_plan_is_made_again_and_is_the_projects(project: tuple[Path, Manifest]) -> None:
    folder, manifest = project
    found = at_hand(meta_of(folder, manifest))
    assert found.fit is not None and found.fit.arena_bytes == manifest.plan.arena_bytes
    assert not found.absent and not found.built_since and found.engine() is not None
    assert arena_picture(found.fit) and project_memory(manifest)[0] is not None
    made = found.input(meta_of(folder, manifest))
    assert made is not None and made.shape == manifest.input.shape


def test_another_build_has_another_memory(project: tuple[Path, Manifest]) -> None:
    folder, manifest = project
    meta = meta_of(folder, manifest)
    later = replace(meta, board=replace(meta.board, build_id="77" * 16))
    found = at_hand(later)
    assert found.built_since and found.fit is None and found.manifest is not None


def test_of_another_model_nothing_is_taken(project: tuple[Path, Manifest], tmp_path: Path) -> None:
    folder, manifest = project
    meta = meta_of(folder, manifest)
    other = at_hand(replace(meta, board=replace(meta.board, model_sha256="77" * 32)))
    assert other.manifest is None and "another model" in other.absent
    gone = at_hand(meta, tmp_path / "gone")
    assert gone.manifest is None and "There is no project folder" in gone.absent
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "mcuzoo.json").write_text("{")
    assert "damaged" in at_hand(meta, tmp_path / "damaged").absent


def test_a_plan_that_is_not_todays_is_not_drawn(
    project: tuple[Path, Manifest], tmp_path: Path
) -> None:
    folder, manifest = project
    copy = tmp_path / "copy"
    (copy / "model").mkdir(parents=True)
    (copy / manifest.model.file).write_bytes((folder / manifest.model.file).read_bytes())
    plan = replace(manifest.plan, arena_bytes=manifest.plan.arena_bytes + 64)
    write_manifest(replace(manifest, plan=plan), copy)
    found = at_hand(meta_of(copy, manifest))
    assert found.fit is None and found.manifest is not None
    write_manifest(manifest, copy)
    assert at_hand(meta_of(copy, manifest)).fit is not None


@pytest.mark.parametrize("board", [load_board("rt1170"), without_sdram("rt1170")])
def test_a_streamed_input_is_planned_again(board: Board, tmp_path: Path) -> None:
    folder = tmp_path / "streamed"
    manifest = export_project(resolve_model("signs"), board, folder, stream_input=True)
    found = at_hand(meta_of(folder, manifest))
    assert found.fit is not None and found.fit.streamed is not None
