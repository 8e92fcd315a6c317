"""Measure what the firmware takes beside a model; prints mcuzoo/plan/place/footprint.toml.

    python benchmarks/footprint.py > footprint.toml

Builds one firmware per kernel for one board, with every compiler that is found at every level of
LEVELS, and one firmware for every board, and keeps the largest of each figure: what a kernel adds
is the largest difference of two firmwares built alike, so that no sum of figures is below what any
way of building gives. Takes some minutes; needs the `test` extra.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

import mcuzoo.plan.place
from mcuzoo.board.load import list_boards
from mcuzoo.board.model import Board
from mcuzoo.codegen.options import ALONE
from mcuzoo.codegen.project import export_project
from mcuzoo.errors import ToolchainError
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.ops.lower import lower
from mcuzoo.plan.arena.fusion import fuse_and_plan
from mcuzoo.plan.place.footprint import receive_ring_bytes
from mcuzoo.plan.place.needs import HALVES
from mcuzoo.project.kinds import OPTIMIZATION, TOOLCHAINS
from mcuzoo.project.manifest import BuildEntry, Manifest
from mcuzoo.project.recipe import Recipe
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.find import Compiler, find_compiler
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.zoo.registry import ModelSource

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from helpers import tflite_builder as models
from helpers.one_op_nets import int8, int32, one_op

STACK_BYTES = 8192
IMAGE = (1, 8, 8, 4)
LEVELS = ("-O0", OPTIMIZATION)
"""Of those that `mcuzoo build` takes, the ones whose code is largest: with gcc and with zig."""
CHAIN = 9
"""Convolutions of the model that shows what one more call costs."""


@dataclass(frozen=True)
class Taken:
    code_bytes: int
    data_bytes: int
    hot_bytes: int


def one_op_models() -> tuple[bytes, ...]:
    """One for each kernel."""
    weights = np.ones((4, 3, 3, 4), dtype=np.int8)
    bias = np.ones(4, dtype=np.int32)
    vector = (1, 16)
    return (
        # Results of many times the output's range, which only the portable kernels take.
        *(
            models.binary_model(
                name,
                IMAGE,
                np.ones(IMAGE, np.int8),
                activation=activation,
                scales=(0.9, 0.9, scale),
            )
            for name, activation, scale in (
                *(("ADD", "NONE", 0.005), ("SUB", "NONE", 0.005)),
                ("SQUARED_DIFFERENCE", None, 1.0),
            )
        ),
        # Halves that no line keeps.
        models.add_model(IMAGE, np.ones(IMAGE, np.int8), scales=(0.05, 0.07, 0.1)),
        models.add_model(IMAGE, np.ones(IMAGE, np.int8), scales=(0.031, 0.0271, 0.0433)),
        models.pool_model("AVERAGE_POOL_2D", IMAGE),
        models.pool_model("AVERAGE_POOL_2D", IMAGE, filter_size=IMAGE[1:3], stride=IMAGE[1:3]),
        models.conv_model(IMAGE, weights, bias),
        # One channel, which only the portable kernel takes.
        models.conv_model(IMAGE, weights[:1], bias[:1]),
        models.conv_model(
            (1, 8, 8, 3),
            weights[..., :3],
            None,
            stride=(2, 2),
            activation="RELU",
            input_zero_point=-128,
            output_zero_point=-128,
        ),
        models.conv_model(IMAGE, weights[:, :1, :1], bias),
        models.depthwise_model(
            (1, 8, 8, 8),
            np.ones((1, 3, 3, 8), dtype=np.int8),
            None,
            activation="RELU",
            input_zero_point=-128,
            output_zero_point=-128,
        ),
        models.depthwise_model(IMAGE, weights[:1, :2, :2], bias),
        # To one pixel, and along a row.
        models.depthwise_model(
            (1, 5, 5, 8), np.ones((1, 5, 5, 8), dtype=np.int8), None, padding="VALID"
        ),
        models.depthwise_model((1, 32, 1, 8), np.ones((1, 3, 1, 8), dtype=np.int8), None),
        # Multipliers of a half and more, which other kernels take, and one of next to nothing.
        models.depthwise_model(IMAGE, weights[:1, :2, :2], bias, output_scale=0.0005),
        models.binary_model("MUL", IMAGE, np.ones(IMAGE, np.int8), scales=(1.0, 1.0, 1.0)),
        models.binary_model("MUL", IMAGE, np.ones(IMAGE, np.int8), scales=(0.001, 0.001, 1.0)),
        models.binary_model("PRELU", IMAGE, np.ones(IMAGE, np.int8), scales=(1.0, 1.0, 0.01)),
        models.fully_connected_model((1, 16), np.ones((4, 16), dtype=np.int8), bias),
        # Many rows of a depth that only the portable kernel takes.
        models.fully_connected_model((3, 15), np.ones((4, 15), dtype=np.int8), bias),
        models.fully_connected_model((1, 64), np.full((4, 64), -128, dtype=np.int8), bias),
        models.conv_model(IMAGE, weights[:1, :1, :1], bias[:1]),
        models.fully_connected_model((1, 128), np.ones((2, 128), dtype=np.int8), bias[:2]),
        models.pool_model("MAX_POOL_2D", IMAGE),
        models.mean_model(IMAGE, [1, 2]),
        models.reduction_model("REDUCE_MAX", IMAGE, [1, 2]),
        *(
            models.binary_model(name, (1, 8, 8, 8), np.ones(8, np.int8), activation=activation)
            for name, activation in (
                *(("SUB", "NONE"), ("MUL", "NONE"), ("PRELU", None), ("MAXIMUM", None)),
                ("SQUARED_DIFFERENCE", None),
            )
        ),
        models.fixed_output_model("LOG_SOFTMAX", vector),
        models.fixed_output_model("L2_NORMALIZATION", vector),
        models.pad_model(IMAGE, [(0, 0), (1, 1), (1, 1), (0, 0)]),
        models.unary_model("QUANTIZE", vector, vector, output_scale=0.1),
        models.softmax_model(vector),
        models.logistic_model(vector),
        one_op("TRANSPOSE", [int8(*IMAGE), int32([0, 3, 2, 1])], int8(1, 4, 8, 8)),
        one_op("GATHER", [int8(*IMAGE), int32([3, 0, 1])], int8(1, 8, 8, 3), axis=3),
        one_op("RESIZE_BILINEAR", [int8(*IMAGE), int32([9, 5])], int8(1, 9, 5, 4)),
        models.build_model(
            [
                int32([1, 16, 16, 4]),
                models.T("weights", weights.shape, scale=0.01, data=weights),
                int8(*IMAGE),
                int8(1, 16, 16, 4),
            ],
            [models.O("TRANSPOSE_CONV", (0, 1, 2), (3,), {"stride_h": 2, "stride_w": 2})],
            [2],
            [3],
        ),
        # A table per channel takes more code than one for all.
        models.binary_model("MUL", IMAGE, np.ones(4, dtype=np.int8), activation="NONE"),
    )


def fused_pair() -> bytes:
    """A pointwise and a depthwise convolution, which one kernel computes."""
    channels = 8
    image = (1, 8, 8, channels)
    options = {
        "padding": "SAME",
        "stride_h": 1,
        "stride_w": 1,
        "dilation_h_factor": 1,
        "dilation_w_factor": 1,
        "fused_activation_function": "RELU",
    }
    ones = np.ones((channels, 1, 1, channels), np.int8), np.ones((1, 3, 3, channels), np.int8)
    scale = [0.01] * channels
    tensors = [
        *(models.T(f"a{step}", image, scale=0.05, zero_point=-128) for step in range(3)),
        models.T("w0", ones[0].shape, scale=scale, data=ones[0]),
        models.T("w1", ones[1].shape, scale=scale, axis=3, data=ones[1]),
    ]
    ops = [
        models.O("CONV_2D", (0, 3), (1,), options),
        models.O("DEPTHWISE_CONV_2D", (1, 4), (2,), options | {"depth_multiplier": 1}),
    ]
    return models.build_model(tensors, ops, [0], [2])


def kernel_of(model: bytes) -> str:
    program = build_program(parse_model(model, "one call"))
    (call,) = fuse_and_plan(program, lower(program))[0]
    return call.kernel


def convolution_chain() -> bytes:
    """CHAIN convolutions, one after the other."""
    image = [models.T(f"a{step}", IMAGE, scale=0.05) for step in range(CHAIN + 1)]
    weights = np.ones((4, 3, 3, 4), dtype=np.int8)
    bias = np.ones(4, dtype=np.int32)
    first = len(image)
    constants = [
        models.T("weights", weights.shape, scale=[0.01] * 4, data=weights),
        models.T("bias", bias.shape, "int32", scale=[0.05 * 0.01] * 4, data=bias),
    ]
    options = {"padding": "SAME", "stride_h": 1, "stride_w": 1}
    options |= {"dilation_h_factor": 1, "dilation_w_factor": 1}
    ops = [
        models.O("CONV_2D", (step, first, first + 1), (step + 1,), options) for step in range(CHAIN)
    ]
    return models.build_model([*image, *constants], ops, [0], [CHAIN])


def taken(manifest: Manifest, entry: BuildEntry, board: Board) -> Taken:
    """Flash behind the boot header less the model's constants; RAM less stack and arena; ITCM."""
    used = {use.region: use.used_bytes for use in entry.regions}
    flash = used[board.flash.region] - board.boot.vector_table_offset
    assert manifest.plan.arena_region == "dtcm"
    return Taken(
        code_bytes=flash - manifest.plan.constant_bytes,
        data_bytes=used["dtcm"] - manifest.plan.stack_bytes - manifest.plan.arena_bytes,
        hot_bytes=used["itcm"],
    )


