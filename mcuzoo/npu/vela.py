"""A model compiled for an Ethos-U NPU by Vela: the file, and what Vela says of it.

Vela is run as a program, never imported: what it does wrong ends in an error of a process.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

from mcuzoo.board.linux import LinuxBoard, VelaConfig
from mcuzoo.errors import ModelError, ToolchainError, UsageError
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import MAX_FILE_BYTES, parse_model
from mcuzoo.npu.options import VelaOptions
from mcuzoo.npu.program import run_vela, vela_command, vela_version
from mcuzoo.npu.vela_said import (
    Refusal,
    VelaEstimate,
    operator_counts,
    read_summary,
    refusals,
)

_STEM = "model"
_OUTPUT = "output"
_CONFIG = os.path.join("Arm", "vela.ini")  # noqa: PTH118 - a word for Vela, which splits it
_MAX_SUMMARY_BYTES = 1 << 20
ETHOS_U = "CUSTOM:ethos-u"


@dataclass(frozen=True)
class PlacedOp:
    """An operator of the source model and who computes it.

    index: in the source model; -1 for one that Vela made itself. name: its type. tensor: its first
    output. npu: whether it is not left to the CPU: the NPU computes it, or Vela has folded it away.
    reason: why it is left to the CPU, in Vela's words; "" for the NPU's.
    """

    index: int
    name: str
    tensor: str
    npu: bool
    reason: str = ""


@dataclass(frozen=True)
class VelaCompiled:
    """raw: the compiled .tflite file. model_sha256: of the source file. version: of Vela. words:
    the options that Vela was given. operators: those of the source model, in its order, then those
    that Vela adds for the CPU. npu_count, cpu_count: Vela's own counts, after it has split and
    joined operators; None where it says none. estimate: its figures. said: all that it printed.
    """

    raw: bytes
    model_sha256: str
    version: str
    words: tuple[str, ...]
    operators: tuple[PlacedOp, ...]
    npu_count: int | None
    cpu_count: int | None
    estimate: VelaEstimate
    said: str

    @property
    def sha256(self) -> str:
        """Of the compiled file, in hex."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def on_cpu(self) -> tuple[PlacedOp, ...]:
        return tuple(op for op in self.operators if not op.npu)

    @property
    def on_npu(self) -> tuple[PlacedOp, ...]:
        return tuple(op for op in self.operators if op.npu)

    def as_dict(self) -> dict[str, object]:
        """All but the file, as vela.json of a project has it; the same for the same model, version
        and options."""
        return {
            "version": self.version,
            "options": list(self.words),
            "model_sha256": self.model_sha256,
            "sha256": self.sha256,
            "bytes": len(self.raw),
            "npu_operators": self.npu_count,
            "cpu_operators": self.cpu_count,
            "operators": [asdict(op) for op in self.operators],
            "estimate": asdict(self.estimate),
        }


def compile_vela(
    model: Model, board: LinuxBoard, options: VelaOptions = VelaOptions()
) -> VelaCompiled:
    """Compile `model`, its file as it is, for the NPU of `board`. The same model, version and
    options give the same file.

    Raises UsageError for a board without such an NPU, MissingExtraError if there is no Vela,
    ToolchainError with Vela's own words if it does not compile the model.
    """
    if board.npu is None or board.npu.vela is None:
        raise UsageError(
            f"Vela compiles for Arm's Ethos-U NPUs, and {board.id} has none.",
            "mcuzoo boards lists the boards and their NPUs.",
        )
    return compile_for(model, board.npu.vela, options)


def compile_for(
    model: Model, config: VelaConfig, options: VelaOptions = VelaOptions()
) -> VelaCompiled:
    """As compile_vela, for any NPU and memories."""
    options.check()
    chosen = (*config.options, "--optimise", options.vela_optimise.capitalize())
    return compile_words(model, chosen, options)


def compile_words(
    model: Model, words: tuple[str, ...], options: VelaOptions = VelaOptions()
) -> VelaCompiled:
    """As compile_vela, with these options of Vela's command line."""
    program = vela_command(options.vela_program)
    version = vela_version(program)
    with tempfile.TemporaryDirectory(prefix="mcuzoo-vela-") as name:
        folder = Path(name)
        (folder / f"{_STEM}.tflite").write_bytes(model.raw)
        said = run_vela(
            (
                *program,
                f"{_STEM}.tflite",
                *("--config", _CONFIG, "--output-dir", _OUTPUT),
                *words,
            ),
            folder,
            options.vela_time_limit,
        )
        raw = _written(folder / _OUTPUT / f"{_STEM}_vela.tflite", MAX_FILE_BYTES)
        summaries = sorted((folder / _OUTPUT).glob(f"{_STEM}_summary_*.csv"))
        summary = _written(summaries[0], _MAX_SUMMARY_BYTES) if summaries else b""
    npu_count, cpu_count = operator_counts(said)
    return VelaCompiled(
        raw=raw,
        model_sha256=model.sha256,
        version=version,
        words=words,
        operators=placed_operators(model, _read(raw), refusals(said)),
        npu_count=npu_count,
        cpu_count=cpu_count,
        estimate=read_summary(summary.decode("utf-8", "replace")),
        said=said,
    )


def _written(path: Path, limit: int) -> bytes:
    try:
        if path.stat().st_size > limit:
            raise ToolchainError(
                f"Vela wrote a file of over {limit:,} bytes.", "Compile a smaller model."
            )
        return path.read_bytes()
    except OSError as error:
        raise ToolchainError(
            f"Vela said that all is well, and wrote no {path.name}.",
            "Another version of Vela may do: --vela-program names one.",
        ) from error


def _read(raw: bytes) -> Model:
    try:
        return parse_model(raw, _STEM, compiled=True)
    except ModelError as error:
        raise ToolchainError(
            f"Vela wrote a file that cannot be read: {error.message}",
            "Another version of Vela may do: --vela-program names one.",
        ) from error


def placed_operators(
    source: Model, compiled: Model, refused: tuple[Refusal, ...]
) -> tuple[PlacedOp, ...]:
    """Who computes each operator. What decides is the compiled file: its CPU operators keep the
    names of their outputs. Vela's words only say why; they also name operators that it has folded.
    """
    left: dict[str, list[str]] = defaultdict(list)
    for op in compiled.ops:
        if op.name != ETHOS_U and op.outputs:
            left[compiled.tensor(op.outputs[0]).name].append(op.name)
    found = []
    for op in source.ops:
        tensor = source.tensor(op.outputs[0]).name if op.outputs else ""
        types = left.get(tensor, [])
        stays = op.name in types
        if stays:
            types.remove(op.name)
        reason = _reason(op.name, tensor, refused) if stays else ""
        found.append(PlacedOp(op.index, op.name, tensor, not stays, reason))
    for tensor, types in left.items():
        found += [PlacedOp(-1, name, tensor, False, "Vela made it") for name in types]
    return tuple(found)


def _reason(name: str, tensor: str, refused: tuple[Refusal, ...]) -> str:
    of_tensor = [one for one in refused if one.tensor == tensor]
    exact = [one for one in of_tensor if one.op == name]
    told = next((one.reason for one in (*exact, *of_tensor) if one.reason), "")
    return told or "Vela gives no reason"
