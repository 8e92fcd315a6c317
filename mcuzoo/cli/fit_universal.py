"""mcuzoo fit --universal: the memory of a universal firmware, and whether a model runs on it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcuzoo.plan.universal import UniversalPlan


def print_universal_fit(
    model: str | None, board: str, kernels: str, arena_region: str | None, as_json: bool
) -> bool:
    """Print what there is for arena and models; with `model`, say whether it fits, and return it.

    Raises ModelError for one that is not INT8, and UsageError.
    """
    import json

    from mcuzoo.board.load import load_board
    from mcuzoo.codegen.universal import DEFAULT_OPS
    from mcuzoo.graph.read import load_model
    from mcuzoo.plan.tflm.image import check_kernels, prepare_image
    from mcuzoo.plan.universal import plan_universal
    from mcuzoo.zoo.registry import resolve_model

    chosen = load_board(board)
    plan = plan_universal(chosen, DEFAULT_OPS, check_kernels(kernels), arena_region)
    document: dict[str, object] = {
        "board": chosen.id,
        "arena_region": plan.placement.arena_region,
        "arena_bytes": plan.placement.arena_bytes,
        "rooms": [{"region": room.region, "bytes": room.capacity_bytes} for room in plan.rooms],
        "regions": [asdict(region) for region in plan.regions],
    }
    lines = [f"universal firmware on {chosen.id}", *_memory_lines(plan)]
    fits = True
    if model is not None:
        image = prepare_image(load_model(resolve_model(model).path), check_kernels(kernels))
        home = next((r for r in plan.rooms if image.model.bytes <= r.capacity_bytes), None)
        arena_fits = image.arena.arena_bytes <= plan.placement.arena_bytes
        fits = home is not None and arena_fits
        document |= {
            "model": model,
            "model_bytes": image.model.bytes,
            "model_region": None if home is None else home.region,
            "model_arena_bytes": image.arena.arena_bytes,
            "fits": fits,
        }
        where = "no room has space for it" if home is None else f"goes to {home.region}"
        lines += [
            f"{model}: {image.model.bytes:,} bytes, {where}",
            f"its arena: {image.arena.arena_bytes:,} of {plan.placement.arena_bytes:,} bytes",
            "verdict: fits" if fits else "verdict: DOES NOT FIT",
        ]
    print(json.dumps(document, indent=2) if as_json else "\n".join(lines))
    return fits


def _memory_lines(plan: UniversalPlan) -> list[str]:
    return [
        f"arena: {plan.placement.arena_bytes:,} bytes in {plan.placement.arena_region}",
        *(f"models: up to {room.capacity_bytes:,} bytes in {room.region}" for room in plan.rooms),
    ]
