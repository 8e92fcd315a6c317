"""What the fixtures `board` and `reference` give: a leased board that remembers what it was asked,
and the host, which answers the same questions byte for byte."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import Any, cast, overload

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.images import Damaged, FilePicture, Item, Picture
from mcuzoo.data.labels import Classes
from mcuzoo.data.preprocess import input_of
from mcuzoo.engines.engine import Engine
from mcuzoo.errors import DataSetError, FirmwareError, McuzooError, UsageError
from mcuzoo.link.hello import Hello
from mcuzoo.project.manifest import Manifest
from mcuzoo.pytest_plugin.journal import TestsJournal
from mcuzoo.pytest_plugin.pool import Candidate
from mcuzoo.run.connected_board import ConnectedBoard, board_facts, check_firmware
from mcuzoo.run.feed import Prepared, Unusable, prepare
from mcuzoo.run.layer_finder import LayerFinder, one_turn
from mcuzoo.run.open_board import (
    Answer,
    Classification,
    board_answer,
    check_tensor,
    classification,
    image_name,
    picture_pixels,
    with_classes,
)
from mcuzoo.run.record import BoardRecord, Row, WrongLayer
from mcuzoo.run.runner import BOARD_LOST, LOST_IN_A_ROW, infer_or_lose
from mcuzoo.run.sessions import Line, MessagesOnly, sessions

HOST = "the host"
File = str | PathLike[str]
Image = File | NDArray[Any]


@dataclass(frozen=True)
class Asked:
    """A question of a test, and what came back. expected: the name of the label that the test gave,
    or ""; answer: None, and `error` says why, if none came. image: what was asked, as the answer
    names it. row: for the journal. seen: the classes, where a picture was classified."""

    image: str
    expected: str
    row: Row
    answer: Answer | None = None
    seen: Classification | None = None
    error: McuzooError | None = None

    @property
    def unequal(self) -> bool:
        """Whether the board's output is not what it must be: the host's bytes, or of a delegate
        the host's class."""
        return self.answer is not None and self.answer.agrees is False


@dataclass(frozen=True)
class Firmware:
    """What boards run: the project's model, its classes, the host's engine for it (None: it has no
    kernel for an op). manifest: of the project."""

    manifest: Manifest
    classes: Classes
    engine: Engine | None


