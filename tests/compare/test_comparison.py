"""How trials are joined: baselines, mismatches by layer, names that tell projects apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from helpers.fake_board import MANIFEST

from mcuzoo.compare.comparison import Comparison, compare_trials, short_names
from mcuzoo.compare.trial import Answers, ProjectOnBoard, Sizes, Trial
from mcuzoo.graph.model import Model
from mcuzoo.report.comparison import comparison_document, comparison_verdict
from mcuzoo.report.html.comparison import comparison_html

MODEL = Model("toy", "ab" * 32, b"", "", (), (), (), ())
RIGHT = Answers(np.array([[1, 2, 3], [3, 2, 1]], np.int8), ({0: 10, 2: 20}, {0: 11, 2: 21}))


def trial(name: str, answers: Answers = RIGHT, sha256: str = MODEL.sha256) -> Trial:
    return Trial(
        entry=ProjectOnBoard(
            name, Path(name), MANIFEST, replace(MODEL, sha256=sha256), "/dev/toy", 115200
        ),
        board="rt1050",
        runtime="aot",
        toolchain="gcc",
        build_id="cd" * 16,
        agent="silicon",
        unit="cycles",
        core_clock_hz=600_000_000,
        total=600_000,
        counts={0: 400_000, 2: 200_000},
        names={0: "CONV_2D", 2: "SOFTMAX"},
        first_ops={0: 0, 2: 1},
        macs={0: 1000, 2: 0},
        answers=answers,
        sizes=Sizes(1000, None, None, None),
    )


def layers(found: Any) -> dict[int, int]:
    assert found.agreement is not None
    return dict(found.agreement.layers)


def test_without_a_reference_the_first_is_the_measure() -> None:
    other = Answers(np.array([[1, 2, 3], [3, 2, 2]], np.int8), ({0: 10, 1: 5, 2: 20}, {0: 9, 2: 8}))
    found = compare_trials([trial("a"), trial("b", other)], [2, 0], [None, None])
    first, second = found.columns
    assert first.agreement is None
    assert second.agreement is not None and second.agreement.baseline == "a"
    assert (second.agreement.equal, second.agreement.compared) == (1, 2)
    # Op 1 is no layer of a's.
    assert layers(second) == {0: 1, 2: 1}
    assert second.agreement.first_wrong == 0 and not found.equal
    assert first.top1 is not None and first.top1.value == 1.0
    assert second.paired is not None and second.paired.p_value == 1.0


def test_with_a_reference_everybody_is_measured_by_it() -> None:
    found = compare_trials([trial("a"), trial("b")], [None, None], [RIGHT, RIGHT])
    assert found.equal and found.compared
    assert [layers(column) for column in found.columns] == [{0: 0, 2: 0}] * 2
    assert found.columns[0].top1 is None and found.columns[1].paired is None


def test_a_wrong_layer_behind_a_right_output() -> None:
    healed = Answers(RIGHT.outputs, ({0: 99, 2: 20}, {0: 11, 2: 21}))
    found = compare_trials([trial("a"), trial("b", healed)], [0, 0], [RIGHT, RIGHT])
    assert found.columns[1].agreement is not None
    assert found.columns[1].agreement.equal == 2 and not found.equal


def test_another_model_has_no_measure() -> None:
    found = compare_trials([trial("a"), trial("b", sha256="cd" * 32)], [0, 0], [None, None])
    assert found.columns[1].agreement is None
    assert found.equal and not found.compared


def test_names_are_as_long_as_they_must() -> None:
    paths = [Path("/x/gcc/p"), Path("/x/zig/p"), Path("/x/zig/q")]
    assert short_names(paths) == ["gcc/p", "zig/p", "zig/q"]
    assert short_names([Path("/x/p"), Path("/x/p")]) == ["p", "p"]


def test_milliseconds_are_for_cycles() -> None:
    assert trial("a").milliseconds == 1.0
    assert replace(trial("a"), unit="instructions").milliseconds is None


def test_a_delegate_is_compared_by_its_answers() -> None:
    """Its outputs and layers differ, and one answer of two flips."""
    other = Answers(np.array([[1, 2, 5], [3, 4, 1]], np.int8), ({0: 1, 2: 2}, {0: 3, 2: 4}))
    column = replace(trial("b", other), delegate="ethosu")

    def found(max_flips: float | None) -> Comparison:
        return compare_trials([trial("a"), column], [2, 0], [RIGHT, RIGHT], max_flips)

    unjudged = found(None)
    agreement = unjudged.columns[1].agreement
    assert agreement is not None and not agreement.exact
    assert (agreement.equal, agreement.largest_step) == (0, 2)
    assert (agreement.flips.count, agreement.flips.compared) == (1, 2)
    assert unjudged.equal and unjudged.passed  # of the first
    text = comparison_verdict(unjudged)
    assert "b by ethosu: 1 of 2 answers are not the host's" in text
    assert "not judged: --max-flips judges it" in text and text.endswith("verdict  equal\n")
    alone = compare_trials([column, column], [2, 0], [RIGHT, RIGHT])
    assert alone.passed is None
    assert comparison_verdict(alone).endswith("verdict  compared, not judged\n")
    assert found(1).passed and found(0.5).passed
    for beyond in (found(0), found(0.4)):
        assert beyond.passed is False
        assert comparison_verdict(beyond).endswith("verdict  FAIL: delegate, by max_flips\n")
    assert "max_flips 0 does not hold" in comparison_verdict(found(0))
    document = comparison_document(found(1))
    assert document["passed"] is True and document["projects"][1]["delegate"] == "ethosu"
    assert "Compared, not judged" in comparison_html(alone)
