"""A profile of one inference on a board, joined with the model: one layer per kernel that ran."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mcuzoo.board.rated import RatesOf
from mcuzoo.budgets import BudgetResult
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import ProtocolError
from mcuzoo.graph.count import count_macs
from mcuzoo.graph.model import Model
from mcuzoo.link.counts import milliseconds
from mcuzoo.link.hello import Hello
from mcuzoo.link.inference import KernelRecord, Profile
from mcuzoo.project.recipe import Recipe
from mcuzoo.timing.cycles import Cycles


@dataclass(frozen=True)
class Layer:
    """The ops `first_op` to `last_op` of the file, computed by one kernel.

    `name` joins the ops' names by "+"; `tensor`, `shape` and `output_bytes` are the last op's
    output. `count` is what the kernel took, in the profile's unit; None when not counted.
    `expected_crc32` is that of the host's output. Either CRC is None when it is not known. macs:
    multiply-accumulates of its ops. output_crc32: that of the board's output. spent: of modelled
    cycles, what for.
    """

    first_op: int
    last_op: int
    name: str
    tensor: str
    shape: tuple[int, ...]
    macs: int
    count: int | None
    output_bytes: int
    output_crc32: int | None
    expected_crc32: int | None
    spent: Cycles | None = None

    @property
    def ops(self) -> str:
        """The op's number, or "3-4"."""
        if self.first_op == self.last_op:
            return str(self.first_op)
        return f"{self.first_op}-{self.last_op}"

    @property
    def per_mac(self) -> float | None:
        return self.count / self.macs if self.count is not None and self.macs else None

    @property
    def equal(self) -> bool | None:
        """Whether the output is the host's, byte for byte; None when that cannot be told."""
        if self.output_crc32 is None or self.expected_crc32 is None:
            return None
        return self.output_crc32 == self.expected_crc32


@dataclass(frozen=True)
class Blame:
    """The layer with the largest possible gain: it took `count`, and `reachable` would be enough.

    `reachable` is its MACs at the rate of the best layer of the same ops, 0 for a layer without
    MACs.
    """

    layer: Layer
    count: int
    reachable: int


@dataclass(frozen=True)
class ModelProfile:
    """One inference, layer by layer.

    `agent` and `unit` are the board's, as link.hello.Hello has them. `total` is the sum of the
    layers' counts and of the runtime's work behind the last one. `output_equal`: whether the
    model's output is the host reference's; None when not compared. recipe, recipe_source: how the
    input was made of a picture, and where that is from; None of noise. budgets: each that was
    given. toolchain, build_id, core_clock_hz: of the firmware and the board. delegate: whose
    arithmetic it is, as Hello has it. rates: of the memories, which modelled cycles go by; None:
    those of the board file.
    """

    model: str
    board: str
    agent: str
    unit: str
    runtime: str
    toolchain: str
    build_id: str
    core_clock_hz: int
    input: str
    total: int | None
    layers: tuple[Layer, ...]
    output_equal: bool | None
    recipe: Recipe | None = None
    recipe_source: str = ""
    budgets: tuple[BudgetResult, ...] = ()
    delegate: str = ""
    rates: RatesOf | None = None

    @property
    def emulated(self) -> bool:
        return self.agent == "emulator"

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    def milliseconds(self, count: int | None) -> float | None:
        """`count` as time; None for instructions, which are none."""
        return milliseconds(count, self.unit, self.core_clock_hz)

    def share(self, layer: Layer) -> float | None:
        return layer.count / self.total if layer.count is not None and self.total else None

    @property
    def first_wrong(self) -> Layer | None:
        return next((layer for layer in self.layers if layer.equal is False), None)

    @property
    def passed(self) -> bool:
        """Whether every layer gave the host's bytes, or need not: a delegate has an arithmetic of
        its own."""
        if self.delegate:
            return True
        return self.first_wrong is None and self.output_equal is not False

    @property
    def accepted(self) -> bool:
        """Whether it passed, and no budget says no."""
        return self.passed and not any(one.fails for one in self.budgets)

    @property
    def verdict(self) -> str:
        """One sentence: whether the layers are right, and which is the first wrong one."""
        wrong = self.first_wrong
        if wrong is not None:
            first = f"{self._named(wrong)} is the first whose output differs{self._unsure(wrong)}"
            if not self.delegate:
                return first
            return f"{first}; {self.delegate} has another arithmetic, so that is no failure"
        if self.output_equal is False:
            return "the output differs from the host's, but that of no layer does"
        compared = sum(layer.equal is not None for layer in self.layers)
        if not compared:
            return "no layer was compared with the host"
        return f"{compared} of {len(self.layers)} layers compared with the host, all byte-equal"

    def _named(self, layer: Layer) -> str:
        return f"op {layer.ops} {layer.name}"

    def _unsure(self, wrong: Layer) -> str:
        """The layers directly before `wrong` that could not be compared and may be the cause."""
        unsure: list[str] = []
        for layer in reversed(self.layers[: self.layers.index(wrong)]):
            if layer.equal is not None:
                break
            unsure.insert(0, self._named(layer))
        return f" ({', '.join(unsure)} before it cannot be compared)" if unsure else ""

    @property
    def blame(self) -> Blame | None:
        """The layer with the most to gain; None when nothing was counted."""
        best = _best_rates(self.layers)
        found = [
            Blame(layer, layer.count, round(layer.macs * best.get(layer.name, 0.0)))
            for layer in self.layers
            if layer.count is not None
        ]
        return max(found, key=lambda blame: blame.count - blame.reachable, default=None)


