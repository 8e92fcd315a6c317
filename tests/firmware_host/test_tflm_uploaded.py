"""The adapter of a universal firmware against a stand-in for TFLM's public interface."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.fake_tflm import fake_tree
from helpers.host_firmware import TESTS, find_host_compiler
from helpers.objects import compile_c
from helpers.small_source import small_source
from helpers.uint8_models import uint8_net

from mcuzoo.board.load import load_board
from mcuzoo.codegen.universal import UniversalOptions, export_universal
from mcuzoo.graph.read import load_model

NEEDS = 640
C_FILES = (
    "firmware/runtime/tflm/mz_tflm_format.c",
    "firmware/runtime/tflm/mz_tflm_log.c",
    "firmware/runtime/tflm/mz_tflite.c",
    "firmware/runtime/tflm/mz_tflite_flow.c",
    "firmware/runtime/tflm/mz_tflite_ops.c",
    "firmware/runtime/tflm/mz_tflite_tensor.c",
    "firmware/runtime/tflm/mz_flatbuffer.c",
    "firmware/runtime/tflm/uploaded/mz_tflm_uploaded.c",
    "model/mz_model.c",
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_source(tmp_path_factory.mktemp("source")).path


@pytest.fixture(scope="module")
def harness(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    c, cxx = find_host_compiler(), shutil.which("g++") or shutil.which("clang++")
    if cxx is None:
        pytest.skip("no host C++ compiler")
    folder = tmp_path_factory.mktemp("universal")
    tree, project = fake_tree(folder / "tree"), folder / "project"
    options = UniversalOptions(tree, ("CONV_2D", "SOFTMAX"), "reference")
    export_universal(load_board("rt1170"), project, options)
    folders = [f"-I{project / name}" for name in ("firmware", "board", "model")]
    warnings = ("-Wall", "-Wextra", "-Werror", "-g")
    objects = []
    for name in C_FILES:
        objects.append(str(folder / f"{Path(name).stem}.o"))
        compile_c([*c, "-std=c11", *warnings, *folders, "-c", str(project / name),
                   "-o", objects[-1]])  # fmt: skip
    read = load_model(model)
    sizes = (read.tensor(read.inputs[0]).bytes, read.tensor(read.outputs[0]).bytes)
    executable = folder / "harness"
    facts = (f"-DFAKE_NEEDS={NEEDS}u", f"-DFAKE_INPUT={sizes[0]}u", f"-DFAKE_OUTPUT={sizes[1]}u",
             "-DFAKE_OPS=1")  # fmt: skip
    compile_c([cxx, "-std=c++17", *warnings, "-fno-exceptions", "-fno-rtti",
               "-fno-threadsafe-statics", *facts, *folders, "-isystem", str(tree),
               str(project / "firmware/runtime/tflm/mz_runtime_tflm.cc"),
               str(TESTS / "firmware_host/tflm_upload_harness.cc"),
               str(tree / "tensorflow/lite/micro/micro_interpreter.cc"),
               str(tree / "tensorflow/lite/micro/micro_log.cc"),
               *objects, "-o", str(executable)])  # fmt: skip
    return executable


def run(harness: Path, *files: Path) -> list[str]:
    done = subprocess.run([harness, *files], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_models_come_and_go(harness: Path, model: Path, tmp_path: Path) -> None:
    read = load_model(model)
    source, target = read.tensor(read.inputs[0]), read.tensor(read.outputs[0])
    damaged, legacy = tmp_path / "damaged.tflite", tmp_path / "uint8.tflite"
    damaged.write_bytes(model.read_bytes()[:-40])
    legacy.write_bytes(uint8_net())
    lines = run(harness, model, damaged, legacy, model)
    arena = lines[1].split()[2]
    ends = f"'{source.name}' {source.bytes} '{target.name}' {target.bytes}"
    nothing = f"tflm {arena} 0 '' 0 '' 0 ops 0 sha 00 error"
    loaded = [
        "load 0",
        f"loaded tflm {arena} {NEEDS} {ends} ops 1 sha {{}} error ''",
        f"op 0-0 7 {target.bytes}",
        "invoke 0 output 7",
    ]
    assert lines == [
        "init 3",
        f"none {nothing} 'no model has been uploaded'",
        *(line.format("a1") for line in loaded),
        "load 1",
        lines[7],
        "load 1",
        f"refused {nothing} 'tensor 0 is uint8, which TFLite-Micro dropped: "
        "mcuzoo convert makes it int8'",
        *(line.format("a4") for line in loaded),
        f"unloaded {nothing} 'no model has been uploaded'",
    ]
    assert lines[7].startswith(f"refused {nothing} '")
    assert "out of the file" in lines[7]
