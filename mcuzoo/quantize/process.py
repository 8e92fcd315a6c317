"""TensorFlow in its own process: its output is kept apart, its memory is freed at the end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from mcuzoo.errors import ModelError, ToolchainError
from mcuzoo.processes import apart
from mcuzoo.quantize.onnx import OnnxComparison


@dataclass(frozen=True)
class WorkerSpec:
    """Paths as text. kind: see source.Kind. input: [height, width, channels], for a network without
    an input shape. float_model and int8_model are the .tflite files to write.
    """

    source: str
    kind: str
    network: str | None
    input: tuple[int, ...] | None
    float_model: str
    int8_model: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> WorkerSpec:
        return WorkerSpec(**json.loads(text))


@dataclass(frozen=True)
class WorkerReport:
    """peak_bytes: the most memory that the process held (resident). stored: how the source has its
    weights, if not as float32. onnx: the comparison with an ONNX source. tensorflow: its version.
    """

    tensorflow: str
    peak_bytes: int
    stored: tuple[str, ...] = ()
    onnx: OnnxComparison | None = None

    @staticmethod
    def from_answer(answer: dict[str, Any]) -> WorkerReport:
        onnx = answer.pop("onnx")
        report = WorkerReport(**answer, onnx=None if onnx is None else OnnxComparison(**onnx))
        return replace(report, stored=tuple(report.stored))


_WORKER = "mcuzoo.quantize.worker"
_SHOWN_LINES = 12
_ADVICE = "Another form of the same network may work: a .keras file, a SavedModel, a .tflite."
_OF_A_TRACEBACK = re.compile(r"\s|Traceback \(|[IWEF]\d{4} |WARNING: All log|During handling")


@dataclass(frozen=True)
class WorkerRun:
    """seconds: wall time of the process."""

    report: WorkerReport
    seconds: float


def run_worker(
    spec: WorkerSpec, on_stage: Callable[[str], None], on_converted: Callable[[], Path]
) -> WorkerRun:
    """Quantize in a child process, which ends with this one's Ctrl-C.

    on_converted: called when the float model is written; gives the calibration images' file.
    Raises ModelError for a source that TensorFlow cannot make INT8, with its last words,
    ToolchainError when the process dies, and what on_converted raises.
    """
    began = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as noise:
        child = subprocess.Popen(
            [sys.executable, "-m", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=noise,
            encoding="utf-8",
            # This process handles Ctrl-C and then ends the child.
            **apart(),
        )
        try:
            answer = _converse(child, spec, on_stage, on_converted)
            code = child.wait()
        except BaseException:
            child.kill()
            child.wait()
            raise
        noise.seek(0)
        said = noise.read().splitlines()
    if "report" in answer:
        report = WorkerReport.from_answer(answer["report"])
        return WorkerRun(report, time.monotonic() - began)
    if "error" in answer:
        raise ModelError(
            f"{spec.source} cannot be quantized: {str(answer['error']).rstrip('.')}.",
            answer.get("hint") or f"{_ADVICE} {_last_words(said)}",
        )
    raise ToolchainError(
        f"The process that runs TensorFlow ended with {code} and without a result.",
        "It may have run out of memory: try fewer calibration images (--samples). "
        + _last_words(said),
    )


def _converse(
    child: subprocess.Popen[str],
    spec: WorkerSpec,
    on_stage: Callable[[str], None],
    on_converted: Callable[[], Path],
) -> dict[str, Any]:
    """Answer the child's lines until its last one, which is returned; {} when there was none."""
    assert child.stdin is not None and child.stdout is not None
    _send(child.stdin, spec.to_json())
    for line in child.stdout:
        answer: dict[str, Any] = json.loads(line)
        if "stage" in answer:
            on_stage(answer["stage"])
        elif "converted" in answer:
            _send(child.stdin, json.dumps(str(on_converted())))
        else:
            return answer
    return {}


def _send(stream: IO[str], line: str) -> None:
    # A child that has ended has sent its error, or its exit code tells.
    with suppress(BrokenPipeError):
        stream.write(line + "\n")
        stream.flush()


def _last_words(said: list[str]) -> str:
    """What TensorFlow printed last, without tracebacks and its log of what a machine has."""
    told = [line for line in said if line.strip() and not _OF_A_TRACEBACK.match(line)]
    shown = told[-_SHOWN_LINES:]
    return "Its last words:\n" + "\n".join(shown) if shown else "It said nothing more."
