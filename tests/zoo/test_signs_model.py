"""The bundled model: the file of its training log, and as good as the log says."""

from __future__ import annotations

import csv
import hashlib
import json
from typing import Any

import numpy as np
import pytest

from mcuzoo.data.drawn_signs.classes import CLASS_NAMES
from mcuzoo.data.drawn_signs.dataset import TRAINING_SEEDS
from mcuzoo.data.drawn_signs.draw import draw_sign
from mcuzoo.zoo.schema import ZOO

FOLDER = ZOO / "signs"
FRESH_SEED = 20_000


@pytest.fixture(scope="module")
def log() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "training_log.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def content(log: dict[str, Any]) -> bytes:
    file: str = log["model"]["file"]
    return (FOLDER / file).read_bytes()


def test_file_is_the_one_of_the_log(log: dict[str, Any], content: bytes) -> None:
    assert len(content) == log["model"]["bytes"] < 400_000
    assert hashlib.sha256(content).hexdigest() == log["model"]["sha256"]


def test_log_is_of_these_classes_and_seeds(log: dict[str, Any]) -> None:
    assert tuple(log["classes"]) == CLASS_NAMES
    recipe = log["recipe"]
    seeds = tuple(recipe[f"{part}_seed"] for part in ("train", "validation", "test"))
    assert seeds == TRAINING_SEEDS
    assert FRESH_SEED not in seeds
    assert log["held_out"]["seed"] == recipe["test_seed"] != recipe["train_seed"]
    assert log["held_out"]["images"] >= 1200
    assert len(log["epochs"]) == sum(count for _, count in recipe["stages"])


def test_logged_accuracy_is_good_and_not_perfect(log: dict[str, Any]) -> None:
    held_out = log["held_out"]
    assert 0.85 <= held_out["int8"]["top1"] <= 0.97
    assert abs(held_out["int8"]["top1"] - held_out["float32"]["top1"]) < 0.03
    by_class = held_out["int8_top1_by_class"]
    assert set(by_class) == set(CLASS_NAMES)
    assert np.isclose(np.mean(list(by_class.values())), held_out["int8"]["top1"])


def test_samples_show_every_class_and_match_their_manifest() -> None:
    samples = FOLDER / "samples"
    with (samples / "manifest.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["label"]) for row in rows] == list(range(len(CLASS_NAMES)))
    for row in rows:
        assert hashlib.sha256((samples / row["file"]).read_bytes()).hexdigest() == row["sha256"]


@pytest.mark.slow
def test_fresh_draws_score_as_the_log_says(log: dict[str, Any], content: bytes) -> None:
    interpreter_module = pytest.importorskip("ai_edge_litert.interpreter")
    cv2 = pytest.importorskip("cv2")
    interpreter = interpreter_module.Interpreter(
        model_content=content,
        experimental_op_resolver_type=interpreter_module.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert (source["dtype"], source["quantization"]) == (np.int8, (1 / 128, 0))
    assert (target["dtype"], target["quantization"]) == (np.int8, (1 / 256, -128))
    ops = {op["op_name"] for op in interpreter._get_ops_details()} - {"DELEGATE"}
    assert ops == {"CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "RESHAPE", "SOFTMAX"}

    drawn = 8 * len(CLASS_NAMES)
    hits = 0
    for position in range(drawn):
        index, label = divmod(position, len(CLASS_NAMES))
        crop = draw_sign(label, FRESH_SEED, index)[10:150, 10:150]
        pixels = cv2.resize(crop, (128, 128), interpolation=cv2.INTER_LINEAR)
        interpreter.set_tensor(
            source["index"], (pixels.astype(np.int16) - 128).astype(np.int8)[None]
        )
        interpreter.invoke()
        hits += int(interpreter.get_tensor(target["index"])[0].argmax() == label)
    expected = log["held_out"]["int8"]["top1"]
    standard_error = np.sqrt(expected * (1 - expected) / drawn)
    assert abs(hits / drawn - expected) < 4 * standard_error
