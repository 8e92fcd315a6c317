"""TFLM itself on the emulated boards, from the trees that TFLM_DIR (made with CMSIS-NN) and
TFLM_REFERENCE_DIR (made without) name. MCUZOO_E2E_IMAGES says how many photographs are run.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import finished, mcuzoo
from helpers.exported import export_project, tflm_of
from helpers.small_net import small_net
from helpers.wide_net import wide_net

from mcuzoo.board.load import load_board
from mcuzoo.emulator.url import register_pyserial
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import FirmwareError
from mcuzoo.graph.read import parse_model
from mcuzoo.link.session import Session
from mcuzoo.plan.tflm.image import TflmImage, check_kernels, prepare_image
from mcuzoo.profile import profile_model
from mcuzoo.toolchain.build import build_project
from mcuzoo.zoo.registry import resolve_model

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(3000)]

IMAGES = int(os.environ.get("MCUZOO_E2E_IMAGES", "5"))
MODEL = "mobilenet_v1_0.25_128_quant_int8.tflite"
DEEPFACE = "derived_deepface_emotion_int8io.tflite"
# (model, pictures, outputs as TFLM gives them)
RUNS = [
    (MODEL, "manifest_imagenet.csv", "mb_nxp_int8_ref_softmax.npy"),
    (DEEPFACE, "manifest_fer.csv", "fer_derived_int8io_tflm_softmax.npy"),
]
TREES = {"cmsis-nn": "TFLM_DIR", "reference": "TFLM_REFERENCE_DIR"}

Build = Callable[[Path, str, str], Path]


def _tree(kernels: str) -> Path:
    named = os.environ.get(TREES[kernels])
    if not named:
        pytest.skip(f"{TREES[kernels]} is not set")
    return Path(named)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """`built(model, board, kernels)`: the folder of a built project."""

    @cache
    def build(model: Path, board: str, kernels: str) -> Path:
        folder = tmp_path_factory.mktemp("tflm") / f"{board}-{kernels}"
        options = tflm_of(_tree(kernels), check_kernels(kernels))
        export_project(resolve_model(str(model)), load_board(board), folder, "tflm", **options)
        build_project(folder)
        return folder

    return build


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with nine kinds of op, ending in DEQUANTIZE."""
    path = tmp_path_factory.mktemp("net") / "net.tflite"
    path.write_bytes(small_net())
    return path


