"""Which tensor of the source model an operation computes, found by the values that it gives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Op
from mcuzoo.npu.check.values import MOVES, RENAMES, Arrays, Values
from mcuzoo.npu.check.windows import Window, find, image, nearest

_FUSED = 4
"""Operators of the source model that one operation may do at once; those that only rename apart."""


@dataclass(frozen=True)
class Recognized:
    """tensor: of the source model. window: the part of it that the operation gives. chain: the
    source model's operators that the operation does, the last one first."""

    tensor: int
    window: Window
    chain: tuple[Op, ...]


class Recognizer:
    """Keeps which parts of which tensors were given already."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self._expected: dict[int, Arrays] = {}
        self._covered: dict[int, NDArray[np.bool_]] = {}
        self._hints: dict[int, tuple[int, int, int]] = {}

    def following(self, sources: frozenset[int]) -> list[Op]:
        """Operators that something computed of `sources` may belong to, the next ones first."""
        found = {self.values.writer[one].index: one for one in self._candidates(sources)}
        return [self.values.writer[one] for one in found.values()]

    def together(self, sources: frozenset[int]) -> bool:
        """Whether some operator, or what may be fused with it, takes all of these tensors."""
        given = {one for one in sources if one in self.values.given}
        candidates = self._candidates(sources)
        return not candidates or any(
            given <= {index for op in self.chain(tensor) for index in op.inputs}
            for tensor in candidates
        )

    def moves(self, tensor: int) -> bool:
        """Whether the tensor has values of others in another order."""
        return self.values.writer[tensor].name in MOVES

    def _hint(self, tensor: int) -> tuple[int, int, int]:
        """Where the next part is likely to be."""
        return self._hints.get(tensor, (0, 0, 0))

    def complete(self, tensor: int) -> bool:
        return tensor in self._covered and bool(self._covered[tensor].all())

    def exact(self, sources: frozenset[int], made: Arrays, unfinished: bool) -> Recognized | None:
        """Where all values are right. unfinished: as of `find`."""
        for tensor in self._candidates(sources):
            expected = self._values_of(tensor, made)
            window = (
                None if expected is None else find(made, expected, self._hint(tensor), unfinished)
            )
            if window is not None:
                return self._recognized(tensor, window)
        return None

    def before_activation(self, sources: frozenset[int], made: Arrays) -> Recognized | None:
        """Where the operation gives what an operator has before its fused activation, and so leaves
        that to another operation."""
        for tensor in self._candidates(sources):
            op = self.values.writer[tensor]
            if op.options.get("fused_activation_function", "NONE") == "NONE":
                continue
            options = {**op.options, "fused_activation_function": "NONE"}
            # A number of its own: it is another operator, for what is kept of its results.
            outputs = self.values.compute(replace(op, index=~op.index, options=options))
            if outputs is None or outputs[0][0].dtype.itemsize != made[0].dtype.itemsize:
                continue
            expected = [self.values.bytes_of(tensor, one) for one in outputs[0]]
            window = find(made, expected, self._hint(tensor))
            if window is not None:
                return self._recognized(tensor, window)
        return None

    def nearest(
        self, sources: frozenset[int], made: Arrays, names: frozenset[str]
    ) -> Recognized | None:
        """Where most values are right; of operators with these names."""
        best: Recognized | None = None
        for tensor in self._candidates(sources):
            if self.values.writer[tensor].name not in names:
                continue
            expected = self._values_of(tensor, made)
            if expected is None:
                continue
            hint = self._hint(tensor)
            window = nearest(made, expected, hint)
            if window is not None and (best is None or window.wrong < best.window.wrong):
                best = self._recognized(tensor, window)
        return best

    def assumed(self, sources: frozenset[int], shape: tuple[int, int, int]) -> Recognized | None:
        """By the shape alone, where no value is right: what comes next of the first tensor that the
        output fits."""
        for tensor in self._candidates(sources):
            whole = self.values.model.tensor(tensor).shape
            picture = image(np.broadcast_to(np.int8(0), whole)).shape
            hint = self._hint(tensor)
            flat = int(np.prod(picture)) == int(np.prod(shape))
            if flat:
                return self._recognized(tensor, Window((0, 0, 0), shape, picture != shape))
            if all(at + size <= most for at, size, most in zip(hint, shape, picture, strict=True)):
                return self._recognized(tensor, Window(hint, shape))
        return None

    def expected(self, found: Recognized) -> Arrays | None:
        """What the source model gives in this window."""
        made = self._expected.get(found.tensor)
        return None if made is None else [found.window.of(one) for one in made]

    def take(self, found: Recognized) -> Arrays:
        """Note that this part was given; what it is from now on, in all probes."""
        tensor, window = found.tensor, found.window
        shape = self.values.model.tensor(tensor).shape
        covered = self._covered.setdefault(tensor, np.zeros(shape, np.bool_))
        window.of(covered)[...] = True
        whole = image(covered).shape
        y, x, c = (at + size for at, size in zip(window.start, window.shape, strict=True))
        if not window.flat:
            start = window.start
            self._hints[tensor] = (
                (start[0], start[1], c)
                if c < whole[2]
                else (y, start[1], 0)
                if y < whole[0]
                else (0, x, 0)
            )
        if self.moves(tensor):
            moved = self.values.value(tensor)
            if moved is not None:
                return [window.of(self.values.bytes_of(tensor, one)) for one in moved]
        drawn = self.values.draw(tensor)
        self._expected = {
            index: value for index, value in self._expected.items() if index in self._covered
        }
        return [window.of(self.values.bytes_of(tensor, one)) for one in drawn]

    def _candidates(self, sources: frozenset[int]) -> list[int]:
        """Outputs of the readers of `sources`, then of their readers, and so on."""
        found: list[int] = []
        level, fused = sorted(sources), 0
        while level and fused < _FUSED:
            following: list[int] = []
            for tensor in level:
                for op in self.values.readers.get(tensor, ()):
                    fresh = [one for one in op.outputs if one not in found and one not in sources]
                    found += fresh
                    following += fresh
            renamed = all(self.values.writer[one].name in RENAMES for one in following)
            level, fused = following, fused + (not renamed)
        return [tensor for tensor in found if not self.complete(tensor)]

    def _values_of(self, tensor: int, made: Arrays) -> Arrays | None:
        own = self.values.model.tensor(tensor)
        if own.dtype.bytes != made[0].dtype.itemsize or own.elements < made[0].size:
            return None
        if tensor not in self._expected:
            op = self.values.writer[tensor]
            outputs = self.values.compute(op)
            if outputs is None:
                return None
            for index, value in zip(op.outputs, outputs, strict=True):
                self._expected.setdefault(
                    index, [self.values.bytes_of(index, one) for one in value]
                )
        return self._expected[tensor]

    def _recognized(self, tensor: int, window: Window) -> Recognized:
        return Recognized(tensor, window, tuple(self.chain(tensor)))

    def chain(self, tensor: int) -> list[Op]:
        """The operators from what is given to `tensor`."""
        found: list[Op] = []
        waiting = [self.values.writer[tensor]]
        while waiting:
            op = waiting.pop()
            if op in found:
                continue
            found.append(op)
            waiting += [
                self.values.writer[index]
                for index in op.inputs
                if index not in self.values.given and index in self.values.writer
            ]
        return found
