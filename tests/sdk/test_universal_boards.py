"""The universal firmware with TFLM itself, from the tree that TFLM_DIR names, on both emulated
boards: models come one after the other, and what cannot run is refused in words.
"""

from __future__ import annotations

import os
import re
from hashlib import sha256
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from helpers.small_net import small_net
from helpers.uint8_models import uint8_net

from mcuzoo.board.load import load_board
from mcuzoo.codegen.universal import UniversalOptions, export_universal, ops_of
from mcuzoo.emulator.url import register_pyserial
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import FitError, ModelRefusedError
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.link.session import Session
from mcuzoo.plan.tflm.image import HeadPlan, prepare_image
from mcuzoo.project.manifest import UniversalManifest, load_project
from mcuzoo.run.upload import prepare_upload
from mcuzoo.toolchain.build import build_project
from mcuzoo.zoo.registry import resolve_model

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(3000)]

MODELS = ("mobilenet_v1_0.25_128_quant_int8.tflite", "derived_deepface_emotion_int8io.tflite")


def _tree() -> Path:
    named = os.environ.get("TFLM_DIR")
    if not named:
        pytest.skip("TFLM_DIR is not set")
    return Path(named)


@pytest.fixture(scope="module")
def models(test_data: Path) -> list[str]:
    return ["signs", *(str(test_data / "models" / name) for name in MODELS)]


@pytest.fixture(scope="module", params=["rt1170", "rt1050"])
def project(
    request: pytest.FixtureRequest, models: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("universal") / str(request.param)
    ops = ops_of([load_model(resolve_model(name).path) for name in models])
    export_universal(load_board(request.param), folder, UniversalOptions(_tree(), ops))
    build_project(folder)
    register_pyserial()
    return folder


def manifest_of(project: Path) -> UniversalManifest:
    manifest = load_project(project)
    assert isinstance(manifest, UniversalManifest)
    return manifest


def test_models_one_after_the_other(project: Path, models: list[str]) -> None:
    manifest = manifest_of(project)
    random = np.random.default_rng(1)
    with Session.open(f"emulator://{project}") as session:
        assert session.hello().runtime_error == "no model has been uploaded"
        for name in [*models, models[0]]:
            upload = prepare_upload(resolve_model(name), manifest)
            hello = session.upload(upload.model.raw)
            assert hello.model_sha256 == sha256(upload.model.raw).hexdigest()
            assert (hello.input.shape, hello.output.shape) == (
                upload.manifest.input.shape,
                upload.manifest.output.shape,
            )
            source = load_model(resolve_model(name).path)
            assert hello.arena_used in {
                prepare_image(source, "cmsis-nn", plan).arena.used_bytes
                for plan in get_args(HeadPlan)
            }
            engine = ReferenceEngine(upload.model)
            for image in range(2):
                tensor = random.integers(-128, 128, hello.input.bytes, dtype=np.int8)
                output = session.infer(image, tensor).output
                np.testing.assert_array_equal(output, engine.run(tensor))


def test_what_cannot_run_is_refused_in_words(project: Path, models: list[str]) -> None:
    net = prepare_image(parse_model(small_net(), "net"), "cmsis-nn").model.raw
    cut = load_model(resolve_model(models[0]).path).raw[:-64]
    with Session.open(f"emulator://{project}") as session:
        for content, says in ((net, "ADD"), (uint8_net(), "mcuzoo convert"), (cut, "out of the")):
            with pytest.raises(ModelRefusedError, match=says):
                session.upload(content)
        capacity = session.hello().model_capacity_bytes
        with pytest.raises(FitError, match=f"has room for {capacity:,}"):
            session.upload(bytes(capacity + 1))
        assert session.upload(load_model(resolve_model(models[0]).path).raw).runtime_error == ""


def test_an_arena_too_small_is_told_with_its_figures(project: Path, models: list[str]) -> None:
    header = project / "model" / "mz_model.h"
    text, count = re.subn(r"(MZ_ARENA_BYTES) \d+", r"\1 100000", header.read_text())
    assert count == 1
    header.write_text(text)
    build_project(project)
    image = prepare_image(load_model(resolve_model(models[1]).path), "cmsis-nn", "greedy")
    with (
        Session.open(f"emulator://{project}") as session,
        pytest.raises(ModelRefusedError, match=r"[Rr]equested: \d+, available \d+"),
    ):
        session.upload(image.model.raw)


def test_deepface_is_too_large_for_the_rt1050s_on_chip_memory(
    models: list[str], tmp_path: Path
) -> None:
    options = UniversalOptions(
        _tree(), ops_of([load_model(resolve_model(models[2]).path)]),
        arena_region="dtcm", model_region="ocram",
    )  # fmt: skip
    manifest = export_universal(load_board("rt1050"), tmp_path / "small", options)
    with pytest.raises(FitError, match=r"needs 155,168 bytes of TFLM's arena.* 10\d,\d+ in dtcm"):
        prepare_upload(resolve_model(models[2]), manifest)
