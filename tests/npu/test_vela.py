"""Vela is found, run and read; what it does wrong is a fault of the toolchain in its own words."""

from __future__ import annotations

import stat
import sys
import textwrap
from pathlib import Path

import pytest
from helpers.small_net import small_net

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.errors import MissingExtraError, ToolchainError, UsageError
from mcuzoo.extras import VELA, missing_packages
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import parse_model
from mcuzoo.npu import program
from mcuzoo.npu.options import VelaOptions
from mcuzoo.npu.vela import compile_vela, placed_operators
from mcuzoo.npu.vela_said import read_summary, refusals
from mcuzoo.zoo.registry import load_named_model

needs_vela = pytest.mark.skipif(bool(missing_packages([VELA])), reason="without ethos-u-vela")

FAKE = """\
#!{python}
import sys, time, pathlib
if "--version" in sys.argv:
    print("9.8.7"); sys.exit(0)
source = pathlib.Path(sys.argv[1]).read_bytes()
output = pathlib.Path(sys.argv[sys.argv.index("--output-dir") + 1])
output.mkdir()
written = output / "model_vela.tflite"
"""


def imx93() -> LinuxBoard:
    board = load_any_board("imx93")
    assert isinstance(board, LinuxBoard)
    return board


def fake(folder: Path, body: str) -> VelaOptions:
    """A program in the place of Vela."""
    path = folder / "vela"
    path.write_text(FAKE.format(python=sys.executable) + textwrap.dedent(body), encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return VelaOptions(vela_program=path)


def small() -> Model:
    return parse_model(small_net(), "small")


@needs_vela
def test_all_of_signs_runs_on_the_npu_and_the_file_is_the_same_every_time() -> None:
    model = load_named_model("signs")
    made = compile_vela(model, imx93())
    assert [op.index for op in made.on_npu] == [op.index for op in model.ops]
    assert made.on_cpu == () and made.cpu_count == 0 and made.npu_count
    assert made.raw[4:8] == b"TFL3" and made.model_sha256 == model.sha256
    assert made.words[:4] == (
        *("--accelerator-config", "ethos-u65-256"),
        *("--system-config", "Ethos_U65_High_End"),
    )
    figures = made.estimate
    assert figures.sram_bytes and figures.dram_bytes and figures.cycles and figures.clock_hz
    assert figures.sram_bytes <= 393_216
    assert figures.seconds == pytest.approx(figures.cycles / figures.clock_hz)
    again = compile_vela(model, imx93())
    assert (again.raw, again.as_dict()) == (made.raw, made.as_dict())


@needs_vela
def test_vela_is_told_to_optimise_for_size() -> None:
    options = VelaOptions(vela_optimise="size")
    assert compile_vela(small(), imx93(), options).words[-2:] == ("--optimise", "Size")


@needs_vela
def test_what_is_float_stays_on_the_cpu_with_velas_reason() -> None:
    made = compile_vela(small(), imx93())
    (left,) = made.on_cpu
    assert left.name == "DEQUANTIZE" and left.reason not in ("", "Vela gives no reason")
    assert len(made.on_npu) == len(small().ops) - 1


def test_a_board_without_such_an_npu_is_refused() -> None:
    board = load_any_board("imx8mp")
    assert isinstance(board, LinuxBoard)
    with pytest.raises(UsageError, match="imx8mp has none"):
        compile_vela(small(), board)


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(UsageError, match="performance and size"):
        compile_vela(small(), imx93(), VelaOptions(vela_optimise="Beauty"))


def test_a_failure_is_told_in_velas_words_and_steers_no_terminal(tmp_path: Path) -> None:
    options = fake(tmp_path, r'print("hello\nError: \x1b[31mno such op"); sys.exit(1)')
    with pytest.raises(ToolchainError, match=r"failed \(1\): Error: \?\[31mno such op") as error:
        compile_vela(small(), imx93(), options)
    assert "\x1b" not in error.value.message


def test_a_traceback_is_told_by_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match=r"failed \(1\): ZeroDivisionError: division by zero"):
        compile_vela(small(), imx93(), fake(tmp_path, "1 / 0"))


