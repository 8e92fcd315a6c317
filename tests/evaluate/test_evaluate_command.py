"""`mcuzoo evaluate` on a small model and small images: figures, options, failures."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.commands import finished, invoke, mcuzoo
from helpers.fake_board import write_images
from helpers.tflite_builder import conv_model
from PIL import Image

from mcuzoo.cli.evaluate_progress import EvaluateProgress
from mcuzoo.data.drawn_signs.dataset import write_signs
from mcuzoo.data.images import decode_image
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import BoardSilentError
from mcuzoo.graph.read import load_model
from mcuzoo.project.recipe import Recipe
from mcuzoo.run.journal import JOURNAL_NAME, Journal
from mcuzoo.run.record import Row
from mcuzoo.zoo.measured import measurements


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Six classes from a 4x4 RGB image."""
    weights = np.random.default_rng(1).integers(-127, 128, (6, 4, 4, 3), dtype=np.int8)
    path = tmp_path / "six.tflite"
    path.write_bytes(conv_model((1, 4, 4, 3), weights, None, padding="VALID", output_scale=1.0))
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_images(tmp_path / "images", 24)


def evaluate(*words: object) -> Any:
    """In this process unless `words` ask for more: starting others takes a second or two."""
    jobs = () if {"--jobs", "-j"} & set(words) else ("--jobs", "1")
    return invoke(["evaluate", *map(str, (*words, *jobs))])


