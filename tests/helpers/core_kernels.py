"""The firmware's kernels on an emulated Cortex-M7 without a board: one C function called at a time.

Much quicker than a firmware per case, and counts instructions.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from helpers.kernel_library import all_inputs, kernel_files
from helpers.objects import compile_c
from numpy.typing import NDArray

from mcuzoo.emulator.block_counter import BlockCounter
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import CStruct, Value
from mcuzoo.project.kinds import compile_flags, link_libraries, machine_flags
from mcuzoo.resources import firmware_dir
from mcuzoo.toolchain.find import find_compiler
from mcuzoo.toolchain.sizes import read_sections, read_symbols

CODE, CODE_BYTES = 0x0001_0000, 0x0010_0000
RETURN = CODE - 0x1000
DATA, DATA_BYTES = 0x2000_0000, 0x0080_0000
STACK, STACK_BYTES = 0x3000_0000, 0x2000
GUARD_BYTES, GUARD = 64, 0x5A


_SCRIPT = f"""
SECTIONS {{
  . = {CODE:#x};
  .text : {{ KEEP(*(.text .text.*)) *(.rodata .rodata.*) *(.data .data.*) *(.bss .bss.*) }}
  /DISCARD/ : {{ *(.ARM.exidx* .ARM.extab* .ARM.attributes .eh_frame) }}
}}
"""


def link_kernels(folder: Path, compiler: str, optimization: str = "-O2") -> Path:
    """All kernels in one ELF for a Cortex-M7."""
    found = find_compiler(compiler)
    elf = folder / f"kernels-{compiler}{optimization}.elf"
    script = folder / "kernels.ld"
    script.write_text(_SCRIPT)
    sources = [*kernel_files(), firmware_dir() / "port" / "cortex_m7" / "mz_string.c"]
    command = [
        *found.command,
        *machine_flags(found.kind, "cortex-m7", "fpv5-d16"),
        *compile_flags(found.kind),
        optimization,
        f"-I{firmware_dir()}",
        *map(str, sources),
        "-nostdlib",
        "-T",
        str(script),
        "-Wl,-e,mz_softmax_s8",
        *link_libraries(found.kind),
        "-o",
        str(elf),
    ]
    compile_c(command)
    return elf


class CoreKernels:
    """Calls kernels; operands lie between guard bytes, which every call checks."""

    def __init__(self, elf: Path) -> None:
        import unicorn
        from unicorn import arm_const

        self._elf = elf
        self._registers = arm_const
        uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
        uc.mem_map(RETURN, 0x1000 + CODE_BYTES)
        uc.mem_map(DATA, DATA_BYTES)
        uc.mem_map(STACK, STACK_BYTES)
        for section in read_sections(elf):
            uc.mem_write(section.address, section.content)
        self._uc = uc
        self._counter = BlockCounter(lambda address, size: bytes(uc.mem_read(address, size)))
        uc.hook_add(unicorn.UC_HOOK_BLOCK, self._counter.on_block)
        self._address = cache(self._find)

    def _find(self, function: str) -> int:
        return read_symbols(self._elf, {function})[function] | 1

    def run(
        self, call: Call, inputs: Sequence[NDArray[np.int8]], output_bytes: int
    ) -> tuple[NDArray[np.int8], int]:
        """The output, and the instructions that the call took. inputs: see all_inputs."""
        memory = _Memory()
        places = [memory.place(values.tobytes()) for values in all_inputs(call, inputs)]
        output = memory.room(output_bytes)
        return self._call(call, memory, [*places, output], output, output_bytes)

    def run_over(
        self, call: Call, values: NDArray[np.int8], output_bytes: int, distance: int
    ) -> NDArray[np.int8]:
        """The output when input address - output address is `distance`."""
        memory = _Memory()
        shared = memory.room(max(values.size + max(distance, 0), output_bytes + max(-distance, 0)))
        output = shared + max(-distance, 0)
        source = shared + max(distance, 0)
        memory.write(source, values.tobytes())
        places = [
            memory.place(one.values.tobytes()) if isinstance(one, Constant) else source
            for one in call.inputs
        ]
        return self._call(call, memory, [*places, output], output, output_bytes)[0]

    def loads(
        self, call: Call, inputs: Sequence[NDArray[np.int8]], output_bytes: int
    ) -> dict[str, int]:
        """How many bytes of each constant the call loads, by symbol."""
        import unicorn

        memory = _Memory()
        places = [memory.place(values.tobytes()) for values in inputs]
        output = memory.room(output_bytes)
        loaded: dict[str, int] = {}

        def on_read(uc: object, access: int, address: int, size: int, *rest: object) -> None:
            for symbol, start, end in memory.constants:
                if start <= address < end:
                    loaded[symbol] = loaded.get(symbol, 0) + size

        hook = self._uc.hook_add(unicorn.UC_HOOK_MEM_READ, on_read, begin=DATA, end=STACK - 1)
        try:
            self._call(call, memory, [*places, output], output, output_bytes)
        finally:
            self._uc.hook_del(hook)
        return loaded

    def reach(self, call: Call, inputs: Sequence[NDArray[np.int8]], output_bytes: int) -> int:
        """How many bytes behind its scratch memory the call reads, at most."""
        import unicorn

        memory, same = _Memory(), _Memory()
        for one in memory, same:
            places = [one.place(values.tobytes()) for values in all_inputs(call, inputs)]
            output = one.room(output_bytes)
        same.place(same.pack(call.params))
        end = same.room(call.scratch_bytes) + call.scratch_bytes
        farthest = 0

        def on_read(uc: object, access: int, address: int, size: int, *rest: object) -> None:
            nonlocal farthest
            farthest = max(farthest, address + size - end)

        hook = self._uc.hook_add(unicorn.UC_HOOK_MEM_READ, on_read, begin=end, end=STACK - 1)
        try:
            self._call(call, memory, [*places, output], output, output_bytes)
        finally:
            self._uc.hook_del(hook)
        return farthest

    def _call(
        self, call: Call, memory: _Memory, operands: list[int], output: int, output_bytes: int
    ) -> tuple[NDArray[np.int8], int]:
        params = memory.place(memory.pack(call.params))
        arguments = [params, *operands]
        if call.scratch_bytes:
            arguments.append(memory.room(call.scratch_bytes))
        assert len(arguments) <= 4, "the fifth argument would go to the stack"
        uc, names = self._uc, self._registers
        uc.mem_write(DATA, bytes(memory.content))
        for number, value in enumerate(arguments):
            uc.reg_write(names.UC_ARM_REG_R0 + number, value)
        uc.reg_write(names.UC_ARM_REG_SP, STACK + STACK_BYTES)
        uc.reg_write(names.UC_ARM_REG_LR, RETURN | 1)
        before = self._counter.total
        uc.emu_start(self._address(call.kernel), RETURN)
        after = np.frombuffer(bytes(uc.mem_read(DATA, len(memory.content))), np.uint8)
        changed = after != np.frombuffer(memory.content, np.uint8)
        for start, size in memory.writable:
            changed[start - DATA : start - DATA + size] = False
        assert not changed.any(), f"{call.kernel} wrote beyond its operands"
        start = output - DATA
        return after[start : start + output_bytes].view(
            np.int8
        ).copy(), self._counter.total - before


class _Memory:
    """What lies at DATA, 16-byte aligned, guard bytes between."""

    def __init__(self) -> None:
        self.content = bytearray([GUARD]) * GUARD_BYTES
        self.writable: list[tuple[int, int]] = []
        self.constants: list[tuple[str, int, int]] = []

    def place(self, data: bytes) -> int:
        address = DATA + len(self.content)
        self.content += data + bytes([GUARD]) * (GUARD_BYTES + -len(data) % 16)
        return address

    def room(self, size: int) -> int:
        address = self.place(bytes([GUARD]) * size)
        self.writable.append((address, size))
        return address

    def write(self, address: int, data: bytes) -> None:
        self.content[address - DATA : address - DATA + len(data)] = data

    def pack(self, value: Value) -> bytes:
        """As the compiler lays it out: all fields are words."""
        if isinstance(value, int):
            return struct.pack("<i", value)
        if isinstance(value, Constant):
            place = self.place(value.values.tobytes())
            self.constants.append((value.symbol, place, place + value.bytes))
            return struct.pack("<I", place)
        fields = [item for _, item in value.items()] if isinstance(value, CStruct) else value
        return b"".join(map(self.pack, fields))
