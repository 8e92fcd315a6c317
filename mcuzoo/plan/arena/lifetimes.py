"""Arena plans and their conditions: when each buffer of a program is alive, which buffers may share
bytes (an output over its own input), a lower bound of any plan, and where each buffer lies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mcuzoo.graph.program import Program
from mcuzoo.lowering.alignment import align_up

BEFORE_FIRST_STEP = -1


@dataclass(frozen=True)
class Life:
    """A buffer holds `bytes` from `first_step` to `last_step`, both inclusive.

    Steps count from 0; -1 is the moment before the first step, when the host fills the input,
    and the number of steps is the moment after the last one, when the host reads the output.
    """

    buffer: int
    bytes: int
    first_step: int
    last_step: int

    def overlaps(self, other: Life) -> bool:
        """Whether both hold data in one step; then they share no byte unless a Share permits it."""
        return self.first_step <= other.last_step and other.first_step <= self.last_step


def lifetimes(program: Program) -> tuple[Life, ...]:
    """The life of every buffer that a step or the host touches, ordered by buffer index.

    A buffer that nothing reads still lives through the step that writes it.
    """
    touched: dict[int, list[int]] = {}
    for number, step in enumerate(program.steps):
        for buffer in (*step.reads, *step.writes):
            touched.setdefault(buffer, []).append(number)
    touched.setdefault(program.input_buffer, []).append(BEFORE_FIRST_STEP)
    touched.setdefault(program.output_buffer, []).append(len(program.steps))
    sizes = {buffer.index: buffer.bytes for buffer in program.buffers}
    return tuple(
        Life(buffer, sizes[buffer], min(steps), max(steps))
        for buffer, steps in sorted(touched.items())
    )


@dataclass(frozen=True)
class Share:
    """Buffer `output` may lie over buffer `input` in the step that writes one and reads the other.

    Sound when input offset - output offset >= before, in bytes (see lowering.call.Overlap).
    """

    input: int
    output: int
    before: int

    def holds_at(self, step: int, lives: dict[int, Life]) -> bool:
        """Whether the input ends at `step`, where the output begins; else both are needed whole."""
        return lives[self.input].last_step == step == lives[self.output].first_step


def effective(shares: Iterable[Share], lives: Iterable[Life]) -> tuple[Share, ...]:
    """The shares whose input is not read after its output exists."""
    by_buffer = {life.buffer: life for life in lives}
    return tuple(
        share for share in shares if share.holds_at(by_buffer[share.output].first_step, by_buffer)
    )


class Clearances:
    """Least distance between the begins of two buffers, depending on which one is the lower."""

    def __init__(
        self, lives: Iterable[Life], shares: Iterable[Share] = (), alignment: int = 1
    ) -> None:
        lives = tuple(lives)
        self._sizes = {life.buffer: align_up(life.bytes, alignment) for life in lives}
        self._before = {
            (share.output, share.input): align_up(max(share.before, 0), alignment)
            for share in effective(shares, lives)
        }

    def size(self, life: Life) -> int:
        """Bytes of `life`, rounded up to the alignment."""
        return self._sizes[life.buffer]

    def between(self, low: Life, high: Life) -> int:
        """The least that `high` must begin above `low`, for lives that overlap in time."""
        size = self._sizes[low.buffer]
        return min(size, self._before.get((low.buffer, high.buffer), size))


@dataclass(frozen=True)
class Slot:
    """A buffer's bytes in the arena: [offset, offset + bytes) from first_step to last_step."""

    buffer: int
    offset: int
    bytes: int
    first_step: int
    last_step: int


@dataclass(frozen=True)
class ArenaPlan:
    """Slots ordered by buffer index; `arena_bytes` is a multiple of the alignment.

    `lower_bound_bytes`: the least that `peak_step` needs; no plan can be smaller. hot_bytes: bytes
    before this offset are in a faster memory than the rest; None: one memory has all. slots: a
    place for each buffer.
    """

    slots: tuple[Slot, ...]
    arena_bytes: int
    lower_bound_bytes: int
    peak_step: int
    hot_bytes: int | None = None

    def slot(self, buffer: int) -> Slot:
        """The slot of `buffer`; KeyError when the plan has none."""
        for slot in self.slots:
            if slot.buffer == buffer:
                return slot
        raise KeyError(buffer)


__all__ = ["Peak", "live_bytes", "peak_demand"]


@dataclass(frozen=True)
class Peak:
    """The step with the most bytes alive (the first of equals), and how many."""

    step: int
    bytes: int


def live_bytes(
    lives: Sequence[Life], step: int, alignment: int, shares: Sequence[Share] = ()
) -> int:
    """Bytes that `step` needs at the least, each buffer rounded up to `alignment`.

    shares: as `effective` leaves them. If an output may lie over its input, the two together take
    max(input + before, output). Over several inputs it saves no more than itself or them.
    """
    sizes = {
        life.buffer: align_up(life.bytes, alignment)
        for life in lives
        if life.first_step <= step <= life.last_step
    }
    here = [share for share in shares if share.input in sizes and share.output in sizes]
    return sum(sizes.values()) - saving(here, sizes, alignment)


def saving(here: Sequence[Share], sizes: dict[int, int], alignment: int) -> int:
    """The most bytes that these shares of one step can save, by buffer sizes."""
    if len(here) == 1:
        (share,) = here
        low, high = sizes[share.output], sizes[share.input]
        before = align_up(max(share.before, 0), alignment)
        return max(0, low + high - max(high + before, low))
    by_output: dict[int, int] = {}
    for share in here:
        by_output[share.output] = by_output.get(share.output, 0) + sizes[share.input]
    return sum(min(sizes[output], inputs) for output, inputs in by_output.items())


def peak_demand(lives: Sequence[Life], alignment: int, shares: Sequence[Share] = ()) -> Peak:
    """The step that needs most. No lives at all: step -1, 0 bytes."""
    # Demand only rises where a life begins, so those steps are the only candidates; a step in
    # which sharing ends is followed by less.
    candidates = sorted({life.first_step for life in lives})
    sound = effective(shares, lives)
    best = Peak(-1, 0)
    for step in candidates:
        alive = live_bytes(lives, step, alignment, sound)
        if alive > best.bytes:
            best = Peak(step, alive)
    return best
