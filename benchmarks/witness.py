"""An independent witness of the emulator's instruction counts: QEMU with a counting plugin.

The very image that would be flashed onto an RT1050 runs on QEMU's mps2-an500, from `mz_image_run`
on (see qemu/stub.c), and every reading of the cycle counter is time-stamped in instructions. QEMU
shares no code with the counting in mcuzoo.emulator.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from parts import PLACES

from mcuzoo.errors import ToolchainError
from mcuzoo.project.kinds import machine_flags
from mcuzoo.project.manifest import load_manifest
from mcuzoo.toolchain.find import find_compiler
from mcuzoo.toolchain.sizes import read_functions, read_sections, read_symbols

HERE = Path(__file__).resolve().parent / "qemu"
MACHINE = "mps2-an500"
BOARD = "rt1050"
"""The board whose memories the machine has."""

_STUB, _JOB, _STACK = 0x60F0_0000, 0x60F8_0000, 0x6100_0000
_TIMEOUT_S = 900
_FUNCTIONS = (
    "mz_crc32", "mz_image_profile", "mz_image_run", "mz_port_cycles", "mz_runtime_init",
    "mz_runtime_input", "mz_runtime_invoke", "mz_runtime_output",
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """A run of instructions without a branch into or out of it, and how often it ran."""

    address: int
    instructions: int
    times: int


@dataclass(frozen=True)
class QemuCounts:
    """Instructions of one inference, of each layer of a second one, and what ran how often.

    `places`: of each layer, by function of parts.PLACES, the instructions from when execution came
    into it until it came into another of them; "" before the first.
    """

    instructions: int
    layers: tuple[int, ...]
    places: tuple[dict[str, int], ...]
    blocks: tuple[Block, ...]


def why_absent() -> str | None:
    """Why there is no witness on this machine, or None."""
    for tool in ("qemu-system-arm", "cc"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    return None


class NoFunctionsError(ToolchainError):
    """A firmware that QEMU cannot be led through, such as one whose input is streamed."""


def count_in_qemu(
    project: Path, tensor: NDArray[np.int8], expected: NDArray[np.int8]
) -> QemuCounts:
    """Run the newest build of an RT1050 project in QEMU; `expected` is the right output.

    Raises ToolchainError when QEMU or a compiler says no, or the output is another one, and
    NoFunctionsError when the firmware lacks a function that the witness calls.
    """
    manifest = load_manifest(project)
    build = manifest.build
    if build is None or manifest.board != BOARD:
        raise ToolchainError(f"{project} is no built {BOARD} project.", "Build one for it.")
    addresses = read_symbols(project / build.elf, _FUNCTIONS)
    lacking = sorted({*_FUNCTIONS} - {*addresses})
    if lacking:
        raise NoFunctionsError(
            f"{project}: the firmware has no {', '.join(lacking)}.", "Leave the witness out."
        )
    copied = [
        (section.address, section.load_address, len(section.content))
        for section in read_sections(project / build.elf)
        if section.content and section.address != section.load_address
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _write_addresses(folder, addresses, copied, manifest.output.bytes)
        stub = _compile_stub(folder, manifest.chip.core, manifest.chip.fpu)
        places = read_functions(project / build.elf, PLACES)
        own = read_symbols(stub, {"stub_entry", "stub_begin", "stub_end"})
        data = tensor.tobytes()
        (folder / "job").write_bytes(struct.pack("<II", zlib.crc32(data), len(data)) + data)
        (folder / "vectors").write_bytes(struct.pack("<II", _STACK, own["stub_entry"] | 1))
        said = _run(
            folder,
            {
                "mark": addresses["mz_port_cycles"] & ~1,
                "begin": own["stub_begin"] & ~1,
                "end": own["stub_end"] & ~1,
            },
            places.values(),
            (
                (project / build.bin, manifest.chip.image_base),
                (folder / "job", _JOB),
                (folder / "vectors", 0),
            ),
            stub,
        )
        crcs = [int(word, 16) for word in re.findall(r"^[0-9a-f]{8}$", said, re.M)]
        if crcs != [zlib.crc32(expected.tobytes())] * 2:
            raise ToolchainError(
                f"QEMU's outputs have the CRCs {crcs}, expected was one twice: {said.strip()!r}.",
                "The witness's figures mean nothing.",
            )
        return _read_counts((folder / "counts").read_text(), tuple(places))


def _write_addresses(
    folder: Path,
    addresses: dict[str, int],
    copied: list[tuple[int, int, int]],
    output_bytes: int,
) -> None:
    """`copied`: of each section its address, the one in flash, and its bytes."""
    lines = [f"#define {name.upper()} {value:#x}u" for name, value in sorted(addresses.items())]
    lines += [f"#define JOB {_JOB:#x}u", f"#define OUTPUT_BYTES {output_bytes}u"]
    table = ", ".join(f"{{{to:#x}u, {start:#x}u, {size}u}}" for to, start, size in copied)
    lines.append(f"#define COPIED {table or '{0u, 0u, 0u}'}")
    (folder / "stub_addresses.h").write_text("\n".join(lines) + "\n")


def _compile_stub(folder: Path, core: str, fpu: str) -> Path:
    compiler = find_compiler(None)
    script = folder / "stub.ld"
    script.write_text(
        "ENTRY(stub_entry)\n_start = stub_entry;\n"
        f"SECTIONS {{ . = {_STUB:#x}; .text : {{ *(.entry) *(.text*) *(.rodata*) }}\n"
        "/DISCARD/ : { *(.ARM.exidx*) *(.ARM.extab*) } }\n"
    )
    stub = folder / "stub.elf"
    _call(
        [
            *compiler.command, *machine_flags(compiler.kind, core, fpu), "-std=gnu11", "-O2",
            "-ffreestanding", "-fno-builtin", "-Wall", "-Wextra", "-Werror", f"-I{folder}",
            str(HERE / "stub.c"), "-nostdlib", "-T", str(script), "-o", str(stub),
        ]
    )  # fmt: skip
    return stub


def _run(
    folder: Path,
    marks: dict[str, int],
    places: Iterable[tuple[int, int]],
    files: tuple[tuple[Path, int], ...],
    stub: Path,
) -> str:
    version = _call(["qemu-system-arm", "--version"])
    found = re.search(r"version (\d+)", version)
    # From QEMU 9 on only newer plugins are loaded; nothing that this one uses has changed.
    api = 1 if found and int(found[1]) < 9 else 2
    plugin = folder / "counter.so"
    _call(
        [
            "cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
            f"-DQEMU_PLUGIN_API={api}", str(HERE / "counter.c"), "-o", str(plugin),
        ]
    )  # fmt: skip
    options = "".join(f",{name}={address:x}" for name, address in marks.items())
    options += "".join(f",place={first:x}:{end:x}" for first, end in places)
    loaders = [f"loader,file={file},addr={address:#x},force-raw=on" for file, address in files] + [
        f"loader,file={stub}"
    ]
    return _call(
        [
            "qemu-system-arm", "-M", MACHINE, "-display", "none", "-monitor", "none", "-serial",
            "none", "-semihosting-config", "enable=on,target=native",
            *(word for loader in loaders for word in ("-device", loader)),
            "-plugin", f"{plugin}{options},out={folder / 'counts'}",
        ]
    )  # fmt: skip


def _call(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolchainError(f"{command[0]}: {error}", "Leave the witness out.") from error
    if done.returncode != 0:
        raise ToolchainError(f"{command[0]} failed: {done.stderr.strip()}", "Leave it out.")
    return done.stdout + done.stderr


def _read_counts(text: str, names: tuple[str, ...]) -> QemuCounts:
    """What the counter was read at: first by mz_image_run, then by mz_image_profile.

    An inference reads it at the start, after each kernel and at its end; a profile in pairs, at the
    end of a kernel and when the next one begins. `names`: of the places.
    """
    marks = [int(word) for word in re.findall(r"^mark (\d+)$", text, re.M)]
    moves = [
        (int(at), names[int(place)]) for place, at in re.findall(r"^place (\d+) (\d+)$", text, re.M)
    ]
    blocks = [
        Block(int(address, 16), int(instructions), int(times))
        for address, instructions, times in re.findall(r"^block (\w+) (\d+) (\d+)$", text, re.M)
    ]
    # n kernels: n + 2 marks of the inference, 2 n + 2 of the profile.
    kernels = (len(marks) - 4) // 3
    if len(marks) != 3 * kernels + 4:
        raise ToolchainError(f"QEMU saw {len(marks)} readings.", "The firmware reads otherwise.")
    inference, profile = marks[: kernels + 2], marks[kernels + 2 :]
    spans = [(profile[2 * n], profile[2 * n + 1]) for n in range(kernels)]
    return QemuCounts(
        inference[-1] - inference[0],
        tuple(end - begin for begin, end in spans),
        tuple(_by_place(moves, begin, end) for begin, end in spans),
        tuple(blocks),
    )


def _by_place(moves: list[tuple[int, str]], begin: int, end: int) -> dict[str, int]:
    """`moves`: when execution came where, in order."""
    within = [("", begin), *((name, at) for at, name in moves if begin <= at < end), ("", end)]
    counts: dict[str, int] = {}
    for (name, at), (_, until) in pairwise(within):
        counts[name] = counts.get(name, 0) + until - at
    return counts
