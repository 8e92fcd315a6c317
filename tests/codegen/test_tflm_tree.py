"""Is a folder a TFLM tree, does it have the kernels, and what of it is compiled?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.fake_tflm import BASE, KERNELS, MICRO, fake_tree
from helpers.small_net import small_net
from helpers.tflite_builder import conv_model

from mcuzoo.codegen.tflm.part import tree_sources
from mcuzoo.codegen.tflm.registration import Registration, registrations
from mcuzoo.codegen.tflm.tree import open_tree
from mcuzoo.errors import InputError
from mcuzoo.graph.read import parse_model


def test_a_tree_is_known_by_its_contents(tmp_path: Path) -> None:
    tree = open_tree(fake_tree(tmp_path), "reference")
    assert (tree.schema_version, tree.flatbuffers_version) == (3, "25.9.23")
    again = open_tree(fake_tree(tmp_path / "copy"), "reference")
    assert (tmp_path / "copy" / BASE).is_file()
    assert len(tree.fingerprint) == 64
    assert again.fingerprint == open_tree(tmp_path / "copy", "reference").fingerprint
    (tmp_path / "copy" / KERNELS / "conv.cc").write_text("TFLMRegistration Register_CONV_2D() {}")
    assert again.fingerprint != open_tree(tmp_path / "copy", "reference").fingerprint


def test_what_is_no_tree_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"no TFLM tree: looked for .*micro_interpreter\.h"
    ) as caught:
        open_tree(tmp_path, "cmsis-nn")
    assert "create_tflm_tree.py" in caught.value.hint
    assert "OPTIMIZED_KERNEL_DIR=cmsis_nn" in caught.value.hint
    with pytest.raises(InputError, match="There is no folder"):
        open_tree(tmp_path / "none", "reference")


def test_tflms_repository_is_not_the_tree_made_from_it(tmp_path: Path) -> None:
    fake_tree(tmp_path)
    (tmp_path / MICRO / "tools").mkdir()
    (tmp_path / BASE).unlink()
    with pytest.raises(InputError, match="TFLM's repository, not a tree made from it"):
        open_tree(tmp_path, "reference")


def test_missing_kernels_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"no CMSIS-NN kernels: looked for .*cmsis_nn/conv\.cc"
    ) as no:
        open_tree(fake_tree(tmp_path / "reference"), "cmsis-nn")
    assert no.value.hint.startswith("Use --kernels reference")
    with pytest.raises(InputError, match="no reference kernels: only those of CMSIS-NN"):
        open_tree(fake_tree(tmp_path / "cmsis", "cmsis-nn"), "reference")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (f"{MICRO}/micro_interpreter.h", "VERSION (3)", "VERSION (4)", "reads models of schema 4"),
        (
            f"{MICRO}/micro_interpreter.h",
            "context() const",
            "ctx() const",
            "is too old: .*::context",
        ),
        (f"{MICRO}/debug_log.h", ", va_list args", "", "is too old: .*DebugLog"),
        (BASE, "MINOR 9", "MINOR 8", r"wants FlatBuffers 25.9.23, .* is 25.8.23"),
    ],
)
def test_another_version_is_refused(
    tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    path = fake_tree(tmp_path) / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match=said):
        open_tree(tmp_path, "reference")


def _conv() -> bytes:
    weights = np.ones((4, 3, 3, 3), np.int8)
    return conv_model((1, 8, 8, 3), weights, np.zeros(4, np.int32))


def test_ops_are_registered_int8_only_where_the_tree_can(tmp_path: Path) -> None:
    tree = fake_tree(tmp_path)
    model = parse_model(_conv(), "conv")
    (conv,) = registrations(model, tree, "reference")
    assert (conv.method, conv.argument) == ("AddConv2D", "tflite::Register_CONV_2D_INT8()")
    (tree / KERNELS / "conv.h").unlink()
    (plain,) = registrations(model, tree, "reference")
    assert plain.argument == ""


def test_an_op_that_the_tree_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no kernel for ADD: looked for AddAdd") as caught:
        registrations(parse_model(small_net(), "net"), fake_tree(tmp_path), "reference")
    assert "--runtime aot" in caught.value.hint


def test_only_what_the_model_needs_is_compiled(tmp_path: Path) -> None:
    model = parse_model(_conv(), "conv")
    tree = fake_tree(tmp_path / "r")
    names = tree_sources(tree, registrations(model, tree, "reference"), "reference")
    assert names == (
        f"{KERNELS}/conv.cc",
        f"{KERNELS}/conv_common.cc",
        f"{KERNELS}/kernel_util.cc",
        f"{MICRO}/micro_interpreter.cc",
        f"{MICRO}/micro_log.cc",
    )


def test_constants_of_another_kernel_bring_its_file(tmp_path: Path) -> None:
    """A network with DEPTHWISE_CONV_2D and no CONV_2D, as TFLM's micro_speech, did not link."""
    tree = fake_tree(tmp_path)
    kernels = tree / KERNELS
    (kernels / "conv.h").write_text("extern const int kConvInputTensor;\n")
    (kernels / "conv_common.cc").write_text("const int kConvInputTensor = 0;\n")
    (kernels / "depthwise_conv.cc").write_text("// Register_DEPTHWISE_CONV_2D\n")
    common = kernels / "depthwise_conv_common.cc"
    depthwise = Registration(
        "DEPTHWISE_CONV_2D", "AddDepthwiseConv2D", "", f"{KERNELS}/depthwise_conv.cc", ""
    )
    for text, brought in (("Get(node, kConvInputTensor);\n", True), ("Get(node, 0);\n", False)):
        common.write_text(text)
        names = tree_sources(tree, [depthwise], "reference")
        assert f"{KERNELS}/depthwise_conv_common.cc" in names
        assert (f"{KERNELS}/conv_common.cc" in names) == brought


def test_cmsis_nn_goes_before_and_brings_what_it_calls(tmp_path: Path) -> None:
    model = parse_model(_conv(), "conv")
    tree = fake_tree(tmp_path, "cmsis-nn")
    (tree / KERNELS / "conv.cc").write_text("TFLMRegistration Register_CONV_2D() {\n}\n")
    names = tree_sources(tree, registrations(model, tree, "cmsis-nn"), "cmsis-nn")
    assert f"{KERNELS}/cmsis_nn/conv.cc" in names
    assert f"{KERNELS}/conv.cc" not in names
    assert [Path(name).name for name in names if name.startswith("third_party")] == [
        "arm_convolve_s8.c",
        "arm_helper_s8.c",
        "arm_tables.c",
    ]
