"""How much of each memory region a firmware takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from mcuzoo.board.memory import symbol_of
from mcuzoo.project.manifest import PlanEntry, RegionUse, TargetEntry
from mcuzoo.toolchain.sections import Section, read_symbols

CODE_SYMBOLS = ("mz_weights_start", "mz_weights_end")
"""What code_bytes wants to know, as the linker script defines it."""

_WEIGHTS = "mz_weights"


def region_uses(sections: Iterable[Section], target: TargetEntry) -> tuple[RegionUse, ...]:
    """Every region of the board, in its order. Flash counts up to its last byte, with the gaps."""
    sections = tuple(sections)
    uses = []
    for memory in target.memory:
        end = memory.base + memory.size_bytes
        if memory.region == target.flash_region:
            ends = [
                s.load_end for s in sections if s.content and memory.base <= s.load_address < end
            ]
            used = max(ends, default=memory.base) - memory.base
        else:
            # A section may lie in two regions that are side by side.
            used = sum(
                max(0, min(end, section.end) - max(memory.base, section.address))
                for section in sections
            )
        uses.append(RegionUse(memory.region, used, memory.size_bytes))
    return tuple(uses)


def beyond_plan(plan: PlanEntry, uses: Iterable[RegionUse]) -> tuple[str, ...]:
    """Memories that a build takes more of than was planned, in words: what was added to a project
    after its export, or an estimate that is wrong."""
    planned = {use.region: use.used_bytes for use in plan.regions}
    return tuple(
        f"{use.region}: {use.used_bytes:,} bytes used, {planned.get(use.region, 0):,} planned."
        for use in uses
        if use.used_bytes > planned.get(use.region, 0)
    )


def linked_constant_bytes(elf: Path, plan: PlanEntry) -> int:
    """The model's constants as they are linked: see constant_bytes."""
    names = [f"{name}_{end}" for name in _weights_names(plan) for end in ("start", "end")]
    return constant_bytes(read_symbols(elf, names), plan)


def constant_bytes(symbols: Mapping[str, int], plan: PlanEntry) -> int:
    """The model's constants between the symbols of their sections, or, where not all of them have
    a section of their own, as many as were planned."""
    sizes = [
        symbols.get(f"{name}_end", 0) - symbols.get(f"{name}_start", 0)
        for name in _weights_names(plan)
    ]
    return sum(sizes) if all(sizes) else plan.constant_bytes


def _weights_names(plan: PlanEntry) -> list[str]:
    homes = {entry.region for entry in plan.constants} or {plan.weights_region}
    return [
        _WEIGHTS if region == plan.weights_region else f"{_WEIGHTS}_{symbol_of(region)}"
        for region in sorted(homes)
    ]


def code_bytes(
    sections: Iterable[Section], symbols: Mapping[str, int], unmarked_constants: int = 0
) -> int:
    """Machine code with its own tables, less the model's constants where they stand among it.

    unmarked_constants: bytes of constants among the code that no symbol delimits.
    """
    start = symbols.get("mz_weights_start", 0)
    constants = symbols.get("mz_weights_end", 0) - start
    code = [section for section in sections if section.executable]
    inside = any(section.address <= start < section.end for section in code)
    taken = constants if inside else unmarked_constants
    # Constants that nothing refers to are not there to be taken off.
    total = sum(section.size_bytes for section in code)
    return total - taken if total > taken else total
