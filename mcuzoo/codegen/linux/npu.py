"""The file for the NPU of a board that runs Linux, as Vela compiles it, and what Vela says."""

from __future__ import annotations

import json

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.errors import McuzooError, UsageError
from mcuzoo.graph.model import Model
from mcuzoo.npu.program import vela_command
from mcuzoo.npu.vela import VelaCompiled, compile_vela
from mcuzoo.project.manifest import NpuEntry

VELA_FILE = "model/model_vela.tflite"
"""The Python agent takes this file beside the model for the delegate ethosu."""
VELA_REPORT = "model/vela.json"
_WITHOUT = "--no-npu exports without a file for the NPU"


def for_emulation(board: LinuxBoard) -> ExportOptions:
    """The options of a project that is only emulated: nothing for the NPU, nor of its compiler."""
    return ExportOptions(no_npu=has_compiler(board))


def has_compiler(board: LinuxBoard) -> bool:
    """Whether a compiler for the board's NPU runs on the host."""
    return board.npu is not None and board.npu.vela is not None


def check_npu(board: LinuxBoard, options: ExportOptions) -> None:
    """Find the compiler, before anything else is done.

    Raises UsageError for options that the board has no use for, MissingExtraError without Vela.
    """
    if not has_compiler(board):
        if options.npu_words:
            raise UsageError(
                f"{options.npu_words[0]}: no compiler for the NPU of {board.name} runs on a host.",
                "Leave it out.",
            )
        return
    options.check()
    if options.no_npu:
        return
    try:
        vela_command(options.vela_program)
    except McuzooError as error:
        error.hint = f"{error.hint}\n{_WITHOUT}."
        raise


def compiled(model: Model, board: LinuxBoard, options: ExportOptions) -> VelaCompiled | None:
    """The model for the board's NPU; None where no such file is wanted, or can be had.

    Raises ToolchainError where Vela does not compile the model.
    """
    if options.no_npu or not has_compiler(board):
        return None
    try:
        return compile_vela(model, board, options)
    except McuzooError as error:
        error.hint = f"{error.hint}\n{_WITHOUT}."
        raise


def npu_files(made: VelaCompiled | None) -> dict[str, bytes]:
    """The compiled file and Vela's report, by path in the project."""
    if made is None:
        return {}
    report = json.dumps(made.as_dict(), indent=2, sort_keys=True)
    return {VELA_FILE: made.raw, VELA_REPORT: f"{report}\n".encode()}


def npu_entry(made: VelaCompiled | None) -> NpuEntry | None:
    """What the manifest says of the compiled file."""
    if made is None:
        return None
    return NpuEntry(
        file=VELA_FILE,
        report=VELA_REPORT,
        compiler=f"Vela {made.version}",
        npu_operators=len(made.on_npu),
        cpu_operators=tuple(sorted({op.name for op in made.on_cpu})),
        operators=len(made.operators),
        sram_bytes=made.estimate.sram_bytes,
    )
