"""A board that answers one request at a time: the output of a tensor, the class of a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.images import FilePicture
from mcuzoo.data.labels import Classes, load_classes
from mcuzoo.data.output_form import form_of
from mcuzoo.data.preprocess import check_preprocessing, input_of
from mcuzoo.emulator.url import port_packages
from mcuzoo.engines.engine import Engine
from mcuzoo.errors import UsageError
from mcuzoo.extras import require_packages
from mcuzoo.files import open_output
from mcuzoo.link.counts import milliseconds
from mcuzoo.link.hello import Hello
from mcuzoo.project.manifest import Manifest
from mcuzoo.run.connected_board import ConnectedBoard, check_firmware
from mcuzoo.run.options import BoardOptions
from mcuzoo.run.project import emulated_port, find_project
from mcuzoo.run.recipe import manifest_notes, manifest_with_recipe
from mcuzoo.run.score import answer_at
from mcuzoo.run.sessions import Line, MessagesOnly, Subject, reference_of, sessions, subject_of

if TYPE_CHECKING:
    from mcuzoo.engines.reference import ReferenceEngine

TOP = 5


@dataclass(frozen=True, eq=False)
class Answer:
    """The result of one input. Two answers are equal if their outputs are, byte for byte; where a
    delegate computed one of them, by another arithmetic, if they name the same class.

    output: int8 (classes,), of the board. expected: the host's output, None if nothing is compared.
    count: of the inference, in `unit` ("cycles", or "instructions" of an emulated core); None if
    the board does not count. image: what was asked: the file, or the kind and shape of an array.
    by: who answered, where that is known. core_clock_hz: of the board. top1, expected_top1: the
    class of either output; None where it is not known. delegate: whose arithmetic the board has;
    "": it must give the host's bytes.
    """

    output: NDArray[np.int8]
    expected: NDArray[np.int8] | None
    count: int | None
    unit: str
    core_clock_hz: int
    image: str = ""
    by: str = ""
    top1: int | None = None
    expected_top1: int | None = None
    delegate: str = ""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Answer):
            return NotImplemented
        if np.array_equal(self.output, other.output):
            return True
        fair = bool(self.delegate or other.delegate) and self.top1 is not None
        return fair and self.top1 == other.top1

    __hash__ = None  # type: ignore[assignment]

    @property
    def equal(self) -> bool | None:
        """Whether the board's output is the host's, byte for byte; None when not compared."""
        return None if self.expected is None else np.array_equal(self.output, self.expected)

    @property
    def agrees(self) -> bool | None:
        """Whether the output is what it must be: the host's bytes, or of a delegate the host's
        class; None when not compared."""
        if not self.delegate or self.expected is None or self.top1 is None:
            return self.equal
        return self.equal or self.top1 == self.expected_top1

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds of counted cycles; None for instructions, which are no time."""
        return milliseconds(self.count, self.unit, self.core_clock_hz)


@dataclass(frozen=True)
class Guess:
    """A class. name: its number if names are not known. score: the dequantized output, a
    probability if the model ends in SOFTMAX or the like. label: its index."""

    label: int
    name: str
    score: float


@dataclass(frozen=True, eq=False)
class Classification:
    """The classes of a picture. top: at most TOP classes, the best one first. answer: of the
    board; two classifications are equal if their answers are."""

    top: tuple[Guess, ...]
    answer: Answer

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Classification):
            return NotImplemented
        same = self.answer.delegate or other.answer.delegate or self.top == other.top
        return bool(same) and self.answer == other.answer

    __hash__ = None  # type: ignore[assignment]

    @property
    def best(self) -> Guess:
        return self.top[0]


class OpenBoard:
    """A board that runs a project's model. It is opened again if it does not answer."""

    def __init__(
        self, board: ConnectedBoard, manifest: Manifest, classes: Classes, engine: Engine | None
    ) -> None:
        self._board = board
        self._manifest = manifest
        self._classes = classes
        self._engine = engine
        self._numbers = count()

    @property
    def hello(self) -> Hello:
        """What the board reports about itself: board, build, runtime, clock."""
        return self._board.hello

    def infer(self, tensor: NDArray[np.int8]) -> Answer:
        """Run one input: int8, of the shape or at least the size of the model's.

        Raises UsageError for another size, RigError or ProtocolError if the board gives no result
        after all attempts.
        """
        check_tensor(tensor, self._manifest)
        inference = self._board.infer(next(self._numbers), np.ascontiguousarray(tensor))
        expected = None if self._engine is None else self._engine.run(tensor).reshape(-1)
        answer = board_answer(inference.output, expected, inference.cycles, self.hello)
        return with_classes(replace(answer, image=image_name(tensor)), self._manifest)

    def classify(self, picture: str | PathLike[str] | NDArray[np.uint8]) -> Classification:
        """Preprocess a picture as the project says, and run it.

        picture: a file, or uint8 of shape (height, width), (height, width, 1) or (height, width, 3)
        in the order RGB. Raises DataSetError for one that cannot be decoded, MissingExtraError, and
        as infer.
        """
        pixels = picture_pixels(picture, self._manifest)
        answer = self.infer(input_of(self._manifest).tensor(pixels))
        answer = replace(answer, image=image_name(picture))
        return classification(answer, self._manifest, self._classes)


