"""Judgement without images: the stream is run on drawn values, and each operation recognized.

An operation is recognized by what it computes: it gives, for drawn inputs, what one operator of the
source model gives for the same. Its weights and scales are then compared with that operator's, one
by one, and its output is replaced by values that are drawn anew. So every operation is judged by
itself, and what a later one reads shows whether the right bytes lie where it reads.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mcuzoo.graph.model import Op
from mcuzoo.npu.check.areas import Shared
from mcuzoo.npu.check.blocks import block_faults
from mcuzoo.npu.check.compare import Comparison, Held, held, layer_of
from mcuzoo.npu.check.flow import INPUT, AddressFault, Flow, writers
from mcuzoo.npu.check.names import Names
from mcuzoo.npu.check.notes import Notes, Progress
from mcuzoo.npu.check.recognize import Recognized, Recognizer
from mcuzoo.npu.check.values import PROBES, RENAMES, WEIGHTED, Arrays, Values
from mcuzoo.npu.check.waits import WaitCheck, WaitFault
from mcuzoo.npu.file import CONSTANTS, FAST_SCRATCH, SCRATCH, NpuOp, Place
from mcuzoo.npu.findings import TO_MCUZOO, Kind
from mcuzoo.npu.interpreter import MOST_PRODUCTS, Broken, Interpreter, products_of
from mcuzoo.npu.memory import Memory, OutsideError
from mcuzoo.npu.operations import BlockOperation, ElementwiseMode, Range, Wait

MOST_BYTES = 128 * 2**20
"""Of all memories of an NPU op; more are not judged."""

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


class Replay:
    """One NPU op. notes: what was found."""

    def __init__(self, npu_op: NpuOp, values: Values, progress: Progress, names: Names) -> None:
        self.npu_op = npu_op
        self.values = values
        self.progress = progress
        self.names = names
        self.notes = Notes(npu_op.op.index, npu_op.stream.words)
        self.recognizer = Recognizer(values)
        self.comparison = Comparison(values, progress, self.notes)
        self.interpreter = Interpreter(npu_op)
        self.shared = Shared.of(npu_op.stream.config)
        self.flow = Flow(npu_op, self.shared)
        self.waits = WaitCheck(npu_op.stream.config)
        self.layers: dict[int, Op] = {}
        """The operator that the operation at this word does."""
        self._origins: dict[int, frozenset[int]] = {}
        """Of each operation, by its number: the tensors that its output is, or is computed of."""
        self._loose: dict[int, tuple[BlockOperation, frozenset[int]]] = {}
        """Operations that are part of something longer, by their numbers, and what they read."""
        self._memories: list[Memory] = []

    def run(self) -> None:
        self._memories = [self._memory(probe) for probe in range(PROBES)]
        if self._steps():
            for place in self.npu_op.outputs:
                self._output(place)
        self._name_copies()
        for fault in self.flow.faults:
            self._fault("address", fault)
        for wait in self.waits.faults:
            self._fault("wait", wait)

    def _steps(self) -> bool:
        """Take all operations; False if they are too much work."""
        products = 0
        for number, operation in enumerate(self.interpreter.operations):
            self.waits.take(operation)
            if isinstance(operation, Wait):
                continue
            try:
                products += products_of(operation)
            except Broken as broken:
                words = "what an NPU is asked for", broken.what
                self.notes.add(operation, None, broken.kind, "", words, broken.report_to)
                return False
            if products > MOST_PRODUCTS:
                words = f"{MOST_PRODUCTS} products at most", "more"
                self.notes.add(operation, None, "file", "", words, TO_MCUZOO)
                return False
            if isinstance(operation, BlockOperation):
                self._block(number, operation)
            elif self.flow.copy(operation):
                for memory in self._memories:
                    memory.copy(operation)
        return True

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
        own, sources, sound, of_parts = self._inputs(operation)
        self._origins[number] = sources
        for words in block_faults(operation, self.npu_op.stream.config):
            self.notes.add(operation, self._next(sources), "address", "", words)
        made = self._made(operation, sources)
        found = bare = None
        if made is None:
            found = self.recognizer.assumed(sources, operation.ofm.shape)
        elif self.comparison.interleaved(own, self.recognizer.following(sources)) is None:
            found = self.recognizer.exact(sources, made, of_parts and not operation.weights)
            if found is None:
                bare = self.recognizer.before_activation(sources, made)
            if found is None and bare is None:
                found = self._wrong(operation, own, sources, made)
        written = self.flow.write(operation, number)
        if found is None:
            self._loose[number] = operation, sources
            if bare is None:
                following = self.recognizer.following(sources)
                if not self.recognizer.together(sources):
                    words = "parts of tensors that an operator takes", "others among them"
                    self.notes.add(operation, self._next(sources), "address", "input", words)
                self.comparison.loose(operation, own, following)
            elif sound:
                self.layers[operation.word] = layer_of(operation, bare)
                self.comparison.whole(operation, own, bare)
            return
        self.layers[operation.word] = layer_of(operation, found)
        self.progress.done.update(op.index for op in found.chain)
        if made is not None and sound and self.comparison.whole(operation, own, found):
            self._require_right(operation, found, made)
        moved = self.recognizer.moves(found.tensor)
        self._origins[number] = (sources if moved else frozenset()) | {found.tensor}
        drawn = self.recognizer.take(found)
        if written:
            for memory, values in zip(self._memories, drawn, strict=True):
                memory.write(operation.ofm, values)

    def _inputs(self, operation: BlockOperation) -> tuple[Held, frozenset[int], bool, bool]:
        """Its constants, the tensors that it reads, whether weights and scales are where they
        should be, and whether it reads what is only a part of something longer."""
        maps = [operation.ifm, *([operation.ifm2] if operation.ifm2 is not None else [])]
        marks = [self.flow.read(operation, fm, "The input") for fm in maps]
        table = self.flow.table(operation)
        streams = [
            self.flow.stream(operation, part, what)
            for what, parts in (("Weights", operation.weights), ("Scales", operation.scales))
            for part in parts
            if part.length
        ]
        sources: set[int] = set()
        of_parts = False
        operands = []
        for fm, one in zip(maps, marks, strict=True):
            if one is None:
                continue
            for writer in writers(one):
                sources |= self._origins.get(writer, frozenset())
                of_parts |= writer in self._loose
            if bool((one > 0).all()):
                operands.append(self._memories[0].read(fm))
        own = held(self.interpreter, self._memories[0], operation, table, operands)
        return own, frozenset(sources), None not in streams, of_parts

    def _made(self, operation: BlockOperation, sources: frozenset[int]) -> Arrays | None:
        """What the operation gives in each probe."""
        made: Arrays = []
        try:
            for memory in self._memories:
                values = self.interpreter.step(memory, operation)
                if values is not None:
                    made.append(values)
        except Broken as broken:
            layer, words = self._next(sources), ("what the NPU can do", broken.what)
            self.notes.add(operation, layer, broken.kind, "", words, broken.report_to)
            return None
        return made

    def _wrong(
        self, operation: BlockOperation, own: Held, sources: frozenset[int], made: Arrays
    ) -> Recognized | None:
        """What the operation should be whose values are not right."""
        alike = ElementwiseMode(operation.mode).name if operation.kind == "ELEMENTWISE" else ""
        names = _ALIKE.get(alike or operation.kind, frozenset())
        found = self.recognizer.nearest(sources, made, names)
        if found is None and operation.weights:
            found = self.recognizer.assumed(sources, operation.ofm.shape)
            if found is not None and not self.comparison.likely(own, found):
                return None
        return found

    def _require_right(self, operation: BlockOperation, found: Recognized, made: Arrays) -> None:
        expected = self.recognizer.expected(found)
        if expected is None:
            return
        wrong = sum(
            int(np.count_nonzero(one != other)) for one, other in zip(made, expected, strict=True)
        )
        if wrong:
            count = PROBES * made[0].size
            words = "those of the source model", f"{wrong:,} of {count:,} are not"
            layer = self.layers[operation.word]
            self.notes.add(operation, layer, "arithmetic", "outputs for drawn inputs", words)

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
        """Whether an output of the NPU op lies where the file says, at the end."""
        tensor = self.names.source(place.tensor)
        if tensor is None:
            self.notes.unproven.append(
                f"No tensor of the source model is called {place.tensor.name!r}."
            )
            return
        value = self.values.value(tensor)
        if value is not None and self._holds(place, tensor, value):
            if tensor not in self.values.given:
                self.progress.done.update(op.index for op in self.recognizer.chain(tensor))
            return
        if value is not None and self._given(tensor):
            words = "what was computed", "other bytes lie there at the end"
            layer = self.values.writer.get(tensor)
            self.notes.add(None, layer, "address", f"output {place.tensor.name!r}", words)
            return
        for operation, sources in self._loose.values():
            layer = self._next(sources)
            if layer is not None:
                what = f"no operation gives it; {operation.name} begins what should"
                words = "that of the source model", what
                self.notes.add(operation, layer, "arithmetic", "output", words)
                return
        ops = self.values.model.ops
        first = next((op for op in ops if op.index not in self.progress.done), None)
        words = f"tensor {place.tensor.name!r}", "nothing computes it"
        self.notes.add(None, first, "arithmetic", "output", words)

    def _holds(self, place: Place, tensor: int, value: Arrays) -> bool:
        """Whether these values lie there."""
        for memory, own in zip(self._memories, value, strict=True):
            raw = np.ascontiguousarray(self.values.bytes_of(tensor, own)).view(np.uint8)
            try:
                found = memory.bytes(Range(SCRATCH, place.offset, raw.size))
            except OutsideError:
                return False
            if not np.array_equal(found, raw.reshape(-1)):
                return False
        return True

    def _given(self, tensor: int) -> bool:
        """Whether all that it takes was computed: it was given, or is what was given, renamed."""
        while tensor not in self.values.given:
            op = self.values.writer.get(tensor)
            if op is None or op.name not in RENAMES:
                return False
            self.progress.done.add(op.index)
            tensor = op.inputs[0]
        return self.recognizer.complete(tensor) or tensor not in self.values.writer

    def _fault(self, kind: Kind, fault: AddressFault | WaitFault) -> None:
        layer = self.layers.get(fault.operation.word)
        self.notes.add(fault.operation, layer, kind, "", (fault.expected, fault.found))
