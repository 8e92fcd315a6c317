"""What a plan of the memory says: program, calls, arena, placement."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.rows import RowChain
from mcuzoo.ops.channels import NOTHING, Savings
from mcuzoo.plan.arena.lifetimes import ArenaPlan
from mcuzoo.plan.place.needs import Needs
from mcuzoo.plan.place.placement import Placement
from mcuzoo.plan.place.regions import RegionFit
from mcuzoo.plan.tflm.image import TflmImage


@dataclass(frozen=True)
class PeakOp:
    """The operator during which most activation bytes are alive; index as in the .tflite file.

    name: of the operator. live_bytes: that are alive then.
    """

    index: int
    name: str
    live_bytes: int


@dataclass(frozen=True)
class MemoryPlan:
    """The needed memory and its place, on every region of the board.

    arena: our plan of the activations, in one memory or in two. needs: the bytes to place, with an
    arena in one memory. calls: the planned kernel calls; None if a step has no kernel, or for
    another runtime. image: the model file for TFLM and its arena; None for another runtime.
    program: the model in its order, without constant channels if `calls` are ours. placement: which
    memory has what. regions: what each would hold. saved: by the channels that left the program.
    """

    program: Program
    arena: ArenaPlan
    needs: Needs
    placement: Placement
    regions: tuple[RegionFit, ...]
    image: TflmImage | None = None
    calls: tuple[Call, ...] | None = None
    saved: Savings = NOTHING

    @property
    def fits(self) -> bool:
        return all(region.fits for region in self.regions)

    @property
    def chain(self) -> RowChain | None:
        """The calls that consume the input as it arrives, if it is not in the arena as a whole."""
        first = self.calls[0] if self.calls else None
        return first if isinstance(first, RowChain) and first.streamed else None

    @property
    def peak(self) -> PeakOp:
        """The operator of the arena's peak step. A program without steps peaks at its input."""
        step = self.arena.peak_step
        if step < 0:
            return PeakOp(-1, "INPUT", self.arena.lower_bound_bytes)
        op = self.program.steps[step].op if self.calls is None else self.calls[step].op
        return PeakOp(op.index, op.name, self.arena.lower_bound_bytes)
