"""`signs`: as many pictures of road signs as are asked for, drawn from a seed."""

from __future__ import annotations

from collections.abc import Iterator

from mcuzoo.data.drawn_signs import NAME
from mcuzoo.data.drawn_signs.classes import CLASS_NAMES
from mcuzoo.data.drawn_signs.dataset import TRAINING_SEEDS
from mcuzoo.data.images import DrawnSign, Item
from mcuzoo.data.labels import Classes
from mcuzoo.errors import DataSetError

DEFAULT_SEED = 20_261
DEFAULT_COUNT = 320
_USAGE = f"--data {NAME} or, for other pictures, --data {NAME}:SEED; --limit says how many."


def sign_items(source: str, classes: Classes, limit: int | None) -> Iterator[Item]:
    """`limit` pictures (DEFAULT_COUNT without one), all classes equally often (to within one).

    Raises DataSetError for a malformed seed, a model of other classes, or a seed that the bundled
    model was trained with.
    """
    seed = _seed(source)
    if classes.count != len(CLASS_NAMES):
        raise DataSetError(
            f"signs has {len(CLASS_NAMES)} classes, the model has {classes.count}.",
            "Evaluate it on the data set that it was trained for.",
        )
    for position in range(DEFAULT_COUNT if limit is None else limit):
        number, drawn = divmod(position, len(CLASS_NAMES))
        name = CLASS_NAMES[drawn]
        label = drawn if classes.names is None else classes.index_of(name, NAME)
        yield Item(position, f"{position:04d}_{name}", DrawnSign(drawn, seed, number), label)


def _seed(source: str) -> int:
    text = source.partition(":")[2]
    if not text and source == NAME:
        return DEFAULT_SEED
    if not text.isdecimal() or len(text) > 9:
        raise DataSetError(f"{source!r}: {text!r} is no seed.", _USAGE)
    if int(text) in TRAINING_SEEDS:
        raise DataSetError(
            f"The bundled model was trained on pictures of seed {text}.",
            f"Seeds {', '.join(map(str, TRAINING_SEEDS))} prove nothing; take another.",
        )
    return int(text)
