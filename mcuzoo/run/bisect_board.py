"""The first wrong layer of a model that a delegate of a Linux board computes: front parts of the
model run there by themselves and are compared with the host's reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import (
    ModelError,
    ModelRefusedError,
    ProtocolError,
    RigError,
    ToolchainError,
)
from mcuzoo.graph.cut import cut_after
from mcuzoo.graph.model import Model, Op
from mcuzoo.link.linux_session import choose_engine, outputs_inside
from mcuzoo.link.session import Session
from mcuzoo.npu.options import VelaOptions

CompileFront = Callable[[Model], bytes]
"""The file that a delegate takes for a model."""


@dataclass(frozen=True)
class DelegateSearch:
    """How a delegate is searched.

    delegate: as the agent offers it. compile_front: makes the delegate's file of a front part; None
    where the delegate takes .tflite files as they are. tolerance: the largest difference of an
    int8 value that counts as right; 0 where the delegate should give the reference's bytes. quick:
    stop at a wrong layer whose inputs are right, without a look at what is before it.
    """

    delegate: str
    compile_front: CompileFront | None = None
    tolerance: int = 0
    quick: bool = False


@dataclass(frozen=True)
class Front:
    """The front part of the model up to one op, on the delegate.

    op, name, tensor: the op's number in the file, its type, and its output. differing: of how many
    values of that output; largest_step: by how much at most; None where it did not run, and `error`
    says why.
    """

    op: int
    name: str
    tensor: str
    differing: int | None
    largest_step: int | None
    error: str = ""

    @property
    def text(self) -> str:
        return f"op {self.op} {self.name}"


@dataclass(frozen=True)
class BoardBisection:
    """Where a delegate goes wrong on one input.

    cpu_layers: how many layers of the board's CPU (TFLite's reference kernels) were compared with
    the host's; cpu_wrong: the first that differs, None if none does. fronts: all that were tried,
    by op. wrong: the layer that is wrong while its inputs are right; None if the whole model came
    out right. first: whether every layer before `wrong` was tried, too; if not, one of them may be
    wrong and a later one hide it. layers: of the model. tolerance: as of DelegateSearch.
    """

    delegate: str
    layers: int
    cpu_layers: int
    cpu_wrong: str | None
    fronts: tuple[Front, ...]
    wrong: Front | None
    first: bool
    tolerance: int = 0


def vela_fronts(board: LinuxBoard, options: VelaOptions = VelaOptions()) -> CompileFront | None:
    """What compiles for the NPU of `board`; None where its delegate needs no compiler."""
    from mcuzoo.npu.vela import compile_vela

    if board.npu is None or board.npu.vela is None:
        return None
    return lambda model: compile_vela(model, board, options).raw


def bisect_on_board(
    session: Session,
    model: Model,
    tensor: NDArray[np.int8],
    search: DelegateSearch,
    say: Callable[[str], None] = lambda text: None,
) -> BoardBisection:
    """Find the layer where `model` goes wrong on a delegate of the board behind `session`.

    The board's CPU computes all layers first. Then front parts of the model run on the delegate,
    each as a model of its own, compiled if need be. By halves only at ops behind which nothing but
    their own output is needed, and only with tolerance 0: there a right front and a wrong longer
    one always have a wrong layer between them. That layer is wrong, and its inputs are right; that
    it is the *first* wrong one does not follow, for a clamp or a pool may hide an earlier error. So
    the layers before are tried, too, from the front, unless `quick`. With a tolerance, errors add
    up and cancel out: all layers are tried from the front on.

    A fault that only the whole graph shows (memory that is used twice, say) is in no front part:
    `wrong` is the whole model's last op then, with every layer before it right.

    The board has its own model again at the end. tensor: int8 of the input's size. `say` is told
    how it goes. Raises UsageError for a board without this delegate, else as Session.infer.
    """
    found = _Search(session, model, tensor, search, say)
    try:
        return found.run()
    finally:
        with suppress(RigError, ProtocolError):  # a board that is gone has no model to be left
            session.reset(own_model=True)


class _Search:
    def __init__(
        self,
        session: Session,
        model: Model,
        tensor: NDArray[np.int8],
        search: DelegateSearch,
        say: Callable[[str], None],
    ) -> None:
        self._session = session
        self._model = model
        self._tensor = np.ascontiguousarray(tensor)
        self._search = search
        self._say = say
        engine = ReferenceEngine(model)
        self._expected = engine.run_ops(tensor)
        self._ops = tuple(
            step.op for step in engine.program.steps if step.op.index in self._expected
        )
        self._program = engine.program
        self._tried: dict[int, Front] = {}

    def run(self) -> BoardBisection:
        cpu_layers, cpu_wrong = self._ask_cpu()
        self._session.reset(own_model=True)  # the delegate may not take the model as it is
        choose_engine(self._session, self._search.delegate)
        wrong = self._find()
        return BoardBisection(
            delegate=self._search.delegate,
            layers=len(self._ops),
            cpu_layers=cpu_layers,
            cpu_wrong=cpu_wrong,
            fronts=tuple(self._tried[op] for op in sorted(self._tried)),
            wrong=None if wrong is None else self._front(wrong),
            first=wrong is not None and all(self._ran(place) for place in range(wrong)),
            tolerance=self._search.tolerance,
        )

    def _ask_cpu(self) -> tuple[int, str | None]:
        """Compare all layers of the board's own CPU; the first one that differs."""
        choose_engine(self._session, "none")
        self._session.upload(self._model.raw)
        _, outputs = outputs_inside(self._session, 0, self._tensor)
        names = {op.index: op.name for op in self._program.model.ops}
        both = sorted(outputs.keys() & self._expected.keys())
        self._say(f"CPU of the board: {len(both)} layers")
        for op in both:
            if outputs[op].tobytes() != self._expected[op].tobytes():
                return len(both), f"op {op} {names[op]}"
        return len(both), None

    def _find(self) -> int | None:
        """The position in `_ops` of the wrong layer; None if the whole model is right."""
        last = len(self._ops) - 1
        if self._right(last) is not False:
            return None
        right = -1
        wrong = last
        if self._search.tolerance == 0:
            right, wrong = self._halved(right, wrong)
        wrong = self._in_order(range(right + 1, wrong), wrong)
        if self._search.quick:
            return wrong
        return self._in_order(range(wrong), wrong)

    def _halved(self, right: int, wrong: int) -> tuple[int, int]:
        """Bring two fronts, one right and one wrong, as near as their single tensors allow."""
        places = [place for place in self._waists() if right < place < wrong]
        while places:
            middle = places[len(places) // 2]
            answer = self._right(middle)
            if answer is None:
                places.remove(middle)
                continue
            right, wrong = (middle, wrong) if answer else (right, middle)
            places = [place for place in places if right < place < wrong]
        return right, wrong

    def _in_order(self, places: Sequence[int], otherwise: int) -> int:
        return next((place for place in places if self._right(place) is False), otherwise)

    def _waists(self) -> Iterator[int]:
        """Ops behind which nothing but their own first output is needed."""
        needed = set(self._program.model.outputs)
        ops = list(self._program.model.ops)
        places = {op.index: place for place, op in enumerate(self._ops)}
        found = []
        while ops:
            op = ops.pop()
            if needed == set(op.outputs[:1]) and op.index in places:
                found.append(places[op.index])
            needed -= set(op.outputs)
            needed |= {
                index
                for index in op.inputs
                if index >= 0 and self._program.model.tensor(index).data is None
            }
        return reversed(found)

    def _ran(self, place: int) -> bool:
        front = self._tried.get(self._ops[place].index)
        return front is not None and front.largest_step is not None

    def _front(self, place: int) -> Front:
        return self._tried[self._ops[place].index]

    def _right(self, place: int) -> bool | None:
        """Whether the front part up to this op gives what it should; None if it does not run."""
        op = self._ops[place]
        front = self._tried.get(op.index)
        if front is None:
            front = self._tried[op.index] = self._try(op)
            self._say(f"{front.text}: {_outcome(front, self._search.tolerance)}")
        if front.largest_step is None:
            return None
        return front.largest_step <= self._search.tolerance

    def _try(self, op: Op) -> Front:
        tensor = self._program.model.tensor(op.outputs[0])
        front = Front(op.index, op.name, tensor.name, None, None)
        try:
            part = cut_after(self._model, op.index).model
            compiled = self._search.compile_front
            self._session.upload(part.raw if compiled is None else compiled(part))
            output = self._session.infer(op.index, self._tensor).output
        except (ModelRefusedError, ToolchainError, ModelError) as error:
            return replace(front, error=error.message)
        expected = self._expected[op.index].reshape(-1)
        if output.size != expected.size:
            return replace(front, error=f"{output.size} values came, of {expected.size}")
        steps = np.abs(output.astype(np.int16) - expected)
        return replace(
            front, differing=int(np.count_nonzero(steps)), largest_step=int(steps.max(initial=0))
        )


def _outcome(front: Front, tolerance: int) -> str:
    if front.largest_step is None:
        return f"did not run ({front.error})"
    if front.largest_step == 0:
        return "byte-equal"
    within = ", within the tolerance" if front.largest_step <= tolerance else ""
    return f"{front.differing:,} values differ, by up to {front.largest_step}{within}"
