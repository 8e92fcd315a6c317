"""The model under evaluation and what runs it: host engines, and boards at a port or emulated."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.data.apply import real_levels
from mcuzoo.data.output_form import SIGMOID, OutputForm, output_form
from mcuzoo.data.preprocess import PictureInput, check_preprocessing
from mcuzoo.emulator.url import port_packages
from mcuzoo.errors import FirmwareError, ModelError, UsageError, WrongFirmwareError, did_you_mean
from mcuzoo.extras import EMULATOR as EMULATOR_PACKAGES
from mcuzoo.extras import LITERT
from mcuzoo.extras import TFLM as TFLM_PACKAGE
from mcuzoo.graph.model import DType, Model, Tensor
from mcuzoo.graph.program import build_program, picture_shape
from mcuzoo.link.counts import agent_note
from mcuzoo.link.hello import Hello
from mcuzoo.link.port_watch import PortWatch
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState, Timing
from mcuzoo.link.transport import SOME_PORT
from mcuzoo.ops.coverage import judge
from mcuzoo.project.recipe import Recipe
from mcuzoo.run.connected_board import ConnectedBoard
from mcuzoo.run.project import max_baud_of
from mcuzoo.toolchain.find import compiler_packages
from mcuzoo.zoo.registry import ModelSource

Kind = Literal["int8", "uint8", "float32"]

REFERENCE, TFLM, XNNPACK, LITERT_REF = "reference", "tflm", "xnnpack", "litert-ref"
SINGLE_ROUNDING = "single-rounding"
EMULATOR = "emulator"
HOST_ENGINES = (REFERENCE, TFLM, XNNPACK, LITERT_REF, SINGLE_ROUNDING)
OTHER_ARITHMETIC = (XNNPACK, SINGLE_ROUNDING)
"""Host engines whose answers are not those of a board that computes as TFLM."""
_RESOLVER = {XNNPACK: "default", LITERT_REF: "reference"}


class Runs(Protocol):
    """An engine as evaluation uses it: int8 [H, W, C] -> the scores of the classes, flat."""

    def run(self, input: NDArray[np.int8]) -> NDArray[Any]: ...


@dataclass(frozen=True)
class Subject:
    """A model on an engine. `engine`: one of HOST_ENGINES, "emulator", or a port.

    shape: of the input, (1, H, W, C). input_scale, input_zero_point: of its int8 quantization (that
    of UINT8 is 128 below the model's own); the scale is None for floats. `outputs` values are int8
    (those of UINT8 are 128 below the model's own), or float32 of a float model; one q stands for
    output_scale * (q - output_zero_point). form: what they say of how many classes. preprocessing:
    the recipe. kind: what the file computes in, "int8", "uint8" or "float32".
    """

    model: Model
    preprocessing: Recipe
    kind: Kind
    engine: str
    shape: tuple[int, ...]
    outputs: int
    form: OutputForm
    input_scale: float | None = None
    output_scale: float = 1.0
    output_zero_point: int = 0
    input_zero_point: int = 0

    @property
    def classes(self) -> int:
        return self.form.classes

    @property
    def pictures(self) -> PictureInput:
        """How pictures become the int8 input. A float model's is pixel - 128, and its engine
        takes that as the recipe's real values."""
        if self.input_scale is None:
            return PictureInput(replace(self.preprocessing, pixel_offset=-128), self.shape)
        return PictureInput(self.preprocessing, self.shape, self.input_scale, self.input_zero_point)

    @property
    def on_host(self) -> bool:
        return self.engine in HOST_ENGINES


def make_subject(model: Model, preprocessing: Recipe, engine: str | None) -> Subject:
    """`model` on `engine`. Without `engine`, the standard engine for the kind of model is taken.

    That is TFLM's arithmetic for INT8, which is what a board computes (ours, or TFLM's wheel for
    operators that TFLM alone has), and LiteRT's reference kernels for UINT8 and float, which no
    board runs. Raises ModelError for a model that
    nothing here can run, UsageError for an engine that cannot run this one, ProjectError for a
    preprocessing that cannot feed it.
    """
    kind, source, target = _ends(model)
    shape, quantization = source.shape, source.quantization
    check_preprocessing(preprocessing, shape)
    chosen = engine or _standard_engine(model, kind)
    if kind != "int8" and chosen not in (XNNPACK, LITERT_REF):
        raise UsageError(
            f"The engine {chosen} runs INT8 models, and {model.name} is {kind.upper()}.",
            "Use --engine litert-ref, or convert or quantize the model first.",
        )
    if chosen not in (*HOST_ENGINES, EMULATOR) and not _looks_like_a_port(chosen):
        known = (*HOST_ENGINES, EMULATOR)
        raise UsageError(
            f"There is no engine {chosen!r}.",
            f"{did_you_mean(chosen, known)}It is one of {', '.join(known)}, or a port such as "
            f"{SOME_PORT} or emulator://PROJECT.",
        )
    lower = 128 * (kind == "uint8")
    to, output_zero_point = 1.0, 0
    if kind != "float32" and target.quantization is not None:
        to = target.quantization.scale
        output_zero_point = target.quantization.zero_point - lower
    form = output_form(target.shape, to, output_zero_point)
    if kind == "float32" and target.elements == 1 and _writer(model, target) == "LOGISTIC":
        form = SIGMOID
    subject = Subject(
        model,
        preprocessing,
        kind,
        chosen,
        shape,
        target.elements,
        form,
        output_scale=to,
        output_zero_point=output_zero_point,
    )
    if kind == "float32" or quantization is None:
        return subject
    zero_point = quantization.zero_point - lower
    return replace(subject, input_scale=quantization.scale, input_zero_point=zero_point)


def _standard_engine(model: Model, kind: Kind) -> str:
    if kind != "int8":
        return LITERT_REF
    alone = not judge(model, "aot").runs and judge(model, "tflm").runs
    return TFLM if alone else REFERENCE


def _writer(model: Model, target: Tensor) -> str | None:
    """The name of the op that gives `target`."""
    return next((op.name for op in model.ops if target.index in op.outputs), None)


def _looks_like_a_port(engine: str) -> bool:
    return "/" in engine or "\\" in engine or engine.upper().startswith("COM")


def engine_packages(subject: Subject) -> tuple[str, ...]:
    """The optional packages (extras.py) that the subject's engine needs."""
    if subject.engine == EMULATOR:
        return (*EMULATOR_PACKAGES, *compiler_packages())
    host = {TFLM: (TFLM_PACKAGE,), XNNPACK: (LITERT,), LITERT_REF: (LITERT,)}
    return host.get(subject.engine, ()) if subject.on_host else port_packages(subject.engine)


def host_engine(subject: Subject) -> Runs:
    """The subject's engine, ready to run in this process.

    Raises MissingExtraError without the engine's wheel, ModelError when it refuses the model.
    """
    from mcuzoo.engines.litert import LitertEngine
    from mcuzoo.engines.litert_float import LitertFloatEngine
    from mcuzoo.engines.litert_uint8 import LitertUint8Engine
    from mcuzoo.engines.reference import ReferenceEngine, Rounding
    from mcuzoo.engines.tflm import TflmEngine

    model = subject.model
    if subject.engine == REFERENCE:
        return ReferenceEngine(model)
    if subject.engine == SINGLE_ROUNDING:
        return ReferenceEngine(model, Rounding.ONCE)
    if subject.engine == TFLM:
        return TflmEngine(model)
    resolver = _RESOLVER[subject.engine]
    if subject.kind == "uint8":
        return LitertUint8Engine(model, resolver)
    if subject.kind == "float32":
        return LitertFloatEngine(model, real_levels(subject.preprocessing), resolver)
    return LitertEngine(model, resolver)


def _ends(model: Model) -> tuple[Kind, Tensor, Tensor]:
    try:
        program = build_program(model)
    except ModelError:
        kind = _other_kind(model)
        if kind is None:
            raise
    else:
        return "int8", program.input_tensor, program.output_tensor
    source, target = model.tensor(model.inputs[0]), model.tensor(model.outputs[0])
    return kind, replace(source, shape=picture_shape([source.shape])), target


def _other_kind(model: Model) -> Kind | None:
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        return None
    constants = {tensor.dtype for tensor in model.tensors if tensor.data is not None}
    if DType.UINT8 in constants:
        return "uint8"
    ends = {model.tensor(index).dtype for index in (*model.inputs, *model.outputs)}
    if ends == {DType.FLOAT32} and DType.INT8 not in constants:
        return "float32"
    return None


Say = Callable[[str], None]

# Counting instructions would slow the emulator down.
_EMULATOR_OPTIONS = "?count=0"


_NOT_AHEAD = "an evaluation asks for one image at a time"


@dataclass(frozen=True)
class LineFacts:
    """What the line to a board has cost. resent: images that were sent again, so many times."""

    link: LinkState
    resent: int


class BoardEngine:
    """A board as an engine; the connection recovers and proves what it can."""

    def __init__(self, board: ConnectedBoard) -> None:
        self._board = board
        self._numbers = count()
        self._resent = 0

    @property
    def line(self) -> LineFacts:
        """What its line has cost so far."""
        return LineFacts(replace(self._board.state, not_ahead=_NOT_AHEAD), self._resent)

    @property
    def board(self) -> str:
        """What answered: "rt1170, aot, emulated"."""
        hello = self._board.hello
        return f"{hello.board}, {hello.runtime}" + agent_note(hello.agent)

    @property
    def delegate(self) -> str:
        """Whose arithmetic computes; "" for kernels that must give the host's bytes."""
        return self._board.hello.delegate

    def run(self, input: NDArray[np.int8]) -> NDArray[np.int8]:
        """Raises RigError or ProtocolError when the board gives no result, whatever is tried."""
        inference = self._board.infer(next(self._numbers), input)
        self._resent += max(0, inference.attempts - 1)
        return inference.output

    def take_stock(self) -> None:
        """Ask the board what its receiver has lost."""
        self._board.take_stock()


@contextmanager
def board_engine(
    subject: Subject, port: str, baud: int | None, board_id: str, say: Say
) -> Iterator[BoardEngine]:
    """The board at `port`. Raises WrongFirmwareError when it runs another model.

    baud: None: what the file of the board `board_id` says.
    """
    check = partial(check_model, subject=subject)
    ports = PortWatch(port, say=say)
    rate = load_any_board(board_id).console.baud if baud is None else baud
    ports.baud_note = f"as the file of board {board_id} says" if baud is None else "as --baud says"

    timing = Timing.of_port(port, rate, max_baud_of(baud, None))

    def connect(state: LinkState) -> Session:
        return Session.open(port, rate, timing=timing, state=state, ports=ports)

    with ConnectedBoard(connect, check, say) as board:
        yield BoardEngine(board)


def check_model(hello: Hello, subject: Subject) -> None:
    """Raise WrongFirmwareError unless the board runs the model; FirmwareError when it cannot."""
    if hello.model_sha256 != subject.model.sha256:
        raise WrongFirmwareError(
            f"The board runs the model {hello.model_sha256[:12]}...; the model to evaluate is "
            f"{subject.model.sha256[:12]}... ({subject.model.name}).",
            "mcuzoo export and build this model, flash it, and evaluate again.",
        )
    if hello.runtime_error:
        raise FirmwareError(
            f"The board cannot run its model: {hello.runtime_error}",
            "Export the project again (mcuzoo fit shows what fits), build and flash it.",
        )


@contextmanager
def emulated_project(source: ModelSource, board_id: str, say: Say) -> Iterator[str]:
    """The URL of an emulated board with firmware for the model, built in a temporary folder.

    Raises FitError when the model does not fit the board, ToolchainError without a compiler.
    """
    from mcuzoo.codegen.linux.npu import for_emulation
    from mcuzoo.codegen.linux.project import export_linux_project
    from mcuzoo.codegen.options import ALONE
    from mcuzoo.codegen.project import export_project
    from mcuzoo.toolchain.build import build_project

    board = load_any_board(board_id)
    with tempfile.TemporaryDirectory(prefix="mcuzoo-evaluate-") as folder:
        project = Path(folder) / "project"
        say(f"exporting and building {source.name} for {board.name}")
        bare = replace(source, samples=None)
        if isinstance(board, LinuxBoard):
            export_linux_project(bare, board, project, for_emulation(board))
        else:
            export_project(bare, board, project, ALONE)
        build_project(project, say=say)
        yield f"emulator://{project}{_EMULATOR_OPTIONS}"
