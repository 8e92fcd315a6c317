"""What to do about a model that does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

from mcuzoo.board.model import Board
from mcuzoo.plan.options import MemoryOptions
from mcuzoo.plan.place.needs import Needs
from mcuzoo.plan.place.placement import largest_room, place
from mcuzoo.plan.place.regions import region_fits
from mcuzoo.project.kinds import WeightsChoice


def fits(
    needs: Needs, board: Board, weights: WeightsChoice = "flash", arena_region: str | None = None
) -> bool:
    placement = place(needs, board, weights, arena_region)
    return all(region.fits for region in region_fits(needs, board, placement))


def next_step(
    needs: Needs,
    board: Board,
    others: Sequence[Board],
    input_shape: tuple[int, ...],
    options: MemoryOptions,
    streamed_bytes: int | None = None,
) -> str:
    """The smallest change that makes the model fit: an option, another board, else a smaller model.

    streamed_bytes: size of the arena with --stream-input, if that fits.
    """
    weights, arena_region = options.weights, options.arena_region
    if options.pin and fits(needs, board, weights, arena_region):
        return "Leave out --pin: without it everything fits."
    if weights not in ("flash", "auto") and fits(needs, board, "flash", arena_region):
        return "Leave the weights in flash: --weights flash fits."
    if arena_region is not None and fits(needs, board, weights):
        free_choice = place(needs, board, weights).arena_region
        return f"Leave out --arena-region: the arena fits in {free_choice}."
    if fits(needs, board):
        return "Leave out --weights and --arena-region: the defaults fit."
    different = [other for other in others if other.id != board.id]
    roomier = [other.id for other in different if fits(needs, other)]
    roomier += [other.id for other in different if fits(needs, other.with_sdram())]
    larger_step = (
        f"Take a board with more memory: --board {roomier[0]} fits."
        if roomier
        else _smaller_model(needs, board, input_shape)
    )
    if streamed_bytes is None:
        return larger_step
    return f"Add --stream-input: an arena of {streamed_bytes:,} bytes does then. Or: {larger_step}"


def _smaller_model(needs: Needs, board: Board, input_shape: tuple[int, ...]) -> str:
    placement = place(needs, board)
    full = [region for region in region_fits(needs, board, placement) if not region.fits]
    if any(region.region == board.flash.region for region in full):
        over = next(region.over_bytes for region in full if region.region == board.flash.region)
        room = max(0, needs.constant_bytes - over)
        return f"Take a narrower model: its constants must shrink to {room:,} bytes."
    room = largest_room(needs, board)
    share = room / needs.arena_bytes
    advice = f"Take a smaller model: its arena must shrink to {room:,} bytes ({share:.0%})"
    if len(input_shape) == 4 and min(input_shape[1:3]) > 1:
        height, width = (
            isqrt(side * side * room // needs.arena_bytes) for side in input_shape[1:3]
        )
        advice += (
            f", e.g. by an input of about {height} x {width} instead of "
            f"{input_shape[1]} x {input_shape[2]}, or a width of x {share:.2f}"
        )
    return advice + "."
