"""Projects of the runtime tflm: what is rendered, refused and built. No TFLM is needed."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import invoke
from helpers.exported import export_project, tflm_of
from helpers.fake_tflm import MICRO, fake_tree
from helpers.small_source import small_source
from helpers.tflite_builder import O, T, build_model
from helpers.uint8_models import uint8_net

from mcuzoo.board.load import load_board
from mcuzoo.codegen.tflm.registration import assumed_registrations
from mcuzoo.errors import (
    InputError,
    ModelError,
    ToolchainError,
    UnsupportedOpError,
    UsageError,
)
from mcuzoo.graph.read import parse_model
from mcuzoo.ops.coverage import TFLM_OPS
from mcuzoo.ops.inspect import inspect_model
from mcuzoo.plan.tflm.requests import TFLM_KERNELS
from mcuzoo.project.manifest import Manifest, load_manifest
from mcuzoo.toolchain.build import build_project, find_tflm_compiler, find_tree
from mcuzoo.toolchain.find import Compiler
from mcuzoo.zoo.registry import ModelSource


@pytest.fixture
def source(tmp_path: Path) -> ModelSource:
    return small_source(tmp_path / "source", with_assets=False)


def _export(source: ModelSource, folder: Path, options: dict[str, Any]) -> Manifest:
    return export_project(source, load_board("rt1050"), folder, "tflm", **options)


def test_the_manifest_says_which_tflm(tmp_path: Path, source: ModelSource) -> None:
    tree = fake_tree(tmp_path / "tree", "cmsis-nn")
    manifest = _export(source, tmp_path / "p", tflm_of(tree))
    assert load_manifest(tmp_path / "p") == manifest
    assert manifest.runtime == "tflm"
    assert manifest.tflm is not None
    assert manifest.tflm.tree == str(tree.resolve())
    assert manifest.tflm.kernels == "cmsis-nn"
    assert "CMSIS_NN" in manifest.tflm.defines
    assert f"{MICRO}/kernels/cmsis_nn/conv.cc" in manifest.tflm.sources
    assert "firmware/runtime/tflm/mz_runtime_tflm.cc" in manifest.sources
    rendered = [path for path in manifest.files if path.startswith("firmware/")]
    assert not any("kernels" in path or "aot" in path for path in rendered)
    assert not any("tensorflow" in path or "third_party" in path for path in manifest.files)


def test_the_build_id_knows_the_tree(tmp_path: Path, source: ModelSource) -> None:
    tree = fake_tree(tmp_path / "tree")
    options = tflm_of(tree, "reference")
    first = _export(source, tmp_path / "a", options)
    assert _export(source, tmp_path / "b", options).build_id == first.build_id
    (tree / MICRO / "micro_log.cc").write_text("// edited\n")
    assert _export(source, tmp_path / "c", options).build_id != first.build_id


def test_the_model_as_a_file_for_the_assembler(tmp_path: Path, source: ModelSource) -> None:
    options = tflm_of(fake_tree(tmp_path / "tree"), "reference", embed="incbin")
    manifest = _export(source, tmp_path / "p", options)
    assert "model/mz_model_data.S" in manifest.sources
    assert '.incbin "mz_model_data.tflite"' in (tmp_path / "p/model/mz_model_data.S").read_text()
    assert "LANGUAGES C CXX ASM" in (tmp_path / "p/CMakeLists.txt").read_text()


def test_runtime_and_tree_belong_together(tmp_path: Path, source: ModelSource) -> None:
    board = load_board("rt1050")
    with pytest.raises(UsageError, match="--tflm DIR is missing") as caught:
        export_project(source, board, tmp_path / "p", "tflm")
    assert "create_tflm_tree.py" in caught.value.hint
    with pytest.raises(UsageError, match="need --runtime tflm"):
        export_project(source, board, tmp_path / "p", **tflm_of(tmp_path))
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--project", "cmake"], "--tflm DIR is missing"),
        (["--runtime", "aot", "--kernels", "reference"], "Add --runtime tflm."),
        (["--runtime", "tflm", "--tflm", "."], "no TFLM tree: looked for"),
        (["--runtime", "tflm", "--tflm", ".", "--kernels", "cmsisnn"], "Did you mean 'cmsis-nn'"),
        (["--runtime", "tflm", "--tflm", ".", "--plan", "best"], "--plan offline"),
        (["--runtime", "tflm", "--tflm", ".", "--embed", "blob"], "--embed incbin"),
    ],
)
def test_wrong_tflm_options(
    source: ModelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    options: list[str], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = invoke(["export", str(source.path), "--board", "rt1050", *options])
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize("command", ["export", "fit"])
def test_a_uint8_model_is_sent_to_convert(tmp_path: Path, command: str) -> None:
    model = tmp_path / "uint8.tflite"
    model.write_bytes(uint8_net())
    tree = fake_tree(tmp_path / "tree", "cmsis-nn")
    measured = ["--measure"] if command == "fit" else []
    done = invoke(
        [command, model, "--board", "rt1050", "--runtime", "tflm", "--tflm", tree,
         "-o", tmp_path / "p", *measured],
    )  # fmt: skip
    assert done.exit_code == 2
    assert "UINT8" in done.stderr and "mcuzoo convert IN.tflite OUT.tflite" in done.stderr
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("command", ["export", "fit"])
def test_an_op_without_a_kernel_is_named(tmp_path: Path, command: str) -> None:
    model = tmp_path / "abs.tflite"
    tensors = [T("image", (1, 8), scale=0.1), T("sizes", (1, 8), scale=0.1)]
    model.write_bytes(build_model(tensors, [O("FLOOR", (0,), (1,))], [0], [1]))
    tree = fake_tree(tmp_path / "tree", "cmsis-nn")
    options = ["--tflm", str(tree), "-o", str(tmp_path / "p")] if command == "export" else []
    done = invoke([command, str(model), "--board", "rt1050", "--runtime", "tflm", *options])
    assert done.exit_code == 2
    assert "Op 0 FLOOR: TFLM has it, but mcuzoo does not link it." in " ".join(done.stderr.split())
    assert "mcuzoo inspect" in done.stderr


def test_every_op_with_a_known_arena_can_be_registered() -> None:
    assert set(TFLM_KERNELS) == set(TFLM_OPS)


@pytest.mark.parametrize("name", ["TANH", "HARD_SWISH", "FLOOR", "L2_POOL_2D"])
def test_inspect_says_of_an_op_what_export_does(name: str) -> None:
    """TFLM has all of them; mcuzoo registers the first two."""
    tensors = [T("image", (1, 8), scale=0.1), T("sizes", (1, 8), scale=1 / 128)]
    model = parse_model(build_model(tensors, [O(name, (0,), (1,))], [0], [1]), "case")
    says = next(each for each in inspect_model(model).runtimes if each.runtime == "tflm")
    if name in TFLM_OPS:
        assert says.runs and assumed_registrations(model)
        return
    assert not says.runs
    assert inspect_model(model).ops[0].tflm == "TFLM has it, but mcuzoo does not link it"
    with pytest.raises(UnsupportedOpError):
        assumed_registrations(model)


def test_inspect_does_not_promise_tflm_for_a_float_model(
    tmp_path: Path, source: ModelSource
) -> None:
    tensors = [T("image", (1, 8), "float32"), T("out", (1, 8), "float32")]
    raw = build_model(tensors, [O("RELU", (0,), (1,))], [0], [1])
    assert not any(each.runs for each in inspect_model(parse_model(raw, "float")).runtimes)
    (tmp_path / "float.tflite").write_bytes(raw)
    with pytest.raises(ModelError, match="not quantized"):
        _export(replace(source, path=tmp_path / "float.tflite"), tmp_path / "p", tflm_of(None))


def test_the_tree_is_looked_at_again_at_build(tmp_path: Path, source: ModelSource) -> None:
    tree = fake_tree(tmp_path / "tree")
    manifest = _export(source, tmp_path / "p", tflm_of(tree, "reference"))
    other = fake_tree(tmp_path / "other")
    found = find_tree(manifest, other)
    assert found is not None and found.path == other.resolve()
    (other / MICRO / "micro_log.cc").unlink()
    with pytest.raises(InputError, match=r"looked for tensorflow/lite/micro/micro_log\.cc"):
        find_tree(manifest, other)
    shutil.rmtree(tree)
    with pytest.raises(InputError, match="There is no folder"):
        build_project(tmp_path / "p")
    with pytest.raises(UsageError, match="has the runtime aot"):
        find_tree(replace(manifest, runtime="aot", tflm=None), other)


def test_tflm_needs_arms_gcc(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ToolchainError, match="Zig cannot build"):
        find_tflm_compiler("zig")
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("MCUZOO_GCC", raising=False)
    with pytest.raises(ToolchainError, match="needs arm-none-eabi-gcc") as caught:
        find_tflm_compiler(None)
    assert "--runtime aot" in caught.value.hint


@pytest.mark.parametrize(
    ("c", "cxx"),
    [
        ("/opt/arm/bin/arm-none-eabi-gcc", "/opt/arm/bin/arm-none-eabi-g++"),
        ("arm-none-eabi-gcc-12.2.1", "arm-none-eabi-g++-12.2.1"),
    ],
)
def test_the_cxx_compiler_stands_beside_gcc(c: str, cxx: str) -> None:
    assert Compiler("gcc", (c,), "12").cxx_command == (cxx,)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cmake") is None, reason="no cmake")
@pytest.mark.skipif(shutil.which("ninja") is None, reason="no ninja")
@pytest.mark.skipif(shutil.which("arm-none-eabi-g++") is None, reason="no arm-none-eabi-g++")
def test_cmake_configures_it(tmp_path: Path, source: ModelSource) -> None:
    tree = fake_tree(tmp_path / "tree")
    _export(source, tmp_path / "p", tflm_of(tree, "reference"))
    command = ["cmake", "--preset", "gcc"]
    done = subprocess.run(command, cwd=tmp_path / "p", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    commands = json.loads((tmp_path / "p/build/cmake-gcc/compile_commands.json").read_text())
    by_name = {Path(entry["file"]).name: entry["command"] for entry in commands}
    assert "-fno-exceptions" in by_name["mz_runtime_tflm.cc"]
    assert "-Werror" in by_name["mz_runtime_tflm.cc"]
    assert "-Werror" not in by_name["micro_interpreter.cc"]
    assert "-ffreestanding" in by_name["mz_app.c"]
    assert "-ffreestanding" not in by_name["mz_runtime_tflm.cc"]
    missing = [*command, f"-DTFLM_DIR={tmp_path}"]
    done = subprocess.run(missing, cwd=tmp_path / "p", capture_output=True, text=True)
    assert done.returncode != 0
    assert "is no TFLM tree" in " ".join(done.stderr.split())
