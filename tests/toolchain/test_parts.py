"""What a build has of others, with the versions and licences that their own files state."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from helpers.fake_tflm import fake_tree

from mcuzoo.codegen.tflm.tree import open_tree
from mcuzoo.errors import ToolchainError
from mcuzoo.project.manifest import PartEntry
from mcuzoo.toolchain.parts import (
    COMPILED,
    compiled_sources,
    library_parts,
    sdk_parts,
    tflm_parts,
)


def by_name(parts: tuple[PartEntry, ...]) -> dict[str, PartEntry]:
    return {part.name: part for part in parts}


def test_a_tree_with_cmsis_nn(tmp_path: Path) -> None:
    path = fake_tree(tmp_path / "tree", "cmsis-nn")
    header = path / "third_party/cmsis_nn/Include/arm_nnfunctions.h"
    header.write_text("/* $Date:     27 March 2026\n * $Revision:    V.19.1.0\n */\n")
    source = "third_party/cmsis_nn/Source/conv.c"
    (path / source).parent.mkdir(parents=True, exist_ok=True)
    (path / source).write_text("int conv;\n")
    tree = open_tree(path, "cmsis-nn")
    kernel = "tensorflow/lite/micro/kernels/cmsis_nn/conv.cc"
    parts = by_name(tflm_parts(tree, [kernel, source]))
    library = parts["CMSIS-NN"]
    assert (library.version, library.licence) == ("19.1.0", "Apache-2.0")
    assert library.files == {source: sha256(b"int conv;\n").hexdigest()}
    assert list(parts["TensorFlow Lite Micro"].files) == [kernel]
    assert parts["TensorFlow Lite Micro"].fingerprint == tree.fingerprint
    assert library.fingerprint == ""
    # Without a source of it, none of its code is in the firmware.
    assert "CMSIS-NN" not in by_name(tflm_parts(tree, [kernel]))
    # A header that says no version.
    header.write_text("")
    assert by_name(tflm_parts(tree, [source]))["CMSIS-NN"].version == ""


def test_drivers_of_the_sdk(tmp_path: Path) -> None:
    sdk = tmp_path / "sdk"
    driver = sdk / "drivers/lpuart/fsl_lpuart.c"
    driver.parent.mkdir(parents=True)
    driver.write_text("/* SPDX-License-Identifier: BSD-3-Clause */\n")
    driver.with_suffix(".h").write_text(
        "/*! @brief LPUART driver version. */\n"
        "#define FSL_LPUART_DRIVER_VERSION (MAKE_VERSION(2, 9, 1))\n"
    )
    start = sdk / "devices/startup.S"
    start.parent.mkdir()
    start.write_text("/* SPDX-License-Identifier: Apache-2.0 OR MIT */\n")
    other = sdk / "devices/system.c"
    other.write_text("/* SPDX-License-Identifier: BSD-3-Clause */\n")
    own = tmp_path / "project/main.c"
    whole, lpuart = sdk_parts(sdk, "24.12", [own, start, other, driver, driver])
    assert (whole.name, whole.version) == ("MCUXpresso SDK", "24.12")
    assert whole.licence == "(Apache-2.0 OR MIT) AND BSD-3-Clause"
    assert list(whole.files) == ["devices/startup.S", "devices/system.c"]
    assert (lpuart.name, lpuart.version) == ("fsl_lpuart", "2.9.1")
    assert lpuart.licence == "BSD-3-Clause"
    assert list(lpuart.files) == ["drivers/lpuart/fsl_lpuart.c"]


def test_libraries_of_the_compilers() -> None:
    assert list(by_name(library_parts("gcc", "12.2.1", None))) == ["libgcc"]
    parts = by_name(library_parts("gcc", "12.2.1", "3.3.0"))
    assert {name: part.version for name, part in parts.items()} == {
        "libgcc": "12.2.1",
        "libstdc++": "12.2.1",
        "newlib": "3.3.0",
    }
    assert [part.licence for part in library_parts("zig", "0.15.1", None)] == ["MIT"]


@pytest.mark.parametrize("text", [None, "{", "[1]", '[{"file": "a.c"}]', '{"a": 1}'])
def test_a_list_of_commands_that_is_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / COMPILED).write_text(text)
    with pytest.raises(ToolchainError, match=COMPILED):
        compiled_sources(tmp_path)


def test_relative_sources_are_below_their_folder(tmp_path: Path) -> None:
    commands = [
        {"directory": "/b", "file": "a.c", "command": "cc"},
        {"directory": "/b", "file": "/s/c.c", "command": "cc"},
    ]
    (tmp_path / COMPILED).write_text(json.dumps(commands))
    assert compiled_sources(tmp_path) == [Path("/b/a.c"), Path("/s/c.c")]
