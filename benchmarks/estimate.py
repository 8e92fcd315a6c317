"""A static estimate of the cycles that the hottest code takes on a Cortex-M7, by llvm-mca.

An estimate and no count: LLVM's model of the core's pipelines, with every load a hit, every branch
predicted, and each block repeated as if it were a loop of its own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from witness import Block

_VERSIONS = ("", *(f"-{version}" for version in range(22, 12, -1)))
_TRIPLE, _CORE = "thumbv7em-none-eabihf", "cortex-m7"
_ITERATIONS = 200
_COVERED = 0.95
_MOST_BLOCKS = 120
_BRANCH = re.compile(r"^(b[a-z.]*|cbn?z)\s+(.*?)(?:0x)?[0-9a-f]+(?:\s*<.*>)?$")


@dataclass(frozen=True)
class HotBlock:
    """A block that ran `times` times; `cycles` is the estimate for one pass, in steady state."""

    function: str
    address: int
    instructions: int
    times: int
    cycles: float


@dataclass(frozen=True)
class Estimate:
    """`blocks` hold `covered` of all executed instructions, which is a share from 0 to 1."""

    tool: str
    blocks: tuple[HotBlock, ...]
    covered: float

    @property
    def cycles(self) -> float:
        return sum(block.cycles * block.times for block in self.blocks)

    @property
    def instructions(self) -> int:
        return sum(block.instructions * block.times for block in self.blocks)

    @property
    def per_instruction(self) -> float:
        return self.cycles / self.instructions if self.instructions else 0.0


def find_tools() -> tuple[str, str] | None:
    """llvm-mca and llvm-objdump of one version, or None."""
    for version in _VERSIONS:
        mca, objdump = (shutil.which(f"llvm-{name}{version}") for name in ("mca", "objdump"))
        if mca and objdump:
            return mca, objdump
    return None


def estimate(elf: Path, blocks: Iterable[Block]) -> Estimate | None:
    """Estimate the blocks that most instructions are executed in; None without the tools."""
    tools = find_tools()
    if tools is None:
        return None
    mca, objdump = tools
    merged: dict[tuple[int, int], int] = {}
    for block in blocks:
        key = (block.address, block.instructions)
        merged[key] = merged.get(key, 0) + block.times
    total = sum(size * times for (_, size), times in merged.items())
    hottest = sorted(merged.items(), key=lambda item: -item[0][1] * item[1])
    code = _disassemble(objdump, elf)
    places = sorted(code)
    order = {place: index for index, place in enumerate(places)}
    found: list[HotBlock] = []
    for (address, size), times in hottest[:_MOST_BLOCKS]:
        if sum(block.instructions * block.times for block in found) >= _COVERED * total:
            break
        if address not in code:
            continue
        at = order[address]
        lines = [code[place].text for place in places[at : at + size]]
        cycles = _cycles(mca, lines)
        if cycles is not None:
            found.append(HotBlock(code[address].function, address, size, times, cycles))
    covered = sum(block.instructions * block.times for block in found) / total if total else 0.0
    return Estimate(Path(mca).name, tuple(found), covered)


@dataclass(frozen=True)
class _Line:
    function: str
    text: str


def _disassemble(objdump: str, elf: Path) -> dict[int, _Line]:
    """Every instruction by its address, as llvm-mca reads it: branch targets become a label."""
    command = [
        objdump, "-d", "--no-show-raw-insn", f"--triple={_TRIPLE}", f"--mcpu={_CORE}", str(elf)
    ]  # fmt: skip
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines: dict[int, _Line] = {}
    function = "?"
    for line in text.splitlines():
        if symbol := re.match(r"[0-9a-f]+ <(.*)>:", line):
            # Not the marks between code and data.
            function = function if symbol[1].startswith("$") else symbol[1]
        elif match := re.match(r"\s*([0-9a-f]+):\s+(.*)", line):
            words = re.sub(r"\s*[@;].*", "", match[2].replace("\t", " ")).strip()
            lines[int(match[1], 16)] = _Line(function, _BRANCH.sub(r"\1 \2block", words))
    return lines


def _cycles(mca: str, lines: list[str]) -> float | None:
    """Cycles of one pass; None for instructions that the tool does not take."""
    source = "block:\n" + "\n".join(lines) + "\n"
    command = [mca, f"-mtriple={_TRIPLE}", f"-mcpu={_CORE}", f"-iterations={_ITERATIONS}"]
    done = subprocess.run(command, input=source, capture_output=True, text=True)
    found = re.search(r"Total Cycles:\s+(\d+)", done.stdout)
    return int(found[1]) / _ITERATIONS if done.returncode == 0 and found else None
