"""What is quoted means itself to the program that reads it, whatever it is."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.hostile import CANARY, HOSTILE, LONG, PRINTABLE
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.quoting import (
    asm_string,
    c_string,
    cmake,
    cmake_list,
    code_span,
    comment,
    file_stem,
    kconfig,
    markdown,
    one_line,
    path,
    shell,
)

ANY = st.text() | st.sampled_from([HOSTILE, PRINTABLE, LONG, "", "*/", "a\\", "??/", "/*/"])


@given(ANY)
def test_a_comment_stays_one(text: str) -> None:
    shown = f"/* {comment(text)} */"
    assert shown.index("*/") == len(shown) - 2
    assert shown.count("/*") == 1
    assert "\n" not in shown and "??" not in shown
    assert not comment(text).endswith("\\")


@given(ANY)
def test_a_string_of_c_is_bytes_of_utf_8(text: str) -> None:
    shown = c_string(text)
    assert shown.isascii() and shown.isprintable() and "??" not in shown
    meant = ast.literal_eval("b" + shown.replace("\\?", "?"))
    assert meant == text.encode("utf-8", "replace")
    assert asm_string('?%"\\') == '"\\077\\045\\042\\134"'


@given(ANY)
def test_one_line_is_printable_text_of_the_same_length(text: str) -> None:
    assert one_line(text).isprintable() and len(one_line(text)) == len(text)


@given(ANY)
def test_kconfig_has_neither_macros_nor_escapes(text: str) -> None:
    assert not set(kconfig(text)[1:-1]) & set("\"'\\$`\n")


@given(ANY)
def test_markdown_has_no_markup(text: str) -> None:
    assert not re.search(r"(?<!\\)(\\\\)*[`*<>\[\]|]", markdown(text))
    assert "\n" not in markdown(text) + code_span(text)


@given(st.text(alphabet="a`| "))
def test_a_code_span_ends_where_it_should(text: str) -> None:
    shown = code_span(text)
    fence = re.match("`+", shown)
    assert fence is not None
    assert shown.endswith(fence[0])
    inside = shown[len(fence[0]) : -len(fence[0])]
    assert fence[0] not in re.findall("`+", inside)


@pytest.mark.skipif(shutil.which("cmake") is None, reason="no cmake")
def test_cmake_reads_what_was_meant(tmp_path: Path) -> None:
    texts = [PRINTABLE.replace(";", ""), LONG, "", "a b", "$ENV{HOME}", "\\", '"', "]]", "#", "@X@"]
    lines = [f"file(WRITE {number}.txt {cmake(text)})" for number, text in enumerate(texts)]
    (tmp_path / "x.cmake").write_text("\n".join([*lines, f"set(x {cmake(HOSTILE)})"]))
    done = subprocess.run(["cmake", "-P", "x.cmake"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for number, text in enumerate(texts):
        assert (tmp_path / f"{number}.txt").read_text() == text
    assert not (tmp_path / CANARY).exists()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_a_shell_reads_what_was_meant(tmp_path: Path) -> None:
    text = HOSTILE.replace("\0", "")
    for word in (text, PRINTABLE, "a b", "-x", "plain.txt"):
        command = ["bash", "-c", f"printf %s {shell(word)}"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True)
        assert done.stdout == word.encode("utf-8", "surrogateescape")
    assert not (tmp_path / CANARY).exists()


@given(ANY)
def test_the_stem_of_a_file(text: str) -> None:
    assert len(file_stem(text)) <= 60
    assert re.fullmatch(r"[A-Za-z0-9_.-]*", file_stem(text))


@pytest.mark.parametrize("text", ["../x", "/x", "a//b", "a b", "-x", "@x", "a/-x", "", ".", "a\n"])
def test_what_is_no_path_of_ours(text: str) -> None:
    with pytest.raises(ValueError, match="no path of ours"):
        path(text)


def test_a_list_of_cmakes_takes_plain_items_only() -> None:
    assert cmake_list(("-O2", "-std=c++17")) == "-O2;-std=c++17"
    assert cmake(("a", "b c")) == 'a "b c"'
    with pytest.raises(ValueError, match="cannot stand in a list"):
        cmake_list(("a;b",))
