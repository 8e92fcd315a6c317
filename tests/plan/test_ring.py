"""The ring that keeps what arrives while the board works: from leftovers alone, and never more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcuzoo.board.load import load_board
from mcuzoo.plan.memory import plan_memory
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.plan.options import MemoryOptions
from mcuzoo.plan.place.footprint import receive_ring_bytes
from mcuzoo.plan.place.regions import RegionFit, region_fits
from mcuzoo.plan.place.ring import wanted_ring_bytes, with_ring
from mcuzoo.project.kinds import KEPT_OUTPUT_BYTES
from mcuzoo.resources import firmware_dir
from mcuzoo.zoo.registry import load_or_build

LEAST = receive_ring_bytes()
INPUT_BYTES = 128 * 128 * 3


@pytest.fixture(scope="module")
def plan() -> MemoryPlan:
    model = load_or_build("mobilenet_v1_0.25_128").model
    options = MemoryOptions(runtime="aot", project="cmake", weights="flash")
    return plan_memory(model, load_board("rt1050"), options)


def test_an_input_and_its_frames_are_wanted() -> None:
    assert wanted_ring_bytes(INPUT_BYTES) == 65536
    assert wanted_ring_bytes(1728) == LEAST
    assert wanted_ring_bytes(16384) == 32768  # the frames do not fit 16,384
    assert wanted_ring_bytes(224 * 224 * 3) == 65536


def test_the_whole_next_image_has_room(plan: MemoryPlan) -> None:
    placement = plan.placement
    assert (placement.ring_bytes, placement.ring_region) == (65536, "ocram")
    used = {region.region: region for region in plan.regions}
    parts = {part.name: part.bytes for part in used["ocram"].parts}
    assert parts["receive ring"] == 65536 and plan.fits


def _ring(
    plan: MemoryPlan, ocram_used: int, dtcm_used: int | None = None
) -> tuple[int, str | None]:
    """The ring where so much is in use."""
    board = load_board("rt1050")
    bare = replace(plan.placement, ring_bytes=LEAST, ring_region=None)
    used = {"ocram": ocram_used, "dtcm": dtcm_used}

    def filled(region: RegionFit) -> RegionFit:
        bytes_ = used.get(region.region)
        parts = (
            region.parts if bytes_ is None else (replace(plan.regions[0].parts[0], bytes=bytes_),)
        )
        return replace(region, parts=parts)

    regions = [filled(region) for region in region_fits(plan.needs, board, bare)]
    found = with_ring(bare, regions, board, INPUT_BYTES, 1001)
    assert replace(found, ring_bytes=LEAST, ring_region=None) == bare
    return found.ring_bytes, found.ring_region


def test_it_takes_what_is_left(plan: MemoryPlan) -> None:
    ocram = load_board("rt1050").region("ocram").size
    assert _ring(plan, ocram - 65536 - 64) == (65536, "ocram")
    assert _ring(plan, ocram - 65536 - 63) == (32768, "ocram")
    assert _ring(plan, ocram - 16384, 80 * 1024) == (32768, None)  # beside the data is more room
    assert _ring(plan, ocram, 120 * 1024) == (LEAST, None)


def test_without_a_kept_output_it_is_small(plan: MemoryPlan) -> None:
    board = load_board("rt1050")
    bare = replace(plan.placement, ring_bytes=LEAST, ring_region=None)
    regions = region_fits(plan.needs, board, bare)
    assert with_ring(bare, regions, board, INPUT_BYTES, 1024) != bare
    assert with_ring(bare, regions, board, INPUT_BYTES, 1025) == bare
    header = (firmware_dir() / "image" / "mz_image.h").read_text(encoding="utf-8")
    assert f"#define MZ_IMAGE_KEPT_BYTES {KEPT_OUTPUT_BYTES}u" in header
