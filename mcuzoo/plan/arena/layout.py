"""An arena plan as data: where in the tensor arena each buffer lives."""

from __future__ import annotations

from dataclasses import dataclass


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

    `lower_bound_bytes` is what `peak_step` needs at the least; no plan can be smaller. hot_bytes:
    what is before that offset is in another, faster memory than the rest; None: all is in one.
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
