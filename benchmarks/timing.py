"""Measure what kernels take by the cycle model; prints mcuzoo/plan/cycles/predict.toml.

    python benchmarks/timing.py > predict.toml

Calls every kernel on drawn shapes, compiled by every compiler that is found, on an emulated core
whose memory answers at once, and counts its modelled cycles. Then, for each kind of call, a sum of
few terms is fitted to them: those quantities of mcuzoo/plan/cycles/work.py, at most TERMS, that
leave the least error. A third of the shapes is held out; the error that is printed is of these.
Takes some minutes; needs the `test` and the `timing` extra.
"""

from __future__ import annotations

import sys
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.board.load import load_board
from mcuzoo.errors import ToolchainError
from mcuzoo.graph.program import Program, build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.lowering.call import Activation, Call, Omitted
from mcuzoo.ops.kernels.pointwise_depthwise_dsp import fuse
from mcuzoo.ops.lower import lower
from mcuzoo.plan.cycles.work import Work, works_of
from mcuzoo.project.kinds import OPTIMIZATION, TOOLCHAINS
from mcuzoo.timing.meter import CycleMeter
from mcuzoo.toolchain.find import find_compiler

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from helpers.core_kernels import CoreKernels, link_kernels
from helpers.drawn_ops import DRAWN, PORTABLE, Random, pair

DRAWS = 24
"""Of each share of `DRAWN`."""
TERMS = 4
SMALL = 2000
"""Cycles: errors are relative to a call's and so many more. The error of a small call does not
matter."""
WORTH = 0.85
"""One more term must leave less than this of the error."""
LEAST_CALLS = 12
WORST_ERROR = 0.3
"""A kind with more is left out: its cycles depend on more than the quantities."""


@dataclass(frozen=True)
class Sample:
    """One call of a kernel: its work, modelled cycles, and the lines of code that it went through.
    draw: its number."""

    work: Work
    cycles: float
    code_lines: int
    draw: int


