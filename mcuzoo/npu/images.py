"""Judge a compiled file with images: layer by layer against the reference of its source model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.engine import model_input
from mcuzoo.errors import ModelError
from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.npu.compiled import CompiledModel, Execution
from mcuzoo.npu.file import VelaFile
from mcuzoo.npu.findings import Counts, Finding, Judged
from mcuzoo.npu.integers import SourceEngine
from mcuzoo.npu.match import Difference, Placement, difference, find, holds, is_telling, nearest

_NEXT_LAYERS = 3
"""So many operators Vela may compute as one."""

_SEARCHED_IMAGES = 3
"""An output that none of the first images has is looked for no longer."""

_MOST_PLACEMENTS = 4


@dataclass(frozen=True)
class Picture:
    """An image for the judgement. name: of its file. input: int8, as the reference takes it."""

    name: str
    input: NDArray[np.int8]


class Watcher(Protocol):
    """Is told of each image that was judged."""

    def image(self, name: str, equal: bool) -> None:
        """equal: whether the file's outputs are those of the reference."""


@dataclass
class _Layer:
    """One operator of the source model. op: as it stands there. placements: ways in which blocks
    make up its output, as far as they were found."""

    op: Op
    placements: list[Placement] = field(default_factory=list)


@dataclass(frozen=True)
class _Result:
    """One image. picture: the image. unseen: layers whose output no block has, each with the
    difference to the nearest one, if there is one. equal: whether the file's output is right. end:
    what of it is not. used: the blocks that make up outputs. telling: layers whose output was seen
    by values that are no coincidence. values: how many were seen.
    """

    picture: Picture
    unseen: dict[int, tuple[str, Difference] | None]
    equal: bool
    end: Difference | None
    used: frozenset[int]
    telling: frozenset[int]
    values: int


def judge_images(
    source: Model, file: VelaFile, pictures: Iterable[Picture], watcher: Watcher | None = None
) -> Judged:
    """Run each picture through the file and compare all outputs with the source model's reference.

    Raises UnsupportedOpError if the reference does not run the source model, ModelError if the
    file cannot be of it.
    """
    judge = _Judge(source, file)
    for picture in pictures:
        result = judge.run(picture)
        if watcher is not None:
            watcher.image(picture.name, result is not None and result.equal)
        if result is None:
            break
    return judge.judged()


