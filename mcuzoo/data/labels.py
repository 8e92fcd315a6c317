"""Class names, and what a label in a data set means to a model of so many classes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from mcuzoo.errors import DataSetError, did_you_mean

IMAGENET_CLASSES = 1000
_BACKGROUND_HINT = (
    "ImageNet is labelled 0..999, but models trained with TF-slim have 1001 classes of which "
    "class 0 is 'background': "
)

NAMES, NUMBERS, SORTED = "names", "numbers", "sorted"
MAPPINGS = {
    NAMES: "read as class names",
    NUMBERS: "numbers read as class indices",
    SORTED: "folders numbered in the order of their names, sorted as text",
}


@dataclass(frozen=True)
class Classes:
    """The classes a model tells apart: how many, and their names where they are known.

    source: where the names are from, in a few words. used: how often a label was read in each of
    MAPPINGS; `mapping` says it.
    """

    count: int
    names: tuple[str, ...] | None = None
    source: str = field(default="", compare=False)
    used: Counter[str] = field(default_factory=Counter, compare=False, repr=False)

    def index_of(self, label: str, where: str) -> int:
        """The class that `label` means: a name, else, if it is a whole number, an index.

        Names match exactly, then without regard to case. Raises DataSetError, which says `where`.
        """
        text = label.strip()
        known = self.name_index(text)
        if known is not None:
            self.used[NAMES] += 1
            return known
        if re.fullmatch(r"[+-]?[0-9]{1,9}", text):
            self.used[NUMBERS] += 1
            return self.checked(int(text), where)
        raise self._unknown(text, where)

    def name_index(self, text: str) -> int | None:
        """The class of that name, exactly or without regard to case; None if there is none."""
        if self.names is None:
            return None
        if text in self.names:
            return self.names.index(text)
        folded = [name.casefold() for name in self.names]
        return folded.index(text.casefold()) if text.casefold() in folded else None

    def named(self, text: str, where: str) -> int:
        """The class of that name; a number is none. Raises DataSetError, which says `where`."""
        known = self.name_index(text)
        if known is None:
            raise self._unknown(text, where)
        self.used[NAMES] += 1
        return known

    @property
    def mapping(self) -> str:
        """How labels were read, in words; empty if there were none."""
        ways = [MAPPINGS.get(way, way) for way in self.used]
        if NAMES in self.used and self.source:
            ways[list(self.used).index(NAMES)] += f" ({self.source})"
        return ", ".join(ways)

    def checked(self, index: int, where: str) -> int:
        """`index` when the model has such a class; else DataSetError."""
        if 0 <= index < self.count:
            return index
        raise DataSetError(
            f"{where}: label {index} is out of range, the model has classes 0..{self.count - 1}.",
            off_by_one_hint(index + 1, self.count) or "Correct the labels or choose another model.",
        )

    def name(self, index: int) -> str:
        """The name of class `index`, or the number itself where names are not known."""
        return str(index) if self.names is None else self.names[index]

    def _unknown(self, text: str, where: str) -> DataSetError:
        if self.names is None:
            return DataSetError(
                f"{where}: label {text!r} is a name, but the model's class names are not known.",
                "Name them with --labels FILE, one class a line in the order of the outputs.",
            )
        folded = [name.casefold() for name in self.names]
        return DataSetError(
            f"{where}: the model has no class {text!r}.",
            f"{did_you_mean(text, folded)}The names are the lines of the labels file: --labels.",
        )


def load_classes(path: Path | None, count: int) -> Classes:
    """Classes of a model with `count` outputs, named by the lines of `path` when given.

    Blank lines do not count. Raises DataSetError when the file cannot be read or does not hold
    `count` names, or where a blank line stands in the place of one.
    """
    if path is None:
        return Classes(count)
    hint = "A labels file holds one class name a line, in the order of the model's outputs."
    try:
        text = path.read_text(encoding="utf-8-sig").rstrip()
    except (OSError, UnicodeDecodeError) as error:
        raise DataSetError(f"The labels file {path} cannot be read: {error}", hint) from error
    lines = [line.strip() for line in text.split("\n")]
    names = tuple(line for line in lines if line)
    if not names:
        raise DataSetError(f"The labels file {path} is empty.", hint)
    if len(names) < count == len(lines):
        raise DataSetError(f"{path}, line {lines.index('') + 1} is blank: no class name.", hint)
    if len(names) != count:
        raise DataSetError(
            f"{path} names {len(names)} classes, the model has {count}.",
            off_by_one_hint(len(names), count) or hint,
        )
    return Classes(count, names, str(path))


def off_by_one_hint(labelled: int, count: int) -> str | None:
    """Advice when labels for `labelled` classes meet a model of `count`, 1000 against 1001."""
    if labelled == IMAGENET_CLASSES and count == IMAGENET_CLASSES + 1:
        return _BACKGROUND_HINT + "add 1 to every label, or a first line 'background' to the names."
    if labelled == IMAGENET_CLASSES + 1 and count == IMAGENET_CLASSES:
        return _BACKGROUND_HINT + "this model has none, so subtract 1 from every label."
    return None
