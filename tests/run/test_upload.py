"""What a universal firmware is sent, and what is refused before anything is."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from helpers.fake_board import write_images
from helpers.fake_tflm import fake_tree
from helpers.one_op_nets import int8, one_op
from helpers.small_net import small_net
from helpers.small_source import small_source
from helpers.tiny_project import tiny_manifest
from helpers.uint8_models import uint8_net

from mcuzoo.board.load import load_board
from mcuzoo.codegen.universal import UniversalOptions, export_universal
from mcuzoo.errors import FitError, ModelError, ProjectError, UnsupportedOpError, UsageError
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.project.manifest import (
    RoomEntry,
    UniversalEntry,
    UniversalManifest,
    load_manifest,
    load_project,
    write_manifest,
)
from mcuzoo.run.job import make_job
from mcuzoo.run.options import RunOptions
from mcuzoo.run.upload import prepare_upload, require_universal
from mcuzoo.zoo.registry import resolve_model

SMALL_OPS = ("ADD", "AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED",
             "MAX_POOL_2D", "PAD", "RESHAPE", "SOFTMAX")  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("universal")
    options = UniversalOptions(
        fake_tree(folder / "tree"), ("CONV_2D", "RESHAPE", "SOFTMAX"), "reference"
    )
    export_universal(load_board("rt1170"), folder / "project", options)
    return folder / "project"


@pytest.fixture
def manifest(project: Path) -> UniversalManifest:
    """With the ops of the models here, as if the tree had had them."""
    found = load_project(project)
    assert isinstance(found, UniversalManifest)
    return replace(found, universal=replace(found.universal, ops=SMALL_OPS))


def net(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(content)
    return path


def test_a_model_goes_as_it_is_when_it_can(manifest: UniversalManifest) -> None:
    signs = resolve_model("signs")
    manifest = replace(manifest, universal=replace(manifest.universal, ops=(*SMALL_OPS, "MEAN")))
    upload = prepare_upload(signs, manifest)
    assert upload.model.raw == signs.path.read_bytes()
    facts = upload.manifest
    assert facts.model.sha256 == sha256(signs.path.read_bytes()).hexdigest()
    assert (facts.model.name, facts.input.bytes, facts.output.bytes) == ("signs", 49152, 16)
    assert facts.preprocessing == signs.preprocessing
    assert (facts.name, facts.build_id) == (manifest.name, manifest.build_id)


def test_a_plan_of_ours_goes_along_where_tflms_would_not_fit(manifest: UniversalManifest) -> None:
    signs = resolve_model("signs")
    tight = replace(manifest, plan=replace(manifest.plan, arena_bytes=130_000))
    upload = prepare_upload(signs, tight)
    assert upload.model.raw != signs.path.read_bytes()
    assert b"OfflineMemoryAllocation" in upload.model.raw
    assert [op.name for op in upload.model.ops] == [op.name for op in load_model(signs.path).ops]


def test_conversions_at_the_ends_stay_on_the_host(
    manifest: UniversalManifest, tmp_path: Path
) -> None:
    path = net(tmp_path, small_net())
    upload = prepare_upload(resolve_model(str(path)), manifest)
    assert "DEQUANTIZE" in {op.name for op in load_model(path).ops}
    assert "DEQUANTIZE" not in {op.name for op in upload.model.ops}
    assert upload.manifest.output.dtype == "int8"
    assert parse_model(upload.model.raw, "again").sha256 == upload.manifest.model.sha256


def test_an_op_that_the_firmware_has_not_got_is_named(
    manifest: UniversalManifest, tmp_path: Path
) -> None:
    without = tuple(name for name in SMALL_OPS if name != "PAD")
    lacking = replace(manifest, universal=replace(manifest.universal, ops=without))
    with pytest.raises(
        UnsupportedOpError, match="op 4 PAD is none of rt1170-universal's"
    ) as caught:
        prepare_upload(resolve_model(str(net(tmp_path, small_net()))), lacking)
    assert "--ops" in caught.value.hint
    assert "PAD" in caught.value.hint


def test_what_tflm_would_refuse_is_not_sent(manifest: UniversalManifest, tmp_path: Path) -> None:
    other_scale = one_op("SOFTMAX", [int8(1, 10)], int8(1, 10, scale=0.0039, zero_point=-128))
    with pytest.raises(UnsupportedOpError, match=r"Op 0 SOFTMAX, tensor 1 .*: is not quantized"):
        prepare_upload(resolve_model(str(net(tmp_path, other_scale))), manifest)


def test_too_large_has_the_figures(manifest: UniversalManifest) -> None:
    rooms = (RoomEntry("dtcm", 1000), RoomEntry("ocram", 300_000))
    small = replace(manifest, universal=UniversalEntry(SMALL_OPS, rooms))
    with pytest.raises(FitError, match=r"has 316,032 bytes.*room for 300,000 \(1,000 in dtcm, "):
        prepare_upload(resolve_model("signs"), small)


def test_an_arena_too_small_has_the_figures(manifest: UniversalManifest) -> None:
    small = replace(manifest, plan=replace(manifest.plan, arena_bytes=100_000))
    with pytest.raises(FitError, match=r"bytes of TFLM's arena, rt1170-universal has 100,000 in"):
        prepare_upload(resolve_model("signs"), small)


def test_a_uint8_model_is_told_to_convert(manifest: UniversalManifest, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="UINT8") as caught:
        prepare_upload(resolve_model(str(net(tmp_path, uint8_net()))), manifest)
    assert "mcuzoo convert" in caught.value.hint


def test_a_job_with_an_upload(project: Path, manifest: UniversalManifest, tmp_path: Path) -> None:
    write_manifest(manifest, project)
    request = RunOptions(
        port="/dev/null", project=project, upload="signs", limit=8, out=tmp_path / "run"
    )
    job = make_job(request)
    assert job.upload is not None
    assert job.manifest == job.upload.manifest
    assert job.classes.names == resolve_model("signs").labels
    assert {item.label for item in job.data_set.items} != {None}
    assert (job.settings.upload, job.engine is not None) == ("signs", True)


def test_a_model_that_nobody_knows_brings_no_pictures(
    project: Path, manifest: UniversalManifest, tmp_path: Path
) -> None:
    write_manifest(manifest, project)
    path = small_source(tmp_path).path
    request = RunOptions(port="/dev/null", project=project, upload=str(path), out=tmp_path / "run")
    with pytest.raises(UsageError, match="has no samples") as caught:
        make_job(request)
    assert "--images" in caught.value.hint
    flat = tmp_path / "flat"
    write_images(flat, 2).unlink()
    job = make_job(replace(request, images=flat))
    assert {item.label for item in job.data_set.items} == {None}
    assert job.settings.upload == str(path)


def test_upload_and_project_must_go_together(project: Path, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no model of its own"):
        load_manifest(project)
    write_manifest(tiny_manifest(), tmp_path)
    with pytest.raises(UsageError, match="linked in"):
        require_universal(load_project(tmp_path), tmp_path)
