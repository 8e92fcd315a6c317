"""Which predictions are shown, and how they look."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.report.figures import COLUMNS, shown_dict, shown_lines
from mcuzoo.run.tally import FEW, WORST, Chooser, Prediction, Shown
from mcuzoo.tables import columns_of

NAMES = ("stop", "give way, yield", "a name that is longer than a column should be")


def shown(items: list[Prediction], show: int | None = None) -> Shown:
    chooser = Chooser(show)
    for item in items:
        chooser.add(item)
    return chooser.shown(NAMES)


def many(count: int, label: int | None = 0, top1: int = 1) -> list[Prediction]:
    return [Prediction(n, f"{n:03}.png", label, top1, n / count) for n in range(count)]


def test_a_few_images_are_all_shown_with_their_right_class() -> None:
    predictions = [
        Prediction(0, "a.png", 0, 0, 0.996),
        Prediction(1, "photos/b.png", 1, 2, 0.5),
        Prediction(2, "c.png", None, 1, 0.25),
    ]
    lines = list(shown_lines(shown(predictions)))
    assert {name for name, _ in lines} == {"predicted"}
    assert lines[0][1].split() == ["a.png", "stop", "0.996"]
    assert lines[1][1].split("  ") == ["photos/b.png", "a name that ... 0.500", "is give way"]
    assert lines[2][1].split() == ["c.png", "give", "way", "0.250"]


def test_of_many_the_surest_wrong_ones() -> None:
    found = shown([*many(FEW + 30), *many(3, top1=0)])
    assert not found.first
    assert [one.index for one in found.worst] == [FEW + 29 - n for n in range(WORST)]
    assert [name for name, _ in shown_lines(found)] == ["worst miss"] * WORST
    assert list(shown_lines(shown(many(FEW + 1, top1=0)))) == []


def test_of_equal_scores_the_first() -> None:
    found = shown([Prediction(n, str(n), 0, 1, 0.5) for n in range(FEW + 5)])
    assert [one.index for one in found.worst] == list(range(WORST))


def test_of_many_without_labels_the_first_few() -> None:
    lines = list(shown_lines(shown(many(FEW + 7, None))))
    assert len(lines) == FEW + 1 and lines[-1][1] == f"... and 7 more: --show {FEW + 7}"


def test_as_many_as_asked_for() -> None:
    assert len(shown(many(40), 15).first) == 15 and not shown(many(40), 15).worst
    assert list(shown_lines(shown(many(4), 0))) == []
    found = shown_dict(shown(many(2), 2))
    assert found["predictions"][1] == {
        "index": 1, "file": "001.png", "label": 0, "top1": 1, "score": 0.5,
        "label_name": "stop", "top1_name": "give way, yield",
    }  # fmt: skip


def test_scores_that_are_no_probabilities_are_not_rounded_away() -> None:
    predictions = [Prediction(0, "a", None, 0, -12.25), Prediction(1, "b", None, 0, 3)]
    lines = list(shown_lines(shown(predictions)))
    assert [text.split()[-1] for _, text in lines] == ["-12.25", "3"]


@given(
    st.lists(
        st.tuples(
            st.text(min_size=1, max_size=90), st.sampled_from([None, 0, 1, 2]), st.floats(0, 1)
        ),
        max_size=FEW,
    )
)
def test_no_line_is_longer_than_a_terminal(items: list[tuple[str, int | None, float]]) -> None:
    listed = [Prediction(n, file, label, 2, p) for n, (file, label, p) in enumerate(items)]
    for _, text in shown_lines(shown(listed)):
        assert columns_of(text) <= COLUMNS and text.isprintable()
