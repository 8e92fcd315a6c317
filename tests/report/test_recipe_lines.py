"""The lines of a summary about pictures and labels."""

from __future__ import annotations

from mcuzoo.project.recipe import Recipe, normalized
from mcuzoo.report.figures import COLUMNS, recipe_lines, source_text


def test_sources_in_words() -> None:
    assert source_text("registry") == "the zoo's registry"
    assert source_text("project:default") == "the project, from the default: nothing says it"
    assert source_text("registry+flags") == "flags; the rest: the zoo's registry"
    assert source_text("project+flags") == "flags; the rest: the project"


def test_lines_are_short_and_say_only_what_there_is() -> None:
    recipe = normalized(Recipe(fit="short-side", short_side=256, library="pillow"), "torch")
    lines = list(recipe_lines(recipe, "beside", "read as class names (labels.txt)", 3, 0.0123))
    assert all(len(text) <= COLUMNS for _, text in lines)
    names = [name for name, _ in lines]
    assert names == ["pictures", "", "turned", "clipped", "labels"]
    assert "1.2%" in dict(lines)["clipped"] and dict(lines)["turned"].startswith("3 ")
    plain = list(recipe_lines(Recipe(), "", "", 0, 0.0))
    assert [name for name, _ in plain] == ["pictures"]


def test_whoever_breaks_lines_gets_them_whole() -> None:
    """A run's text, whose labels are wider with a delegate: broken twice, a line is a word."""
    recipe = Recipe(fit="short-side", short_side=256, library="pillow")
    mapping = "read as class names (labels.txt), " * 4
    whole = list(recipe_lines(recipe, "beside", mapping, columns=None))
    assert [name for name, _ in whole] == ["pictures", "labels"]
    assert whole[1][1] == mapping
