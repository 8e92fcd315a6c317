"""Flip bits of a compiled file, one at a time, and count what judgement (a) says of each.

    python tools/npu_mutations.py MODEL VELA_FILE [--data 200] [--registers 200] [--seed 1]

data: bits of the constants (weights, biases, scales, tables). registers: bits of the commands.
A flip is found (or what was proven before is listed as unproven now), or proven harmless: nothing
reads the byte; its weights decode to the same; or the operations that the stream then says are the
same ones. What is neither is missed, and printed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mcuzoo.graph.model import Model
from mcuzoo.graph.read import load_model
from mcuzoo.npu.check.areas import Shared, byte_addresses
from mcuzoo.npu.check.flow import Flow
from mcuzoo.npu.check.judge import judge_exhaustively
from mcuzoo.npu.check.values import Values
from mcuzoo.npu.decode import decode_operations
from mcuzoo.npu.file import NpuOp, VelaFile, read_vela
from mcuzoo.npu.operations import (
    BlockOperation,
    DmaOperation,
    ElementwiseMode,
    FeatureMap,
    PoolMode,
    Scale,
    Wait,
)
from mcuzoo.npu.stream import decode_stream


@dataclass(frozen=True)
class Outcome:
    """place: which bit. verdict: found, harmless or missed. why: the finding, or the proof."""

    place: str
    verdict: str
    why: str


class Mutations:
    """Of the first NPU op of a file."""

    def __init__(self, source: Model, vela: VelaFile) -> None:
        self.source = source
        self.vela = vela
        self.npu_op = vela.npu_ops[0]
        self.values = Values(source)
        clean = judge_exhaustively(source, vela, self.values)
        if clean.findings:
            raise SystemExit(f"The file itself has findings: {clean.findings[0]}")
        self.unproven = clean.unproven
        operations = decode_operations(self.npu_op.stream).operations
        self.meaning = [_meaning(operation) for operation in operations]
        self.used, self.streams = _read_bytes(self.npu_op)

    def data(self, bit: int) -> Outcome:
        constants = bytearray(self.npu_op.constants)
        constants[bit >> 3] ^= 1 << (bit & 7)
        place = f"byte {bit >> 3} of the constants, bit {bit & 7}"
        found = self._judged(replace(self.npu_op, constants=bytes(constants)))
        if found:
            return Outcome(place, "found", found)
        if not self.used[bit >> 3]:
            return Outcome(place, "harmless", "nothing reads the byte")
        if self.streams[bit >> 3]:
            return Outcome(place, "harmless", "all weights decode to the source model's")
        return Outcome(place, "missed", "read, and other than before")

    def register(self, bit: int) -> Outcome:
        payload = bytearray(self.npu_op.payload)
        payload[bit >> 3] ^= 1 << (bit & 7)
        stream = decode_stream(bytes(payload))
        word = bit >> 5
        command = next((one for one in reversed(stream.commands) if one.word <= word), None)
        name = "header" if command is None else command.code.name
        place = f"word {word} ({name}), bit {bit & 31}"
        found = self._judged(replace(self.npu_op, payload=bytes(payload), stream=stream))
        if found:
            return Outcome(place, "found", found)
        after = [_meaning(one) for one in decode_operations(stream).operations]
        if len(after) != len(self.meaning):
            works = [[one for one in part if one[0] != "wait"] for part in (after, self.meaning)]
            if works[0] == works[1]:
                return Outcome(place, "harmless", "waits are judged by rule")
            return Outcome(place, "missed", "other operations")
        changed = [
            (one, other) for one, other in zip(self.meaning, after, strict=True) if one != other
        ]
        if not changed:
            return Outcome(place, "harmless", "the same operations")
        proof = _proof(changed)
        if proof:
            return Outcome(place, "harmless", proof)
        return Outcome(place, "missed", f"{sorted(_fields(changed))}")

    def _judged(self, npu_op: NpuOp) -> str:
        vela = replace(self.vela, npu_ops=(npu_op, *self.vela.npu_ops[1:]))
        found = judge_exhaustively(self.source, vela, self.values).findings
        return (
            f"{found[0].kind}: {found[0].name} {found[0].where}: {found[0].found}" if found else ""
        )


_JUDGED_BY_RULE = {
    "dependency": "BLOCKDEP is judged by rule",
    "input_end": "banks are judged by rule",
    "input2_start": "banks are judged by rule",
    "accumulators": "banks are judged by rule",
    "accumulator": "sums fit either accumulator, banks are judged by rule",
    "outstanding": "waits are judged by rule",
    "block": "the blocks fit, and their weights are in the same order",
}


Meaning = tuple[str, dict[str, Any]]


def _fields(changed: list[tuple[Meaning, Meaning]]) -> set[str]:
    return {
        name
        for (_, one), (_, other) in changed
        for name in one.keys() | other.keys()
        if one.get(name) != other.get(name)
    }


def _proof(changed: list[tuple[Meaning, Meaning]]) -> str:
    """Why operations that differ compute the same; empty if nobody knows."""
    fields = _fields(changed)
    same = all(one[0] == other[0] for one, other in changed)
    if same and fields <= _JUDGED_BY_RULE.keys():
        return "; ".join(sorted({_JUDGED_BY_RULE[name] for name in fields}))
    return ""


def _meaning(operation: Any) -> Meaning:
    """What of an operation matters, without registers that it does not use."""
    if isinstance(operation, Wait):
        return "wait", {"kind": operation.kind, "outstanding": operation.outstanding}
    if isinstance(operation, DmaOperation):
        return "dma", {"source": operation.source, "target": operation.target}
    assert isinstance(operation, BlockOperation)
    found = {
        name: getattr(operation, name)
        for name in operation.__slots__
        if name not in ("word", "parallel")
    }
    for name in ("ifm", "ifm2", "ofm"):
        if found[name] is not None:
            found[name] = _map(found[name])
    found["activation"] = _limits(operation)
    if operation.kind == "ELEMENTWISE":
        found["accumulators"] = found["accumulator"] = None
        if operation.ifm2 is None:
            found["input2_start"] = None
    else:
        found["input2_start"] = found["operand"] = None
        found["operand_scale"] = found["other_scale"] = None
    if not operation.weights:
        found["kernel"] = replace(operation.kernel, part_kernel=False, decompose4=False)
    wide = operation.ifm.element_bytes == 4
    if operation.kind == "ELEMENTWISE" and wide:
        # FITTED_WIDE_MUL, and sums of 32 bits are not scaled first (elementwise.py).
        found["operand"] = found["operand_scale"] = found["other_scale"] = None
        if operation.mode == ElementwiseMode.MUL and operation.output_scale is not None:
            found["output_scale"] = operation.output_scale.shift
    if operation.kind == "POOL" and operation.mode == PoolMode.MAX:
        found["rounding"] = None
        if operation.output_scale == Scale(1, 0):
            found["output_scale"] = None
    return operation.name, found


def _limits(operation: BlockOperation) -> tuple[int, ...] | None:
    """Table, range and limits of an activation, as far as the output has room for them."""
    own, ofm = operation.activation, operation.ofm
    bits = 8 * ofm.element_bytes
    if own.table is not None:
        return own.table, own.clip, own.low, own.high
    if bits == 32:
        return None
    low = -(1 << (bits - 1)) if ofm.signed else 0
    return own.function, max(own.low, low), min(own.high, low + (1 << bits) - 1)


def _map(fm: FeatureMap) -> tuple[Any, ...]:
    addresses = byte_addresses(fm)
    kind = fm.region, fm.element_bytes, fm.signed, fm.zero_point
    return *kind, addresses.shape, addresses.tobytes()


def _read_bytes(npu_op: NpuOp) -> tuple[Any, Any]:
    """Of each byte of the constants: whether it is read at all, and as a part of weights."""
    flow = Flow(npu_op, Shared.of(npu_op.stream.config))
    weights = np.zeros(len(npu_op.constants), np.bool_)
    for number, operation in enumerate(decode_operations(npu_op.stream).operations):
        if isinstance(operation, DmaOperation):
            flow.used, kept = np.zeros_like(flow.used), flow.used
            flow.copy(operation)
            flow.used = kept
        elif isinstance(operation, BlockOperation):
            flow.read(operation, operation.ifm, "")
            if operation.ifm2 is not None:
                flow.read(operation, operation.ifm2, "")
            flow.table(operation)
            kept, flow.used = flow.used, weights
            for part in operation.weights:
                flow.stream(operation, part, "")
            flow.used = kept
            for part in operation.scales:
                flow.stream(operation, part, "")
            flow.write(operation, number)
    return flow.used | weights, weights


def sampled(mutations: Mutations, data: int, registers: int, seed: int) -> Iterator[Outcome]:
    random = np.random.default_rng(seed)
    for bit in random.integers(0, 8 * len(mutations.npu_op.constants), data).tolist():
        yield mutations.data(bit)
    first = mutations.npu_op.stream.commands[0].word
    words = mutations.npu_op.stream.commands[-1].word + 1 - first
    for bit in random.integers(0, 32 * words, registers).tolist():
        yield mutations.register(32 * first + bit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("vela", type=Path)
    parser.add_argument("--data", type=int, default=200)
    parser.add_argument("--registers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    mutations = Mutations(load_model(given.model), read_vela(given.vela))
    counts: Counter[tuple[str, str]] = Counter()
    for done, outcome in enumerate(
        sampled(mutations, given.data, given.registers, given.seed), start=1
    ):
        if done % 50 == 0:
            print(f"{done} flips", file=sys.stderr, flush=True)
        kind = "data" if "constants" in outcome.place else "register"
        counts[kind, outcome.verdict] += 1
        if outcome.verdict == "missed":
            print(f"missed: {outcome.place}: {outcome.why}", flush=True)
        elif outcome.verdict == "harmless":
            counts[kind, "  because " + outcome.why] += 1
    for (kind, verdict), count in sorted(counts.items()):
        print(f"{kind:9} {count:6} {verdict}")


if __name__ == "__main__":
    main()
