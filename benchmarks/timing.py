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

from helpers import tflite_builder as models
from helpers.core_kernels import CoreKernels, link_kernels
from helpers.one_op_nets import int8, int32, one_op

DRAWS = 24
"""Of each function below."""
TERMS = 4
SMALL = 2000
"""Cycles: errors are relative to a call's and so many more. The error of a small call does not
matter."""
WORTH = 0.85
"""One more term must leave less than this of the error."""
MOST_MACS = 400_000
LEAST_CALLS = 12
WORST_ERROR = 0.3
"""A kind with more is left out: its cycles depend on more than the quantities."""

Random = np.random.Generator


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


def size(random: Random, least: int, most: int) -> int:
    """Small ones as often as large ones."""
    return round(float(np.exp(random.uniform(np.log(least), np.log(most)))))


def channels(random: Random, most: int = 128) -> int:
    """Mostly of whole groups, as networks have them."""
    whole = size(random, 1, most // 4) * 4
    return whole if random.random() < 0.8 else size(random, 2, most)


def weights(random: Random, *shape: int) -> NDArray[np.int8]:
    return np.clip(np.round(random.normal(0, 30, shape)), -127, 127).astype(np.int8)


def quantized(random: Random, taps: int, out: int = 1) -> dict[str, Any]:
    """A layer with an activation, as most are, or without; `out` channels with scales of their
    own."""
    relu = random.random() < 0.8
    return {
        "weight_scales": [float(0.01 * random.uniform(0.6, 1.6)) for _ in range(out)],
        "activation": "RELU" if relu else "NONE",
        "input_zero_point": -128 if random.random() < 0.7 else int(random.integers(-20, 20)),
        "output_zero_point": -128 if relu else int(random.integers(-20, 20)),
        "output_scale": float(0.05 * 0.01 * 30 * np.sqrt(taps) * random.uniform(0.8, 1.6)),
    }


def windowed(random: Random, taps: int, stride: int, depth: int, out: int) -> bytes:
    most = max(taps, int(np.sqrt(MOST_MACS / (taps * taps * depth * out)) * stride))
    image = min(size(random, max(taps, 3), 96), most)
    return models.conv_model(
        (1, image, max(taps, image - int(random.integers(0, 3))), depth),
        weights(random, out, taps, taps, depth),
        random.integers(-500, 500, out).astype(np.int32),
        stride=(stride, stride),
        padding="SAME" if random.random() < 0.8 else "VALID",
        **quantized(random, taps * taps * depth, out),
    )


def convolution(random: Random) -> bytes:
    taps = int(random.choice([2, 3, 3, 3, 5, 7]))
    return windowed(
        random, taps, int(random.integers(1, 3)), channels(random, 48), channels(random, 64)
    )


def pointwise(random: Random) -> bytes:
    return windowed(random, 1, 1, channels(random, 256), channels(random, 256))


def first(random: Random) -> bytes:
    return windowed(random, 3, 2, int(random.choice([1, 3])), size(random, 1, 8) * 4)


def first_of_stride_1(random: Random) -> bytes:
    return windowed(
        random, int(random.choice([3, 3, 5])), 1, int(random.choice([1, 3])), channels(random, 32)
    )


def spread(random: Random) -> bytes:
    """One channel, several kernels for it."""
    out, image = size(random, 2, 64), size(random, 6, 48)
    taps = int(random.choice([3, 3, 5])), int(random.choice([3, 3, 4]))
    return models.depthwise_model(
        (1, image, image, 1),
        weights(random, 1, *taps, out),
        random.integers(-500, 500, out).astype(np.int32),
        stride=(2, 2) if random.random() < 0.7 else (1, 1),
        **quantized(random, 9, out),
    )


def depthwise(random: Random, stride: int, *, multiplier: int = 1, odd: bool = False) -> bytes:
    depth = channels(random)
    taps = int(random.choice([2, 4, 5, 7])) if odd else 3
    most = max(taps + 1, int(np.sqrt(MOST_MACS / (taps * taps * depth * multiplier)) * stride))
    image = min(size(random, taps, 96), most)
    out = depth * multiplier
    return models.depthwise_model(
        (1, image, max(taps, image - int(random.integers(0, 3))), depth),
        weights(random, 1, taps, taps, out),
        random.integers(-500, 500, out).astype(np.int32),
        stride=(stride, stride),
        padding="SAME" if random.random() < 0.8 else "VALID",
        **quantized(random, taps * taps, out),
    )


def depthwise_1(random: Random) -> bytes:
    return depthwise(random, 1)


def depthwise_2(random: Random) -> bytes:
    return depthwise(random, 2)


def depthwise_odd(random: Random) -> bytes:
    return depthwise(random, int(random.integers(1, 3)), odd=True)


def depthwise_times(random: Random) -> bytes:
    return depthwise(random, int(random.integers(1, 3)), multiplier=int(random.choice([2, 4, 8])))


def few_pixels(random: Random) -> bytes:
    """Windows over all of an image, or nearly."""
    depth, taps = channels(random), int(random.choice([2, 3, 3, 4, 5, 7]))
    image = taps + int(random.integers(0, 2))
    return models.depthwise_model(
        (1, image, image, depth),
        weights(random, 1, taps, taps, depth),
        random.integers(-500, 500, depth).astype(np.int32),
        stride=(int(random.integers(1, 3)),) * 2,
        padding="SAME" if taps < 4 and random.random() < 0.3 else "VALID",
        **quantized(random, taps * taps, depth),
    )


def samples_over_time(random: Random) -> bytes:
    """An image of one column."""
    depth, taps = channels(random), size(random, 2, 16)
    return models.depthwise_model(
        (1, taps + size(random, 1, 100), 1, depth),
        weights(random, 1, taps, 1, depth),
        random.integers(-500, 500, depth).astype(np.int32),
        padding="SAME" if random.random() < 0.5 else "VALID",
        **quantized(random, taps, depth),
    )


def dense(random: Random) -> bytes:
    depth, out = channels(random, 1024), size(random, 2, 128)
    return models.fully_connected_model(
        (int(random.choice([1, 1, 1, 2, 6])), depth),
        weights(random, out, depth),
        random.integers(-500, 500, out).astype(np.int32),
        **quantized(random, depth, int(random.choice([1, out]))),
    )


def long_rows(random: Random) -> bytes:
    """Rows whose sums no packed weights hold, as behind the flattening of an image."""
    depth = size(random, 1_100, 8_000)
    out = size(random, 3, max(4, MOST_MACS // depth))
    return models.fully_connected_model(
        (1, depth),
        random.integers(-127, 128, (out, depth), dtype=np.int8),
        random.integers(-500, 500, out).astype(np.int32),
        **quantized(random, depth),
    )


def two_channels(random: Random) -> bytes:
    depth = size(random, 32, 512) * 4
    return models.fully_connected_model(
        (int(random.integers(1, 3)), depth),
        weights(random, 2, depth),
        random.integers(-500, 500, 2).astype(np.int32),
        **quantized(random, depth),
    )


def lone_channel(random: Random) -> bytes:
    return windowed(random, 1, 1, channels(random, 256), 1)


def image(random: Random, elements: int = 30_000) -> tuple[int, int, int, int]:
    depth = channels(random)
    side = max(2, min(size(random, 2, 64), int(np.sqrt(elements / depth))))
    return 1, side, side, depth


def few_channels(shape: tuple[int, ...], random: Random) -> tuple[int, int, int, int]:
    """Sometimes one to three of them."""
    _, height, width, depth = shape
    return 1, height, width, int(random.integers(1, 4)) if random.random() < 0.3 else depth


def pool(random: Random) -> bytes:
    shape = few_channels(image(random), random)
    taps = min(int(random.choice([2, 2, 3, shape[1]])), shape[1])
    stride = min(taps, int(random.choice([1, 2, 2])))
    return models.pool_model(
        str(random.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"])),
        shape,
        filter_size=(taps, taps),
        stride=(stride, stride),
        padding=str(random.choice(["SAME", "VALID"])),
    )


def mean(random: Random) -> bytes:
    axes = [[1, 2], [1, 2], [2], [3]][int(random.integers(4))]
    shape = image(random)
    shape = shape if axes == [3] else few_channels(shape, random)
    return models.reduction_model(str(random.choice(["MEAN", "REDUCE_MAX"])), shape, axes)


def binary(random: Random, *names: str) -> bytes:
    """Of two images, or of an image and a value per channel, constant or not."""
    name, shape = str(random.choice(names)), image(random, 8_000)
    others: list[Any] = [(), (), (1, 2), (3,), weights(random, shape[3])]
    other = others[int(random.integers(len(others)))]
    first, second = float(random.uniform(0.03, 0.2)), float(random.uniform(0.03, 0.2))
    made = max(first, second) * float(random.uniform(1.0, 1.5))
    if name == "SQUARED_DIFFERENCE":
        made *= 100 * max(first, second)
    elif name == "MUL" and random.random() < 0.4:
        made = first * second * float(random.uniform(0.2, 1.5))
    elif name == "PRELU":
        second, made = second / 127, first * float(random.uniform(0.7, 1.5))
    return models.binary_model(
        name,
        shape,
        other,
        activation="NONE" if name in ("ADD", "SUB", "MUL") else None,
        scales=(first, second, made),
        zero_points=(-128, int(random.integers(-20, 20)), int(random.integers(-20, 20))),
    )


def sums(random: Random) -> bytes:
    return binary(random, "ADD", "ADD", "SUB")


def products(random: Random) -> bytes:
    return binary(random, "MUL")


def others_of_two(random: Random) -> bytes:
    return binary(random, "MAXIMUM", "PRELU", "SQUARED_DIFFERENCE")


def rows(random: Random) -> bytes:
    shape = (int(random.choice([1, 1, 1, 4])), size(random, 2, 1001))
    return models.softmax_model(shape, input_scale=float(random.uniform(0.05, 0.3)))


def other_rows(random: Random) -> bytes:
    shape = (int(random.choice([1, 1, 1, 4])), size(random, 2, 1001))
    return models.fixed_output_model(str(random.choice(["LOG_SOFTMAX", "L2_NORMALIZATION"])), shape)


def table(random: Random) -> bytes:
    shape = image(random)
    if random.random() < 0.5:
        return models.logistic_model(shape)
    return models.unary_model("QUANTIZE", shape, shape, output_scale=0.07)


def padded(random: Random) -> bytes:
    edge = int(random.integers(1, 4))
    shape = few_channels(image(random), random)
    return models.pad_model(shape, [(0, 0), (edge, edge), (edge, edge), (0, 0)])


def moved(random: Random) -> bytes:
    shape = few_channels(image(random), random)
    way = random.random()
    if way < 0.4:
        return models.concatenation_model(shape, [None, 2], 3)
    if way < 0.55:
        places = random.integers(0, shape[3], size(random, 2, 32))
        return one_op(
            "GATHER", [int8(*shape), int32(places)], int8(*shape[:3], len(places)), axis=3
        )
    order = [0, 2, 1, 3] if shape[3] == 1 or random.random() < 0.5 else [0, 3, 1, 2]
    return one_op("TRANSPOSE", [int8(*shape), int32(order)], int8(*(shape[at] for at in order)))


def resized(random: Random) -> bytes:
    shape = few_channels(image(random, 4_000), random)
    larger = [2 * shape[1], 2 * shape[2]]
    name = str(random.choice(["RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"]))
    return one_op(name, [int8(*shape), int32(larger)], int8(1, *larger, shape[3]))


DRAWN = (
    *((convolution, 3), (pointwise, 3), (first, 2), (first_of_stride_1, 2), (spread, 1)),
    *((depthwise_1, 3), (depthwise_2, 2), (depthwise_odd, 3), (depthwise_times, 2), (dense, 2)),
    *(
        (few_pixels, 2),
        (samples_over_time, 3),
        (long_rows, 1),
        (lone_channel, 1),
        (two_channels, 1),
    ),
    *((pool, 6), (mean, 6), (sums, 4), (products, 3), (others_of_two, 6), (rows, 1)),
    *((other_rows, 2), (table, 1), (padded, 2), (moved, 6), (resized, 3)),
)
"""Functions that draw a model of one operator, and how often DRAWS models of each."""

PORTABLE = ((convolution, 1), (depthwise_odd, 1), (dense, 1), (pointwise, 1))
"""The same, by portable kernels: for works that no faster kernel takes."""


def pair(random: Random) -> bytes:
    """A pointwise and a depthwise convolution, which one kernel may compute."""
    depth, out, stride = channels(random), size(random, 2, 64) * 2, int(random.integers(1, 3))
    side = min(size(random, 1, 16) * 4, max(4, int(np.sqrt(MOST_MACS / (depth * out))) // 4 * 4))
    made = -(-side // stride)
    options: dict[str, Any] = {"padding": "SAME", "fused_activation_function": "RELU"}
    options |= {"dilation_h_factor": 1, "dilation_w_factor": 1}
    scale = [0.01] * out
    tensors = [
        models.T("a0", (1, side, side, depth), scale=0.05, zero_point=-128),
        models.T("a1", (1, side, side, out), scale=0.1, zero_point=-128),
        models.T("a2", (1, made, made, out), scale=0.1, zero_point=-128),
        models.T("w0", (out, 1, 1, depth), scale=scale, data=weights(random, out, 1, 1, depth)),
        models.T("w1", (1, 3, 3, out), scale=scale, axis=3, data=weights(random, 1, 3, 3, out)),
    ]
    strides = {"stride_h": stride, "stride_w": stride, "depth_multiplier": 1}
    ops = [
        models.O("CONV_2D", (0, 3), (1,), {**options, "stride_h": 1, "stride_w": 1}),
        models.O("DEPTHWISE_CONV_2D", (1, 4), (2,), {**options, **strides}),
    ]
    return models.build_model(tensors, ops, [0], [2])


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
