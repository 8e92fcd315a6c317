"""The images of two runs, paired by the SHA-256 of the picture. A name alone pairs nothing: another
picture may have got it."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from mcuzoo.run.record import Row, Status


@dataclass(frozen=True)
class Pair:
    """The same picture in both runs.

    baseline, run: its row in each.
    """

    baseline: Row
    run: Row

    @property
    def answered(self) -> bool:
        """Whether both runs have an answer."""
        return self.baseline.status is self.run.status is Status.DONE


class Unpaired(str, Enum):
    """Why an image has no partner in the other run."""

    NO_HASH = "no hash is recorded"
    REPLACED = "another picture has its name in the other run"
    ABSENT = "its picture is not in the other run"


@dataclass(frozen=True)
class Alone:
    """An image of one run without a partner.

    row: its own; why: no partner was found.
    """

    row: Row
    why: Unpaired


@dataclass(frozen=True)
class Pairing:
    """pairs: in the order of the run. run, baseline: the images that only one of them has."""

    pairs: tuple[Pair, ...]
    run: tuple[Alone, ...]
    baseline: tuple[Alone, ...]

    @property
    def answered(self) -> tuple[Pair, ...]:
        """The pairs with an answer in both runs."""
        return tuple(pair for pair in self.pairs if pair.answered)


def pair_rows(run: Sequence[Row], baseline: Sequence[Row]) -> Pairing:
    """Pair the images of two runs; each is in one pair at most.

    Of several copies of a picture, those with the same name belong together; the others go by their
    order.
    """
    partner: dict[int, Row] = {}
    for same_name in (True, False):
        waiting: dict[tuple[str | None, str], deque[Row]] = defaultdict(deque)
        taken = {id(row) for row in partner.values()}
        for row in baseline:
            if id(row) not in taken:
                waiting[_key(row, same_name)].append(row)
        for row in run:
            if row.sha256 is not None and id(row) not in partner:
                found = waiting.get(_key(row, same_name))
                if found:
                    partner[id(row)] = found.popleft()
    pairs = tuple(Pair(partner[id(row)], row) for row in run if id(row) in partner)
    taken = {id(row) for row in partner.values()}
    left = [row for row in run if id(row) not in partner]
    left_before = [row for row in baseline if id(row) not in taken]
    return Pairing(pairs, _alone(left, left_before), _alone(left_before, left))


def _key(row: Row, same_name: bool) -> tuple[str | None, str]:
    return row.sha256, row.file if same_name else ""


def _alone(rows: Iterable[Row], others: Iterable[Row]) -> tuple[Alone, ...]:
    names = {other.file for other in others if other.sha256 is not None}
    return tuple(Alone(row, _why(row, names)) for row in rows)


def _why(row: Row, names: set[str]) -> Unpaired:
    if row.sha256 is None:
        return Unpaired.NO_HASH
    return Unpaired.REPLACED if row.file in names else Unpaired.ABSENT


def reasons(alone: Iterable[Alone]) -> list[tuple[Unpaired, int, str]]:
    """Each reason with the number of its images and the name of the first."""
    found = list(alone)
    counts = Counter(one.why for one in found)
    first = {one.why: one.row.file for one in reversed(found)}
    return [(why, counts[why], first[why]) for why in Unpaired if counts[why]]