def board_answer(
    output: NDArray[np.int8], expected: NDArray[np.int8] | None, count: int | None, hello: Hello
) -> Answer:
    """What a board gave. expected: what the host gives to the same input."""
    return Answer(
        output=output,
        expected=expected,
        count=count,
        unit=hello.count_unit,
        core_clock_hz=hello.core_clock_hz,
        delegate=hello.delegate,
    )


def with_classes(answer: Answer, manifest: Manifest) -> Answer:
    """The answer, with the classes that its outputs name."""
    end, expected = manifest.output, answer.expected
    return replace(
        answer,
        top1=answer_at(end, answer.output).top1,
        expected_top1=None if expected is None else answer_at(end, expected).top1,
    )


@contextmanager
def open_board(
    target: str | PathLike[str],
    options: BoardOptions = BoardOptions(),
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[OpenBoard]:
    """The board at `target`: a port, or a built project, which is emulated.

    `say` gets warnings, troubles and the board's log. Raises UsageError, ProjectError, ModelError
    before a port is touched; then PortError, BoardSilentError, WrongFirmwareError and what else the
    link raises.
    """
    chosen = choose(target, options, say)
    with connected(chosen, options, say) as board:
        yield OpenBoard(board, chosen.manifest, chosen.classes, chosen.engine)


@dataclass(frozen=True)
class Chosen:
    """All that is known before a port is opened.

    subject: its manifest has the recipe of the options. engine: the host's; None: nothing is
    compared. line: to the board. classes: of the outputs.
    """

    subject: Subject
    classes: Classes
    engine: ReferenceEngine | None
    line: Line

    @property
    def manifest(self) -> Manifest:
        return self.subject.manifest


def choose(
    target: str | PathLike[str], options: BoardOptions, say: Callable[[str], None]
) -> Chosen:
    """Resolve the options of a board that answers one request at a time.

    A port is opened only to ask which project its board runs, and for the port "auto". Raises
    UsageError, ProjectError, ModelError, MissingExtraError.
    """
    port = emulated_port(target, "all")
    require_packages(port_packages(port), "A board at this port")
    universal = options.upload is not None
    project = find_project(port, options.project, universal=universal, baud=options.baud, say=say)
    subject = subject_of(project, options.upload)
    manifest = manifest_with_recipe(subject.manifest, options, options.upload is not None)
    for note in manifest_notes(manifest):
        say(note)
    check_preprocessing(manifest.preprocessing, manifest.input.shape)
    classes = subject.classes
    if options.labels is not None:
        classes = load_classes(options.labels, form_of(manifest.output).classes)
    engine = None if options.no_reference else reference_of(subject, say)
    line = subject.line(port, options.baud, options.wait_port)
    return Chosen(replace(subject, manifest=manifest), classes, engine, line)


@contextmanager
def connected(
    chosen: Chosen, options: BoardOptions, say: Callable[[str], None]
) -> Iterator[ConnectedBoard]:
    """The board; options: for its trace. Raises the errors of ConnectedBoard."""
    check = partial(check_firmware, manifest=chosen.manifest)
    watcher = MessagesOnly(say)
    with ExitStack() as stack:
        trace = stack.enter_context(open_output(options.trace)) if options.trace else None
        opened = sessions(chosen.line, chosen.subject.upload, watcher, trace)
        yield stack.enter_context(ConnectedBoard(opened, check, watcher.trouble))


def check_tensor(tensor: NDArray[np.int8], manifest: Manifest) -> None:
    """Raise UsageError unless `tensor` is int8 and as large as the model's input."""
    spec = manifest.input
    if tensor.dtype != np.int8 or tensor.size != spec.bytes:
        raise UsageError(
            f"The model takes int8 of shape {spec.shape}, not {tensor.dtype} of shape "
            f"{tensor.shape}.",
            "classify() makes such a tensor of a picture.",
        )


def classification(answer: Answer, manifest: Manifest, classes: Classes) -> Classification:
    """What `answer` says of the classes of the project's model."""
    output = manifest.output
    # Of equal values the lower index comes first, as in every score.
    values = form_of(output).scores(answer.output, output.scale, output.zero_point)
    best = np.argsort(-values, kind="stable")[:TOP]
    top = tuple(
        Guess(
            label=int(label),
            name=classes.name(int(label)),
            score=float(values[label]),
        )
        for label in best
    )
    return Classification(top, answer)


def image_name(image: str | PathLike[str] | NDArray[Any]) -> str:
    """What messages call an image: its file, or its kind and shape."""
    if isinstance(image, np.ndarray):
        return f"{image.dtype} of shape {image.shape}"
    return fspath(image)


def picture_pixels(
    picture: str | PathLike[str] | NDArray[np.uint8], manifest: Manifest
) -> NDArray[np.uint8]:
    """uint8 (height, width, 3) or (height, width, 1) of what `classify` takes, in the colours of
    the recipe. Raises UsageError, DataSetError, MissingExtraError."""
    if not isinstance(picture, np.ndarray):
        file = FilePicture(Path(fspath(picture)))
        return input_of(manifest).decoded(file, file.read()).pixels
    pixels = picture[..., np.newaxis] if picture.ndim == 2 else picture
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
        raise UsageError(
            f"{picture.dtype} of shape {picture.shape} is no picture.",
            "uint8 of shape (height, width, 3), in the order RGB, or (height, width) in gray.",
        )
    return pixels
