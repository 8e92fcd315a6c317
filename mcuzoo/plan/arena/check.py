"""An independent check of arena plans: it replays the steps and tracks the owner of each byte."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.plan.arena.lifetimes import ArenaPlan, Life, Share, Slot


def violations(
    plan: ArenaPlan, lives: Sequence[Life], alignment: int, shares: Sequence[Share] = ()
) -> tuple[str, ...]:
    """The errors of `plan` for buffers of these lives, in words; empty if it is sound."""
    return (
        *_wrong_slots(plan, lives),
        *_misplaced(plan, alignment),
        *_shared_bytes(plan, lives, shares),
    )


def _wrong_slots(plan: ArenaPlan, lives: Sequence[Life]) -> list[str]:
    wanted = sorted((life.buffer, life.bytes, life.first_step, life.last_step) for life in lives)
    got = sorted((slot.buffer, slot.bytes, slot.first_step, slot.last_step) for slot in plan.slots)
    return [] if got == wanted else ["the slots are not one per buffer with its size and life"]


def _misplaced(plan: ArenaPlan, alignment: int) -> list[str]:
    broken = []
    for slot in plan.slots:
        if slot.offset < 0 or slot.offset + slot.bytes > plan.arena_bytes:
            broken.append(f"buffer {slot.buffer} reaches outside the arena")
        if slot.offset % alignment:
            broken.append(f"buffer {slot.buffer} is not {alignment}-byte aligned")
    return broken


def _shared_bytes(plan: ArenaPlan, lives: Sequence[Life], shares: Sequence[Share]) -> list[str]:
    """Check each step's slots in pairs: two that share a byte need a Share and keep to it."""
    slots = {slot.buffer: slot for slot in plan.slots}
    steps = sorted({life.first_step for life in lives})
    broken = []
    for step in steps:
        alive = [
            slots[life.buffer]
            for life in lives
            if life.buffer in slots and life.first_step <= step <= life.last_step
        ]
        broken += [
            f"buffers {low.buffer} and {high.buffer} share bytes at step {step}"
            for low, high in _overlapping_pairs(alive)
            if not _allowed(low, high, step, shares)
        ]
    return broken


def _overlapping_pairs(slots: Sequence[Slot]) -> list[tuple[Slot, Slot]]:
    ordered = sorted(slots, key=lambda slot: (slot.offset, slot.buffer))
    pairs = []
    for position, low in enumerate(ordered):
        for place in range(position + 1, len(ordered)):
            if ordered[place].offset >= low.offset + low.bytes:
                break
            pairs.append((low, ordered[place]))
    return pairs


def _allowed(one: Slot, other: Slot, step: int, shares: Sequence[Share]) -> bool:
    """Whether the output among the two may lie at its place, while `step` reads its input."""
    for share in shares:
        for source, target in ((one, other), (other, one)):
            if (share.input, share.output) == (source.buffer, target.buffer):
                handed_over = source.last_step == step == target.first_step
                return handed_over and source.offset - target.offset >= share.before
    return False
