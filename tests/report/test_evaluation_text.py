"""An evaluation in a terminal."""

from __future__ import annotations

from dataclasses import replace

from helpers.pages import toy_evaluation

from mcuzoo.evaluate.result import BadImage, Evaluation
from mcuzoo.report.evaluation import bad_lines, evaluation_document, evaluation_text
from mcuzoo.run.score import Accuracy, ClassScore, Flips, Paired, Scores, Versus

FOUND = toy_evaluation()


def lines(found: Evaluation, width: int = 80) -> dict[str, str]:
    """What stands behind each name, up to the classes."""
    text = evaluation_text(found, width).split("\n\n")[0]
    return {line[:12].strip(): line[12:] for line in text.splitlines() if line[:1].strip()}


def test_what_another_model_gives_stands_below() -> None:
    found = lines(FOUND)
    assert found["top-1"].startswith("0.6429 (63 of 98; 95 % interval ")
    assert found["top-5"].startswith("0.9184 (90 of 98; ")
    assert found["against"].startswith("face (int8, abababababab) on reference")
    text = evaluation_text(FOUND)
    assert "  top-1     0.6224 (61 of 98;" in text and text.count("  top-5     ") == 0
    assert "  outputs   93 of 98 byte-equal, largest difference 4\n" in text
    assert "  flips     5 of 98 have another top-1 (95 % interval 0.022 to 0.114)\n" in text
    assert "right only here 4, only there 2; exact test p = 0.688: no difference that shows" in text


def test_a_difference_beyond_chance_is_named() -> None:
    versus = Versus(Flips(20, 98), None, Scores(Accuracy(43, 98), Accuracy(80, 98)), Paired(20, 0))
    text = evaluation_text(replace(FOUND, comparison=versus))
    assert "  top-5     0.8163 (80 of 98;" in text
    assert "; exact test p = 1.9e-06: the accuracies differ\n" in text
    assert "byte-equal" not in text  # outputs of two scales are not compared


def test_images_without_labels_have_no_accuracy() -> None:
    versus = Versus(Flips(5, 98), None, None, None)
    found = replace(FOUND, scores=None, per_class=(), confusion=(), comparison=versus)
    assert lines(found)["accuracy"] == "not known, the images are not labelled"
    text = evaluation_text(found)
    assert "\ntop-1 " not in text and "paired" not in text and "predicted as" not in text
    assert text.endswith("  flips     5 of 98 have another top-1 (95 % interval 0.022 to 0.114)\n")
    document = evaluation_document(found)
    assert document["labelled"] == 0 and document["top1"] is None is document["accuracy"]
    assert document["against"]["paired"] is None is document["against"]["agreement"]


def test_an_evaluation_that_was_stopped_says_of_how_many() -> None:
    assert lines(FOUND)["images"] == "98, 1 unusable"
    assert lines(replace(FOUND, n=40))["images"] == "40 of 99, 1 unusable"
    assert lines(replace(FOUND, jobs=1, seconds=0.0))["speed"] == "0.0 images/s, 1 job"


def many(per_class: int) -> Evaluation:
    """30 classes; of class n the first n images are right, the others are taken for class 0."""
    names = tuple(f"thing {label}, res" for label in range(30))
    rows = []
    for label in range(1, 30):
        right = min(label, per_class)
        rows += [(label, label, right), (label, 0, per_class - right)]
    return replace(
        FOUND,
        class_names=names,
        per_class=tuple(
            ClassScore(label, names[label], Accuracy(min(label, per_class), per_class))
            for label in range(1, 30)
        ),
        confusion=tuple(row for row in rows if row[2]),
    )


def test_of_many_classes_the_worst_and_the_most_confused_are_named() -> None:
    text = evaluation_text(many(10))
    assert "\n29 classes have images\n" in text and "predicted as" not in text
    worst = "1 thing 1 1/10, 2 thing 2 2/10, 3 thing 3 3/10, 4 thing 4 4/10, 5 thing 5 5/10"
    assert f"\nworst       {worst}\n" in text
    most = "1 thing 1 as 0 thing 0 9, 2 thing 2 as 0 thing 0 8, "
    assert f"\nconfused    {most}" in text and "6 thing 6" not in text


def test_classes_of_few_images_are_none_of_the_worst() -> None:
    text = evaluation_text(many(4))
    assert "worst" not in text.split("classes have images")[1] and "\nconfused    " in text
    clean = replace(many(4), confusion=((1, 1, 4), (2, 2, 4)))
    assert evaluation_text(clean).endswith("29 classes have images\n")


def test_a_narrow_terminal_gets_the_confusions_class_by_class() -> None:
    wide, narrow = evaluation_text(FOUND, 120), evaluation_text(FOUND, 40)
    assert "predicted as" in wide and "taken for" not in wide
    table = narrow.split("\n\n")[1]
    assert "taken for" in table and max(map(len, table.splitlines())) <= 40
    assert "4 face 4 5" in " ".join(table.split())  # class 3: 5 of its images


def test_unusable_images_are_named_up_to_ten() -> None:
    bad = tuple(BadImage(n, f"{n}.png\x1b[2J", "no picture") for n in range(12))
    found = list(bad_lines(replace(FOUND, bad=bad[:10])))
    assert len(found) == 10 and found[0].startswith("unusable: 0.png")
    assert "\x1b" not in "".join(found) and found[0].endswith(": no picture")
    assert list(bad_lines(replace(FOUND, bad=bad)))[10:] == ["and 2 more; --json lists them all"]
