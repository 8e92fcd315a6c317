"""Pick a few of many, evenly over the classes and always the same ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from mcuzoo.errors import UsageError


def sample_evenly(labels: Sequence[int | None], limit: int) -> list[int]:
    """Positions of `limit` of the labels, ascending; all of them when there are no more.

    Every class gives the same number, as far as it has that many; what is left over goes to
    classes spread evenly over the range. Within a class the picks are spread evenly, too. No
    chance is involved. Unlabelled images count as one class. Raises UsageError for a limit < 1.
    """
    if limit < 1:
        raise UsageError(f"--limit {limit} leaves no images.", "Give a number from 1 up.")
    by_class: dict[int, list[int]] = defaultdict(list)
    for position, label in enumerate(labels):
        by_class[-1 if label is None else label].append(position)
    members = [by_class[label] for label in sorted(by_class)]
    shares = _even_shares([len(positions) for positions in members], limit)
    return sorted(
        positions[pick]
        for positions, share in zip(members, shares, strict=True)
        for pick in _spread(len(positions), share)
    )


def _even_shares(sizes: list[int], limit: int) -> list[int]:
    shares = [0] * len(sizes)
    while (left := min(limit, sum(sizes)) - sum(shares)) > 0:
        open_classes = [at for at, size in enumerate(sizes) if shares[at] < size]
        for turn in _spread(len(open_classes), min(left, len(open_classes))):
            shares[open_classes[turn]] += 1
    return shares


def _spread(count: int, picks: int) -> list[int]:
    """`picks` of range(count), evenly apart."""
    return [pick * count // picks for pick in range(picks)]