def test_vela_is_ended_after_its_time(tmp_path: Path) -> None:
    options = VelaOptions(fake(tmp_path, "time.sleep(60)").vela_program, vela_time_limit=0.5)
    with pytest.raises(ToolchainError, match="not done within"):
        compile_vela(small(), imx93(), options)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "wrote no model_vela.tflite"),
        ("written.write_bytes(b'nothing')", "cannot be read: This is no TFLite model"),
        ("written.write_bytes(source[:400])", "cannot be read"),
        ("written.mkdir()", "wrote no model_vela.tflite"),
    ],
)
def test_what_vela_writes_is_not_trusted(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(ToolchainError, match=said):
        compile_vela(small(), imx93(), fake(tmp_path, body))


def test_a_vela_that_leaves_everything_to_the_cpu(tmp_path: Path) -> None:
    """It writes the source again, says no reasons and no figures."""
    made = compile_vela(small(), imx93(), fake(tmp_path, "written.write_bytes(source)"))
    assert made.version == "9.8.7" and made.on_npu == ()
    assert {op.reason for op in made.on_cpu} == {"Vela gives no reason"}
    assert made.estimate.cycles is None and made.npu_count is None


def test_another_program_is_not_vela(tmp_path: Path) -> None:
    path = tmp_path / "notvela"
    path.write_text("#!/bin/sh\necho I am Groot\n")
    path.chmod(0o755)
    with pytest.raises(ToolchainError, match=r"is not Vela, or does not run.*I am Groot"):
        compile_vela(small(), imx93(), VelaOptions(vela_program=path))


def test_the_variable_names_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = fake(tmp_path, "").vela_program
    monkeypatch.setenv(program.VARIABLE, str(named))
    assert program.vela_command() == (str(named),)
    assert program.vela_version(program.vela_command()) == "9.8.7"
    monkeypatch.setenv(program.VARIABLE, str(tmp_path / "none"))
    with pytest.raises(UsageError, match="MCUZOO_VELA: there is no program"):
        program.vela_command()


def test_without_vela_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(program.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(program, "missing_packages", list)
    with pytest.raises(MissingExtraError, match="needs the Python package ethos-u-vela") as error:
        program.vela_command()
    assert "ethos-u-vela" in error.value.hint


VELA_5 = """\
Warning (supported operators) operator: MEAN, ofm: 'it's'
Reason: Unsupported depth-reduction.  IFM: 1, 160, 3, 3
Reduction over depth is only supported if any of h,w,c == 1

Warning (supported operators) operator: DEQUANTIZE, ofm: '1422'
Reason: Unsupported opType

Network summary for model
"""
VELA_3 = """\
Warning: Unsupported TensorFlow Lite semantics for MEAN 'it's'. Placing on CPU instead
 - Shape must be constant
   Op has non-const input(s): x
Warning: FULLY_CONNECTED 'dense' is not supported on the NPU. Placing on CPU instead
 - Per-axis quantization is only supported for: CONV_2D
Info: SHAPE 'shape' is a CPU only op
"""


def test_reasons_of_vela_5() -> None:
    mean, dequantize = refusals(VELA_5)
    assert (mean.op, mean.tensor) == ("MEAN", "it's")
    assert mean.reason.startswith("Unsupported depth-reduction") and "w,c == 1" in mean.reason
    assert (dequantize.op, dequantize.reason) == ("DEQUANTIZE", "Unsupported opType")


def test_reasons_of_vela_3() -> None:
    mean, dense, shape = refusals(VELA_3)
    assert mean.reason == "Shape must be constant; Op has non-const input(s): x"
    assert (dense.op, dense.tensor) == ("FULLY_CONNECTED", "dense")
    assert dense.reason == "Per-axis quantization is only supported for: CONV_2D"
    assert (shape.op, shape.tensor, shape.reason) == ("SHAPE", "shape", "")


@pytest.mark.parametrize(
    "text",
    ["", "cycles_total", "cycles_total\nmany", "cycles_total\nnan", "cycles_total\n-1", "a\nb\0c"],
)
def test_a_summary_without_figures_gives_none(text: str) -> None:
    assert read_summary(text).cycles is None


def test_the_compiled_file_decides_and_names_are_matched_with_types() -> None:
    """An operator that Vela names and has folded is not on the CPU; one that it adds is."""
    source = small()
    left = placed_operators(source, source, refusals(""))
    assert [op.index for op in left] == [op.index for op in source.ops]
    assert not any(op.npu for op in left)
    emptied = Model(**{**vars(source), "ops": ()})
    assert all(op.npu for op in placed_operators(source, emptied, refusals(VELA_5)))
    (added, *_) = [op for op in placed_operators(emptied, source, ()) if op.index < 0]
    assert not added.npu and added.reason == "Vela made it"