Way = tuple[str, str, str]
"""Board, compiler and level."""


def measure(
    name: str, model: bytes, compilers: list[Compiler], boards: list[Board]
) -> dict[Way, Taken]:
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / f"{name}.tflite"
        file.write_bytes(model)
        source = ModelSource(name, file, Recipe(crop=0.875))
        for board in boards:
            project = Path(scratch) / board.id
            manifest = export_project(source, board, project, replace(ALONE, weights="flash"))
            for compiler, level in product(compilers, LEVELS):
                entry = build_project(project, BuildOptions(compiler.kind, level))
                way = board.id, compiler.kind, level
                found[way] = taken(manifest, entry, board)
                print(name, *way, found[way], file=sys.stderr, flush=True)
    return found


def more(of: dict[Way, Taken], than: dict[Way, int]) -> int:
    """The most that is added to firmwares built alike."""
    return max(figure.code_bytes - than[way] for way, figure in of.items())


def found_compilers() -> list[Compiler]:
    found = []
    for name in TOOLCHAINS:
        try:
            found.append(find_compiler(name))
        except ToolchainError as error:
            print(f"without {name}: {error.message}", file=sys.stderr)
    return found


def rows_section() -> str:
    """[aot.rows] as it is: it comes from whole models built with and without --stream-input."""
    text = (Path(mcuzoo.plan.place.__path__[0]) / "footprint.toml").read_text(encoding="utf-8")
    return next(part for part in text.split("\n\n") if part.startswith("[aot.rows]"))


