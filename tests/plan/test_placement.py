"""Parts go to the fastest region with room, or where the user pins them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcuzoo.board.load import load_board
from mcuzoo.board.model import Board
from mcuzoo.errors import UsageError
from mcuzoo.plan.place.needs import Needs
from mcuzoo.plan.place.placement import place
from mcuzoo.plan.place.regions import region_fits

KIB = 1024


def _needs(arena_bytes: int, constant_bytes: int = 500 * KIB) -> Needs:
    return Needs(
        arena_bytes=arena_bytes,
        constant_bytes=constant_bytes,
        code_bytes=20 * KIB,
        data_bytes=8 * KIB + 100,
        stack_bytes=8 * KIB,
    )


@pytest.fixture(scope="module")
def rt1050() -> Board:
    return load_board("rt1050")


@pytest.fixture(scope="module")
def rt1170() -> Board:
    return load_board("rt1170")


def test_a_small_arena_goes_beside_data_and_stack_in_dtcm(rt1050: Board) -> None:
    placement = place(_needs(96 * KIB), rt1050)
    assert (placement.arena_region, placement.data_region) == ("dtcm", "dtcm")
    assert placement.weights_region == "flash"


def test_the_room_of_data_and_stack_counts(rt1050: Board) -> None:
    """128 KiB of DTCM minus 16.1 KiB: 112 KiB no longer fit beside them."""
    assert place(_needs(112 * KIB), rt1050).arena_region == "ocram"


def test_every_part_is_counted_once(rt1050: Board) -> None:
    needs = _needs(96 * KIB)
    regions = {fit.region: fit for fit in region_fits(needs, rt1050, place(needs, rt1050))}
    assert regions["dtcm"].used_bytes == 96 * KIB + 16 * KIB + 100
    assert regions["flash"].used_bytes == 0x2000 + 20 * KIB + 500 * KIB
    assert regions["ocram"].used_bytes == 0


def test_the_flash_may_be_used_up_to_its_limit_only(rt1170: Board) -> None:
    needs = _needs(96 * KIB)
    regions = {fit.region: fit for fit in region_fits(needs, rt1170, place(needs, rt1170))}
    assert regions["flash"].size_bytes == 16 * KIB * KIB


def test_weights_in_ram_leave_dtcm_to_the_arena(rt1170: Board) -> None:
    needs = _needs(96 * KIB)
    placement = place(needs, rt1170, weights="ram")
    assert (placement.arena_region, placement.weights_region) == ("dtcm", "ocram1+ocram2")
    regions = {fit.region: fit for fit in region_fits(needs, rt1170, placement)}
    assert regions["ocram1+ocram2"].used_bytes == 500 * KIB
    assert regions["flash"].used_bytes > 500 * KIB, "the copy that is loaded at reset"


def test_weights_go_beside_the_arena_into_one_memory_of_two_banks(rt1170: Board) -> None:
    needs = _needs(400 * KIB)
    placement = place(needs, rt1170, weights="ram")
    assert (placement.arena_region, placement.weights_region) == ("ocram1+ocram2",) * 2
    regions = {fit.region: fit for fit in region_fits(needs, rt1170, placement)}
    assert (regions["ocram1+ocram2"].used_bytes, regions["ocram1+ocram2"].size_bytes) == (
        900 * KIB,
        1024 * KIB,
    )
    assert not {"ocram1", "ocram2"} & set(regions)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"arena_region": "ocram1", "weights": "ram"}, ("ocram1", "ocram2")),
        ({"arena_region": "ocram2", "weights": "ocram1"}, ("ocram2", "ocram1")),
        ({"weights": "ocram2"}, ("ocram1", "ocram2")),
    ],
)
def test_who_names_a_bank_means_that_bank_alone(
    rt1170: Board, options: dict[str, Any], where: tuple[str, str]
) -> None:
    needs = _needs(400 * KIB)
    placement = place(needs, rt1170, **options)
    assert (placement.arena_region, placement.weights_region) == where
    regions = {fit.region: fit for fit in region_fits(needs, rt1170, placement)}
    assert regions[where[0]].used_bytes == 400 * KIB
    assert regions[where[1]].used_bytes == 500 * KIB
    assert "ocram1+ocram2" not in regions


def test_a_bank_and_the_memory_that_it_is_part_of_cannot_both_be_named(rt1170: Board) -> None:
    with pytest.raises(UsageError, match=r"ocram1\+ocram2") as caught:
        place(_needs(KIB), rt1170, arena_region="ocram1", weights="ocram1+ocram2")
    assert "ocram1, ocram2" in caught.value.hint


def test_an_arena_larger_than_a_bank_goes_over_two(rt1170: Board) -> None:
    assert place(_needs(700 * KIB), rt1170).arena_region == "ocram1+ocram2"
    assert not rt1170.apart(["ocram2"]).joins
    assert rt1170.apart(["dtcm", None]) is rt1170


def test_a_pinned_region_is_kept_even_when_it_overflows(rt1050: Board) -> None:
    needs = _needs(120 * KIB)
    placement = place(needs, rt1050, arena_region="dtcm")
    assert placement.arena_region == "dtcm"
    over = [fit for fit in region_fits(needs, rt1050, placement) if not fit.fits]
    assert [(fit.region, fit.over_bytes) for fit in over] == [("dtcm", 8 * KIB + 100)]


@pytest.mark.parametrize(
    ("name", "word"), [("flash", "cannot hold"), ("sdram", "controller"), ("otcram", "no memory")]
)
def test_regions_that_cannot_be_pinned(rt1050: Board, name: str, word: str) -> None:
    with pytest.raises(UsageError) as caught:
        place(_needs(KIB), rt1050, arena_region=name)
    assert word in caught.value.message
    assert "dtcm, ocram" in caught.value.hint


def test_a_misspelt_region_is_corrected(rt1050: Board) -> None:
    with pytest.raises(UsageError, match="no memory region") as caught:
        place(_needs(KIB), rt1050, arena_region="ocrm")
    assert "Did you mean 'ocram'?" in caught.value.hint


@pytest.mark.parametrize(("hot_bytes", "expected"), [(0, None), (120_000, "itcm"), (131_000, None)])
def test_hot_code_goes_to_the_itcm_if_all_of_it_fits(
    rt1050: Board, hot_bytes: int, expected: str | None
) -> None:
    needs = replace(_needs(96 * KIB), hot_bytes=hot_bytes)
    placement = place(needs, rt1050)
    assert placement.code_region == expected
    itcm = next(fit for fit in region_fits(needs, rt1050, placement) if fit.region == "itcm")
    assert itcm.fits
    assert sum(part.bytes for part in itcm.parts if part.name == "code") == (
        hot_bytes if expected else 0
    )
