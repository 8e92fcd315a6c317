"""Labels that count in another order than the model: found out before any image is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mcuzoo.data.imagenet import background_classes, class_order, ilsvrc_order, synset_in
from mcuzoo.data.item import Item
from mcuzoo.data.labels import IMAGENET_CLASSES, Classes
from mcuzoo.errors import DataSetError


def refuse_shifted_labels(items: Sequence[Item], classes: Classes, where: str) -> None:
    """Raise DataSetError when labels are ImageNet's, but counted otherwise than by the model.

    A model with 1001 classes has 'background' for class 0, which no image shows; and where files
    are named by WordNet id, the ids say what the labels ought to be.
    """
    labels = {item.label for item in items if item.label is not None}
    with_background = classes.count == IMAGENET_CLASSES + 1 and (
        classes.names is None or classes.names[0] in ("background", "")
    )
    if with_background and 0 in labels and IMAGENET_CLASSES not in labels:
        raise DataSetError(
            f"{where}: an image is labelled 0, which is 'background' in a model of 1001 classes.",
            "Labels 0..999 need 1 added to each.",
        )
    if classes.count in (IMAGENET_CLASSES, IMAGENET_CLASSES + 1):
        _compare_with_synsets(items, classes, where)


def _compare_with_synsets(items: Sequence[Item], classes: Classes, where: str) -> None:
    first = background_classes(classes, where)
    named = [
        (item, item.label, synset)
        for item in items
        if item.label is not None and (synset := synset_in(item.file)) is not None
    ]
    wrong = [found for found in named if found[1] != first + class_order()[found[2]]]
    if not named or 2 * len(wrong) <= len(named):
        return

    def all_are(meaning: Callable[[str], int]) -> bool:
        return all(label == meaning(synset) for _, label, synset in named)

    item, label, synset = wrong[0]
    right = first + class_order()[synset]
    hint = "Label by the sorted WordNet ids."
    if all_are(lambda synset: ilsvrc_order().index(synset) + 1):
        hint = (
            "The labels are ILSVRC2012_IDs of the development kit, which are not in the order of "
            "the classes: translate each to its WordNet id."
        )
    elif all_are(lambda synset: class_order()[synset] + 1 - first):
        hint = f"All labels are off by one: {'add 1 to' if first else 'subtract 1 from'} each."
    raise DataSetError(
        f"{where}: {item.file} is labelled {label}, but its WordNet id {synset} is class {right} "
        f"of {classes.count}, and {len(wrong)} of {len(named)} such labels are wrong.",
        hint,
    )
