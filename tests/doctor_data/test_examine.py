"""The questions, put to networks whose recipe is known because they are made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mcuzoo.doctor_data.examine import Examination, examine
from mcuzoo.doctor_data.findings import Finding, Part, Verdict
from mcuzoo.doctor_data.label_order import known_orders
from mcuzoo.doctor_data.orders import ASSIGNED
from mcuzoo.doctor_data.space import Answers, Space, Way

CLASSES = 10
TRUE = Way("rgb", "torch", "cover", "opencv bilinear")
SPACE = Space(
    declared=TRUE,
    colors=("rgb", "bgr"),
    normalizations=("torch", "unit"),
    fits=("cover", "stretch", "letterbox, black"),
    resizes=("opencv bilinear", "opencv area"),
    exifs=(True, False),
    letterboxes=frozenset({"letterbox, black"}),
)
COSTS = {"color": 2.0, "normalization": 2.0, "resize": 0.0, "exif": 2.0}
FIT_COSTS = {"cover": 0.0, "stretch": 0.5, "letterbox, black": 2.0}


@dataclass(frozen=True)
class Network:
    """Answers as a network of the recipe `true` would: logits of the right class that fall with
    every part that differs. outputs: for each class the output that shows it."""

    true: Way
    outputs: NDArray[np.intp]
    labels: NDArray[np.intp]
    seed: int

    def ask(self, ways: Sequence[Way]) -> list[NDArray[np.float32]]:
        rng = np.random.default_rng(self.seed)
        logits = rng.normal(0, 1, (len(self.labels), CLASSES))
        logits[np.arange(len(self.labels)), self.outputs[self.labels]] += 3.5
        return [self._answers(logits, way) for way in ways]

    def _answers(self, logits: NDArray[np.float64], way: Way) -> NDArray[np.float32]:
        lost = sum(
            cost * (getattr(way, part) != getattr(self.true, part)) for part, cost in COSTS.items()
        )
        lost += FIT_COSTS[way.fit] + 2.5 * (way.turns != self.true.turns)
        worse = logits.copy()
        rng = np.random.default_rng([self.seed, *str(way).encode()])
        worse[np.arange(len(self.labels)), self.outputs[self.labels]] -= lost
        worse += rng.normal(0, 0.1 + lost / 8, logits.shape)
        chances = np.exp(worse - worse.max(axis=1, keepdims=True))
        return np.asarray(chances / chances.sum(axis=1, keepdims=True), dtype=np.float32)


def asked(
    declared: Way = TRUE,
    true: Way = TRUE,
    n: int = 100,
    outputs: Sequence[int] = range(CLASSES),
    named: tuple[str, ...] = ("torch",),
    seed: int = 1,
) -> Examination:
    labels = np.arange(n) % CLASSES
    network = Network(true, np.array(outputs), labels, seed)
    space = replace(SPACE, declared=declared, named=named)
    answers = Answers(network.ask, labels, CLASSES)
    return examine(space, answers, known_orders(tuple(map(str, range(CLASSES)))))


def parts(found: Examination, verdict: Verdict) -> set[Part]:
    return {one.part for one in found.findings if one.verdict is verdict}


def finding(found: Examination, part: Part) -> Finding:
    return next(one for one in found.findings if one.part is part)


def test_nothing_is_contradicted_of_what_is_right() -> None:
    found = asked()
    assert not parts(found, Verdict.CONTRADICTED) and not found.fails
    assert {Part.LABEL_ORDER, Part.COLOR, Part.NORMALIZATION, Part.ORIENTATION} <= parts(
        found, Verdict.AGREES
    )
    assert finding(found, Part.RESIZE).verdict is Verdict.SILENT
    assert found.related and found.n == 100


@pytest.mark.parametrize(
    ("change", "part", "better"),
    [
        ({"color": "bgr"}, Part.COLOR, "rgb"),
        ({"normalization": "unit"}, Part.NORMALIZATION, "torch"),
        ({"fit": "letterbox, black"}, Part.LETTERBOX, "cover"),
        ({"fit": "stretch"}, Part.FIT, "cover"),
        ({"exif": False}, Part.EXIF, True),
    ],
    ids=["colour", "normalization", "letterbox", "stretch", "exif"],
)
def test_what_is_declared_wrong_is_found_and_nothing_else(
    change: dict[str, str], part: Part, better: object
) -> None:
    found = asked(replace(TRUE, **change))  # type: ignore[arg-type]
    assert parts(found, Verdict.CONTRADICTED) == {part}
    one = finding(found, part)
    assert one.better == (better,) and one.z is not None and one.z > 2.5 and one.n == 100
    assert found.fails == part.grave == (part not in (Part.FIT, Part.EXIF))


def test_everything_wrong_at_once() -> None:
    outputs = np.random.default_rng(2).permutation(CLASSES).tolist()
    wrong = replace(TRUE, color="bgr", normalization="unit", fit="letterbox, black")
    found = asked(wrong, outputs=outputs)
    assert {Part.LABEL_ORDER, Part.COLOR, Part.NORMALIZATION, Part.LETTERBOX} == parts(
        found, Verdict.CONTRADICTED
    )
    assert found.order.assignment is not None
    assert found.order.assignment.outputs == tuple(outputs)


def test_a_known_label_order_is_named_without_five_pictures_of_a_class() -> None:
    found = asked(outputs=[*range(1, CLASSES), 0], n=CLASSES * 3)
    one = finding(found, Part.LABEL_ORDER)
    assert one.verdict is Verdict.CONTRADICTED and "one higher" in str(one.better[0])
    silent = asked(outputs=[3, 1, 4, 0, 5, 9, 2, 6, 8, 7], n=CLASSES * 3)
    assert finding(silent, Part.LABEL_ORDER).verdict is not Verdict.CONTRADICTED


def test_an_order_that_is_only_like_a_known_one_is_not_named_as_that() -> None:
    outputs = [9, 8, 7, 6, 5, 4, 3, 0, 1, 2]  # seven of ten are in reverse order
    one = finding(asked(outputs=outputs), Part.LABEL_ORDER)
    assert one.better == (ASSIGNED,)


def test_quarter_turns_are_a_note_and_leave_the_rest_clear() -> None:
    found = asked(replace(TRUE, color="bgr"), replace(TRUE, turns=1))
    assert parts(found, Verdict.CONTRADICTED) == {Part.ORIENTATION, Part.COLOR}
    assert finding(found, Part.ORIENTATION).better == (1,)


def test_turned_pictures_are_found_under_labels_in_any_order() -> None:
    """Where neither is known, wrong labels must not be explained by turned pictures."""
    outputs = np.random.default_rng(4).permutation(CLASSES).tolist()
    found = asked(TRUE, replace(TRUE, turns=3), outputs=outputs)
    assert parts(found, Verdict.CONTRADICTED) == {Part.ORIENTATION, Part.LABEL_ORDER}
    assert finding(found, Part.ORIENTATION).better == (3,)
    assert found.order.assignment is not None
    assert found.order.assignment.outputs == tuple(outputs)


def test_a_letterbox_must_be_worse_by_more_than_a_crop_may_be_liked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Networks that were trained with one gain a little without it: no contradiction."""
    boxed = replace(TRUE, fit="letterbox, black")
    monkeypatch.setitem(FIT_COSTS, "letterbox, black", 0.0)
    monkeypatch.setitem(FIT_COSTS, "cover", -0.25)
    for seed in range(5):
        found = asked(boxed, boxed, n=400, seed=seed)
        score = finding(found, Part.FIT)
        assert Part.LETTERBOX not in parts(found, Verdict.CONTRADICTED)
        assert score.gain is not None and 0.02 < score.gain < 0.1


