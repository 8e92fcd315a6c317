"""The model in the firmware is the model file, byte for byte, aligned, in its section."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from helpers.compilers import every_compiler
from helpers.small_net import small_net
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo import __version__
from mcuzoo.codegen.model_array import (
    ARRAY_FILE,
    HEADER_FILE,
    Embed,
    check_embed,
    render_model_array,
)
from mcuzoo.errors import UsageError
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import parse_model
from mcuzoo.toolchain.find import find_compiler

ARCHITECTURE = {
    "gcc": ("-mcpu=cortex-m7", "-mthumb"),
    "zig": ("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m7"),
}
WARNINGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror")


@pytest.fixture(scope="module")
def model() -> Model:
    return parse_model(small_net(), "small net")


def compiled(folder: Path, files: dict[str, str], compiler: str) -> Path:
    """The object file of the one source among `files`, the model file beside it."""
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    (source,) = (path for path in files if not path.endswith(".h"))
    command = [
        *find_compiler(compiler).command, *ARCHITECTURE[compiler], *WARNINGS,
        "-Imodel", "-c", source, "-o", "model.o",
    ]  # fmt: skip
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return folder / "model.o"


@every_compiler
@pytest.mark.parametrize("embed", ["array", "incbin"])
def test_the_object_holds_the_file(
    tmp_path: Path, model: Model, compiler: str, embed: Embed
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.tflite").write_bytes(model.raw)
    files = render_model_array(model, "small.tflite", ".mz_weights", embed)
    with compiled(tmp_path, files, compiler).open("rb") as stream:
        elf = ELFFile(stream)
        section = elf.get_section_by_name(".mz_weights")
        assert section and section.data() == model.raw
        assert section["sh_addralign"] == 16
        assert section["sh_flags"] == 2, "read-only data that is loaded, no code, not writable"
        symbols = elf.get_section_by_name(".symtab")
        assert isinstance(symbols, SymbolTableSection)
        found = symbols.get_symbol_by_name("mz_model_data")
        assert found is not None
        (symbol,) = found
        assert (symbol["st_value"], symbol["st_size"]) == (0, model.bytes)
        assert symbol["st_info"]["bind"] == "STB_GLOBAL"


@given(st.binary(min_size=1, max_size=200))
@settings(deadline=None)
def test_any_file_can_be_read_back(raw: bytes) -> None:
    model = replace(parse_model(small_net(), "small"), raw=raw)
    text = render_model_array(model, "small.tflite")[ARRAY_FILE]
    numbers = re.findall(r"\d+(?=,)", text.partition("= {")[2])
    assert bytes(map(int, numbers)) == raw
    assert max(map(len, text.splitlines())) <= 100


def test_the_header_says_what_it_is(model: Model) -> None:
    header = render_model_array(model, "folder/small.tflite", ".elsewhere")[HEADER_FILE]
    assert f"#define MZ_MODEL_DATA_BYTES {model.bytes}\n" in header
    for fact in (
        "small net", "folder/small.tflite", f"mcuzoo {__version__}", model.sha256, ".elsewhere",
        "input: image, int8 [1, 4, 4, 2], real = 1.0e-01 * (value - 0)",
        "output: probabilities, float32 [1, 5]",
    ):  # fmt: skip
        assert fact in header


def test_names_cannot_leave_their_comment(model: Model) -> None:
    hostile = '*/ int x; /* "\n#error'
    files = render_model_array(replace(model, name=hostile), hostile)
    for text in files.values():
        assert "*/ int" not in text
        assert "#error" not in text


def test_a_strange_section_is_refused(model: Model) -> None:
    with pytest.raises(ValueError, match="no name"):
        render_model_array(model, "small.tflite", '.x"), weak')


def test_a_strange_way_to_embed_is_refused() -> None:
    assert check_embed("incbin") == "incbin"
    with pytest.raises(UsageError, match="no such way") as refused:
        check_embed("incbim")
    assert "incbin" in refused.value.hint
