"""Our arena plan for TFLite-Micro: offsets of the head, as metadata of the model.

TFLM reads an offset per tensor from the metadata OfflineMemoryAllocation (micro/docs/
memory_management.md: version, subgraph, count, then the offsets, all int32; -1 leaves a tensor to
its greedy planner). It does not check them. Scratch buffers cannot be given an offset; the greedy
planner puts them into the gaps that the plan leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mcuzoo.graph.metadata import add_metadata
from mcuzoo.graph.model import Model
from mcuzoo.graph.schema import PLAN_METADATA
from mcuzoo.plan.arena.lifetimes import Life
from mcuzoo.plan.arena.planner import plan_arena
from mcuzoo.plan.tflm.buffers import PlannedBuffer, planned_buffers
from mcuzoo.plan.tflm.predict import TflmArena, predict_arena, scratch_requests
from mcuzoo.plan.tflm.requests import Kernels, op_requests

_FORMAT_VERSION = 1
_SUBGRAPH = 0
_UNPLANNED = -1


@dataclass(frozen=True)
class OfflinePlan:
    """Head offsets by tensor index, None for a constant; and what TFLM makes of them.

    arena: the predicted arena with this plan. greedy: without it. lower_bound_bytes: no head
    without in-place ops can be smaller.
    """

    offsets: tuple[int | None, ...]
    arena: TflmArena
    greedy: TflmArena
    lower_bound_bytes: int

    @property
    def smaller(self) -> bool:
        return self.arena.arena_bytes < self.greedy.arena_bytes


def plan_offline(model: Model, kernels: Kernels) -> OfflinePlan:
    """Plan the activations of `model` for `kernels`; a RESHAPE's output lies on its input.

    Raises UnsupportedOpError for an op whose kernel's requests are not known.
    """
    requests = [op_requests(model, op, kernels) for op in model.ops]
    buffers = planned_buffers(model, scratch_requests(requests))
    storages = _storages(model, buffers)
    plan = plan_arena(_lives(buffers, storages))
    offsets: list[int | None] = [None] * len(model.tensors)
    for buffer, storage in zip(buffers, storages, strict=True):
        if buffer.tensor is not None:
            offsets[buffer.tensor] = plan.slot(storage).offset
    return OfflinePlan(
        offsets=tuple(offsets),
        arena=predict_arena(model, kernels, offsets),
        greedy=predict_arena(model, kernels),
        lower_bound_bytes=plan.lower_bound_bytes,
    )


def embed_offsets(raw: bytes, offsets: Sequence[int | None]) -> bytes:
    """The .tflite file `raw` with `offsets`, one per tensor, for TFLM to follow."""
    words = [_UNPLANNED if offset is None else offset for offset in offsets]
    table = np.array([_FORMAT_VERSION, _SUBGRAPH, len(words), *words], "<i4")
    return add_metadata(raw, {PLAN_METADATA: table.tobytes()})


def _storages(model: Model, buffers: Sequence[PlannedBuffer]) -> list[int]:
    """For each buffer the number of the one whose bytes it shares, itself as a rule.

    TFLM's RESHAPE copies only when its output lies elsewhere than its input.
    """
    number = {item.tensor: index for index, item in enumerate(buffers) if item.tensor is not None}
    storages = list(range(len(buffers)))
    for op in model.ops:
        if op.name == "RESHAPE" and op.inputs[0] in number:
            storages[number[op.outputs[0]]] = storages[number[op.inputs[0]]]
    return storages


def _lives(buffers: Sequence[PlannedBuffer], storages: Sequence[int]) -> list[Life]:
    """Of what has bytes: kernels request empty buffers, too."""
    lives: dict[int, Life] = {}
    for buffer, storage in zip(buffers, storages, strict=True):
        if not buffer.bytes:
            continue
        life = Life(storage, buffer.bytes, buffer.first, buffer.last)
        known = lives.get(storage, life)
        lives[storage] = replace(
            known,
            first_step=min(known.first_step, life.first_step),
            last_step=max(known.last_step, life.last_step),
        )
    return list(lives.values())
