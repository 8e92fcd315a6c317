"""TFLM in applications for the SDK: from a tree, or from the SDK's own eIQ middleware."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.compilers import has_newlib
from helpers.exported import export_project, tflm_of
from helpers.fake_sdk import fake_sdk
from helpers.fake_tflm import compilable_tree, fake_tree
from helpers.small_source import small_source

from mcuzoo.board.load import load_board
from mcuzoo.codegen.model_array import Embed
from mcuzoo.codegen.tflm.registration import assumed_registrations, registrations
from mcuzoo.errors import InputError
from mcuzoo.graph.read import load_model
from mcuzoo.plan.tflm.requests import Kernels
from mcuzoo.project.manifest import Manifest, load_manifest
from mcuzoo.toolchain.build import EIQ_FOLDER, build_project
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.toolchain.sizes import read_symbols

pytestmark = pytest.mark.slow

needs_tools = pytest.mark.skipif(
    not all(shutil.which(name) for name in ("cmake", "ninja", "arm-none-eabi-g++"))
    or not has_newlib(),
    reason="no cmake, ninja or arm-none-eabi-g++ with newlib",
)


@pytest.fixture(autouse=True)
def _no_sdk_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MCUXSDK_ROOT", raising=False)
    monkeypatch.delenv("ARMGCC_DIR", raising=False)


def _export(
    folder: Path, tree: Path | None, embed: Embed = "array", kernels: Kernels = "reference"
) -> Manifest:
    source = small_source(folder / "source", with_assets=False)
    options = tflm_of(tree, kernels, embed=embed)
    board = load_board("rt1050")
    return export_project(source, board, folder / "p", "tflm", "mcuxpresso", **options)


def _eiq(sdk: Path) -> Path:
    """With the names that NXP's copy of TFLM has."""
    tree = compilable_tree(sdk / EIQ_FOLDER)
    for path in list(tree.rglob("*.cc")):
        path.rename(path.with_suffix(".cpp"))
    return tree


def test_neither_sdk_nor_tflm_is_needed_to_render(tmp_path: Path) -> None:
    manifest = _export(tmp_path, None)
    assert load_manifest(tmp_path / "p") == manifest
    assert manifest.tflm is not None
    assert (manifest.tflm.tree, manifest.tflm.fingerprint) == ("", "")
    assert manifest.tflm.kernel_files == ("conv",)
    resolver = (tmp_path / "p/model/mz_resolver.h").read_text()
    assert "resolver.AddConv2D(tflite::Register_CONV_2D_INT8())" in resolver
    assert "the SDK's own" in (tmp_path / "p/README.md").read_text()


def test_what_is_assumed_is_what_a_tree_says(tmp_path: Path) -> None:
    model = load_model(small_source(tmp_path / "source").path)
    known = registrations(model, fake_tree(tmp_path / "tree"), "reference")
    assert assumed_registrations(model) == known


@needs_tools
def test_tflm_of_the_sdk_is_built_and_identified(tmp_path: Path) -> None:
    manifest = _export(tmp_path, None)
    sdk = fake_sdk(tmp_path / "sdk")
    eiq = _eiq(sdk)
    entry = build_project(tmp_path / "p", BuildOptions(sdk=sdk))
    assert entry.build_id != manifest.build_id, "the export did not know the tree"
    assert entry.build_id.encode() in (tmp_path / "p" / entry.bin).read_bytes()
    symbols = read_symbols(tmp_path / "p" / entry.elf, ["mz_model_data", "mz_arena"])
    assert symbols["mz_model_data"] % 16 == symbols["mz_arena"] % 16 == 0
    assert symbols["mz_model_data"] > 0x6000_0000
    ninja = (tmp_path / "p/build/flexspi_nor_release/build.ninja").read_text()
    kernel = ninja[ninja.index("micro/kernels/conv.cpp.obj:") :]
    flags = next(line for line in kernel.splitlines() if line.startswith("  FLAGS = "))
    assert flags.index("-fno-builtin") < flags.index("-fbuiltin")
    assert "debug_log.cpp.obj" not in ninja
    log = next(eiq.rglob("micro_log.cpp"))
    log.write_text(log.read_text() + "// another\n")
    assert build_project(tmp_path / "p", BuildOptions(sdk=sdk)).build_id != entry.build_id


@needs_tools
def test_a_tree_by_path_and_the_model_by_the_assembler(tmp_path: Path) -> None:
    tree = compilable_tree(tmp_path / "tree")
    _export(tmp_path, tree, "incbin")
    entry = build_project(tmp_path / "p", BuildOptions(sdk=fake_sdk(tmp_path / "sdk")))
    assert entry.build_id.encode() in (tmp_path / "p" / entry.bin).read_bytes()
    embedded = (tmp_path / "p/model/mz_model_data.tflite").read_bytes()
    assert embedded in (tmp_path / "p" / entry.bin).read_bytes()


def test_an_sdk_without_tflm_says_so(tmp_path: Path) -> None:
    if shutil.which("arm-none-eabi-g++") is None:
        pytest.skip("no arm-none-eabi-g++")
    _export(tmp_path, None)
    with pytest.raises(InputError, match="looked for middleware/eiq/tensorflow-lite") as caught:
        build_project(tmp_path / "p", BuildOptions(sdk=fake_sdk(tmp_path / "sdk")))
    assert "--tflm DIR" in caught.value.hint


@needs_tools
def test_cmake_looks_for_cmsis_nn(tmp_path: Path) -> None:
    _export(tmp_path, None, kernels="cmsis-nn")
    tree = fake_tree(tmp_path / "tree", "cmsis-nn")
    (tree / "tensorflow/lite/micro/kernels/cmsis_nn/conv.cc").unlink()
    done = _configure(tmp_path, f"-DTFLM_DIR={tree}")
    assert "looked for tensorflow/lite/micro/kernels/cmsis_nn/conv.cc" in done
    (tree / "third_party/cmsis_nn/Include/arm_nnfunctions.h").unlink()
    assert "no TFLM tree with CMSIS-NN" in _configure(tmp_path, f"-DTFLM_DIR={tree}")


@needs_tools
@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (None, "This MCUXpresso SDK has no TFLite-Micro: looked for"),
        ("HERE", "looked for tensorflow/lite/micro/micro_interpreter.h"),
        ("POOR", "looked for tensorflow/lite/micro/kernels/conv.cc"),
    ],
)
def test_what_cmake_says_of_a_wrong_tree(tmp_path: Path, tree: str | None, said: str) -> None:
    _export(tmp_path, None)
    (tmp_path / "HERE").mkdir()
    (fake_tree(tmp_path / "POOR") / "tensorflow/lite/micro/kernels/conv.cc").unlink()
    assert said in _configure(tmp_path, *([f"-DTFLM_DIR={tmp_path / tree}"] if tree else []))


def _configure(folder: Path, *arguments: str) -> str:
    """What CMake says of the project in `folder`, which it refuses."""
    sdk = f"-DSdkRootDirPath={fake_sdk(folder / 'SDK')}"
    command = ["cmake", "-S", str(folder / "p"), "-B", str(folder / "b"), "-GNinja", sdk]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True)
    assert done.returncode != 0
    return " ".join(done.stderr.split())
