"""A model's generated C, compiled for this machine into a process that runs it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from helpers.host_firmware import WARNINGS, find_host_compiler
from helpers.objects import compile_c
from numpy.typing import NDArray

from mcuzoo.codegen.aot.emit import render_model
from mcuzoo.codegen.aot.sources import kernel_sources
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Call
from mcuzoo.ops.lower import lower
from mcuzoo.plan.arena.calls import call_lives
from mcuzoo.plan.arena.fusion import fuse_and_plan, plan_calls
from mcuzoo.plan.arena.lifetimes import ArenaPlan, Slot
from mcuzoo.plan.arena.streaming import streamed_plan
from mcuzoo.resources import firmware_dir

HARNESS = Path(__file__).resolve().parent.parent / "firmware_host" / "model_harness.c"
GAP_BYTES = 64


def tight_plan(program: Program) -> ArenaPlan:
    """Buffers share memory wherever their lives and kernels allow; nothing is fused."""
    return plan_calls(program, lower(program))


def exported_plan(program: Program) -> tuple[tuple[Call, ...], ArenaPlan]:
    """Calls and plan as an export has them."""
    return fuse_and_plan(program, lower(program))


def streamed(program: Program) -> tuple[tuple[Call, ...], ArenaPlan]:
    """Calls and plan as an export has them whose input is consumed as it arrives."""
    return streamed_plan(program, lower(program))


def roomy_plan(program: Program) -> ArenaPlan:
    """Every buffer apart from all others, so that an access beyond one is an access to none."""
    slots, offset = [], GAP_BYTES
    for life in call_lives(program, lower(program)):
        slots.append(Slot(life.buffer, offset, life.bytes, life.first_step, life.last_step))
        offset += (life.bytes + 15) // 16 * 16 + GAP_BYTES
    return ArenaPlan(tuple(slots), offset, offset, 0)


def write_model(
    program: Program, plan: ArenaPlan, folder: Path, calls: Sequence[Call] | None = None
) -> None:
    """folder/model: the generated files, and the list of slots for the harness."""
    for path, text in render_model(program, plan, calls=calls).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    slots = ", ".join(f"{{{slot.offset}, {slot.bytes}}}" for slot in plan.slots)
    (folder / "model" / "mz_slots.h").write_text(f"#define MZ_SLOTS {slots}\n")


def compile_model(
    program: Program, folder: Path, flags: Sequence[str], calls: Sequence[Call] | None = None
) -> GeneratedModel:
    """What write_model wrote, with the kernels and the harness."""
    executable = folder / "model_harness"
    # One file in place of three, which a compiler starts up for.
    whole, parts = folder / "whole.c", (*sorted((folder / "model").glob("*.c")), HARNESS)
    whole.write_text("".join(f'#include "{part}"\n' for part in parts))
    sources = [
        whole,
        *(firmware_dir() / source for source in kernel_sources(calls or lower(program))),
    ]
    includes = [f"-I{firmware_dir()}", f"-I{folder / 'model'}"]
    paths = [str(source) for source in sources]
    compile_c([*find_host_compiler(), *WARNINGS, *flags, *includes, *paths, "-o", str(executable)])
    return GeneratedModel(executable, program.output_tensor.bytes)


def build_model(
    program: Program,
    plan: ArenaPlan,
    folder: Path,
    flags: Sequence[str] = ("-O2",),
    calls: Sequence[Call] | None = None,
) -> GeneratedModel:
    """calls: those that the plan is for, where they are not the program's as lowered."""
    write_model(program, plan, folder, calls)
    return compile_model(program, folder, flags, calls)


@dataclass(frozen=True)
class GeneratedModel:
    executable: Path
    output_bytes: int

    def run(self, inputs: Sequence[NDArray[np.int8]], seed: int = 1) -> NDArray[np.int8]:
        """int8 (len(inputs), output elements). seed: of the pieces in which a model that consumes
        its input as it arrives gets it."""
        answer = self._answer(b"".join(values.tobytes() for values in inputs), "plain", str(seed))
        return np.frombuffer(answer, np.int8).reshape(len(inputs), self.output_bytes)

    def run_layers(self, values: NDArray[np.int8]) -> bytes:
        """What the op hook is given, one after the other: op index (little-endian), output."""
        return self._answer(values.tobytes(), "layers")[: -self.output_bytes]

    def _answer(self, data: bytes, *arguments: str) -> bytes:
        """Fails with what a sanitizer has to say."""
        command = [str(self.executable), *arguments]
        done = subprocess.run(command, input=data, capture_output=True)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout
