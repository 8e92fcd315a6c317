"""Visual Wake Words: is a person in the picture? COCO's pictures in two folders.

MLPerf Tiny's vw_coco2014_96 has the folders `person` and `non_person`. The eIQ Model Zoo calls the
outputs non-person and person, MLPerf Tiny and TFLite-Micro's person_detect notperson and person:
they are one class, so folders and outputs are matched whichever way it is written. Where a model's
names are not known, the sorted folders give the same order, with "no person" first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


def labels_of(folders: Sequence[str], outputs: Sequence[str]) -> list[int] | None:
    """The output of each folder; None unless all folders are one of the two classes, and known."""
    known = [_class(name) for name in outputs]
    wanted = [_class(name) for name in folders]
    if None in wanted or not set(wanted) <= set(known):
        return None
    return [known.index(name) for name in wanted]


def _class(name: str) -> str | None:
    word = re.sub(r"[\W_]", "", name.casefold())
    if word in ("person", "people", "human"):
        return "person"
    return (
        "no person"
        if re.fullmatch("(no|non|not|nota|without)(person|people|human)", word)
        else None
    )