def test_labels_by_chance_tell_nothing() -> None:
    for seed in range(5):
        labels = np.random.default_rng(seed).permutation(np.arange(100) % CLASSES)
        network = Network(TRUE, np.arange(CLASSES), np.arange(100) % CLASSES, seed)
        space = replace(SPACE, declared=replace(TRUE, color="bgr"), named=())
        found = examine(space, Answers(network.ask, labels, CLASSES), ())
        assert not found.related and not parts(found, Verdict.CONTRADICTED)


def test_the_range_of_the_input_says_it_where_pictures_do_not() -> None:
    """Between equals: the declared normalization against the one that the range names."""
    same = replace(TRUE, normalization="unit")
    alike = Network(same, np.arange(CLASSES), np.arange(100) % CLASSES, 3)

    def ask(ways: Sequence[Way]) -> list[NDArray[np.float32]]:
        return alike.ask([replace(way, normalization="unit") for way in ways])

    answers = Answers(ask, np.arange(100) % CLASSES, CLASSES)
    found = examine(replace(SPACE, declared=same, named=("torch",)), answers, ())
    one = finding(found, Part.NORMALIZATION)
    assert one.verdict is Verdict.CONTRADICTED and one.better == ("torch",) and one.why
    unnamed = examine(
        replace(SPACE, declared=same, named=()), Answers(ask, answers.labels, CLASSES), ()
    )
    assert finding(unnamed, Part.NORMALIZATION).verdict is Verdict.SILENT


def test_pictures_that_speak_against_the_range_leave_it_open() -> None:
    found = asked(named=("unit",))
    one = finding(found, Part.NORMALIZATION)
    assert one.verdict is Verdict.SILENT and "fit better as declared" in one.why


def test_few_pictures_contradict_nothing() -> None:
    for seed in range(10):
        found = asked(replace(TRUE, color="bgr", fit="stretch"), n=3, seed=seed)
        assert not parts(found, Verdict.CONTRADICTED)


def test_a_question_without_alternatives_is_not_asked() -> None:
    space = replace(SPACE, colors=("gray",), resizes=("opencv bilinear",), exifs=(True,))
    gray = replace(TRUE, color="gray")
    labels = np.arange(100) % CLASSES
    network = Network(gray, np.arange(CLASSES), labels, 1)
    found = examine(
        replace(space, declared=gray, turning=False), Answers(network.ask, labels, CLASSES), ()
    )
    kinds = {one.part for one in found.findings}
    assert not {Part.COLOR, Part.RESIZE, Part.EXIF, Part.ORIENTATION} & kinds
