"""The pages of a profile, a comparison and an evaluation, and what all pages have in common."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.exported import fit_model
from helpers.mobilenet import mobilenet_v1
from helpers.page_runs import EVIL, toy_profile
from helpers.pages import MADE, PAGES, toy_comparison, toy_evaluation

from mcuzoo.board.load import load_board
from mcuzoo.budgets import Budgets, Figure, judge
from mcuzoo.errors import InputError
from mcuzoo.report.html.comparison import comparison_html
from mcuzoo.report.html.evaluation import Asked, evaluation_html
from mcuzoo.report.html.fit import fit_html
from mcuzoo.report.html.page import write_page
from mcuzoo.report.html.profile import profile_html
from mcuzoo.report.profile import profile_document, read_profile
from mcuzoo.run.score import Flips, Paired, Versus


@pytest.mark.parametrize("name", ["compare-hostile", "evaluate-hostile", "profile", "evaluate"])
def test_a_page_has_one_script_and_no_markup_from_outside(name: str) -> None:
    page = PAGES[name]()
    assert page.count("<script") == 1 and "onerror=alert(2)>" not in page
    assert page == PAGES[name]()


def test_a_profile_says_which_layer_is_wrong() -> None:
    page = profile_html(toy_profile(), MADE)
    assert (
        "Fail: the firmware" in page and "Op 3 CONV_2D is the first whose output differs." in page
    )
    assert page.count('<tr class="bad">') == 1
    counted = replace(toy_profile(), unit="instructions", agent="emulator")
    assert " ms<" in page and " ms<" not in profile_html(counted, MADE)


def test_a_comparison_says_where_the_outputs_part() -> None:
    page = comparison_html(toy_comparison(), MADE)
    assert ">Different</h1>" in page
    assert "second differs from host: op 0 CONV_2D is the first whose output differs" in page


def test_an_evaluation_without_a_bound_is_no_verdict() -> None:
    judged = evaluation_html(toy_evaluation(), Asked(0.7, True, ("too low",)), MADE)
    assert ">Fail</h1>" in judged and '<header class="bad">' in judged and "Too low." in judged
    free = evaluation_html(toy_evaluation(), Asked(), MADE)
    assert ">Top-1 64.3%</h1>" in free and '<header class="">' in free
    stopped = evaluation_html(replace(toy_evaluation(), n=40), Asked(), MADE)
    assert "58 images were not run" in stopped


def test_a_small_chance_is_not_none() -> None:
    paired = Paired(12, 0)
    found = toy_evaluation()
    assert found.comparison is not None
    sure = replace(found, comparison=replace(found.comparison, paired=paired))
    assert "p = 4.9e-04" in evaluation_html(sure, Asked(), MADE)
    first, second = toy_comparison().columns
    columns = (first, replace(second, paired=paired))
    assert "p = 4.9e-04." in comparison_html(replace(toy_comparison(), columns=columns), MADE)


def test_an_evaluation_without_labels_has_no_accuracy() -> None:
    """Nor a paired test, where outputs of two scales leave only the answers to compare."""
    versus = Versus(Flips(5, 98), None, None, None)
    bare = replace(toy_evaluation(), scores=None, per_class=(), confusion=(), comparison=versus)
    page = evaluation_html(bare, Asked(), MADE)
    assert ">98 images without labels</h1>" in page and 'id="accuracy"' not in page
    assert "5 of 98 images" in page
    assert "exact paired test" not in page and "byte-equal" not in page


def test_an_evaluation_on_a_board_names_it() -> None:
    found = toy_evaluation()
    on_board = replace(found.model, engine="/dev/ttyACM0", board="rt1170, aot")
    page = evaluation_html(replace(found, model=on_board, against=None), Asked(), MADE)
    assert "/dev/ttyACM0, rt1170, aot" in page and 'id="against"' not in page


def test_a_profile_is_read_back_from_its_document(tmp_path: Path) -> None:
    file = tmp_path / "profile.json"
    for profile in (toy_profile(), toy_profile(text=EVIL)):
        file.write_text(json.dumps(profile_document(profile)), encoding="utf-8")
        assert read_profile(file) == profile
    for text in ("", "[]", "{}", '{"layers": [{"count": "many"}]}'):
        file.write_text(text)
        with pytest.raises(InputError, match=r"profile\.json is no profile"):
            read_profile(file)
    with pytest.raises(InputError, match="is no profile"):
        read_profile(tmp_path / "absent.json")


def test_a_file_name_that_is_no_text_is_written(tmp_path: Path) -> None:
    write_page(tmp_path / "x.html", "name \udcff.png")
    assert (tmp_path / "x.html").read_text() == "name ?.png"


@pytest.mark.slow
def test_budgets_are_on_the_pages() -> None:
    budgets = judge(Budgets(min_top1=0.9), {"min_top1": Figure(0.5, "Top-1 is half")})
    fit = replace(fit_model(mobilenet_v1(), load_board("rt1050")), budgets=budgets)
    pages = (
        fit_html(fit, made=MADE),
        profile_html(replace(toy_profile(), budgets=budgets), MADE),
        evaluation_html(toy_evaluation(), Asked(0.9, True, ("too low",), budgets), MADE),
    )
    for page in pages:
        assert 'id="budgets"' in page and "min_top1" in page and "fails" in page
    assert "Fits, and a budget does not hold" in pages[0] and "Fail: the firmware" in pages[1]
    assert 'id="budgets"' not in fit_html(replace(fit, budgets=()), made=MADE)
