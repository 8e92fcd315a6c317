"""What a run remembers: about itself, and about each image."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from mcuzoo.link.stack_use import StackUse
from mcuzoo.project.manifest import Preprocessing


class Status(str, Enum):
    """What became of an image."""

    PENDING = "pending"
    DONE = "done"
    BAD_IMAGE = "bad_image"  # the host could not decode it
    LOST = "lost"  # the rig gave no answer, however often asked
    FAULT = "fault"  # the firmware answered with an error

    @property
    def final(self) -> bool:
        """Whether resuming a run leaves this image alone."""
        return self in (Status.DONE, Status.BAD_IMAGE)


@dataclass(frozen=True)
class Row:
    """One image of a run; everything from `output` on is None until known.

    `output` is the board's int8 tensor, flat; `top1` its class, `score` that class's value
    dequantized. `cycles` counts core clock cycles, or instructions on an emulated board; None
    when not counted. `reference_difference` is the largest |board - host reference| in quantization
    steps: 0 means byte-equal, None not compared. `seconds` is the time the run spent on it.
    """

    index: int
    file: str
    label: int | None
    sha256: str | None
    status: Status = Status.PENDING
    output: NDArray[np.int8] | None = None
    top1: int | None = None
    score: float | None = None
    cycles: int | None = None
    input_crc32: int | None = None
    attempts: int | None = None
    reference_difference: int | None = None
    seconds: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class Settings:
    """How a run was asked for; `resume` takes them over where they are not given anew."""

    project: str
    port: str
    baud: int
    data_set: str
    labels: str | None
    limit: int | None
    reference: bool
    min_top1: float | None
    strict: bool
    split: str | None = None
    upload: str | None = None


@dataclass(frozen=True)
class BoardFacts:
    """The board as it introduced itself; one run is made on one kind of board and build."""

    board: str
    runtime: str
    toolchain: str
    build_id: str
    model_sha256: str
    protocol_version: int
    core_clock_hz: int
    cpuid: int
    emulated: bool
    arena_bytes: int
    arena_used: int


@dataclass(frozen=True)
class WrongLayer:
    """What a profile of `file`, whose output was wrong, found.

    `ops` and `name` are those of the first wrong layer, None when no layer is; `verdict` says it in
    words.
    """

    file: str
    ops: str | None
    name: str | None
    verdict: str


@dataclass(frozen=True)
class RunMeta:
    """Everything about a run that is no image.

    A board's output q stands for output_scale * (q - output_zero_point). `started` is ISO 8601
    in UTC. `wrong_layer` is found when an output is unlike the host reference's. `stack`: None
    where the board does not know.
    """

    tool_version: str
    started: str
    model: str
    classes: int
    class_names: tuple[str, ...] | None
    output_scale: float
    output_zero_point: int
    preprocessing: Preprocessing
    data_set_digest: str
    board: BoardFacts
    settings: Settings
    wrong_layer: WrongLayer | None = None
    stack: StackUse | None = None
