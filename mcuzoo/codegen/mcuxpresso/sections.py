"""Where the SDK's linker script puts the model's parts, and what has to be added to it.

The SDK's script for an image in flash places everything in flash and DTCM and has no section for
other memories (devices-rt/*/gcc/*_flexspi_nor.ld).
"""

from __future__ import annotations

from mcuzoo.board.memory import Region
from mcuzoo.board.model import Board
from mcuzoo.codegen.sections import (
    STANDALONE,
    CopiedSection,
    Sections,
    copied_sections,
    home_section,
)
from mcuzoo.plan.place.placement import Placement

_ARENA_AS_DATA = ".bss.mz_arena"
"""Swept up by the script's .bss: cleared at start-up, which an arena does not need."""
_WEIGHTS_IN_FLASH = ".rodata.mz_weights"
_WEIGHTS_AS_DATA = "DataQuickAccess"
"""The SDK's name for read-only data that its start-up code copies to DTCM."""


def sdk_sections(board: Board, placement: Placement) -> Sections:
    """Sections of the SDK's script where it has one, else our own, see added_regions."""
    arena, weights = STANDALONE.arena, STANDALONE.weights
    if placement.arena_region == placement.data_region:
        arena = _ARENA_AS_DATA
    if placement.weights_region == board.flash.region:
        weights = _WEIGHTS_IN_FLASH
    elif placement.weights_region == placement.data_region:
        weights = _WEIGHTS_AS_DATA
    homes = tuple(
        (
            symbol,
            _WEIGHTS_AS_DATA if region == placement.data_region else home_section(region),
        )
        for symbol, region in placement.homes
    )
    return Sections(arena, weights, homes)


def own_copies(board: Board, placement: Placement) -> tuple[CopiedSection, ...]:
    """What the SDK's start-up code does not copy."""
    return tuple(
        copy for copy in copied_sections(board, placement) if copy.region != placement.data_region
    )


def added_regions(board: Board, placement: Placement) -> tuple[Region, ...]:
    """Memories that hold one of our own sections, in the board's order."""
    sections = sdk_sections(board, placement)
    names = set()
    if sections.arena == STANDALONE.arena:
        names.add(placement.arena_region)
    if placement.rest_region is not None:
        names.add(placement.rest_region)
    names |= {copy.region for copy in own_copies(board, placement)}
    return tuple(region for region in board.apart(names).memories if region.name in names)
