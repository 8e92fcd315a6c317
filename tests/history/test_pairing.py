"""Images of two runs are paired by their pictures, each once, and by nothing else."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.history.pairing import Pairing, Unpaired, pair_rows, reasons
from mcuzoo.run.record import Row, Status


def row(index: int, file: str, sha256: str | None) -> Row:
    return Row(index, file, None, sha256, Status.DONE)


def rows_of(found: list[tuple[str, str | None]]) -> list[Row]:
    return [row(index, file, sha256) for index, (file, sha256) in enumerate(found)]


FEW_IMAGES = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["1", "2", "3", None])), max_size=12
).map(rows_of)


def multiset(rows: list[Row]) -> Counter[str]:
    return Counter(one.sha256 for one in rows if one.sha256 is not None)


@given(run=FEW_IMAGES, baseline=FEW_IMAGES)
def test_as_many_pairs_as_there_are_copies_in_both(run: list[Row], baseline: list[Row]) -> None:
    found = pair_rows(run, baseline)
    assert all(p.run.sha256 == p.baseline.sha256 is not None for p in found.pairs)
    assert len(found.pairs) == (multiset(run) & multiset(baseline)).total()
    # Nothing is lost, and nothing is there twice; the pairs are in the order of the run.
    for rows, paired, alone in (
        (run, [p.run for p in found.pairs], found.run),
        (baseline, [p.baseline for p in found.pairs], found.baseline),
    ):
        assert sorted([one.index for one in paired] + [one.row.index for one in alone]) == [
            one.index for one in rows
        ]
    assert [p.run.index for p in found.pairs] == sorted(p.run.index for p in found.pairs)


@given(run=FEW_IMAGES, baseline=FEW_IMAGES)
def test_of_copies_the_same_names_belong_together(run: list[Row], baseline: list[Row]) -> None:
    def named(rows: list[Row]) -> Counter[tuple[str, str | None]]:
        return Counter((one.file, one.sha256) for one in rows if one.sha256 is not None)

    pairs = pair_rows(run, baseline).pairs
    same = sum(p.run.file == p.baseline.file for p in pairs)
    assert same >= (named(run) & named(baseline)).total()


@given(run=FEW_IMAGES, baseline=FEW_IMAGES)
def test_the_other_way_round_the_same_pictures_are_left(
    run: list[Row], baseline: list[Row]
) -> None:
    there, back = pair_rows(run, baseline), pair_rows(baseline, run)
    assert len(there.pairs) == len(back.pairs)
    assert multiset([one.row for one in there.run]) == multiset([one.row for one in back.baseline])


def why(found: Pairing) -> list[tuple[str, Unpaired]]:
    return [(one.row.file, one.why) for one in (*found.run, *found.baseline)]


def test_why_an_image_is_alone() -> None:
    run = rows_of([("same", "1"), ("changed", "2"), ("new", "3"), ("bare", None)])
    baseline = rows_of([("renamed", "1"), ("changed", "9"), ("gone", "8"), ("bare", "7")])
    found = pair_rows(run, baseline)
    assert [(p.baseline.file, p.run.file) for p in found.pairs] == [("renamed", "same")]
    assert why(found) == [
        ("changed", Unpaired.REPLACED), ("new", Unpaired.ABSENT), ("bare", Unpaired.NO_HASH),
        ("changed", Unpaired.REPLACED), ("gone", Unpaired.ABSENT), ("bare", Unpaired.ABSENT),
    ]  # fmt: skip
    assert reasons(found.run) == [
        (Unpaired.NO_HASH, 1, "bare"), (Unpaired.REPLACED, 1, "changed"),
        (Unpaired.ABSENT, 1, "new"),
    ]  # fmt: skip
