"""A board for tests of the run, in this very process: computes its outputs, fails on demand."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mcuzoo.data.dataset import load_data_set
from mcuzoo.data.labels import Classes
from mcuzoo.errors import McuzooError
from mcuzoo.link.counts import StackUse
from mcuzoo.link.hello import Hello
from mcuzoo.link.inference import Inference, Profile
from mcuzoo.link.state import LineCounts, LinkState
from mcuzoo.project.manifest import (
    Manifest,
    MemoryEntry,
    ModelEntry,
    PlanEntry,
    TargetEntry,
    TensorSpec,
)
from mcuzoo.project.recipe import Recipe
from mcuzoo.run.job import Job
from mcuzoo.run.record import Settings

INPUT = TensorSpec("input", (1, 4, 4, 3), "int8", 1 / 128, 0, 48)
OUTPUT = TensorSpec("output", (1, 6), "int8", 1 / 256, -128, 6)

MANIFEST = Manifest(
    tool_version="0",
    name="rt1050-toy",
    board="rt1050",
    runtime="aot",
    project="cmake",
    target=TargetEntry(
        "cortex-m7",
        "fpv5-d16",
        "flash",
        0x60000000,
        (MemoryEntry("flash", "flash", 0x60000000, 1 << 20),),
    ),
    model=ModelEntry("toy", "model/model.tflite", "ab" * 32, 100),
    input=INPUT,
    output=OUTPUT,
    preprocessing=Recipe(crop=1.0),
    plan=PlanEntry(1024, "DTCM", "flash", 4096, 100, "CONV_2D"),
    build_id="cd" * 16,
    sources=(),
    include_dirs=(),
    linker_script="linker/rt1050.ld",
)

HELLO = Hello(
    protocol_version=1,
    build_id=MANIFEST.build_id,
    model_sha256=MANIFEST.model.sha256,
    board="rt1050",
    runtime="aot",
    toolchain="gcc 12",
    input=INPUT,
    output=OUTPUT,
    arena_bytes=1024,
    arena_used=1000,
    core_clock_hz=600_000_000,
    cpuid=0x411FC271,
    agent="silicon",
    count_unit="cycles",
    max_chunk=1024,
    window=4,
    op_count=3,
    runtime_error="",
)


def toy_model(tensor: NDArray[np.int8]) -> NDArray[np.int8]:
    """int8 [4, 4, 3] -> int8 [6]: depends on every input byte."""
    return np.frombuffer(zlib.crc32(tensor.tobytes()).to_bytes(4, "big") + b"\0\1", np.int8)


class ToyEngine:
    """The host reference of `toy_model`."""

    def run(self, input: NDArray[np.int8]) -> NDArray[np.int8]:
        return toy_model(input)


@dataclass
class FakeBoard:
    """`failures[n]` is raised by the n-th inference of all sessions, `refusals[n]` by the n-th
    opening of the port; `calls` and `openings` count them."""

    hello_reply: Hello = HELLO
    failures: dict[int, BaseException] = field(default_factory=dict)
    refusals: dict[int, McuzooError] = field(default_factory=dict)
    wrong_outputs: Sequence[int] = ()
    wrong_crcs: Sequence[int] = ()
    cycles: int | None = 6_000_000
    stack: StackUse | None = None
    calls: int = 0
    openings: int = 0
    closings: int = 0
    images: list[int] = field(default_factory=list)
    counts: LineCounts = field(default_factory=lambda: LineCounts(0, 0, 0))
    state: LinkState = field(default_factory=LinkState)

    @contextmanager
    def open(self, state: LinkState) -> Iterator[FakeBoard]:
        self.openings += 1
        self.state = state
        if self.openings in self.refusals:
            raise self.refusals[self.openings]
        try:
            yield self
        finally:
            self.closings += 1

    def hello(self) -> Hello:
        return self.hello_reply

    def infer(
        self, image_id: int, tensor: NDArray[np.int8], ahead: NDArray[np.int8] | None = None
    ) -> Inference:
        self.calls += 1
        self.images.append(image_id)
        if self.calls in self.failures:
            raise self.failures[self.calls]
        output = toy_model(tensor)
        crc32 = zlib.crc32(tensor.tobytes())
        return Inference(
            output=output ^ 1 if image_id in self.wrong_outputs else output,
            cycles=self.cycles,
            input_crc32=crc32 ^ 1 if self.calls in self.wrong_crcs else crc32,
            attempts=1,
        )

    def ping(self) -> LineCounts:
        return replace(self.counts, stack=self.stack)

    def profile(self, image_id: int, tensor: NDArray[np.int8]) -> Profile:
        raise NotImplementedError("a toy has no layers")


def write_images(folder: Path, count: int, classes: int = 6) -> Path:
    """`count` small noise images with labels 0, 1, ... in turn; returns their manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    lines = ["file,label"]
    for index in range(count):
        pixels = random.integers(0, 256, (5, 7, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:03}.png")
        lines.append(f"{index:03}.png,{index % classes}")
    manifest = folder / "manifest.csv"
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


def make_toy_job(
    folder: Path,
    count: int = 5,
    resume: bool = False,
    min_top1: float | None = None,
    reference: bool = True,
    strict: bool = False,
) -> Job:
    """A job of `count` images for a FakeBoard; the run's folder is `folder / "run"`."""
    manifest = folder / "images" / "manifest.csv"
    if not manifest.exists():
        write_images(folder / "images", count)
    classes = Classes(6, ("a", "b", "c", "d", "e", "f"))
    settings = Settings(
        project=str(folder),
        port="/dev/toy",
        baud=115200,
        data_set=str(manifest),
        labels=None,
        limit=None,
        reference=reference,
        min_top1=min_top1,
        strict=strict,
    )
    return Job(
        manifest=MANIFEST,
        classes=classes,
        data_set=load_data_set(manifest, classes),
        engine=ToyEngine() if reference else None,  # type: ignore[arg-type]
        settings=settings,
        out=folder / "run",
        resume=resume,
    )
