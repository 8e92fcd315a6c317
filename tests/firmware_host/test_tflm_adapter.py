"""The TFLM adapter, compiled and run against a stand-in for TFLM's public interface."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.tflm_adapter import NEEDS, Adapter

from mcuzoo.graph.read import load_model


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Adapter:
    return Adapter(tmp_path_factory.mktemp("adapter"))


@pytest.fixture(scope="module")
def working(adapter: Adapter) -> Path:
    return adapter.build()


def test_a_model_runs_op_by_op(adapter: Adapter, working: Path) -> None:
    reserved = adapter.manifest.plan.arena_bytes
    outputs = adapter.manifest.output.bytes
    assert adapter.run(working, 5) == [
        f"tflm {reserved} 0",
        f"used {NEEDS} error ''",
        f"op 0-0 5 {outputs} here",
        "output 5",
    ]


def test_a_failed_inference_has_words_even_when_tflm_has_none(
    adapter: Adapter, working: Path
) -> None:
    assert adapter.run(working, 13)[-1] == "invoke: Invoke failed"


def test_an_arena_too_small_is_told_in_tflms_words(adapter: Adapter) -> None:
    reserved = adapter.manifest.plan.arena_bytes
    assert adapter.run(adapter.build(reserved + 4), 5) == [
        f"tflm {reserved} 0",
        "init: Short of 4 bytes in the arena; Giving up",
    ]


def test_a_smaller_arena_can_be_tried(adapter: Adapter, working: Path) -> None:
    ends = adapter.manifest.input.bytes + adapter.manifest.output.bytes
    fits = f"used {NEEDS} head {ends} tail {NEEDS - ends} recorded 0 ''"
    nothing = "used 0 head 0 tail 0 recorded 0"
    trials = (NEEDS, 0, NEEDS - 1, 0, 511, 0, NEEDS, 1)
    assert adapter.run(working, *trials) == [
        f"init: 0 {fits}",
        f"{NEEDS}: 0 {fits}",
        f"{NEEDS - 1}: 1 {nothing} 'Short of 1 bytes in the arena; Giving up'",
        f"511: 1 {nothing} 'the arena is too small for TFLM's own structures'",
        f"{NEEDS}: 1 {nothing} 'this firmware was not exported for recording'",
        f"whole: 0 {fits}",
    ]


def test_a_firmware_for_measuring_has_both_allocators(tmp_path: Path) -> None:
    adapter = Adapter(tmp_path, recording=True)
    assert adapter.manifest.tflm is not None
    names = [Path(name).name for name in adapter.manifest.tflm.sources]
    assert "recording_micro_allocator.cc" in names
    ends = adapter.manifest.input.bytes + adapter.manifest.output.bytes
    plain = f"used {NEEDS} head {ends} tail {NEEDS - ends} recorded 0 ''"
    recorded = f"used {NEEDS + 96} head {ends} tail {NEEDS + 96 - ends} recorded 205 ''"
    short = "1 used 0 head 0 tail 0 recorded 0 'Short of 96 bytes in the arena; Giving up'"
    assert adapter.run(adapter.build(), NEEDS, 0, NEEDS, 1, NEEDS + 96, 1, NEEDS, 0) == [
        f"init: 0 {plain}",
        f"{NEEDS}: 0 {plain}",
        f"{NEEDS}: {short}",
        f"{NEEDS + 96}: 0 {recorded}",
        f"{NEEDS}: 0 {plain}",
        f"whole: 0 {plain}",
    ]


def test_the_resolver_has_exactly_the_models_ops(adapter: Adapter) -> None:
    text = (adapter.project / "model/mz_resolver.h").read_text()
    assert "MicroMutableOpResolver<1>" in text
    assert text.count("resolver.Add") == 1
    assert "resolver.AddConv2D(tflite::Register_CONV_2D_INT8())" in text


def test_the_model_in_the_firmware_is_the_file(adapter: Adapter) -> None:
    text = (adapter.project / "model/mz_model_data.c").read_text()
    start = text.index("= {") + 3
    values = bytes(int(word) for word in text[start : text.index("};")].split(",") if word.strip())
    assert values == (adapter.project / "model/mz_model_data.tflite").read_bytes()
    model = load_model(adapter.source.path)
    assert (adapter.project / "model/model.tflite").read_bytes() == model.raw
    assert adapter.manifest.model.sha256 == model.sha256
