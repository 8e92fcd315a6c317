"""The parts of a data set: train, validation, test, by the folder or the column that says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcuzoo.errors import DataSetError, did_you_mean

ALL = "all"
_ALIASES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
    "publictest": "public-test",
    "public-test": "public-test",
    "public": "public-test",
    "privatetest": "private-test",
    "private-test": "private-test",
    "private": "private-test",
}
_PREFERRED = ("private-test", "test", "public-test", "validation", "train")


def split_name(word: str) -> str | None:
    """The split that a folder name or a Usage cell means, None when it means none."""
    return _ALIASES.get(word.strip().lower().replace("_", "-"))


def chosen_split(wanted: str | None, present: Iterable[str], where: str) -> str:
    """One of the splits that are `present`, or "all".

    If none is `wanted`, it is the test set, else the validation set. The private test set comes
    before the public one, on which models are tuned. Raises DataSetError for a split that is not
    there.
    """
    known = [name for name in _PREFERRED if name in set(present)]
    if wanted is None:
        return known[0]
    if wanted.lower() == ALL:
        return ALL
    name = split_name(wanted)
    if name in known:
        return name
    if name == "test" and {"private-test", "public-test"} & set(known):
        return "test"
    raise no_such_split(wanted, known, where)


def no_such_split(wanted: str, known: Sequence[str], where: str) -> DataSetError:
    """The error for a split that `where` does not have."""
    if not known:
        return DataSetError(f"{where} is not split, so there is no --split {wanted}.", "Omit it.")
    choices = [*known, ALL]
    return DataSetError(
        f"{where} has no split {wanted!r}.",
        f"{did_you_mean(wanted, choices)}It has {', '.join(choices)}.",
    )


def in_split(part: str | None, split: str) -> bool:
    """Whether an image of `part` belongs to `split`; "test" takes in both tests of FER2013."""
    return split in (ALL, part) or (split == "test" and part in ("public-test", "private-test"))
