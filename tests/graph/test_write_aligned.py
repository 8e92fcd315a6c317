"""Model files whose constants are not aligned are written anew, others are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.same_model import assert_same_graph, misaligned
from helpers.small_net import small_net

from mcuzoo import zoo
from mcuzoo.graph.align import aligned_file, misaligned_constants
from mcuzoo.graph.metadata import add_metadata, read_metadata
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.graph.write import write_model

SIGNS = Path(zoo.__file__).parent / "signs" / "signs_mobilenet_v1_0.25_128_int8.tflite"


def realigned(model: Model) -> Model:
    written = parse_model(aligned_file(model), model.name)
    assert misaligned(written) == []
    assert misaligned_constants(written) == ()
    assert_same_graph(model, written)
    assert read_metadata(written.raw) == read_metadata(model.raw)
    return written


def test_an_aligned_file_is_left_alone() -> None:
    model = load_model(SIGNS)
    assert aligned_file(model) is model.raw


def test_a_file_without_alignment_is_mended() -> None:
    careless = parse_model(add_metadata(small_net(), {"note": b"kept"}), "small")
    assert misaligned_constants(careless) == tuple(misaligned(careless)) != ()
    realigned(careless)


def test_writing_it_again_changes_nothing() -> None:
    once = write_model(parse_model(small_net(), "small"))
    assert aligned_file(parse_model(once, "small")) == once
    assert write_model(parse_model(once, "small")) == once


@pytest.mark.parametrize(
    "name", ["derived_deepface_emotion_int8io.tflite", "mobilenet_v1_0.25_128_quant.tflite"]
)
def test_published_files_are_mended(test_data: Path, name: str) -> None:
    model = load_model(test_data / "models" / name)
    assert misaligned_constants(model)
    realigned(model)
