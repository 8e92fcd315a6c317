"""One project on the images: what it answers, what each layer gives and takes, what it occupies."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.emulator.scheme import SCHEME
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.count import count_macs
from mcuzoo.graph.model import Model
from mcuzoo.link.counts import milliseconds
from mcuzoo.link.inference import KernelRecord
from mcuzoo.link.messages import MAX_CHUNK_BYTES, PROFILE_RECORD_BYTES
from mcuzoo.link.session import Session
from mcuzoo.project.manifest import Manifest
from mcuzoo.project.rules import inside
from mcuzoo.run.connected_board import check_firmware
from mcuzoo.run.upload import Upload, send_model
from mcuzoo.toolchain.sizes import linked_constant_bytes


@dataclass(frozen=True)
class ProjectOnBoard:
    """A project and the port of a board that runs its newest build.

    name: of the folder, in tables. model: as the project has it. upload: of a universal project,
    the model that is sent first. manifest: as the project has it. baud: of the port.
    """

    name: str
    project: Path
    manifest: Manifest
    model: Model
    port: str
    baud: int
    upload: Upload | None = None


_RECORDS = MAX_CHUNK_BYTES // PROFILE_RECORD_BYTES
"""Of an inference that is profiled, as many as a frame holds."""


def counting_port(project: Path, model: Model) -> str:
    """The emulated board of `project`, which counts one inference and then one profile: that takes
    an inference for each frame of records, of which an op has one at most."""
    inferences = 1 + max(1, -(-len(model.ops) // _RECORDS))
    return f"{SCHEME}{project}?count={inferences}"


@dataclass(frozen=True)
class Sizes:
    """In bytes; None where the project does not tell, because mcuzoo did not build it.

    `stack`: the deepest that the stack has been; None where the board does not know. arena: the
    whole of it. code: machine code with its own tables. constants: of the model.
    """

    arena: int
    code: int | None
    constants: int | None
    stack: int | None


@dataclass(frozen=True)
class Answers:
    """outputs: int8 (images, classes). `crcs` has, per image, the CRC-32 of what an op gave, by the
    op's index."""

    outputs: NDArray[np.int8]
    crcs: tuple[dict[int, int], ...]


@dataclass(frozen=True)
class Trial:
    """What one project on its board did.

    Kernels go by the last op that they compute: `first_ops` has the first one, `names` and `macs`
    are of all ops, `counts` is what a kernel took on the first image, as `total` is what all of it
    took. `runtime`, `toolchain`, `build_id`, `agent` and `unit` (of `counts`) are the board's, as
    link.hello.Hello has them, and `delegate`, whose arithmetic it has. entry: what ran.
    core_clock_hz: of the board. answers: its outputs, image by image. sizes: memory of the
    firmware.
    """

    entry: ProjectOnBoard
    board: str
    runtime: str
    toolchain: str
    build_id: str
    agent: str
    unit: str
    core_clock_hz: int
    total: int | None
    counts: dict[int, int | None]
    names: dict[int, str]
    first_ops: dict[int, int]
    macs: dict[int, int]
    answers: Answers
    sizes: Sizes
    delegate: str = ""

    @property
    def milliseconds(self) -> float | None:
        return milliseconds(self.total, self.unit, self.core_clock_hz)


def run_trial(
    entry: ProjectOnBoard, tensors: Sequence[NDArray[np.int8]], seen: Callable[[int], None]
) -> Trial:
    """Profile every tensor on its board; `seen` is told how many are done.

    Raises what the link raises, and WrongFirmwareError.
    """
    model = entry.model
    with Session.open(entry.port, entry.baud) as session:
        if entry.upload is not None:
            send_model(session, entry.upload)
        hello = session.hello()
        check_firmware(hello, entry.manifest)
        # Counted without a profile, so that it equals the count of run-serial.
        total = session.infer(0, tensors[0]).cycles
        profiles = []
        for index, tensor in enumerate(tensors):
            profiles.append(session.profile(index, tensor))
            seen(index + 1)
        use = session.measure_arena()
    records = profiles[0].records
    return Trial(
        entry=entry,
        board=hello.board,
        runtime=hello.runtime,
        toolchain=hello.toolchain,
        build_id=hello.build_id,
        agent=hello.agent,
        unit=hello.count_unit,
        core_clock_hz=hello.core_clock_hz,
        total=total,
        counts={record.last_op: record.cycles for record in records},
        names={record.last_op: _name(model, record) for record in records},
        first_ops={record.last_op: record.first_op for record in records},
        macs={record.last_op: _macs(model, record) for record in records},
        answers=Answers(
            np.stack([profile.inference.output for profile in profiles]),
            tuple(
                {
                    record.last_op: record.output_crc32
                    for record in profile.records
                    if record.output_crc32 is not None
                }
                for profile in profiles
            ),
        ),
        sizes=_sizes(entry, use.used_bytes, use.stack_used_bytes),
        delegate=hello.delegate,
    )


def host_answers(engine: ReferenceEngine, tensors: Sequence[NDArray[np.int8]]) -> Answers:
    """What the host gives to the same inputs."""
    runs = [engine.run_ops(tensor) for tensor in tensors]
    return Answers(
        np.stack([run[engine.output_op].reshape(-1) for run in runs]),
        tuple({op: zlib.crc32(output.tobytes()) for op, output in run.items()} for run in runs),
    )


def _name(model: Model, record: KernelRecord) -> str:
    return "+".join(op.name for op in model.ops[record.first_op : record.last_op + 1])


def _macs(model: Model, record: KernelRecord) -> int:
    return sum(count_macs(model, op) for op in model.ops[record.first_op : record.last_op + 1])


def _sizes(entry: ProjectOnBoard, arena: int, stack: int) -> Sizes:
    build = entry.manifest.build
    if build is None:
        return Sizes(arena, None, None, stack or None)
    elf = inside(entry.project, build.elf)
    plan = entry.manifest.plan
    constants = linked_constant_bytes(elf, plan) if elf.is_file() else None
    return Sizes(arena, build.code_bytes, constants, stack or None)