class MeteredKernels(CoreKernels):
    """Counts the modelled cycles of a call, with memory that answers at once."""

    def __init__(self, elf: Path) -> None:
        import unicorn

        super().__init__(elf)
        uc = self._uc
        self._meter = CycleMeter(
            load_board("rt1050"), lambda address, size: bytes(uc.mem_read(address, size))
        )
        append, sizes = self._meter.blocks.append, self._meter.sizes

        def on_block(_uc: object, address: int, size: int, _data: object) -> None:
            sizes[address] = size
            append(address)

        uc.hook_add(unicorn.UC_HOOK_BLOCK, on_block)

    def cycles(self, call: Call, inputs: list[Any], output_bytes: int) -> tuple[float, int]:
        """Modelled cycles, and lines of code."""
        blocks, meter = self._meter.blocks, self._meter
        del blocks[:]
        before = meter.cycles.total
        self.run(call, inputs, output_bytes)
        lines = {
            line
            for address in set(blocks)
            for line in range(address // 32, (address + meter.sizes[address] - 1) // 32 + 1)
        }
        meter.count()
        return meter.cycles.total - before, len(lines)


def calls_of(program: Program, random: Random, how: str) -> Iterator[Call]:
    lowered = lower(program, portable=how == "portable")
    if how == "paired":
        found = fuse(*lowered)
        if found:
            yield found[int(random.integers(len(found)))]
        return
    yield from (call for call in lowered if not isinstance(call, Omitted))


def draws() -> Iterator[tuple[str, Program, Random]]:
    """How it is lowered, and what."""
    ways = (("", DRAWN), ("portable", PORTABLE), ("paired", ((pair, 3),)))
    for how, functions in ways:
        for function, times in functions:
            for number in range(times * DRAWS):
                random = np.random.default_rng([zlib.crc32(function.__name__.encode()), number])
                yield how, build_program(parse_model(function(random), "drawn")), random
            print(how, function.__name__, file=sys.stderr, flush=True)


def samples(kernels: Sequence[MeteredKernels]) -> Iterator[Sample]:
    for draw, (how, program, random) in enumerate(draws()):
        for call in calls_of(program, random, how):
            (work,) = works_of(program, call)
            inputs = [
                random.integers(-128, 128, program.buffers[one.buffer].bytes, dtype=np.int8)
                for one in call.inputs
                if isinstance(one, Activation)
            ]
            written = program.buffers[call.outputs[0].buffer].bytes
            for each in kernels:
                yield Sample(work, *each.cycles(call, inputs, written), draw)


def matrix(found: Sequence[Sample], names: Sequence[str]) -> NDArray[np.float64]:
    """Each sample's quantities, divided by its weight."""
    return np.array(
        [
            [one.work.amounts.get(name, 0.0) / (one.cycles + SMALL) for name in names]
            for one in found
        ]
    )


def wanted(found: Sequence[Sample]) -> NDArray[np.float64]:
    """Each sample's cycles, divided by its weight."""
    return np.array([one.cycles / (one.cycles + SMALL) for one in found])


def fitted(found: Sequence[Sample]) -> dict[str, float]:
    """Cycles per quantity, of the fewest that explain the samples."""
    names = [
        name
        for name in sorted({name for one in found for name in one.work.amounts})
        if any(one.work.amounts.get(name) for one in found)
    ]
    best: dict[str, float] = {}
    error = np.inf
    shares, all_cycles = matrix(found, names), wanted(found)
    for count in range(1, TERMS + 1):
        of_count: tuple[float, dict[str, float]] = (np.inf, {})
        for chosen in combinations(range(len(names)), count):
            part = shares[:, chosen]
            costs = np.linalg.lstsq(part, all_cycles, rcond=None)[0]
            if np.any(costs <= 0):
                continue
            rms = float(np.sqrt(np.mean((part @ costs - all_cycles) ** 2)))
            if rms < of_count[0]:
                pairs = zip(chosen, costs, strict=True)
                of_count = rms, {names[at]: float(cost) for at, cost in pairs}
        if of_count[0] < WORTH * error:
            error, best = of_count
    return best


def errors(found: Sequence[Sample], costs: dict[str, float]) -> NDArray[np.float64]:
    predicted = matrix(found, list(costs)) @ np.array(list(costs.values()))
    off: NDArray[np.float64] = np.abs(predicted - wanted(found))
    return off


def rounded(cost: float) -> float:
    return float(f"{cost:.4g}")


def kind_table(kind: str, found: Sequence[Sample]) -> list[str]:
    """The lines of one kind, or a comment why it has none."""
    draws = sorted({one.draw for one in found})
    held = set(draws[::3])
    fit = [one for one in found if one.draw not in held]
    rest = [one for one in found if one.draw in held]
    if len(draws) < LEAST_CALLS:
        return [f"# {kind}: not estimated, only {len(draws)} calls were drawn"]
    costs = {name: rounded(cost) for name, cost in fitted(fit).items()}
    off = errors(rest, costs)
    error = float(np.sqrt(np.mean(off**2)))
    if error > WORST_ERROR:
        return [f"# {kind}: not estimated, an error of {error:.0%} is left"]
    terms = ", ".join(f'"{name}" = {cost:g}' for name, cost in costs.items())
    return [
        f'["{kind}"]',
        f"costs = {{ {terms} }}",
        f"error = {error:.3f}",
        f"worst = {off.max():.3f}",
        f"calls = {len(draws)}",
        f"code_lines = {round(np.median([one.code_lines for one in found]))}",
    ]


def found_compilers() -> list[str]:
    found = []
    for name in TOOLCHAINS:
        try:
            find_compiler(name)
            found.append(name)
        except ToolchainError as error:
            print(f"without {name}: {error.message}", file=sys.stderr)
    return found


def main() -> None:
    compilers = found_compilers()
    kinds: dict[str, list[Sample]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as scratch:
        kernels = [
            MeteredKernels(link_kernels(Path(scratch), name, OPTIMIZATION)) for name in compilers
        ]
        for sample in samples(kernels):
            kinds[sample.work.kind].append(sample)
    print_table(kinds, compilers)


def print_table(kinds: Mapping[str, Sequence[Sample]], compilers: Sequence[str]) -> None:
    tools = ", ".join(f"{name} {find_compiler(name).version}" for name in compilers)
    print(
        "# Modelled cycles of a kernel per quantity of its work (mcuzoo/plan/cycles/work.py), with"
    )
    print("# memory that answers at once. Rendered by benchmarks/timing.py; measure again when a")
    print("# kernel or mcuzoo/timing/cortex_m7.toml changes. error, worst: relative, of the drawn")
    print("# shapes that were held out: root of the mean square, and the largest.")
    print(f'\nsource = "benchmarks/timing.py: {DRAWS} draws each, {tools}"')
    for kind, found in sorted(kinds.items()):
        print("\n" + "\n".join(kind_table(kind, found)))


if __name__ == "__main__":
    main()
