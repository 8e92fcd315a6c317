"""Sections counted by memory region."""

from __future__ import annotations

from mcuzoo.project.manifest import ConstantEntry, MemoryEntry, PlanEntry, TargetEntry
from mcuzoo.toolchain.sizes import Section, constant_bytes, region_uses

TARGET = TargetEntry(
    core="cortex-m7",
    fpu="fpv5-d16",
    flash_region="flash",
    image_base=0x3000_0000,
    memory=(
        MemoryEntry("ocram1", "ocram", 0x2024_0000, 0x8_0000),
        MemoryEntry("ocram2", "ocram", 0x202C_0000, 0x8_0000),
        MemoryEntry("flash", "flash", 0x3000_0000, 0x100_0000),
    ),
)


def section(address: int, size_bytes: int) -> Section:
    return Section(".x", address, size_bytes, address, b"", False)


def test_a_section_in_two_regions_side_by_side_counts_in_both() -> None:
    spanning = section(0x2024_0000, 0x10_0000)
    partly = section(0x202B_FF00, 0x300)
    uses = {use.region: use.used_bytes for use in region_uses([spanning], TARGET)}
    assert uses == {"ocram1": 0x8_0000, "ocram2": 0x8_0000, "flash": 0}
    uses = {use.region: use.used_bytes for use in region_uses([partly], TARGET)}
    assert uses == {"ocram1": 0x100, "ocram2": 0x200, "flash": 0}


def test_constants_without_a_section_of_their_own_are_those_planned() -> None:
    """As in an SDK's linker script, where they stand in flash beside the code."""
    plan = PlanEntry(64, "dtcm", "flash", 8192, 1000, "0 CONV_2D")
    assert constant_bytes({"mz_weights_start": 0x100, "mz_weights_end": 0x180}, plan) == 0x80
    assert constant_bytes({"mz_weights_start": 0, "mz_weights_end": 0}, plan) == 1000
    assert constant_bytes({}, plan) == 1000


def test_constants_in_several_sections_are_added_up() -> None:
    """Unless one of them has no section of its own, as what an SDK's start-up code copies."""
    entries = tuple(
        ConstantEntry(region, 0, "CONV_2D", 500, region, 1, None, None)
        for region in ("flash", "ocram1")
    )
    plan = PlanEntry(64, "dtcm", "flash", 8192, 1000, "0 CONV_2D", constants=entries)
    symbols = {"mz_weights_start": 0x100, "mz_weights_end": 0x300}
    assert constant_bytes(symbols, plan) == 1000
    ocram = {"mz_weights_ocram1_start": 0x2024_0000, "mz_weights_ocram1_end": 0x2024_0220}
    assert constant_bytes({**symbols, **ocram}, plan) == 0x200 + 0x220
