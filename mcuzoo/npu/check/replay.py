"""Judgement without images: the stream is run on drawn values, and each operation recognized.

An operation is recognized by what it computes: it gives, for drawn inputs, what one operator of the
source model gives for the same. Its weights and scales are then compared with that operator's, one
by one, and its output is replaced by values that are drawn anew. So every operation is judged by
itself, and what a later one reads shows whether the right bytes lie where it reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Model, Op, Tensor
from mcuzoo.npu.check.areas import Shared
from mcuzoo.npu.check.blocks import block_faults
from mcuzoo.npu.check.constants import (
    Difference,
    Weights,
    same_weights,
    scale_differences,
    source_weights,
    weight_differences,
)
from mcuzoo.npu.check.flow import INPUT, AddressFault, Flow, writers
from mcuzoo.npu.check.recognize import Recognized, Recognizer
from mcuzoo.npu.check.tables import operand_differences, table_differences
from mcuzoo.npu.check.values import PROBES, WEIGHTED, Arrays, Values
from mcuzoo.npu.check.waits import WaitCheck, WaitFault
from mcuzoo.npu.file import CONSTANTS, FAST_SCRATCH, SCRATCH, NpuOp, Place
from mcuzoo.npu.findings import Finding, Kind
from mcuzoo.npu.interpreter import Broken, Interpreter
from mcuzoo.npu.memory import Memory, OutsideError
from mcuzoo.npu.operations import BlockOperation, DmaOperation, ElementwiseMode, Range, Wait
from mcuzoo.npu.scales import Scales

_ALIKE = {
    "CONV": WEIGHTED | {"RELU", "RELU6"},
    "DEPTHWISE": WEIGHTED | {"MEAN", "RELU", "RELU6"},
    "POOL": frozenset(("AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN", "QUANTIZE")),
    "ADD": frozenset(("ADD",)),
    "SUB": frozenset(("SUB",)),
    "MUL": frozenset(("MUL",)),
}
"""Which operators of the source model an operation can be taken for whose values are partly wrong;
any other may well be a part of something longer."""


@dataclass
class Progress:
    """done: operators of the source model that are computed somewhere. weights, scales: how many
    were compared. compared: of each weighted operator the output channels whose constants were."""

    done: set[int] = field(default_factory=set)
    weights: int = 0
    scales: int = 0
    compared: dict[int, set[int]] = field(default_factory=dict)


class Replay:
    """One NPU op. `found`: findings, each with the place of its operation."""

    def __init__(
        self, npu_op: NpuOp, source: Model, values: Values, progress: Progress, names: Names
    ) -> None:
        self.npu_op = npu_op
        self.source = source
        self.values = values
        self.progress = progress
        self.names = names
        self.recognizer = Recognizer(values)
        self.interpreter = Interpreter(npu_op)
        self.shared = Shared.of(npu_op.stream.config)
        self.flow = Flow(npu_op, self.shared)
        self.waits = WaitCheck(npu_op.stream.config)
        self.found: list[tuple[int, Finding]] = []
        self.unproven: list[str] = []
        self.layers: dict[int, Op] = {}
        """The operator that the operation at this word does."""
        self._origins: dict[int, frozenset[int]] = {}
        """Of each operation, by its number: the tensors that its output is, or is computed of."""
        self._loose: list[tuple[BlockOperation, frozenset[int]]] = []
        """Operations that are part of something longer."""
        self._memories: list[Memory] = []
        self._constant: tuple[Weights, Scales | None] | None = None
        """Weights and scales of the operation at hand."""

    def run(self) -> None:
        self._memories = [self._memory(probe) for probe in range(PROBES)]
        for number, operation in enumerate(self.interpreter.operations):
            self.waits.take(operation)
            if isinstance(operation, DmaOperation):
                if self.flow.copy(operation):
                    for memory in self._memories:
                        memory.copy(operation)
            elif not isinstance(operation, Wait):
                self._block(number, operation)
        self._name_copies()
        for fault in self.flow.faults:
            self._fault("address", fault)
        for wait in self.waits.faults:
            self._fault("wait", wait)
        for place in self.npu_op.outputs:
            self._output(place)

    def _memory(self, probe: int) -> Memory:
        npu_op, random = self.npu_op, np.random.default_rng(probe)
        regions = {CONSTANTS: np.frombuffer(npu_op.constants, np.uint8).copy()}
        for region, size in ((SCRATCH, npu_op.scratch_bytes), (FAST_SCRATCH, npu_op.fast_bytes)):
            regions[region] = random.integers(0, 256, size).astype(np.uint8)
        memory = Memory(regions, self.interpreter.shram_bytes)
        for number, place in enumerate(npu_op.inputs):
            tensor = self.names.source(place.tensor)
            if tensor is None:
                continue
            self._origins[INPUT + number] = frozenset((tensor,))
            drawn = self.values.draw(tensor)[probe]
            data = np.ascontiguousarray(self.values.bytes_of(tensor, drawn)).view(np.uint8)
            if 0 <= place.offset <= npu_op.scratch_bytes - data.size:
                memory.bytes(Range(SCRATCH, place.offset, data.size))[:] = data.reshape(-1)
        return memory

    def _block(self, number: int, operation: BlockOperation) -> None:
        maps = [operation.ifm, *([operation.ifm2] if operation.ifm2 is not None else [])]
        marks = [self.flow.read(operation, fm, "The input") for fm in maps]
        table = self.flow.table(operation)
        operands = [
            self._memories[0].read(fm)
            for fm, one in zip(maps, marks, strict=True)
            if one is not None and bool((one > 0).all())
        ]
        streams = [
            self.flow.stream(operation, part, what)
            for what, parts in (("Weights", operation.weights), ("Scales", operation.scales))
            for part in parts
            if part.length
        ]
        sources: frozenset[int] = frozenset().union(
            *(
                self._origins.get(writer, frozenset())
                for one in marks
                if one is not None
                for writer in writers(one)
            )
        )
        for expected, found_banks in block_faults(operation, self.npu_op.stream.config):
            self._add(operation, self._next(sources), "address", "", expected, found_banks)
        self._constant = self._decoded(operation)
        made = self._made(operation, sources)
        found = bare = None
        if made is not None:
            found = self.recognizer.exact(sources, made)
            if found is None:
                bare = self.recognizer.before_activation(sources, made)
            if found is None and bare is None:
                found = self._recognize(operation, sources, made)
        written = self.flow.write(operation, number)
        self._origins[number] = sources
        if found is None and made is None:
            found = self.recognizer.assumed(sources, operation.ofm.shape)
        if bare is not None:
            self.layers[operation.word] = self._layer(operation, bare)
            if None not in streams:
                self._constants(operation, bare, table, operands, exact=True)
            self._loose.append((operation, sources))
            return
        if found is None:
            self._loose.append((operation, sources))
            if operation.weights:
                self.unproven.append(
                    f"Word {operation.word}: the weights of a {operation.name} that does no whole "
                    "operator were judged by what they compute, not one by one."
                )
            self._loose_constants(operation, sources, table, operands)
            return
        moved = self.recognizer.moves(found.tensor)
        self._origins[number] = (sources if moved else frozenset()) | {found.tensor}
        self.layers[operation.word] = self._layer(operation, found)
        self.progress.done.update(op.index for op in found.chain)
        if made is not None and None not in streams:
            self._constants(operation, found, table, operands)
        drawn = self.recognizer.take(found)
        if written:
            for memory, values in zip(self._memories, drawn, strict=True):
                memory.write(operation.ofm, values)

    def _decoded(self, operation: BlockOperation) -> tuple[Weights, Scales | None] | None:
        """Of a convolution, before it can write over them; None if they cannot be decoded, which
        running it will tell."""
        if not operation.weights:
            return None
        memory = self._memories[0]
        try:
            return (
                self.interpreter.weights(memory, operation),
                self.interpreter.scales(memory, operation),
            )
        except (Broken, OutsideError):
            return None

    def _made(self, operation: BlockOperation, sources: frozenset[int]) -> Arrays | None:
        """What the operation gives in each probe."""
        made: Arrays = []
        try:
            for memory in self._memories:
                values = self.interpreter.step(memory, operation)
                if values is not None:
                    made.append(values)
        except Broken as broken:
            layer = self._next(sources)
            self._add(operation, layer, broken.kind, "", "what the NPU can do", broken.what)
            report = broken.report_to
            word, finding = self.found[-1]
            self.found[-1] = word, replace(finding, report_to=report)
            return None
        return made

    def _recognize(
        self, operation: BlockOperation, sources: frozenset[int], made: Arrays
    ) -> Recognized | None:
        """Where the values are not right."""
        alike = ElementwiseMode(operation.mode).name if operation.kind == "ELEMENTWISE" else ""
        names = _ALIKE.get(alike or operation.kind, frozenset())
        found = self.recognizer.nearest(sources, made, names)
        if found is None and operation.kind in ("CONV", "DEPTHWISE"):
            found = self._by_weights(operation, sources)
        return found

    def _by_weights(self, operation: BlockOperation, sources: frozenset[int]) -> Recognized | None:
        """For a convolution whose outputs are all wrong."""
        found = self.recognizer.assumed(sources, operation.ofm.shape)
        if found is None:
            return None
        weighted = [op for op in found.chain if op.name in WEIGHTED]
        if len(weighted) != 1:
            return None
        own = source_weights(self.values.model, weighted[0])
        if own is None or self._constant is None:
            return None
        decoded, _ = self._constant
        first = found.window.start[2]
        same = same_weights(decoded, own[first : first + len(decoded)])
        return found if same is not None and same.mean() > 0.5 else None

    def _layer(self, operation: BlockOperation, found: Recognized) -> Op:
        if operation.kind in ("CONV", "DEPTHWISE"):
            for op in found.chain:
                if op.name in WEIGHTED:
                    return op
        return found.chain[0]

    def _constants(
        self,
        operation: BlockOperation,
        found: Recognized,
        table: bytes | None,
        operands: list[NDArray[Any]],
        exact: bool = False,
    ) -> None:
        """`exact`: the values are known to be right."""
        differences: list[Difference] = []
        layer = self.layers[operation.word]
        if operation.kind in ("CONV", "DEPTHWISE"):
            differences += self._weighted(operation, found, layer)
        if table is not None:
            differences += table_differences(table, self.values, found.chain)
        differences += operand_differences(operands, self.values, found.chain)
        for one in differences:
            self._add(operation, layer, one.kind, one.where, one.expected, one.found)
        wrong = found.window.wrong
        if not exact and not differences and (wrong or not self._right(operation, found)):
            count = PROBES * int(np.prod(operation.ofm.shape))
            what = f"{wrong or 'most'} of {count:,} are not"
            self._add(
                operation,
                layer,
                "arithmetic",
                "outputs for drawn inputs",
                "those of the source model",
                what,
            )

    def _right(self, operation: BlockOperation, found: Recognized) -> bool:
        expected = self.recognizer.expected(found)
        if expected is None:
            return True
        memories = zip(self._memories, expected, strict=True)
        return all(
            np.array_equal(memory.read(operation.ofm), values) for memory, values in memories
        )

    def _weighted(
        self, operation: BlockOperation, found: Recognized, layer: Op
    ) -> list[Difference]:
        if self._constant is None:
            return []
        decoded, scales = self._constant
        model = self.values.model
        own = source_weights(model, layer) if layer.name in WEIGHTED else None
        if own is None:
            parts = [decoded]
            if scales is not None:
                parts += [scales.bias, scales.multiplier, scales.shift, scales.unused]
            if any(len(np.unique(part)) > 1 for part in parts):
                self.unproven.append(
                    f"Word {operation.word}: weights that Vela made for {layer.index} {layer.name} "
                    "were judged by what they compute, not one by one."
                )
            return []
        first = 0 if found.window.flat else found.window.start[2]
        if len(decoded) == len(own):
            first = 0
        part = own[first : first + len(decoded)]
        differences = list(weight_differences(decoded, part, first))
        if scales is not None:
            after = found.chain[: found.chain.index(layer) + 1]
            outputs = tuple(op.outputs[0] for op in reversed(after))
            differences += scale_differences(scales, model, layer, outputs, first)
        compared = self.progress.compared.setdefault(layer.index, set())
        fresh = set(range(first, first + len(decoded))) - compared
        compared |= fresh
        self.progress.weights += len(fresh) * int(np.prod(own.shape[1:]))
        self.progress.scales += len(fresh) if scales is not None else 0
        return differences

    def _loose_constants(
        self,
        operation: BlockOperation,
        sources: frozenset[int],
        table: bytes | None,
        operands: list[NDArray[Any]],
    ) -> None:
        following = self.recognizer.following(sources)
        differences = list(operand_differences(operands, self.values, following))
        if table is not None:
            differences += table_differences(table, self.values, following)
        for one in differences:
            self._add(operation, following[0], one.kind, one.where, one.expected, one.found)

    def _next(self, sources: Iterable[int]) -> Op | None:
        """The operator that comes next for these tensors."""
        waiting = [
            op
            for tensor in sources
            for op in self.values.readers.get(tensor, ())
            if not all(self.recognizer.complete(one) for one in op.outputs)
        ]
        return min(waiting, key=lambda op: op.index, default=None)

    def _name_copies(self) -> None:
        """A copy belongs to the operation behind it."""
        layer: Op | None = None
        for operation in reversed(self.interpreter.operations):
            if operation.word in self.layers:
                layer = self.layers[operation.word]
            elif layer is not None:
                self.layers[operation.word] = layer

    def _output(self, place: Place) -> None:
        tensor = self.names.source(place.tensor)
        if tensor is None:
            self.unproven.append(f"No tensor of the source model is called {place.tensor.name!r}.")
            return
        last = self.npu_op.stream.words
        value = self.values.value(tensor)
        if value is not None and not self._given(tensor) and not self._holds(place, value):
            value = None
        if value is None:
            for operation, sources in self._loose:
                layer = self._next(sources)
                if layer is not None:
                    what = f"no operation gives it; {operation.name} begins what should"
                    self._add(
                        operation, layer, "arithmetic", "output", "that of the source model", what
                    )
                    return
            first = next(
                (op for op in self.values.model.ops if op.index not in self.progress.done), None
            )
            self.found.append(
                (
                    last,
                    self._finding(
                        None,
                        first,
                        "arithmetic",
                        "output",
                        f"tensor {place.tensor.name!r}",
                        "nothing computes it",
                    ),
                )
            )
            return
        if not self._holds(place, value):
            layer = self.values.writer.get(tensor)
            self.found.append(
                (
                    last,
                    self._finding(
                        None,
                        layer,
                        "address",
                        f"output {place.tensor.name!r}",
                        "what was computed",
                        "other bytes lie there at the end",
                    ),
                )
            )
            return

    def _holds(self, place: Place, value: Arrays) -> bool:
        """Whether these values lie there at the end."""
        tensor = self.names.source(place.tensor)
        for memory, own in zip(self._memories, value, strict=True):
            data = self.values.bytes_of(tensor or 0, own)
            raw = np.ascontiguousarray(data).view(np.uint8).reshape(-1)
            if not np.array_equal(memory.bytes(Range(SCRATCH, place.offset, raw.size)), raw):
                return False
        return True

    def _given(self, tensor: int) -> bool:
        """Whether all that it takes was computed: it was given, or is what was given, renamed."""
        while tensor not in self.values.given:
            op = self.values.writer.get(tensor)
            if op is None or op.name not in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"):
                return False
            self.progress.done.add(op.index)
            tensor = op.inputs[0]
        return self.recognizer.complete(tensor) or tensor not in self.values.writer

    def _fault(self, kind: Kind, fault: AddressFault | WaitFault) -> None:
        layer = self.layers.get(fault.operation.word)
        self._add(fault.operation, layer, kind, "", fault.expected, fault.found)

    def _add(
        self,
        operation: BlockOperation | DmaOperation,
        layer: Op | None,
        kind: Kind,
        where: str,
        expected: str,
        found: str,
    ) -> None:
        self.found.append(
            (operation.word, self._finding(operation, layer, kind, where, expected, found))
        )

    def _finding(
        self,
        operation: BlockOperation | DmaOperation | None,
        layer: Op | None,
        kind: Kind,
        where: str,
        expected: str,
        found: str,
    ) -> Finding:
        place = f"ethos-u op {self.npu_op.op.index}"
        if operation is not None:
            place += f", word {operation.word} {operation.name}"
        return Finding(
            judgement="exhaustive",
            layer=None if layer is None else layer.index,
            operator="" if layer is None else layer.name,
            kind=kind,
            where=f"{place}: {where}" if where else place,
            expected=expected,
            found=found,
        )


class Names:
    """Tensors of the compiled file as those of the source model: by name, at the ends by place."""

    def __init__(self, source: Model, compiled: Model) -> None:
        self._source = source
        self._by_name: dict[str, list[Tensor]] = {}
        for tensor in source.tensors:
            self._by_name.setdefault(tensor.name, []).append(tensor)
        self._ends = dict(zip(compiled.inputs, source.inputs, strict=False))
        self._ends.update(zip(compiled.outputs, source.outputs, strict=False))

    def source(self, tensor: Tensor) -> int | None:
        if tensor.index in self._ends:
            return self._ends[tensor.index]
        fitting = [
            one
            for one in self._by_name.get(tensor.name, ())
            if one.elements == tensor.elements and one.dtype is tensor.dtype
        ]
        return fitting[0].index if len(fitting) == 1 else None
