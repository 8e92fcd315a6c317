"""The predicted arena against TFLM on the target.

The figures were measured with tflite-micro 90b983c2b and its pinned CMSIS-NN 4ab83cc3c, built by
arm-none-eabi-gcc 12.2.1 for `-mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard -O2`: the arena's use
in an arena of a multiple of 16 bytes, and the least size in bytes that allocates.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.small_net import small_net
from helpers.wide_net import wide_net

from mcuzoo import zoo
from mcuzoo.errors import UnsupportedOpError
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.plan.tflm.image import prepare_image
from mcuzoo.plan.tflm.predict import predict_arena
from mcuzoo.plan.tflm.requests import Kernels

SIGNS = Path(zoo.__file__).parent / "signs" / "signs_mobilenet_v1_0.25_128_int8.tflite"
MOBILENET = "mobilenet_v1_0.25_128_quant_int8.tflite"
DEEPFACE = "derived_deepface_emotion_int8io.tflite"


@pytest.mark.parametrize(
    ("kernels", "head", "tail", "smallest", "recording_tail"),
    [
        ("cmsis-nn", 131_072, 27_108, 158_188, 27_220),
        ("reference", 131_072, 27_092, 158_168, 27_188),
    ],
)
def test_the_bundled_model(
    kernels: Kernels, head: int, tail: int, smallest: int, recording_tail: int
) -> None:
    model = load_model(SIGNS)
    arena = predict_arena(model, kernels)
    assert (arena.head_bytes, arena.tail_bytes, arena.smallest_bytes) == (head, tail, smallest)
    assert predict_arena(model, kernels, recording=True).tail_bytes == recording_tail


@pytest.mark.parametrize(
    ("file", "kernels", "head", "tail", "smallest", "recording_tail"),
    [
        (MOBILENET, "cmsis-nn", 131_072, 35_072, 166_136, 35_168),
        (MOBILENET, "reference", 131_072, 35_056, 166_116, 35_152),
        (DEEPFACE, "cmsis-nn", 149_504, 5_652, 155_156, 5_748),
        (DEEPFACE, "reference", 149_504, 5_476, 154_992, 5_588),
    ],
)
def test_published_models(
    test_data: Path,
    file: str,
    kernels: Kernels,
    head: int,
    tail: int,
    smallest: int,
    recording_tail: int,
) -> None:
    model = load_model(test_data / "models" / file)
    arena = predict_arena(model, kernels)
    assert (arena.head_bytes, arena.tail_bytes, arena.smallest_bytes) == (head, tail, smallest)
    assert predict_arena(model, kernels, recording=True).tail_bytes == recording_tail


@pytest.mark.parametrize(
    ("kernels", "used", "smallest"), [("cmsis-nn", 1_744, 2_616), ("reference", 1_680, 2_372)]
)
def test_allocating_a_tiny_model_takes_more_than_running_it(
    kernels: Kernels, used: int, smallest: int
) -> None:
    arena = predict_arena(parse_model(small_net(), "small"), kernels)
    assert (arena.used_bytes, arena.smallest_bytes) == (used, smallest)
    assert arena.arena_bytes == -(-smallest // 16) * 16


def test_the_parts_are_the_tail() -> None:
    arena = predict_arena(load_model(SIGNS), "cmsis-nn")
    assert sum(part.bytes for part in arena.tail) == arena.tail_bytes
    parts = {part.what: part.bytes for part in arena.tail}
    assert parts["eval tensors"] == 12 * 89
    assert parts["nodes"] == 32 * 31
    assert arena.used_bytes == arena.head_bytes + arena.tail_bytes


def test_an_unknown_op_is_named() -> None:
    model = parse_model(small_net(), "small")
    strange = replace(model, ops=(replace(model.ops[0], name="SVDF"), *model.ops[1:]))
    with pytest.raises(UnsupportedOpError, match="Op 0 SVDF"):
        predict_arena(strange, "reference")


@pytest.mark.parametrize(
    ("kernels", "head", "tail", "smallest"),
    [("cmsis-nn", 800, 1_828, 3_600), ("reference", 800, 1_828, 3_600)],
)
def test_the_other_ops_of_tflm(kernels: Kernels, head: int, tail: int, smallest: int) -> None:
    arena = prepare_image(parse_model(wide_net(), "wide"), kernels).arena
    assert (arena.head_bytes, arena.tail_bytes, arena.smallest_bytes) == (head, tail, smallest)
