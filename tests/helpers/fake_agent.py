"""A Linux board's agent in this process, for a `Line`: it computes as the host does, and delegates
change what comes out."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from helpers.exported import export_project
from helpers.fake_board import write_images
from helpers.tflite_builder import conv_model
from numpy.typing import NDArray

from mcuzoo.board.load import load_board
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.read import load_model
from mcuzoo.link import messages
from mcuzoo.link.codes import ErrorCode, Feature
from mcuzoo.link.counts import Agent, CountUnit
from mcuzoo.link.frame import Frame, FrameReader, encode_frame
from mcuzoo.link.messages import MESSAGES, Message
from mcuzoo.link.payload import pack, unpack
from mcuzoo.project.manifest import load_manifest, write_manifest
from mcuzoo.project.recipe import Recipe
from mcuzoo.zoo.registry import ModelSource

Arithmetic = Callable[[NDArray[np.int8]], NDArray[np.int8]]
"""What an engine makes of the host's output."""

CLASSES = 7
_SIDE = 12


@dataclass(frozen=True)
class AgentProject:
    """folder: of the project. images: a manifest of labelled pictures."""

    folder: Path
    images: Path

    @property
    def model(self) -> Path:
        return self.folder / load_manifest(self.folder).model.file


def make_agent_project(folder: Path, images: int) -> AgentProject:
    """A one-layer classifier of random weights, exported for a board that is then called imx93."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = np.random.default_rng(3).integers(-127, 128, (CLASSES, _SIDE, _SIDE, 3), np.int8)
    model = folder / "small.tflite"
    shape = (1, _SIDE, _SIDE, 3)
    model.write_bytes(conv_model(shape, weights, None, padding="VALID", output_scale=2.0))
    project = folder / "project"
    source = ModelSource("small", model, Recipe(crop=1.0))
    manifest = export_project(source, load_board("rt1050"), project)
    write_manifest(replace(manifest, board="imx93", build=None), project)
    return AgentProject(project, write_images(folder / "images", images, CLASSES))


def same(output: NDArray[np.int8]) -> NDArray[np.int8]:
    """The host's arithmetic."""
    return output


def nudged(step: int) -> Arithmetic:
    """The class behind the best one gets `step` more: answers flip where it is that near."""

    def nudge(output: NDArray[np.int8]) -> NDArray[np.int8]:
        wide = output.astype(np.int16)
        wide[(int(output.argmax()) + 1) % len(output)] += step
        return np.clip(wide, -128, 127).astype(np.int8)

    return nudge


class FakeAgent:
    """engines: by the name that selects it, the first at the start; "" and "none" must compute as
    the host. choice: whether the host may select one of them."""

    def __init__(
        self, project: Path, engines: Mapping[str, Arithmetic], choice: bool = False
    ) -> None:
        manifest = load_manifest(project)
        self._engine = ReferenceEngine(load_model(project / manifest.model.file))
        self._engines = engines
        self._choice = choice
        self.selected = next(iter(engines))
        self.asked: list[str] = []
        self.runs: dict[str, str] = {}
        """SHA-256 of the file that an engine runs, if it is another one than the model."""
        self._manifest = manifest
        self._reader = FrameReader()
        self._input = bytearray()
        self._output = b""
        self._ran = (-1, "")
        self._read_fd, self._write_fd = os.pipe()
        self.alive, self.restarts = True, 0

    @property
    def output_fd(self) -> int:
        return self._read_fd

    def write(self, data: bytes) -> None:
        for frame in self._reader.feed(data):
            answer = self._answer(unpack(MESSAGES[frame.type], frame.payload))
            os.write(self._write_fd, encode_frame(Frame(answer.code, 0, frame.seq, pack(answer))))

    def read(self) -> bytes:
        return os.read(self._read_fd, 65536)

    def process_ended(self) -> None:
        self.alive = False

    def restart(self) -> None:
        self.restarts += 1

    def close(self) -> None:
        os.close(self._read_fd)
        os.close(self._write_fd)

    @property
    def _delegate(self) -> str:
        return "" if self.selected in ("", "none") else self.selected

    def _answer(self, request: Message) -> Message:
        match request:
            case messages.Hello(_, nonce):
                return self._hello(nonce)
            case messages.Ping(nonce):
                return messages.Pong(nonce, 1, 0, 0)
            case messages.InputBegin(image_id):
                self._input.clear()
                return messages.Ack(image_id, 0)
            case messages.InputData(image_id, offset, data):
                if offset == len(self._input):
                    self._input += data
                return messages.Ack(image_id, len(self._input))
            case messages.Invoke(image_id, crc32):
                if self._ran != (image_id, self.selected):  # a repeated request runs nothing
                    tensor = np.frombuffer(bytes(self._input), np.int8)
                    given = self._engines[self.selected](self._engine.run(tensor))
                    self.asked.append(self.selected)
                    self._ran = image_id, self.selected
                    self._output = given.tobytes()
                found = len(self._output), zlib.crc32(self._output)
                return messages.Result(image_id, crc32, 2_000_000, *found)
            case messages.ReadOutput(image_id, offset, length):
                return messages.OutputData(image_id, offset, self._output[offset : offset + length])
            case messages.SelectEngine(nonce, name):
                if name:
                    self.selected = name.decode()
                    self._input.clear()
                return self._engine_facts(nonce)
            case messages.MeasureArena(nonce):
                return messages.ArenaReport(nonce, 0, 0, 0, 0, 0, 0, 0, "", b"")
        return messages.Error(ErrorCode.BAD_REQUEST, request.code, "a fake knows no such thing")

    def _hello(self, nonce: int) -> Message:
        about = self._manifest
        return messages.HelloReply(
            protocol_version=messages.PROTOCOL_VERSION,
            window=4,
            max_chunk_bytes=1024,
            nonce=nonce,
            core_clock_hz=0,
            cpuid=0,
            arena_bytes=0,
            arena_used_bytes=0,
            op_count=1,
            model_sha256=about.model.sha256,
            input=about.input,
            output=about.output,
            build_id=about.newest_build_id,
            board=about.board,
            runtime="tflite 2.16.2",
            toolchain="python 3.12",
            runtime_error="",
            agent=Agent.PROCESS,
            count_unit=CountUnit.NANOSECONDS,
            features=Feature.ENGINES if self._choice else 0,
            delegate=self._delegate,
        )

    def _engine_facts(self, nonce: int) -> Message:
        return messages.Engine(
            nonce=nonce,
            ready=1,
            delegate=self._delegate,
            library="",
            op_count=1,
            delegated=bool(self._delegate),
            sha256=self.runs.get(self.selected, self._manifest.model.sha256),
            warm_up_count=0,
            warm_up_ns=0,
            text="",
            offers="\n".join(self._engines).encode(),
        )