@pytest.mark.parametrize("kernels", TREES)
@pytest.mark.parametrize("board", ["rt1170", "rt1050"])
@pytest.mark.parametrize(("model", "pictures", "outputs_file"), RUNS)
def test_photographs(
    built: Build, test_data: Path, tmp_path: Path, board: str, kernels: str,
    model: str, pictures: str, outputs_file: str,
) -> None:  # fmt: skip
    project = built(test_data / "models" / model, board, kernels)
    run, table, outputs = tmp_path / "run", tmp_path / "run.csv", tmp_path / "outputs.npy"
    done = finished(
        mcuzoo("run-serial", "--port", f"emulator://{project}", "--project", project,
               "--images", test_data / pictures, "--limit", IMAGES,
               "--out", run, "--json"),
        timeout_s=2500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    equal = {"compared": IMAGES, "equal": IMAGES, "largest_difference": 0}
    assert json.loads(done.stdout)["reference"] == equal
    reported = finished(mcuzoo("report", run, "--csv", table, "--outputs", outputs))
    assert reported.returncode == 0, reported.stderr
    with table.open(newline="") as file:
        indices = [int(row["index"]) for row in csv.DictReader(file)]
    golden = np.load(test_data / "golden" / outputs_file)[indices]
    np.testing.assert_array_equal(np.load(outputs), golden)


@pytest.mark.parametrize("kernels", TREES)
def test_many_ops_and_the_arena_as_predicted(built: Build, net: Path, kernels: str) -> None:
    project = built(net, "rt1050", kernels)
    register_pyserial()
    with Session.open(f"emulator://{project}") as session:
        hello = session.hello()
        assert (hello.runtime, hello.runtime_error) == ("tflm", "")
        assert hello.arena_used == _image(kernels).arena.used_bytes
        assert hello.arena_bytes == _image(kernels).arena_bytes
        engine = ReferenceEngine(parse_model(small_net(), "net"))
        random = np.random.default_rng(5)
        for image in range(10):
            tensor = random.integers(-128, 128, hello.input.bytes, dtype=np.int8)
            board = session.infer(image, tensor).output
            np.testing.assert_array_equal(board, engine.run(tensor))
        profile = profile_model(session, engine.program.model, tensor, engine)
    assert len(profile.layers) == 9
    assert all(layer.equal for layer in profile.layers)


@pytest.mark.parametrize("kernels", TREES)
@pytest.mark.parametrize("net_of", [small_net, wide_net, MODEL, DEEPFACE])
@pytest.mark.parametrize("plan", ["offline", "greedy"])
def test_the_arena_is_predicted_to_the_byte(
    test_data: Path, tmp_path: Path, net_of: str | Callable[[], bytes], kernels: str, plan: str
) -> None:
    model = tmp_path / "net.tflite"
    raw = (test_data / "models" / net_of).read_bytes() if isinstance(net_of, str) else net_of()
    model.write_bytes(raw)
    done = finished(
        mcuzoo("fit", model, "--board", "rt1170", "--measure", "--runtime", "tflm",
               "--tflm", _tree(kernels), "--kernels", kernels, "--plan", plan,
               "-o", tmp_path / "p", "--json"),
        timeout_s=1000,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert {row["what"]: row["difference"] for row in said["rows"]} == dict.fromkeys(
        ("head", "tail", "used", "smallest"), 0
    )
    assert len(said["recorded"]) == 5
    assert [row["difference"] for row in said["recorded"]] == [0] * 5
    assert 0 <= said["reserved_bytes"] - said["measured"]["smallest_bytes"] < 16
    assert 0 < said["stack_used_bytes"] < said["stack_bytes"]


def _image(kernels: str) -> TflmImage:
    return prepare_image(parse_model(small_net(), "net"), check_kernels(kernels))


def _edited(
    project: Path, folder: Path, file: str, pattern: str, new: str | Callable[[re.Match[str]], str]
) -> Path:
    copy = folder / "edited"
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("build"))
    text = (copy / file).read_text()
    changed, count = re.subn(pattern, new, text)
    assert count == 1
    (copy / file).write_text(changed)
    build_project(copy)
    return copy


def _refusal(project: Path) -> str:
    register_pyserial()
    with Session.open(f"emulator://{project}") as session:
        return session.hello().runtime_error


def test_an_arena_one_step_too_small_is_an_error_not_a_hang(
    built: Build, net: Path, tmp_path: Path
) -> None:
    project = built(net, "rt1050", "cmsis-nn")
    step = _image("cmsis-nn").arena.smallest_bytes - 16
    small = _edited(
        project, tmp_path, "model/mz_model.h", r"(MZ_ARENA_BYTES) \d+\n", rf"\1 {step}\n"
    )
    # Which of its structures TFLM misses first depends on the model.
    assert re.search(r"Failed to|Too many buffers", _refusal(small))


FAILING = """
inline TfLiteStatus mz_fails(TfLiteContext *, TfLiteNode *) {
    MicroPrintf("this operator always fails");
    return kTfLiteError;
}

inline const TFLMRegistration &mz_failing() {
    static TFLMRegistration failing = tflite::Register_SOFTMAX_INT8();
    failing.invoke = mz_fails;
    return failing;
}

inline TfLiteStatus mz_add_ops("""


def test_a_failing_operator_is_an_error_in_tflms_words(
    built: Build, net: Path, tmp_path: Path
) -> None:
    project = built(net, "rt1050", "cmsis-nn")
    failing = _edited(
        project, tmp_path, "model/mz_resolver.h",
        r"\ninline TfLiteStatus mz_add_ops\(((?s:.)*)AddSoftmax\([^;{]*\) != kTfLiteOk",
        lambda found: f"{FAILING}{found[1]}AddSoftmax(mz_failing()) != kTfLiteOk",
    )  # fmt: skip
    register_pyserial()
    with Session.open(f"emulator://{failing}?count=0") as session:
        tensor = np.zeros(session.hello().input.bytes, np.int8)
        with pytest.raises(FirmwareError, match="this operator always fails; Node SOFTMAX"):
            session.infer(0, tensor)
        tried = session.measure_arena(session.hello().arena_bytes)
        assert tried.error.startswith("this operator always fails")
        assert session.ping().bad_frames == 0


def test_an_op_that_is_not_linked_is_named(built: Build, net: Path, tmp_path: Path) -> None:
    project = built(net, "rt1050", "cmsis-nn")
    without = _edited(
        project, tmp_path, "model/mz_resolver.h",
        r" *if \(resolver\.AddSoftmax\([^{]*\{\n.*\n *\}\n", "",
    )  # fmt: skip
    assert "SOFTMAX" in _refusal(without)
