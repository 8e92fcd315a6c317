"""A template cannot show what nobody has quoted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.hostile import HOSTILE
from jinja2 import UndefinedError

from mcuzoo.codegen import templates
from mcuzoo.codegen.templates import UnquotedTextError, render
from mcuzoo.quoting import comment


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Templates are looked for here."""
    monkeypatch.setattr(templates, "templates_dir", lambda: tmp_path)
    templates._environment.cache_clear()
    yield tmp_path
    templates._environment.cache_clear()


def _render(folder: Path, text: str, name: str = "x.c.j2", **facts: object) -> str:
    (folder / name).write_text(text)
    return render(name, **facts)


@pytest.mark.parametrize(
    "text",
    [
        "{{ x }}",
        "/* {{ x }} */",
        "{{ x | upper }}",
        "{{ x | join('') }}",
        "{{ 'a' ~ x }}",
        "{{ x if x else 'y' }}",
        "{{ x or 'y' }}",
        "{{ '%s' | format(x) }}",
        "{% for part in [x] %}{{ part }}{% endfor %}",
        "{% macro m() %}{{ x }}{% endmacro %}{{ m() | code }}",
        "{{ [x] }}",
        "{{ none }}",
        "{{ true }}",
    ],
)
def test_what_no_filter_has_seen_is_an_error(folder: Path, text: str) -> None:
    with pytest.raises(UnquotedTextError):
        _render(folder, text, x=HOSTILE)


@pytest.mark.parametrize("x", ["a b", "a;b", "(", "a/b", '"', "é", "\n", "a:b"])
def test_only_plain_words_need_none(folder: Path, x: str) -> None:
    with pytest.raises(UnquotedTextError):
        _render(folder, "{{ x }}", x=x)


def test_words_numbers_literals_and_what_is_quoted_are_shown(folder: Path) -> None:
    text = "{{ a }} {{ b }} {{ 'x y;' if a }}{{ 'no' if not a }} {{ c }} {{ d | c_string }}"
    shown = _render(folder, text, a="-O2", b=1.5, c=comment("a b"), d='"')
    assert shown == '-O2 1.5 x y; a b "\\042"'


def test_what_is_missing_is_an_error(folder: Path) -> None:
    with pytest.raises(UndefinedError):
        _render(folder, "{{ missing }}")


def test_html_is_escaped(folder: Path) -> None:
    assert _render(folder, "{{ x }}{{ x | e }}", "x.html.j2", x="<b>") == "&lt;b&gt;" * 2
