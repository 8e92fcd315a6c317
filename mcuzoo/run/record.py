"""The records of a run: about itself, and about each image."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from numpy.typing import NDArray

from mcuzoo.budgets import BudgetOptions
from mcuzoo.data.output_form import Cell, OutputForm, output_form
from mcuzoo.link.counts import UNKNOWN_UNIT, StackUse
from mcuzoo.link.state import LinkState
from mcuzoo.project.recipe import Recipe
from mcuzoo.run.score import Answer, answer


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
    """One image of a run or an evaluation; everything from `output` on is None until known.

    `output` are the raw scores, flat: a board's int8 tensor; an evaluation keeps them where they
    are asked for. `top1` is the class, `score` its value dequantized. `attempts`: how often it was
    sent. `cycles` is in the board's `unit`: core clock cycles, on an emulated board instructions;
    None when not counted. `reference_difference` is the largest |board - host reference| (or of an
    evaluation's two engines) in quantization steps: 0 means byte-equal, None not compared.
    `seconds` is the time the run spent on it. `rank`: how many classes come before the label's own.
    `host_top1`: the class that the host reference answers; None in older runs, too. `second`: the
    answer of the other engine or model of an evaluation. `turned`: by its EXIF orientation.
    `clipped`: the share of the input's values that int8 could not take. `cells`: of a grid; known
    only to the process that ran the image. `board`: the name of the board that answered, in a run
    on several. `cpu_top1`, `cpu_difference`: as host_top1 and reference_difference, of the board's
    own CPU where a delegate answered; None where it was not asked. `index`, `file`: its place and
    name in the data set. `sha256`: of the file's content; None where it was not read.
    `input_crc32`: CRC-32 of the input tensor. `error`: why it has no result, for people. `status`:
    PENDING until it is run.
    """

    index: int
    file: str
    label: int | None
    sha256: str | None
    status: Status = Status.PENDING
    output: NDArray[Any] | None = None
    top1: int | None = None
    score: float | None = None
    cycles: int | None = None
    input_crc32: int | None = None
    attempts: int | None = None
    reference_difference: int | None = None
    seconds: float | None = None
    error: str | None = None
    rank: int | None = None
    second: Answer | None = None
    turned: bool | None = None
    clipped: float | None = None
    cells: tuple[Cell, ...] = ()
    board: str | None = None
    host_top1: int | None = None
    cpu_top1: int | None = None
    cpu_difference: int | None = None

    @property
    def label_rank(self) -> int | None:
        """`rank`, for an older run computed from its output; None without a label or an answer."""
        if self.rank is None and self.output is not None and self.label is not None:
            return answer(self.output, self.label).rank
        return self.rank


@dataclass(frozen=True)
class Settings(BudgetOptions):
    """The options of a run; `resume` takes them over if they are not given again.

    project, data_set, labels, upload: paths as they were typed; labels: of a text with the names,
    upload: of the model that was sent. reference: whether outputs are compared with the host's.
    Budgets: for a verdict that passes. strict: an image that cannot be decoded fails the run.
    ports: of a run on several boards, or else rig: the file that names them, and filters: which of
    them. labgrid: of a run on a farm, its coordinator; filters: tags of its places; places: how
    many of them; lg_env, lg_state: file and strategy that switch their power. compress: inputs are
    sent encoded where that pays. max_baud: the highest rate to change to; 0: `baud` stays, as in
    older runs. board_cpu: the engine of the board's CPU that is compared with its delegate; "no":
    none; None: the first of CPU_ENGINES that it offers. port: the one of a run on one board; empty
    else. limit: at most so many images. split: of the data set.
    """

    project: str
    port: str
    baud: int
    data_set: str
    labels: str | None
    limit: int | None
    reference: bool
    strict: bool
    split: str | None = None
    upload: str | None = None
    ports: tuple[str, ...] = ()
    rig: str | None = None
    filters: tuple[str, ...] = ()
    labgrid: str | None = None
    places: int | None = None
    lg_env: str | None = None
    lg_state: str | None = None
    compress: bool = True
    max_baud: int = 0
    board_cpu: str | None = None

    @property
    def several(self) -> bool:
        """Whether the run takes its boards from a list, even of one."""
        return bool(self.ports or self.rig or self.labgrid)


@dataclass(frozen=True)
class BoardFacts:
    """The board as it described itself; a run uses one kind of board and one build.

    All as in link.hello.Hello; agent and count_unit are None in older runs. emulated: an emulated
    core answered, so counts are no cycles. arena_bytes: the whole arena; arena_used: what the
    runtime takes of it. core_clock_hz: what counts of cycles are of. cpuid: the core's CPUID
    register. build_id, model_sha256: lower-case hex. runtime, toolchain: with their versions.
    protocol_version: of the link. delegate: whose arithmetic computes; "" for kernels whose bytes
    must be the host's, as those of all older runs.
    """

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
    agent: str | None = None
    count_unit: str | None = None
    delegate: str = ""

    @property
    def kind(self) -> str:
        """The kind of board: its `agent`."""
        if self.agent is not None:
            return self.agent
        return "other" if self.cpuid == 0 else "emulator" if self.emulated else "silicon"

    @property
    def unit(self) -> str:
        """The unit of its counts."""
        if self.count_unit is not None:
            return self.count_unit
        return {"silicon": "cycles", "emulator": "instructions"}.get(self.kind, UNKNOWN_UNIT)


@dataclass(frozen=True)
class BoardRecord:
    """A board of a run on several.

    facts: None if it never answered. link: what was learnt about its line, and its losses. retired:
    why it takes no more images; None: it would. recoveries: how often it was brought back, by its
    power switch or otherwise. name: in the rig's file, or of its port or place. port: where it was
    met last. stack: None if it does not know.
    """

    name: str
    port: str
    facts: BoardFacts | None = None
    link: LinkState | None = None
    stack: StackUse | None = None
    retired: str | None = None
    recoveries: int = 0


@dataclass(frozen=True)
class OtherResult:
    """What `board` gave for image `index`, whose row has the result of another board.

    output_crc32: of the raw output. reference_difference: as in Row.
    """

    index: int
    board: str
    output_crc32: int
    reference_difference: int | None = None


@dataclass(frozen=True)
class WrongLayer:
    """The result of a profile of `file`, whose output was wrong.

    `ops` and `name` are those of the first wrong layer, None when no layer is; `verdict` says it in
    words. part: what it shows to be wrong: "firmware", or of a file for an NPU "npu" or "compiler";
    None: nothing, as where a delegate's arithmetic is its own.
    """

    file: str
    ops: str | None
    name: str | None
    verdict: str
    part: str | None = "firmware"


@dataclass(frozen=True)
class InputFacts:
    """The model's input tensor, int8 of `shape`: q stands for scale * (q - zero_point)."""

    shape: tuple[int, ...]
    scale: float
    zero_point: int


@dataclass(frozen=True)
class BuildFacts:
    """What the project knew of the firmware that the board ran; None where it did not know.

    arena_bytes, constant_bytes: by the project's plan; of an uploaded model there is none.
    code_bytes, flash_bytes: as the linker placed them, if mcuzoo made the build: machine code, and
    all of the image. compiler: its name and version; optimization: its flag.
    """

    arena_bytes: int | None = None
    code_bytes: int | None = None
    constant_bytes: int | None = None
    flash_bytes: int | None = None
    compiler: str | None = None
    optimization: str | None = None


@dataclass(frozen=True)
class RunMeta:
    """Everything about a run except its images.

    A board's output q stands for output_scale * (q - output_zero_point). `started` is ISO 8601 in
    UTC. `wrong_layer` is found when an output is unlike the host reference's. `link` is what the
    run has learnt about the line, and its losses; None in older runs. `stack`: None if the board
    does not know. recipe_source: where the recipe is from; empty in older runs. `output_shape`:
    None in older runs, which had a score per class. `input`, `build`: None in older runs.
    tool_version: of mcuzoo. model: its name. classes: how many; class_names: None where they have
    numbers only. preprocessing: the recipe. data_set_digest: SHA-256 over index, name, label and
    content of every image. label_mapping: how labels became classes. elapsed_s: of all sessions of
    the run. cpu_engine: the engine of the board's own CPU that ran the images as well; None: none
    did. boards: those of a run on several. others: results that came second, of images that two
    boards have run. settings: the options of the run.
    """

    tool_version: str
    started: str
    model: str
    classes: int
    class_names: tuple[str, ...] | None
    output_scale: float
    output_zero_point: int
    preprocessing: Recipe
    data_set_digest: str
    board: BoardFacts
    settings: Settings
    wrong_layer: WrongLayer | None = None
    link: LinkState | None = None
    stack: StackUse | None = None
    recipe_source: str = ""
    label_mapping: str = ""
    output_shape: tuple[int, ...] | None = None
    elapsed_s: float | None = None
    boards: tuple[BoardRecord, ...] = ()
    others: tuple[OtherResult, ...] = ()
    input: InputFacts | None = None
    build: BuildFacts | None = None
    cpu_engine: str | None = None

    @property
    def delegates(self) -> tuple[str, ...]:
        """The arithmetics of the run's boards that are not the host's; empty: every output must be
        the host's, byte for byte."""
        known = (board.facts for board in self.boards if board.facts is not None)
        facts = tuple(known) or (self.board,)
        return tuple(sorted({one.delegate for one in facts if one.delegate}))

    def delegate_of(self, board: str | None) -> str:
        """Whose arithmetic `board` of a run on several has; None: of a run on one."""
        for one in self.boards:
            if one.name == board and one.facts is not None:
                return one.facts.delegate
        return self.board.delegate

    @property
    def links(self) -> tuple[LinkState, ...]:
        """What is known of each line of the run; empty in older runs."""
        known = (self.link, *(board.link for board in self.boards))
        return tuple(link for link in known if link is not None)

    @property
    def line_errors(self) -> int | None:
        """Frames that were damaged or lost, and sessions that were opened again, over all lines of
        the run; None in older runs."""
        return sum(link.errors for link in self.links) if self.links else None

    @property
    def form(self) -> OutputForm:
        """What an output says."""
        shape = self.output_shape or (1, self.classes)
        return output_form(shape, self.output_scale, self.output_zero_point)