class LeasedBoard:
    """A board that is this test's alone, and whose answers go into the journal.

    It is opened again if it does not answer, as in a run; `lost` says why it cannot be reached any
    more. asked: what this test has asked. messages: troubles, and the board's log.
    """

    def __init__(
        self,
        candidate: Candidate,
        line: Line,
        firmware: Firmware,
        journal: TestsJournal,
        record: BoardRecord,
        test: str,
    ) -> None:
        self.candidate = candidate
        self.line = line
        self.asked: list[Asked] = []
        self.messages: list[str] = []
        self.lost: McuzooError | None = None
        self.wrong_layer: WrongLayer | None = None
        self._firmware = firmware
        self._journal = journal
        self._record = replace(record, port=line.port)
        self._test = test
        self._lost_in_a_row = 0
        self._turn = one_turn(None)
        self._connected: ConnectedBoard | None = None
        watcher = MessagesOnly(self.messages.append)
        self._open = sessions(line, candidate.board.upload, watcher)
        self.connect()

    def __repr__(self) -> str:
        return f"<{self.text}>"

    @property
    def name(self) -> str:
        """As the rig file, the farm or --mcuzoo-port calls it."""
        return self._record.name

    @property
    def port(self) -> str:
        """Where it is connected."""
        return self.line.port

    @property
    def hello(self) -> Hello:
        """What the board reports about itself: board, build, runtime, clock."""
        return self._board.hello

    @property
    def record(self) -> BoardRecord:
        """What is known of it and of its line."""
        return self._record

    @property
    def text(self) -> str:
        """Name, kind, port and build, for messages."""
        facts = self._record.facts
        about = "" if facts is None else f" ({facts.board}, {facts.kind})"
        build = "" if facts is None else f", build {facts.build_id[:8]}"
        at = "" if self.name == self.port else f" at {self.port}"
        return f"{self.name}{about}{at}{build}"

    def infer(self, tensor: NDArray[np.int8]) -> Answer:
        """Run one input: int8, of the shape or at least the size of the model's.

        Raises UsageError for another size, RigError or ProtocolError if the board gives no result
        after all attempts.
        """
        check_tensor(tensor, self._firmware.manifest)
        item = self._item(image_name(tensor), Damaged("the test", "it was a tensor."), None)
        return self._ask(image_name(tensor), self._prepared(item, np.ascontiguousarray(tensor)))

    def classify(
        self, picture: File | NDArray[np.uint8], label: str | int | None = None
    ) -> Classification:
        """Preprocess a picture as the project says, and run it.

        picture: as in mcuzoo.open_board. label: the class that is right, by name or number, for the
        journal and for what a failing test shows. Raises DataSetError for a picture that cannot be
        decoded, UsageError, MissingExtraError, and as infer.
        """
        firmware = self._firmware
        known = self._label(label)
        if isinstance(picture, np.ndarray):
            pixels = picture_pixels(picture, firmware.manifest)
            tensor = input_of(firmware.manifest).tensor(pixels)
            item = self._item(image_name(picture), Damaged("the test", "it was an array."), known)
            ready = self._prepared(item, tensor)
        else:
            path = Path(fspath(picture))
            item = self._item(str(path.absolute()), FilePicture(path), known)
            made = prepare(item, input_of(firmware.manifest), firmware.engine)
            if isinstance(made, Unusable):
                raise DataSetError(made.reason, "Name another picture.")
            ready = replace(made, item=replace(item, sha256=made.sha256))
        answer = self._ask(image_name(picture), ready)
        seen = classification(answer, firmware.manifest, firmware.classes)
        self.asked[-1] = replace(self.asked[-1], seen=seen)
        return seen

    @property
    def _board(self) -> ConnectedBoard:
        return self._connected or self.connect()

    def connect(self) -> ConnectedBoard:
        """Open the port and meet the board. Raises what the link raises, and WrongFirmwareError."""
        self._connected = ConnectedBoard(
            self._open,
            partial(check_firmware, manifest=self.candidate.board.manifest),
            lambda text: self.messages.append(f"recovering: {text}"),
            state=self._record.link,
        )
        self._keep()
        return self._connected

    def disconnect(self) -> None:
        """Close the port; the next question opens it again."""
        connected, self._connected = self._connected, None
        if connected is not None:
            self._keep(connected)
            connected.__exit__(None, None, None)

    def begin(self, test: str) -> None:
        """Another test begins."""
        self._test = test
        self.asked, self.messages[:] = [], []

    def keep(self) -> None:
        """What is known of the board goes into the journal."""
        self._journal.keep(self._record)

    def retire(self, reason: str) -> None:
        self._record = replace(self._record, retired=reason)

    def recovered(self) -> None:
        """It was brought back."""
        self._record = replace(self._record, recoveries=self._record.recoveries + 1)

    def lose(self, error: McuzooError) -> None:
        """It cannot be reached any more: `error`."""
        self.lost = self.lost or error

    def _keep(self, board: ConnectedBoard | None = None) -> None:
        board = board or self._connected
        if board is not None:
            self._record = replace(
                self._record,
                facts=board_facts(board.hello),
                link=board.state,
                stack=board.stack or self._record.stack,
            )

    def _item(self, file: str, picture: Picture, label: int | None) -> Item:
        return Item(self._journal.next_index(), file, picture, label)

    def _label(self, label: str | int | None) -> int | None:
        if label is None:
            return None
        return self._firmware.classes.index_of(str(label), "the label of the test")

    def _prepared(self, item: Item, tensor: NDArray[np.int8]) -> Prepared:
        engine = self._firmware.engine
        expected = None if engine is None else engine.run(tensor)
        return Prepared(item, tensor, expected, "")

    def _ask(self, image: str, ready: Prepared) -> Answer:
        """The board's answer to `ready`, in the journal as well."""
        board, begun = self._board, time.perf_counter()
        row, error = infer_or_lose(self.candidate.board.manifest, board, ready)
        if isinstance(error, BOARD_LOST):
            self.lose(error)
        row = replace(row, seconds=time.perf_counter() - begun, board=self.name)
        self._keep()
        self._journal.add(ready.item, row, self._record, board.hello, self._test)
        label = ready.item.label
        expected = "" if label is None else self._firmware.classes.name(label)
        if error is not None:
            self._lost_in_a_row += not isinstance(error, FirmwareError)
            if self._lost_in_a_row == LOST_IN_A_ROW:
                self.lose(error)
            self.asked.append(Asked(image, expected, row, error=error))
            raise error
        self._lost_in_a_row = 0
        assert row.output is not None
        host = None if ready.reference is None else ready.reference.reshape(-1)
        answer = board_answer(row.output, host, row.cycles, board.hello)
        answer = replace(answer, image=image, by=self.name)
        answer = with_classes(answer, self._firmware.manifest)
        self.asked.append(Asked(image, expected, row, answer))
        if row.reference_difference:
            project = self.candidate.project
            finder = LayerFinder(board, self._firmware.engine, self._found, self._turn, project)
            finder.find(ready)
        return answer

    def _found(self, wrong: WrongLayer) -> None:
        self.wrong_layer = wrong
        self._journal.wrong_layer(wrong)


class HostReference:
    """The host's answers, which are those of a board that computes right: byte for byte, or of a
    delegate, whose arithmetic is another one, class for class."""

    def __init__(self, firmware: Firmware) -> None:
        self._firmware = firmware

    def __repr__(self) -> str:
        return f"<answers of {HOST}>"

    def infer(self, tensor: NDArray[np.int8]) -> Answer:
        """The output for one input: int8, of the size of the model's. Raises UsageError."""
        check_tensor(tensor, self._firmware.manifest)
        return self._answer(tensor, image_name(tensor))

    def classify(self, picture: File | NDArray[np.uint8]) -> Classification:
        """The classes of a picture, as of LeasedBoard.classify. Raises UsageError, DataSetError,
        MissingExtraError."""
        manifest = self._firmware.manifest
        tensor = input_of(manifest).tensor(picture_pixels(picture, manifest))
        answer = self._answer(tensor, image_name(picture))
        return classification(answer, manifest, self._firmware.classes)

    @overload
    def __call__(self, image: NDArray[np.int8]) -> Answer: ...
    @overload
    def __call__(self, image: File | NDArray[np.uint8]) -> Classification: ...
    def __call__(self, image: Image) -> Answer | Classification:
        """`infer` of an int8 tensor, `classify` of a picture: a file, or a uint8 array."""
        if isinstance(image, np.ndarray) and image.dtype == np.int8:
            return self.infer(cast("NDArray[np.int8]", image))
        return self.classify(image)

    def _answer(self, tensor: NDArray[np.int8], image: str) -> Answer:
        engine = self._firmware.engine
        if engine is None:
            raise UsageError(
                "The host has no kernel for an operator of this model, so it has no answer.",
                "mcuzoo inspect MODEL names the operator.",
            )
        output = engine.run(tensor).reshape(-1)
        answer = Answer(output, None, None, "", 0, image=image, by=HOST)
        return with_classes(answer, self._firmware.manifest)