def _best_rates(layers: Iterable[Layer]) -> dict[str, float]:
    """The lowest count per MAC of each kind of layer."""
    best: dict[str, float] = {}
    for layer in layers:
        rate = layer.per_mac
        if rate is not None:
            best[layer.name] = min(rate, best.get(layer.name, rate))
    return best


class ProfilingSession(Protocol):
    """The methods of a link session that a profile uses; `mcuzoo.link.session.Session` is one."""

    def hello(self) -> Hello: ...

    def profile(self, image_id: int, tensor: NDArray[np.int8]) -> Profile: ...


def profile_model(
    session: ProfilingSession,
    model: Model,
    tensor: NDArray[np.int8],
    engine: ReferenceEngine | None,
    *,
    image_id: int = 0,
    name: str | None = None,
    input_name: str = "",
) -> ModelProfile:
    """Run `tensor`, int8 of the input's size, on a board that holds `model`.

    `engine` is that of the same model; None compares nothing. `name` and `input_name` are the names
    of model and input for the reader. Raises what the session raises, and ProtocolError when the
    records are not of this model.
    """
    profile = session.profile(image_id, tensor)
    hello = session.hello()
    crcs: dict[tuple[int, int], int] = {}
    output_equal = None
    if engine is not None:
        outputs = engine.run_ops(tensor)
        smaller = engine.without_constant_channels()
        made = [outputs] if smaller is None else [outputs, smaller.run_ops(tensor)]
        crcs = {
            (op, output.size): zlib.crc32(output.tobytes())
            for each in made
            for op, output in each.items()
        }
        output_equal = np.array_equal(profile.inference.output, outputs[engine.output_op].ravel())
    return ModelProfile(
        model=model.name if name is None else name,
        board=hello.board,
        agent=hello.agent,
        unit=hello.count_unit,
        runtime=hello.runtime,
        toolchain=hello.toolchain,
        build_id=hello.build_id,
        core_clock_hz=hello.core_clock_hz,
        input=input_name,
        total=profile.inference.cycles,
        layers=tuple(_layer(model, record, crcs) for record in profile.records),
        output_equal=output_equal,
        delegate=hello.delegate,
    )


def _layer(model: Model, record: KernelRecord, crcs: dict[tuple[int, int], int]) -> Layer:
    if not record.first_op <= record.last_op < len(model.ops):
        raise ProtocolError(
            f"The board profiled ops {record.first_op} to {record.last_op} of a model of "
            f"{len(model.ops)}.",
            "The firmware is not sound: export, build and flash it again.",
        )
    ops = model.ops[record.first_op : record.last_op + 1]
    output = model.tensor(ops[-1].outputs[0])
    known = {size for op, size in crcs if op == record.last_op} | {0, output.bytes}
    if record.output_bytes not in known and (crcs or record.output_bytes > output.bytes):
        raise ProtocolError(
            f"The board's output of op {record.last_op} {ops[-1].name} has {record.output_bytes} "
            f"bytes, the model's has {output.bytes}.",
            "The firmware is not sound: export, build and flash it again.",
        )
    return Layer(
        first_op=record.first_op,
        last_op=record.last_op,
        name="+".join(op.name for op in ops),
        tensor=output.name,
        shape=output.shape,
        macs=sum(count_macs(model, op) for op in ops),
        count=record.cycles,
        output_bytes=record.output_bytes,
        output_crc32=record.output_crc32,
        expected_crc32=crcs.get((record.last_op, record.output_bytes)),
    )