class _Judge:
    def __init__(self, source: Model, file: VelaFile) -> None:
        self.engine = SourceEngine(source)
        require_same_ends(source, file)
        self.file = file
        self.compiled = CompiledModel(file)
        self.output = self.engine.output_op
        self.layers: dict[int, _Layer] = {}
        self.results: list[_Result] = []
        self.telling: set[int] = set()
        self.broken: Finding | None = None
        self.counts = Counts()

    def run(self, picture: Picture) -> _Result | None:
        """None if the file could not be run to its end."""
        result = self._examined(picture)
        if result is not None:
            self.results.append(result)
            self.counts += Counts(images=1, values=result.values, unequal=not result.equal)
        return result

    def _examined(self, picture: Picture, again: bool = False) -> _Result | None:
        """again: the image was judged before, and its layers may be at fault."""
        wanted = self.engine.run_ops(picture.input)
        ops = {op.index: op for op in self.engine.program.model.ops}
        for index in wanted:
            self.layers.setdefault(index, _Layer(ops[index]))
        execution = self.compiled.run(self._given(picture))
        kept = [block for block in execution.blocks if block.values.dtype.itemsize == 1]
        blocks = [_as_int8(block.values) for block in kept]
        used: set[int] = set()
        telling: set[int] = set()
        values = 0
        unseen: dict[int, tuple[str, Difference] | None] = {}
        for index, output in wanted.items():
            placement = self._placement(self.layers[index], output, blocks)
            if placement is None:
                unseen[index] = None
                continue
            values += output.size
            used.update(part.block for part in placement)
            if is_telling(output):
                telling.add(index)
        if execution.broken is not None:
            self._break(picture, execution, unseen)
            return None
        equal, end = self._end(execution, wanted)
        if again or not equal or len(self.results) < _SEARCHED_IMAGES:
            free = [number for number in range(len(blocks)) if number not in used]
            for index in unseen:
                near = nearest(wanted[index], blocks, free)
                if near is not None:
                    unseen[index] = kept[near.block].name, near
        self.telling |= telling
        return _Result(picture, unseen, equal, end, frozenset(used), frozenset(telling), values)

    def _given(self, picture: Picture) -> NDArray[Any]:
        """The image as the file's own input takes it."""
        given = model_input(self.engine.program, picture.input)
        dtype = self.file.model.tensor(self.file.model.inputs[0]).dtype
        if dtype is DType.UINT8 and given.dtype == np.int8:
            given = given.view(np.uint8) ^ np.uint8(0x80)
        return given

    def _placement(
        self, layer: _Layer, output: NDArray[np.int8], blocks: list[NDArray[np.int8]]
    ) -> Placement | None:
        for known in layer.placements:
            if holds(output, blocks, known):
                return known
        if not layer.placements and len(self.results) >= _SEARCHED_IMAGES:
            return None
        found = find(output, blocks)
        if found is not None and len(layer.placements) < _MOST_PLACEMENTS:
            layer.placements.append(found)
        return found

    def _break(self, picture: Picture, execution: Execution, unseen: dict[int, Any]) -> None:
        assert execution.broken is not None
        index, broken = execution.broken
        layer = self.layers[next(iter(unseen), self.output)]
        self.broken = Finding(
            judgement="images",
            layer=layer.op.index,
            operator=layer.op.name,
            kind=broken.kind,
            where=f"{broken.operation.name} at word {broken.operation.word} of op {index}, image "
            f"{picture.name}",
            expected="an operation that an NPU can do",
            found=broken.what,
            report_to=broken.report_to,
        )

    def _end(
        self, execution: Execution, wanted: dict[int, NDArray[np.int8]]
    ) -> tuple[bool, Difference | None]:
        """Whether the file's output is that of the reference, and what differs."""
        found = _integers_at(self.file, execution)
        expected = wanted[self.output]
        if found is None:
            return self.compiled.unsupported is None, None
        if found.size != expected.size:  # ARG_MAX
            return bool(found.reshape(-1)[0] == np.argmax(expected)), None
        end = difference(expected, _as_int8(found), 0)
        return end is None, end

    def judged(self) -> Judged:
        first: dict[int, tuple[_Result, int]] = {}
        for result in self.results:
            found = self._first_wrong(result)
            if found is not None:
                wrong, again = found
                known = first.get(wrong)
                first[wrong] = (again, 1) if known is None else (known[0], known[1] + 1)
        findings = [self._finding(layer, *first[layer]) for layer in sorted(first)]
        if self.broken is not None:
            findings.append(self.broken)
        seen = sum(bool(layer.placements) for layer in self.layers.values())
        inside = len(self.layers) - seen
        unproven = () if self.compiled.unsupported is None else (self.compiled.unsupported,)
        counts = self.counts + Counts(layers=seen, inside=inside)
        return Judged(tuple(findings), counts, unproven)

    def _first_wrong(self, result: _Result) -> tuple[int, _Result] | None:
        """The first wrong layer of an image, and what was found of it."""
        if any(self._is_wrong(index, result) for index in result.unseen):
            # Where outputs lie may have become known by later images.
            again = self._examined(result.picture, again=True)
            result = result if again is None else again
        for index in result.unseen:
            if self._is_wrong(index, result):
                return index, result
        return None if result.equal else (self.output, result)

    def _is_wrong(self, index: int, result: _Result) -> bool:
        """Whether the layer of an output that no block has is at fault.

        It is, if other images have the output, in blocks that are no other's now; or if a block
        has the shape of it and nothing that follows is right. Else it is computed inside of others.
        """
        if index in self.telling:
            parts = [part for known in self.layers[index].placements for part in known]
            return any(part.block not in result.used for part in parts)
        near = result.unseen[index]
        if near is None or (result.equal and not near[1].alike):
            return False
        return not self._followed(index, result)

    def _followed(self, index: int, result: _Result) -> bool:
        """Whether a layer behind this one is right. If the file's output is, small faults may have
        been lost on the way, so that only the next layers count."""
        reached, steps = {index}, _NEXT_LAYERS if result.equal else len(self.layers)
        for _ in range(steps):
            tensors = {tensor for one in reached for tensor in self.layers[one].op.outputs}
            reached = {
                other
                for other, layer in self.layers.items()
                if tensors.intersection(layer.op.inputs)
            }
            if reached & result.telling:
                return True
        return False

    def _finding(self, index: int, result: _Result, images: int) -> Finding:
        layer = self.layers[index]
        near = result.unseen.get(index)
        if near is None and index == self.output and result.end is not None:
            near = "the file's output", result.end
        of = f"{images} of {len(self.results)} images, the first {result.picture.name}"
        if near is None:
            where, expected, found = of, "the reference's output", "no operation that stores it"
        else:
            name, what = near
            row, column, channel = what.place
            where = (
                f"{name}: {what.unequal} of {what.values} values, the first at row {row}, column "
                f"{column}, channel {channel}; {of}"
            )
            expected, found = str(what.expected), str(what.found)
        return Finding(
            judgement="images",
            layer=layer.op.index,
            operator=layer.op.name,
            kind="arithmetic",
            where=where,
            expected=expected,
            found=found,
        )


def _as_int8(values: NDArray[Any]) -> NDArray[np.int8]:
    """Of uint8, what is 128 below it."""
    if values.dtype == np.uint8:
        lower: NDArray[np.int8] = (values ^ np.uint8(0x80)).view(np.int8)
        return lower
    same: NDArray[np.int8] = values.astype(np.int8, copy=False)
    return same


def _integers_at(file: VelaFile, execution: Execution) -> NDArray[Any] | None:
    """The file's output before it becomes floats; None if it was not computed."""
    index = file.model.outputs[0]
    writers = {tensor: op for op in file.model.ops for tensor in op.outputs}
    while file.model.tensor(index).dtype is DType.FLOAT32 and index in writers:
        index = writers[index].inputs[0]
    return execution.values.get(index)


def require_same_ends(source: Model, file: VelaFile) -> None:
    """Raises ModelError if the file cannot be what Vela made of `source`."""
    for role, mine, theirs in (
        ("input", source.inputs, file.model.inputs),
        ("output", source.outputs, file.model.outputs),
    ):
        ours = [source.tensor(index) for index in mine]
        its = [file.model.tensor(index) for index in theirs]
        if [(one.shape, one.dtype) for one in ours] != [(one.shape, one.dtype) for one in its]:
            raise ModelError(
                f"{file.model.name} was not compiled from {source.name}: its {role} is "
                f"{_words(its)}, not {_words(ours)}.",
                "Give the .tflite file that Vela compiled.",
            )


def _words(tensors: list[Tensor]) -> str:
    return ", ".join(f"{one.dtype.value} {list(one.shape)}" for one in tensors)