def document(*words: object) -> dict[str, Any]:
    result = evaluate(*words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def answers(model: Path, images: Path) -> list[int]:
    engine = ReferenceEngine(load_model(model))
    tops = []
    for path in sorted(images.parent.glob("*.png")):
        picture = decode_image(path.read_bytes(), "rgb", path.name)
        tensor = PictureInput(Recipe(), (1, 4, 4, 3)).tensor(picture)
        tops.append(int(np.argmax(engine.run(tensor))))
    return tops


def test_figures_are_those_of_the_engine(model: Path, images: Path) -> None:
    tops = answers(model, images)
    labels = [index % 6 for index in range(24)]
    found = document(model, "--data", images, "--jobs", 1)
    right = [top == label for top, label in zip(tops, labels, strict=True)]
    assert found["n"] == 24 and found["top1"] == sum(right) / 24
    assert found["top1"] <= found["top5"] <= 1 and found["engine"] == "reference"
    assert found["images_per_s"] > 0
    for one in found["per_class"]:
        assert one["correct"] == sum(right[one["label"] :: 6]) and one["total"] == 4
    pairs = sorted({*zip(labels, tops, strict=True)})
    counted = [[*pair, sum(p == pair for p in zip(labels, tops, strict=True))] for pair in pairs]
    assert found["confusion"] == counted


def test_processes_give_the_same_as_one(model: Path, images: Path) -> None:
    one = document(model, "--data", images, "--jobs", 1)
    three = document(model, "--data", images, "--jobs", 3)
    assert three["jobs"] == 3
    for key in one.keys() - {"jobs", "seconds", "images_per_s"}:
        assert one[key] == three[key], key


def test_text_and_outputs(model: Path, images: Path, tmp_path: Path) -> None:
    result = evaluate(model, "--data", images, "--outputs", tmp_path / "out.npy", "-j", 1)
    assert result.exit_code == 0 and "95 % interval" in result.stdout
    assert "predicted as" in result.stdout
    outputs = np.load(tmp_path / "out.npy")
    assert (outputs.dtype, outputs.shape) == (np.int8, (24, 6))
    assert outputs.argmax(axis=1).tolist() == answers(model, images)


def test_bad_images_are_counted_and_named_and_the_rest_goes_on(
    model: Path, images: Path, tmp_path: Path
) -> None:
    (images.parent / "003.png").write_bytes(b"no image")
    (images.parent / "007.png").unlink()
    found = document(model, "--data", images, "--outputs", tmp_path / "out.npy", "-j", 2)
    assert found["n"] == 22 and np.load(tmp_path / "out.npy").shape == (22, 6)
    assert [one["file"] for one in found["bad"]] == ["003.png", "007.png"]
    assert "not a JPEG" in found["bad"][0]["error"] and "no file" in found["bad"][1]["error"]
    result = evaluate(model, "--data", images, "--strict")
    assert result.exit_code == 1 and "2 images are unusable" in result.output


def test_no_usable_image(model: Path, tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(b"no image")
    result = evaluate(model, "--data", tmp_path / "one.png", "--outputs", tmp_path / "out.npy")
    assert result.exit_code == 2 and "None of the images could be used" in result.output
    assert not list(tmp_path.glob("*out.npy*"))


def test_engines_agree(model: Path, images: Path) -> None:
    pytest.importorskip("tflite_micro")
    found = document(model, "--data", images, "--against", "tflm", "--require-equal")
    against = found["against"]
    assert against["agreement"] == {"compared": 24, "equal": 24, "max_distance": 0}
    assert against["flips"] == 0 and against["paired"]["p_value"] == 1.0


def test_models_are_compared_in_pairs(model: Path, images: Path, tmp_path: Path) -> None:
    weights = np.random.default_rng(2).integers(-127, 128, (6, 4, 4, 3), dtype=np.int8)
    other = tmp_path / "other.tflite"
    other.write_bytes(conv_model((1, 4, 4, 3), weights, None, padding="VALID", output_scale=1.0))
    first, second = answers(model, images), answers(other, images)
    found = document(model, "--data", images, "--against-model", other)["against"]
    labels = [index % 6 for index in range(24)]
    assert found["agreement"] is None and found["model"]["name"] == "other"
    assert found["flips"] == sum(a != b for a, b in zip(first, second, strict=True))
    triples = list(zip(labels, first, second, strict=True))
    assert found["paired"]["only_first"] == sum(a == label != b for label, a, b in triples)
    assert found["paired"]["only_second"] == sum(b == label != a for label, a, b in triples)
    assert {one.metric for one in measurements(load_model(other).sha256)} == {"top1", "top5"}


def test_unlabelled_images_can_still_be_compared(model: Path, images: Path) -> None:
    pytest.importorskip("tflite_micro")
    images.unlink()
    found = document(model, "--data", images.parent, "--against", "tflm")
    assert found["top1"] is None and found["per_class"] == []
    assert found["against"]["agreement"]["equal"] == 24 and measurements() == ()


def test_what_was_measured_is_remembered(model: Path, images: Path) -> None:
    found = document(model, "--data", images, "--limit", 12)
    top1 = next(one for one in measurements() if one.metric == "top1")
    assert (top1.value, top1.n, top1.engine) == (found["top1"], 12, "reference")
    assert top1.model_sha256 == load_model(model).sha256
    assert top1.data_set == f"manifest {found['data']['digest'][:12]}"
    document(model, "--data", images, "--no-remember")
    assert len(measurements()) == 2


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("--engine", "referense"), 2, "Did you mean 'reference'"),
        (("--against", "reference"), 2, "with itself"),
        (("--min-top1", "1.5"), 2, "no rate"),
        (("--min-top1", "1.0"), 1, "min_top1 1 does not hold"),
        (("--require-equal",), 2, "needs --against"),
        (("--split", "test"), 2, "not split"),
        (("--limit", "0"), 2, "--limit"),
        (("--engine", "/dev/no-such-port"), 3, "no-such-port"),
    ],
)
def test_what_is_refused(
    model: Path, images: Path, words: tuple[str, ...], code: int, complaint: str
) -> None:
    result = evaluate(model, "--data", images, *words)
    assert result.exit_code == code, result.output
    assert complaint in result.output


