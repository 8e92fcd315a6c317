"""The generated C as text: complete, readable, the same every time, and safe from tensor names."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.generated_model import build_model, tight_plan
from helpers.small_net import small_net

from mcuzoo import __version__
from mcuzoo.codegen.aot.c_text import COLUMNS, array_text, float_text
from mcuzoo.codegen.aot.emit import render_model
from mcuzoo.codegen.board_files import Sections
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import ModelError
from mcuzoo.graph.model import Model
from mcuzoo.graph.program import Program, build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.words import comment_text
from mcuzoo.ops.lower import call_constant_bytes, lower


def program_of(raw: bytes) -> Program:
    return build_program(parse_model(raw, "case"))


def rendered(program: Program) -> dict[str, str]:
    return render_model(program, tight_plan(program))


def test_files_and_determinism() -> None:
    files = rendered(program_of(small_net()))
    assert sorted(files) == ["model/mz_model.c", "model/mz_model.h", "model/mz_model_data.c"]
    assert files == rendered(program_of(small_net()))
    assert files != rendered(program_of(small_net(1)))


def test_every_line_is_short_and_ends_clean() -> None:
    for path, text in rendered(program_of(small_net())).items():
        assert text.endswith("\n")
        for line in text.splitlines():
            assert len(line) <= COLUMNS, f"{path}: {line}"
            assert line == line.rstrip(), f"{path}: {line!r}"


def test_the_sequence_names_op_shapes_and_arena_offsets() -> None:
    program = program_of(small_net())
    plan = tight_plan(program)
    text = render_model(program, plan)["model/mz_model.c"]
    assert "/* 0 CONV_2D [1, 4, 4, 2] -> [1, 4, 4, 4] */" in text
    assert "/* 2 ADD [1, 4, 4, 4] and [1, 4, 4, 4] -> [1, 4, 4, 4] */" in text
    source, target = (plan.slot(index).offset for index in (0, 1))
    assert f"mz_conv_2d_s8_dsp(&op_00, mz_arena + {source}, mz_arena + {target}, mz_" in text
    assert f"finish(hook, context, 0, 0, {target}, 64);" in text


def test_the_header_tells_arena_and_ends() -> None:
    program = program_of(small_net())
    plan = tight_plan(program)
    text = render_model(program, plan)["model/mz_model.h"]
    assert f"#define MZ_ARENA_BYTES {plan.arena_bytes}\n" in text
    assert f"#define MZ_INPUT_OFFSET {plan.slot(program.input_buffer).offset}\n" in text
    assert f"#define MZ_OUTPUT_OFFSET {plan.slot(program.output_buffer).offset}\n" in text


def test_the_header_says_which_model_it_is_and_who_made_it() -> None:
    program = program_of(small_net())
    header = render_model(program, tight_plan(program))["model/mz_model.h"]
    comment = header[: header.index("#ifndef")]
    assert f"SHA-256 {program.model.sha256}" in comment
    assert f"Made by mcuzoo {__version__} " in comment
    assert "input: image, int8 [1, 4, 4, 2], real = 1.0e-01 * (value - 0)" in comment


def test_constants_say_what_they_mean_and_where_they_go() -> None:
    program = program_of(small_net())
    sections = Sections(arena=".here", weights=".elsewhere")
    files = render_model(program, tight_plan(program), sections)
    assert 'MZ_SECTION(".here") _Alignas(16)' in files["model/mz_model.c"]
    text = files["model/mz_model_data.c"]
    assert 'MZ_SECTION(".elsewhere") _Alignas(16)' in text
    assert '/* "depthwise/w", int8 [1, 3, 3, 4]\n' in text
    for constant in (constant for call in lower(program) for constant in call.constants()):
        declaration = f"const {constant.c_type} {constant.symbol}[{constant.values.size}]"
        assert f"{constant.meaning[-1]} */\nMZ_WEIGHTS {declaration}" in text


def test_constants_hold_the_numbers_of_the_calls() -> None:
    program = program_of(small_net())
    text = rendered(program)["model/mz_model_data.c"]
    for call in lower(program):
        for constant in call.constants():
            found = re.search(rf"{constant.symbol}\[\d+\] = \{{(.*?)\}};", text, re.DOTALL)
            assert found
            values = [int(word) for word in found[1].split(",") if word.strip()]
            np.testing.assert_array_equal(values, constant.values)


def test_constants_take_the_bytes_that_were_planned() -> None:
    program = program_of(small_net())
    text = rendered(program)["model/mz_model_data.c"]
    arrays = re.findall(r"const int(\d+)_t \w+\[(\d+)\] = ", text)
    written = sum(int(bits) // 8 * int(count) for bits, count in arrays)
    assert written == call_constant_bytes(lower(program))


def test_the_model_is_described_for_the_link() -> None:
    program = program_of(small_net())
    text = rendered(program)["model/mz_model.c"]
    digest = bytes(int(pair, 16) for pair in re.findall(r"0x([0-9a-f]{2})\b", text))
    assert digest.hex() == program.model.sha256
    assert ".op_count = 10," in text
    assert ".dims = {1, 4, 4, 2}," in text
    assert ".scale = 3.90625e-03f," in text


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "*/ int main(void) { return 1; } /*",
        'quote" backslash\\',
        "line\nbreak\r\ttab \0 nul",
        "trigraph ??/",
        "unicode \N{SNOWMAN} \ud800",
        "long " * 100,
        "",
    ],
)
def test_no_tensor_name_breaks_the_source(name: str, tmp_path: Path) -> None:
    model = _renamed(parse_model(small_net(), "small"), name)
    program = build_program(model)
    values = np.random.default_rng(2).integers(-128, 128, (1, 4, 4, 2), dtype=np.int8)
    (output,) = build_model(program, tight_plan(program), tmp_path, ["-O1"]).run([values])
    np.testing.assert_array_equal(output, ReferenceEngine(model).run(values))


def _renamed(model: Model, name: str) -> Model:
    tensors = tuple(replace(tensor, name=name) for tensor in model.tensors)
    return replace(model, name=name, tensors=tensors)


def test_long_names_keep_both_ends() -> None:
    text = comment_text("first" + "x" * 200 + "last")
    assert len(text) == 60
    assert text.startswith("first") and text.endswith("last")


@pytest.mark.parametrize("value", [1 / 256, 0.1, 1e-30, 123456.789, 3.0])
def test_floats_read_back(value: float) -> None:
    text = float_text(value)
    assert text.endswith("f")
    assert np.float32(text[:-1]) == np.float32(value)


def test_arrays_are_compact() -> None:
    constant = Constant("mz_test", np.arange(-128, 128, dtype=np.int8), ())
    lines = array_text(constant).splitlines()
    assert len(lines) == 14
    assert lines[0].startswith("    -128,-127,-126,")


def test_nothing_to_compute_is_refused() -> None:
    raw = build.reshape_model((1, 4, 3, 2), (2, 12))
    with pytest.raises(ModelError, match="computes nothing"):
        rendered(program_of(raw))


@pytest.mark.parametrize("shape", [(1, 1, 2, 2, 3), (1, 70_000)])
def test_ends_that_the_link_cannot_describe_are_refused(shape: tuple[int, ...]) -> None:
    raw = build.unary_model("RELU", shape, shape)
    with pytest.raises(ModelError, match="cannot be the model's input or output"):
        rendered(program_of(raw))
