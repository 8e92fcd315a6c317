"""Which constants are copied where: against brute force, and properties of any choice."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random

import pytest
from helpers.examples import examples
from helpers.mobilenet import mobilenet_v1
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.board.load import list_boards, load_board
from mcuzoo.board.model import Board
from mcuzoo.errors import UsageError
from mcuzoo.graph.model import Model
from mcuzoo.graph.program import build_program
from mcuzoo.ops.lower import call_constant_bytes, lower
from mcuzoo.plan.arena.fusion import fuse_and_plan
from mcuzoo.plan.place.estimate import constant_entries, waits
from mcuzoo.plan.place.needs import Needs, assess_needs
from mcuzoo.plan.place.pins import parse_pins
from mcuzoo.plan.place.placement import Placement, place
from mcuzoo.plan.place.regions import region_fits
from mcuzoo.plan.place.traffic import whole_model_use
from mcuzoo.plan.place.weights import LEAST_SAVING_S, WORTH_S, Candidate, choose_regions
from mcuzoo.project.manifest import ConstantEntry

REGIONS = ("fast", "slow")

CANDIDATES = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 400), st.floats(0, 1)), min_size=1, max_size=6
).map(
    lambda drawn: [
        Candidate(f"c{at}", 16 * size, {"fast": saved * 1e-6, "slow": share * saved * 1e-6})
        for at, (size, saved, share) in enumerate(drawn)
    ]
)
FREE = st.fixed_dictionaries({name: st.integers(0, 1500) for name in REGIONS})


def saved(candidates: list[Candidate], regions: dict[str, str]) -> float:
    return sum(one.saves[regions[one.symbol]] for one in candidates if one.symbol in regions)


def fits(candidates: list[Candidate], regions: dict[str, str], free: dict[str, int]) -> bool:
    used = {
        name: sum(one.bytes for one in candidates if regions.get(one.symbol) == name)
        for name in free
    }
    return all(used[name] <= free[name] for name in free if used[name])


def best_of_all(candidates: list[Candidate], free: dict[str, int]) -> float:
    best = 0.0
    for choice in product((None, *REGIONS), repeat=len(candidates)):
        regions = {
            one.symbol: home
            for one, home in zip(candidates, choice, strict=True)
            if home is not None
        }
        worth = all(
            one.saves[regions[one.symbol]] >= LEAST_SAVING_S
            for one in candidates
            if one.symbol in regions
        )
        if worth and fits(candidates, regions, free):
            best = max(best, saved(candidates, regions))
    return best if best >= WORTH_S else 0.0


@settings(deadline=None, max_examples=examples(150))
@given(CANDIDATES, FREE)
def test_any_choice_keeps_to_the_rules(candidates: list[Candidate], free: dict[str, int]) -> None:
    chosen = choose_regions(candidates, free)
    regions = dict(chosen)
    assert fits(candidates, regions, free)
    assert chosen == choose_regions(candidates, free)
    assert not regions or saved(candidates, regions) >= WORTH_S
    best = best_of_all(candidates, free)
    assert saved(candidates, regions) <= best + 1e-12
    if regions:
        assert saved(candidates, regions) >= 0.5 * best


def test_most_choices_are_the_best_there_is() -> None:
    random = Random(1)
    optimal, count = 0, 200
    for _ in range(count):
        candidates = []
        for at in range(random.randint(2, 6)):
            seconds = random.randint(40, 400) * 1e-6
            saves = {"fast": seconds, "slow": random.random() * seconds}
            candidates.append(Candidate(f"c{at}", 16 * random.randint(1, 60), saves))
        free = {name: random.randint(400, 1500) for name in REGIONS}
        found = saved(candidates, dict(choose_regions(candidates, free)))
        optimal += found >= best_of_all(candidates, free) * (1 - 1e-9)
    assert optimal >= 0.95 * count


def test_a_memory_is_filled_to_the_brim() -> None:
    """Where the largest array, which saves a little more per byte, would bar two that fill it."""
    sizes = {"largest": 8448, "large": 8243, "medium": 1690, "small": 150}
    candidates = [
        Candidate(name, size, {"fast": size * 4e-8, "slow": size * 3e-8})
        for name, size in sizes.items()
    ]
    candidates[0] = replace(candidates[0], saves={"fast": 338e-6, "slow": 253e-6})
    chosen = dict(choose_regions(candidates, {"fast": 10_000, "slow": 20_000}))
    assert chosen == {"largest": "slow", "large": "fast", "medium": "fast", "small": "slow"}


def test_the_densest_go_where_they_save_most() -> None:
    candidates = [
        Candidate("large", 1000, {"fast": 900e-6, "slow": 800e-6}),
        Candidate("hot", 100, {"fast": 300e-6, "slow": 100e-6}),
        Candidate("cold", 100, {"fast": 0.5e-6, "slow": 0.4e-6}),
    ]
    chosen = dict(choose_regions(candidates, {"fast": 200, "slow": 1000}))
    assert chosen == {"large": "slow", "hot": "fast"}, "cold saves less than 1 us"


def test_one_large_array_beats_a_dense_small_one_that_bars_it() -> None:
    """By density alone the small one would take the room of the large one."""
    candidates = [
        Candidate("small", 16, {"fast": 3e-6, "slow": 0.0}),
        Candidate("large", 1000, {"fast": 100e-6, "slow": 0.0}),
    ]
    assert dict(choose_regions(candidates, {"fast": 1000, "slow": 0})) == {"large": "fast"}


def test_little_is_left_where_it_is() -> None:
    candidates = [Candidate("one", 100, {"fast": 19e-6})]
    assert choose_regions(candidates, {"fast": 1000}) == ()


@pytest.fixture(scope="module")
def model() -> Model:
    return mobilenet_v1(resolution=96)


@pytest.fixture(scope="module")
def needs(model: Model) -> Needs:
    """Of the ahead-of-time runtime, before a board decides what works in slices."""
    program = build_program(model)
    calls, arena = fuse_and_plan(program, lower(program))
    return assess_needs(program, calls, arena, call_constant_bytes(calls))


def entries(needs: Needs, board: Board, placement: Placement) -> dict[str, ConstantEntry]:
    return {entry.symbol: entry for entry in constant_entries(needs, board, placement)}


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
def test_a_mobilenet_by_estimate(board: Board, needs: Needs) -> None:
    placement = place(needs, board, "auto")
    assert placement == place(needs, board, "auto")
    assert all(region.fits for region in region_fits(needs, board, placement))
    found = entries(needs, board, placement)
    everywhere = waits(list(found.values()))
    assert everywhere is not None and everywhere[1] < 0.6 * everywhere[0]
    hot = found["mz_op_26_packed"]
    assert hot.region != "flash" and "less than in flash" in hot.why
    assert all(entry.why for entry in found.values())


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
@settings(deadline=None, max_examples=examples(40))
@given(arena=st.integers(1, 400_000), data=st.integers(1, 60_000))
def test_a_choice_by_estimate_never_makes_it_too_large(
    board: Board, needs: Needs, arena: int, data: int
) -> None:
    """What fits with all constants in flash fits with copies of them, and waits no longer."""
    small = replace(needs, arena_bytes=arena, data_bytes=data)
    in_flash, chosen = place(small, board), place(small, board, "auto")
    assert chosen.arena_region == in_flash.arena_region
    if all(region.fits for region in region_fits(small, board, in_flash)):
        assert all(region.fits for region in region_fits(small, board, chosen))
    known = waits(list(constant_entries(small, board, chosen)))
    assert known is not None and known[1] <= known[0]


def test_what_no_memory_has_room_for_says_so(needs: Needs) -> None:
    board = load_board("rt1050")
    larger = replace(needs, arena_bytes=200_000)
    logits = entries(larger, board, place(larger, board, "auto"))["mz_op_28_packed"]
    assert (logits.region, logits.why) == ("flash", "no memory has room for all of it")


@pytest.mark.parametrize(
    ("weights", "others"),
    [("flash", "flash"), ("auto", "dtcm"), ("ram", "ocram1"), ("ocram2", "ocram2")],
)
def test_what_is_pinned_stays(weights: str, others: str, needs: Needs) -> None:
    board = load_board("rt1170")
    pins = parse_pins(["26=flash", "mz_op_28_packed = ocram2"])
    placement = place(needs, board, weights, pins=pins)
    found = entries(needs, board, placement)
    assert (found["mz_op_26_packed"].region, found["mz_op_28_packed"].region) == ("flash", "ocram2")
    assert found["mz_op_26_packed"].why == "pinned"
    assert found["mz_op_24_packed"].region == others
    used = {region.region: region.used_bytes for region in region_fits(needs, board, placement)}
    assert used["ocram2"] >= found["mz_op_28_packed"].bytes


@pytest.mark.parametrize(
    ("pin", "said"),
    [
        ("26", "OP=REGION is wanted"),
        ("26=", "OP=REGION is wanted"),
        ("26=itcm", "cannot be put there"),
        ("27=dtcm", "no op '27' with constants"),
    ],
)
def test_pins_that_mean_nothing(pin: str, said: str, needs: Needs) -> None:
    with pytest.raises(UsageError, match=said):
        place(needs, load_board("rt1050"), pins=parse_pins([pin]))


def test_a_named_region_takes_all(needs: Needs) -> None:
    board = load_board("rt1170")
    placement = place(needs, board, "ocram2")
    assert placement.weights_region == "ocram2" and not placement.constant_regions
    with pytest.raises(UsageError, match="cannot hold weights"):
        place(needs, board, "itcm")


def test_a_board_that_does_not_say_how_fast_it_is_keeps_all_in_flash(needs: Needs) -> None:
    board = load_board("rt1170")
    silent = board.model_copy(
        update={"regions": tuple(r.model_copy(update={"read": None}) for r in board.regions)}
    )
    placement = place(needs, silent, "auto")
    assert not placement.constant_regions
    found = entries(needs, silent, placement)
    assert {entry.why for entry in found.values()} == {
        "the board file has no read speed of the flash"
    }
    assert waits(list(found.values())) is None


@pytest.mark.parametrize(
    ("bytes_", "region"),
    [(300_000, "ocram1+ocram2"), (700_000, "ocram1+ocram2"), (1_100_000, "flash")],
)
def test_a_model_file_is_copied_as_a_whole(bytes_: int, region: str, needs: Needs) -> None:
    """As an interpreter reads it in place."""
    board = load_board("rt1170")
    file = whole_model_use(bytes_)
    interpreted = replace(needs, constant_bytes=bytes_, constants=(file,))
    placement = place(interpreted, board, "auto")
    assert placement.region_of(file.symbol) == region
    assert all(one.fits for one in region_fits(interpreted, board, placement))