@pytest.mark.parametrize(
    ("name", "role", "complaint"),
    [
        ("signs", "fp32", "has no fp32 file"),
        ("signs", "int4", "one of int8, uint8, fp32"),
        ("mobilenet_v1_0.25_128", "uint8", "not at hand"),
    ],
)
def test_roles_that_a_model_has_not(
    images: Path, name: str, role: str, complaint: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MCUZOO_MODELS", raising=False)
    result = evaluate(name, "--data", images, "--role", role)
    assert result.exit_code == 2 and complaint in result.output


def test_zoo_model_by_role(test_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ai_edge_litert")
    monkeypatch.setenv("MCUZOO_MODELS", str(test_data / "models"))
    words = ("--data", test_data / "imagenet", "--limit", 3)
    found = document("mobilenet_v1_0.25_128", *words, "--role", "uint8")
    assert found["model"]["kind"] == "uint8" and found["engine"] == "litert-ref"
    assert document("mobilenet_v1_0.25_128", *words)["model"]["kind"] == "int8"


def test_float_models_need_an_engine_for_floats(test_data: Path) -> None:
    model = test_data / "models" / "derived_deepface_emotion_fp32.tflite"
    result = evaluate(model, "--data", test_data / "fer", "--engine", "tflm")
    assert result.exit_code == 2 and "litert-ref" in result.output


@pytest.mark.parametrize(
    ("cause", "code"), [(KeyboardInterrupt(), 130), (BoardSilentError("It fell silent.", "x"), 3)]
)
def test_what_was_done_before_a_stop_is_reported(
    model: Path, images: Path, monkeypatch: pytest.MonkeyPatch, cause: BaseException, code: int
) -> None:
    seen: list[Row] = []

    def stops(self: EvaluateProgress, row: Row) -> None:
        seen.append(row)
        if len(seen) == 5:
            raise cause

    monkeypatch.setattr(EvaluateProgress, "image", stops)
    result = evaluate(model, "--data", images, "--jobs", 1, "--json")
    assert result.exit_code == code and "5 of 24 images were done" in result.stderr
    found = json.loads(result.stdout)
    assert (found["complete"], found["n"], found["images"]) == (False, 5, 24)
    assert measurements() == ()


def test_an_interrupted_evaluation_resumes(
    model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done is not done again, and all figures and outputs are those of one session."""
    pytest.importorskip("tflite_micro")
    whole, parts = tmp_path / "whole.npy", tmp_path / "parts.npy"
    words = (model, "--data", images, "--against", "tflm")
    expected = document(*words, "--outputs", whole)
    run = ReferenceEngine.run
    runs: list[int] = []

    def stops_at_ten(self: ReferenceEngine, tensor: Any) -> Any:
        runs.append(1)
        if len(runs) == 10:
            raise KeyboardInterrupt
        return run(self, tensor)

    monkeypatch.setattr(ReferenceEngine, "run", stops_at_ten)
    stopped = evaluate(*words, "--outputs", parts)
    assert stopped.exit_code == 130 and "--resume goes on" in stopped.stderr
    kept = next((tmp_path / "cache").rglob(JOURNAL_NAME))
    with Journal(kept.parent) as journal:
        done = sum(row.status.final for row in journal.rows)
    assert 0 < done < 10
    before = len(runs)
    assert before >= 10
    resumed = evaluate(*words, "--outputs", parts, "--resume", "--json")
    assert resumed.exit_code == 0, resumed.stderr
    assert f"{done} of 24 images are done already" in resumed.stderr
    assert len(runs) - before == 24 - done
    found = json.loads(resumed.stdout)
    for name in ("seconds", "images_per_s"):
        assert found.pop(name) > 0 and expected.pop(name) > 0
    assert found == expected
    np.testing.assert_array_equal(np.load(parts), np.load(whole))
    assert not list((tmp_path / "cache").rglob(JOURNAL_NAME))


def test_another_evaluation_is_not_resumed(
    model: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(self: EvaluateProgress, row: Row) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(EvaluateProgress, "image", stops)
        assert evaluate(model, "--data", images).exit_code == 130
    other = evaluate(model, "--data", images, "--limit", "12", "--resume")
    assert other.exit_code == 0 and "nothing to resume" in other.stderr
    # Without --resume it starts again, and when it has ended there is nothing left of it.
    assert document(model, "--data", images)["n"] == 24
    assert "nothing to resume" in evaluate(model, "--data", images, "--resume").stderr


def test_what_an_older_version_began_is_refused_in_words(
    model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(self: EvaluateProgress, row: Row) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(EvaluateProgress, "image", stops)
        assert evaluate(model, "--data", images).exit_code == 130
    kept = next((tmp_path / "cache").rglob(JOURNAL_NAME))
    kept.rename(kept.with_name("findings.jsonl"))
    refused = evaluate(model, "--data", images, "--resume")
    assert refused.exit_code == 2 and "An older mcuzoo started this evaluation" in refused.stderr
    assert "without --resume" in refused.stderr
    assert document(model, "--data", images)["n"] == 24
    assert not kept.parent.exists()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_interrupt_ends_all_processes(model: Path, tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.mkdir()
    Image.fromarray(np.zeros((2000, 2000, 3), np.uint8)).save(slow / "0.png")
    for number in range(1, 500):
        (slow / f"{number}.png").hardlink_to(slow / "0.png")
    command = mcuzoo("evaluate", model, "--data", slow, "--jobs", 2)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        workers: list[int] = []
        while len(workers) < 2 and process.poll() is None:
            time.sleep(0.05)
            workers = children_of(process.pid)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    finally:
        process.kill()
    assert len(workers) == 2
    assert process.returncode == 130 and "Traceback" not in said
    left = [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    assert not left


def children_of(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, rest = stat.parent.name, stat.read_text().rsplit(")", 1)[1]
            if int(rest.split()[1]) == parent:
                found.append(int(pid))
    return found


def test_scores_are_what_the_outputs_stand_for(tmp_path: Path) -> None:
    """Of a few images each is named, with its class and probability."""
    write_signs(tmp_path / "signs", n=4, seed=20_300)
    command = mcuzoo("evaluate", "signs", "--data", tmp_path / "signs", "--no-remember")
    text = finished(command)
    assert text.returncode == 0, text.stderr
    assert text.stdout.count("predicted   ") == 4
    listed = json.loads(finished([*command, "--json"]).stdout)["predictions"]
    assert len(listed) == 4 and all(0 < one["score"] <= 1 for one in listed)
    assert all(one["top1_name"] in one["file"] for one in listed if one["top1"] == one["label"])


def test_exposure_is_a_warning_and_no_verdict(model: Path, images: Path) -> None:
    words = (model, "--data", images, "--exposure", "--no-remember")
    done = evaluate(*words, "--max-flips", 0, "--max-mismatches", 0, "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 0 and found["exposure"]
    assert found["against"]["engine"] == "single-rounding"
    assert found["against"]["flip_rate"]["compared"] == 24
    assert [one["holds"] for one in found["budgets"]] == [None, None]
    told = evaluate(*words)
    assert "warning: Under single rounding, as on the i.MX 8M Plus's NPU" in told.stdout
    both = evaluate(*words, "--against", "tflm")
    assert both.exit_code == 2 and "--exposure compares with" in both.stderr
    itself = evaluate(*words, "--engine", "single-rounding")
    assert itself.exit_code == 2


def test_flips_are_bounded_where_engines_are_compared(model: Path, images: Path) -> None:
    words = (model, "--data", images, "--against", "single-rounding", "--no-remember", "--json")
    flips = json.loads(evaluate(*words).stdout)["against"]["flips"]
    within = evaluate(*words, "--max-flips", flips)
    assert within.exit_code == 0 and json.loads(within.stdout)["budgets"][0]["holds"]
    alone = evaluate(model, "--data", images, "--max-flips", 0, "--no-remember", "--json")
    assert alone.exit_code == 0 and json.loads(alone.stdout)["budgets"][0]["holds"] is None
    wrong = evaluate(*words, "--max-flips", 1.5)
    assert wrong.exit_code == 2 and "no share below 1" in wrong.stderr


def test_single_rounding_is_not_remembered(model: Path, images: Path) -> None:
    evaluate(model, "--data", images, "--engine", "single-rounding")
    assert not measurements()
    evaluate(model, "--data", images)
    assert measurements()
