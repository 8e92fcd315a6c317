"""Render the Jinja2 templates under templates/.

A template may show numbers, plain words, and text that passed a filter of mcuzoo/quoting.py.
Anything else is an error of ours. HTML is escaped by Jinja2.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from mcuzoo import quoting
from mcuzoo.resources import templates_dir

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

_FILTERS = (
    quoting.asm_string,
    quoting.c_string,
    quoting.cmake,
    quoting.cmake_list,
    quoting.code,
    quoting.code_span,
    quoting.comment,
    quoting.json,
    quoting.kconfig,
    quoting.markdown,
    quoting.path,
    quoting.shell,
    quoting.toml,
)
_WORD = re.compile(r"[A-Za-z0-9_.,+-]*")
"""Text that needs no quoting in any language that is rendered here."""


class UnquotedTextError(ValueError):
    """A template would show untrusted text without quoting."""


def render(template: str, **facts: object) -> str:
    """The text of templates/`template`; a fact that is missing is an error, not a blank.

    Raises UnquotedTextError for a text that is more than a word and passes no filter.
    """
    return _environment(".html" in template).get_template(template).render(**facts)


@cache
def _environment(html: bool) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    class Marking(Environment):
        """Marks the literals of a template as code, which needs no quoting."""

        def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
            template = super()._parse(source, name, filename)
            return template if html else _with_marked_literals(template)

    environment = Marking(
        loader=FileSystemLoader(templates_dir()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=html,
        finalize=None if html else _checked,
    )
    environment.filters |= {quote.__name__: quote for quote in _FILTERS}
    return environment


def _checked(value: Any) -> Any:
    from jinja2 import Undefined

    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number or isinstance(value, quoting.Quoted | Undefined):
        return value
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    raise UnquotedTextError(f"{value!r} needs a filter of mcuzoo/quoting.py")


def _with_marked_literals(template: nodes.Template) -> nodes.Template:
    from jinja2 import nodes

    def marked(node: nodes.Expr) -> nodes.Expr:
        if isinstance(node, nodes.Const) and isinstance(node.value, str):
            return nodes.Filter(
                node, "code", [], [], None, None, lineno=node.lineno, environment=node.environment
            )
        if isinstance(node, nodes.CondExpr):
            node.expr1 = marked(node.expr1)
            node.expr2 = None if node.expr2 is None else marked(node.expr2)
        return node

    for output in template.find_all(nodes.Output):
        output.nodes = [marked(node) for node in output.nodes]
    return template
