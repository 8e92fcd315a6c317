"""The TFLM adapter, compiled and run against a stand-in for TFLM's public interface."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.fake_tflm import fake_tree
from helpers.host_firmware import TESTS, compile_c, find_host_compiler
from helpers.small_source import small_source

from mcuzoo.board.load import load_board
from mcuzoo.codegen.project import export_project
from mcuzoo.codegen.tflm.options import TflmOptions
from mcuzoo.graph.read import load_model
from mcuzoo.project.manifest import Manifest

NEEDS = 640
C_FILES = (
    "firmware/runtime/tflm/mz_tflm_format.c",
    "firmware/runtime/tflm/mz_tflm_log.c",
    "firmware/runtime/tflm/fixed/mz_tflm_fixed.c",
    "model/mz_model.c",
    "model/mz_model_data.c",
)
STAND_IN = (
    "tensorflow/lite/micro/micro_interpreter.cc",
    "tensorflow/lite/micro/micro_log.cc",
)


class Adapter:
    """A TFLM project of the small model, and the adapter in it built for this machine."""

    def __init__(self, folder: Path, recording: bool = False) -> None:
        self.folder = folder
        self.tree = fake_tree(folder / "tree")
        self.source = replace(small_source(folder / "source"), name="small")
        self.project = folder / "project"
        self.manifest: Manifest = export_project(
            self.source, load_board("rt1050"), self.project, "tflm",
            tflm=TflmOptions(self.tree, "reference", recording=recording),
        )  # fmt: skip

    def build(self, needs: int = NEEDS) -> Path:
        c, cxx = find_host_compiler(), shutil.which("g++") or shutil.which("clang++")
        if cxx is None:
            pytest.skip("no host C++ compiler")
        folders = [f"-I{self.project / name}" for name in ("firmware", "board", "model")]
        warnings = ("-Wall", "-Wextra", "-Werror", "-g")
        objects = []
        for name in C_FILES:
            objects.append(str(self.folder / f"{Path(name).stem}.o"))
            compile_c([*c, "-std=c11", *warnings, *folders, "-c", str(self.project / name),
                       "-o", objects[-1]])  # fmt: skip
        executable = self.folder / f"adapter-{needs}"
        facts = (f"-DFAKE_NEEDS={needs}u", f"-DFAKE_INPUT={self.manifest.input.bytes}u",
                 f"-DFAKE_OUTPUT={self.manifest.output.bytes}u", "-DFAKE_OPS=1")  # fmt: skip
        compile_c([cxx, "-std=c++17", *warnings, "-fno-exceptions", "-fno-rtti",
                   "-fno-threadsafe-statics", *facts, *folders, "-isystem", str(self.tree),
                   str(self.project / "firmware/runtime/tflm/mz_runtime_tflm.cc"),
                   str(TESTS / "firmware_host/tflm_harness.cc"),
                   *(str(self.tree / name) for name in STAND_IN),
                   *objects, "-o", str(executable)])  # fmt: skip
        return executable

    def run(self, executable: Path, *arguments: int) -> list[str]:
        done = subprocess.run(
            [str(executable), *map(str, arguments)], capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()


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