def main() -> None:
    compilers = found_compilers()
    named = {kernel_of(model): model for model in (*one_op_models(), fused_pair())}
    boards = list_boards()
    figures = {name: measure(name, model, compilers, boards[-1:]) for name, model in named.items()}
    chain = measure("CHAIN", convolution_chain(), compilers, boards)
    single = {way: one.code_bytes for way, one in figures["mz_conv_2d_s8_dsp"].items()}
    # The smallest kernel counts as part of the base: there is no firmware without any.
    base = {way: min(found[way].code_bytes for found in figures.values()) for way in single}
    elsewhere = [
        base[boards[-1].id, compiler, level]
        + figure.code_bytes
        - chain[boards[-1].id, compiler, level].code_bytes
        for (_, compiler, level), figure in chain.items()
    ]
    kernels = {name: more(found, base) for name, found in figures.items()}
    # The halves of a fused kernel count as well: needs.py.
    for fused, halves in HALVES.items():
        kernels[fused] = max(kernels[fused] - sum(kernels[half] for half in halves), 0)
    longer = {way: chain[way] for way in single}
    call_bytes = -(-more(longer, single) // (CHAIN - 1))
    data_bytes = max(
        one.data_bytes for found in (*figures.values(), chain) for one in found.values()
    )
    hot_bytes = max(
        one.hot_bytes - sum(kernels[part] for part in (name, *HALVES.get(name, ())))
        for name, found in figures.items()
        for one in found.values()
    )
    where = ", ".join(board.id for board in boards)
    levels = ", ".join(LEVELS)
    tools = ", ".join(f"{compiler.kind} {compiler.version}" for compiler in compilers)
    print("# What the firmware takes beside a model and its arena, in bytes.")
    print("# Rendered by benchmarks/footprint.py; measure again when the firmware changes.")
    print("\n[stack]")
    print("# A choice, not a measurement: what the linker script reserves.")
    print(f"bytes = {STACK_BYTES}")
    print("\n[receive]")
    print(
        "# A choice as well: the ring for what arrives while the board works, part of every "
        "data_bytes below."
    )
    print(f"bytes = {receive_ring_bytes()}")
    print("\n[aot]")
    print(f'source = "largest of one-op firmwares for {where} by {tools} at {levels}"')
    print("\n[aot.base]")
    print("# Vector table, start-up, console, link, application; .data and .bss.")
    print(f"code_bytes = {max(elsewhere)}")
    print(f"data_bytes = {data_bytes}")
    print("# Of code_bytes, what an inference goes through: the runtime, and the smallest kernel.")
    print(f"hot_bytes = {hot_bytes}")
    print("# Parameters and call of one more operator, here a CONV_2D.")
    print(f"call_bytes = {call_bytes}")
    print(f"\n{rows_section()}")
    print("\n[aot.kernels]")
    for name, code_bytes in sorted(kernels.items()):
        print(f"{name} = {code_bytes}")


if __name__ == "__main__":
    main()
