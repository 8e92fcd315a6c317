"""The firmware's kernels as a shared library, called on a program without generating C."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from helpers.host_firmware import shared_library
from numpy.typing import NDArray

from mcuzoo.engines.engine import Engine
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.engines.tflm import TflmEngine
from mcuzoo.errors import MissingExtraError
from mcuzoo.graph.model import Model
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Activation, Call, Operand
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import CStruct, Value
from mcuzoo.ops.lower import lower
from mcuzoo.ops.table import computed
from mcuzoo.resources import firmware_dir

SHIM = Path(__file__).resolve().parent.parent / "firmware_host" / "fixedpoint_shim.c"
GUARD_BYTES = 64
GUARD = 0x5A


def all_inputs(call: Call, given: Sequence[NDArray[np.int8]]) -> list[NDArray[np.int8]]:
    """The call's inputs in their order: its constants, and `given` for the others, or for all."""
    if len(given) == len(call.inputs):
        return list(given)
    rest = iter(given)
    return [
        np.asarray(one.values, np.int8) if isinstance(one, Constant) else next(rest)
        for one in call.inputs
    ]


def kernel_files() -> list[Path]:
    return sorted((firmware_dir() / "kernels").glob("*.c"))


def build_kernel_library(folder: Path) -> ctypes.CDLL:
    """Compile all kernels for this machine; skips the test without a C compiler."""
    return shared_library(folder / "kernels.so", (*kernel_files(), SHIM), "-O2")


def oracle(model: Model) -> Engine:
    """TFLM where its wheel is installed, else the host's own reference of it."""
    try:
        return TflmEngine(model)
    except MissingExtraError:
        return ReferenceEngine(model)


def portable_calls(program: Program) -> list[Call]:
    """As if there were no other kernels."""
    calls: list[Call] = []
    for step in program.steps:
        lowering = computed(step.op)
        work = lowering.prepare(program, step)
        portable = (each for each in lowering.variants if not each.kernel.endswith("_dsp"))
        calls += next(each for each in portable if each.accepts(work)).lower(work)
    return calls


class KernelRunner:
    """Runs a program's kernel calls, each buffer in memory of its own between guard bytes."""

    def __init__(
        self, library: ctypes.CDLL, program: Program, calls: Sequence[Call] | None = None
    ) -> None:
        self.program = program
        self.calls = lower(program) if calls is None else calls
        self._library = library
        scratch = max((call.scratch_bytes for call in self.calls), default=0)
        self._scratch = np.full(scratch + 2 * GUARD_BYTES, GUARD, np.uint8).view(np.int8)
        self._memory = {
            buffer.index: np.full(buffer.bytes + 2 * GUARD_BYTES, GUARD, np.uint8).view(np.int8)
            for buffer in program.buffers
        }

    def run(self, values: NDArray[np.int8]) -> NDArray[np.int8]:
        """The output; fails when a kernel writes anywhere but into its output."""
        self._inside(self.program.input_buffer)[:] = values.reshape(-1)
        for call in self.calls:
            self._run(call)
        output: NDArray[np.int8] = self._inside(self.program.output_buffer).copy()
        return output

    def _run(self, call: Call) -> None:
        before = {index: memory.copy() for index, memory in self._memory.items()}
        params = marshal(call.params)
        operands = [self._address(operand) for operand in (*call.inputs, *call.outputs)]
        if call.scratch_bytes:
            end = GUARD_BYTES + call.scratch_bytes
            self._scratch[:GUARD_BYTES] = self._scratch[end:] = GUARD
            operands.append(ctypes.c_void_p(self._scratch[GUARD_BYTES:].ctypes.data))
        getattr(self._library, call.kernel)(ctypes.byref(params), *operands)
        if call.scratch_bytes:
            around = np.delete(self._scratch, np.s_[GUARD_BYTES:end])
            assert (around == GUARD).all(), f"{call.kernel} wrote beyond its scratch"
        for index, memory in self._memory.items():
            changed = memory != before[index]
            if index in [output.buffer for output in call.outputs]:
                changed[GUARD_BYTES:-GUARD_BYTES] = False
            assert not changed.any(), f"{call.kernel} wrote beyond its output"

    def _inside(self, buffer: int) -> NDArray[np.int8]:
        return self._memory[buffer][GUARD_BYTES:-GUARD_BYTES]

    def _address(self, operand: Operand) -> ctypes.c_void_p:
        if isinstance(operand, Activation):
            return ctypes.c_void_p(self._inside(operand.buffer).ctypes.data + operand.offset)
        return ctypes.c_void_p(operand.values.ctypes.data)


def marshal(struct: CStruct) -> ctypes.Structure:
    """The C struct of the same layout; it points into the constants' own memory."""
    values = [_c_value(value) for _, value in struct.items()]
    names = tuple(name for name, _ in struct.items())
    made: ctypes.Structure = _c_struct(struct.c_type, names, _types(values))(*values)
    return made


def _types(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(type(value) for value in values)


@cache
def _c_struct(name: str, names: tuple[str, ...], kinds: tuple[Any, ...]) -> Any:
    layout = {"_fields_": list(zip(names, kinds, strict=True))}
    return type(name, (ctypes.Structure,), layout)


def _c_value(value: Value) -> Any:
    if isinstance(value, int):
        return ctypes.c_int32(value)
    if isinstance(value, Constant):
        assert value.values.flags.c_contiguous
        return ctypes.c_void_p(value.values.ctypes.data)
    if isinstance(value, CStruct):
        return marshal(value)
    items = [_c_value(item) for item in value]
    return (type(items[0]) * len(items))(*items)
