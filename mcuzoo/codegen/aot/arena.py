"""Places in the tensor arena as C."""

from __future__ import annotations

from mcuzoo.lowering.call import Activation
from mcuzoo.plan.arena.lifetimes import ArenaPlan


def arena_offset(plan: ArenaPlan, activation: Activation) -> int:
    """Where it begins in the arena."""
    return plan.slot(activation.buffer).offset + activation.offset


def arena_text(plan: ArenaPlan, offset: int) -> str:
    """The address of the byte at `offset` of the arena, in the memory that it is in."""
    if plan.hot_bytes is not None and offset >= plan.hot_bytes:
        return f"mz_arena_rest + {offset - plan.hot_bytes}"
    return f"mz_arena + {offset}"
